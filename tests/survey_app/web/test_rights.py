"""From the map of addresses: each route, as each role, over one's own office, a foreign one and none at all.

Either a page opens because its right says so, or it looks missing: to the byte, and in time too. A new route
is tested by standing in the map; a new word in an address (`<int:thing_id>`) needs a row in `plant`.
"""

import re
import secrets
import statistics
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from weakref import WeakKeyDictionary

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from survey_app.config import SECRET_BYTES
from survey_app.jobs.bound import bound_to
from survey_app.models.job import Job
from survey_app.models.office import Office
from survey_app.models.plan_document import PlanDocument, Population
from survey_app.models.staff import ROLES
from survey_app.web.access import OF_ACCOUNTS, PUBLIC, RIGHTS, hash_token
from tests import factories
from tests.conftest import SettableClock

Planted = dict[str, Any]
Seen = tuple[int, bytes, list[tuple[str, str]]]
NO_PAGES: WeakKeyDictionary[FlaskClient, Seen] = (
    WeakKeyDictionary()
)  # what each is told of a page that is none
on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

NOBODYS_ID = 2**31 - 1
MISSING: Planted = {"number": "CCCCC-CCCCC", "kind": "no-kind", "act": "no-act", "month": "1971-01"}
# Words in an address that name no row: each value is as good for a foreign office as for one's own.
FREE = {"kind", "act", "month"}
# What a role over one office meets even at home, and why.
CLOSED_AT_HOME = {
    "/staff/offices/new": "an office below none is made by whoever reaches all",
    "/staff/people/new/all": "a role over all offices is given by whoever has one",
    "/staff/people/<int:person_id>/roles/new/all": "a role over all offices is given by whoever has one",
}


FRAME = "/staff/campaigns/<int:campaign_id>/frame"
# What shows nothing over one office without more rows than `plant` makes, and why.
HOLDS_NOTHING = {
    "/staff/jobs/<int:job_id>/file": "the job has not made its file",
    "/staff/exports/<int:job_id>/dictionary.csv": "the job is no export that has made its file",
    "/staff/campaigns/<int:campaign_id>/weights": "nothing of the campaign is published",
    "/staff/campaigns/<int:campaign_id>/fieldwork/unit": "no unit is asked for",
    f"{FRAME}/files/<file_ticket>": "nobody has sent a list",
    f"{FRAME}/looks/<int:job_id>/faults.csv": "the list of faults is not made",
    f"{FRAME}/<int:frame_id>/faults.csv": "the list of faults is not made",
}
# Rows of a kind of their own that an address asks for by a common word.
OF_ITS_OWN = {
    ("screens", "access_point_id"): "screen_id",
    ("voiding", "approval_id"): "voiding_id",
    ("looks", "job_id"): "look_id",
}


def plant(session: Session, office_id: int, owner_id: int) -> Planted:
    """Make one row of each kind that an address can name, all in one office."""
    campaign = factories.campaign(session)
    planned = plan_of(session, office_id)
    poster = factories.access_point(session, campaign_id=campaign.id, office_id=office_id)
    slips = factories.access_point(
        session, campaign_id=campaign.id, office_id=office_id, way_in="invitation", provenance="B"
    )
    letters = factories.access_point(
        session, campaign_id=campaign.id, office_id=office_id, way_in="invitation", provenance="A"
    )
    screen = factories.access_point(
        session, campaign_id=campaign.id, office_id=office_id, way_in="screen", provenance="B"
    )
    comment = factories.comment(session, access_point_id=poster.id)
    person = factories.staff(session, role="operator", office_id=office_id)
    grant = factories.staff_grant(session, staff_id=person.id, role="analyst", office_id=office_id)
    day = (factories.DAY - timedelta(days=1)).isoformat()
    pause, voiding = (
        factories.approval(
            session, kind=kind, campaign_id=campaign.id, office_id=office_id, arguments=arguments
        )
        for kind, arguments in (
            ("pause_codes", {"access_point_ids": [poster.id]}),
            ("void_responses", {"access_point_ids": [poster.id], "first_day": day, "last_day": day}),
        )
    )
    return {
        "office_id": office_id,
        "access_point_id": poster.id,
        "batch_id": factories.invitation_batch(session, access_point_id=slips.id).id,
        "letters_id": factories.invitation_batch(session, access_point_id=letters.id, delivery="letter").id,
        "number": factories.comment_case(session, comment_key=comment.comment_key).number,
        "report_id": factories.code_report(session, access_point_id=poster.id).id,
        "counter_id": factories.counter(session, office_id=office_id).id,
        "person_id": person.id,
        "grant_id": grant.id,
        "approval_id": pause.id,
        "voiding_id": voiding.id,
        "screen_id": screen.id,
        "campaign": campaign.code,  # no word of an address, but many forms ask for it
        "job_id": factories.job(session, owner_id=owner_id, arguments=bound_to("jobs", [office_id])).id,
        "month": "2026-03",
        "campaign_id": planned,
        "frame_id": factories.frame(session, campaign_id=planned, contacts_expire_on=factories.DAY).id,
        "look_id": look_of(session, planned, office_id, owner_id).id,
        "file_ticket": secrets.token_urlsafe(16),
        "publication_id": wave_of(session, planned, office_id),
    }


def wave_of(session: Session, campaign_id: int, office_id: int) -> int:
    """Make a frozen publication with a figure of this office alone."""
    wave = factories.publication(
        session, campaign_id=campaign_id, kind="wave", data_hash="0" * 64, recipe_id=f"{office_id:064}"
    )
    factories.figure(session, publication_id=wave.id, office_id=office_id)
    wave.sealed_at = factories.MOMENT
    session.flush()
    return wave.id


def plan_of(session: Session, office_id: int) -> int:
    """Make an annual campaign that measures this office alone, with a draft of its plan."""
    code = session.get_one(Office, office_id).code
    text = PlanDocument(population=Population(tops=(code,))).to_json()
    return factories.campaign_plan(session, document_json=text).campaign_id


def look_of(session: Session, campaign_id: int, office_id: int, owner_id: int) -> Job:
    """Make the look at a dossier list that waits for its turn."""
    arguments = {"ticket": "", "campaign_id": campaign_id, "mapping": {}, "last_day": None}
    arguments |= bound_to("samples", [office_id])
    return factories.job(session, name="frame", owner_id=owner_id, arguments=arguments)


class House:
    """Two offices below one province, and people with a role over the first."""

    def __init__(self, app: Flask, clock: SettableClock) -> None:
        self.app, self._clock = app, clock
        with app.extensions["database"].transaction() as session:
            province = factories.office(session, kind="province")
            self.own = factories.office(session, parent_id=province.id).id
            self.foreign = factories.office(session, parent_id=province.id).id
            self._stranger = factories.staff(session, role="operator", office_id=self.foreign).id

    def sign_in(self, role: str | None, abroad: str | None = None) -> tuple[FlaskClient, int]:
        """Give a client whose account has a role over one's own office, one over the foreign, or both."""
        token = secrets.token_urlsafe(SECRET_BYTES)
        with self.app.extensions["database"].transaction() as session:
            staff = factories.staff(session, role=role, office_id=self.own)
            if abroad is not None:
                factories.staff_grant(session, staff_id=staff.id, role=abroad, office_id=self.foreign)
            factories.staff_session(
                session,
                staff_id=staff.id,
                token_hash=hash_token(token),
                expires_at=self._clock() + timedelta(hours=8),
            )
        client = self.app.test_client()
        with client.session_transaction() as cookie:
            cookie["token"] = token
        return client, staff.id

    def arrive(self, role: str) -> tuple[FlaskClient, tuple[Planted, Planted]]:
        """Give somebody new, and rows that nobody has used up."""
        client, staff_id = self.sign_in(role)
        return client, self.plant(staff_id)

    def plant(self, owner_id: int) -> tuple[Planted, Planted]:
        """Make fresh rows of one's own and of the foreign office: a page may have used up those before."""
        with self.app.extensions["database"].transaction() as session:
            own = plant(session, self.own, owner_id)
            foreign = plant(session, self.foreign, self._stranger)
        return own, foreign


@pytest.fixture
def house(app: Flask, clock: SettableClock) -> House:
    app.config["WTF_CSRF_ENABLED"] = False  # what is tested here is not who forged the form,
    app.test_client_class = FlaskClient  # nor how well pages are made
    return House(app, clock)


def staff_rules(app: Flask) -> list[tuple[Rule, str, str]]:
    """List the routes that are not for everybody: rule, method, right."""
    found = [
        (rule, method, getattr(app.view_functions[rule.endpoint], "access", ""))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) & {"GET", "POST"})
    ]
    return [(rule, method, right) for rule, method, right in found if right != PUBLIC]


def words_of(rule: Rule) -> set[str]:
    return set(re.findall(r"<(?:[^:<>]+(?:\([^)]*\))?:)?(\w+)>", rule.rule))


def row_of(rule: Rule, word: str) -> str:
    """Say which planted row a word of a rule means."""
    return OF_ITS_OWN.get((rule.endpoint.partition(".")[0], word), word)


def address(app: Flask, rule: Rule, planted: Planted) -> str:
    """Fill a rule's words; one of a fixed list gets the list's first."""
    values = {}
    for word in words_of(rule):
        of_list = re.search(rf"<any\(([^),]+)[^)]*\):{word}>", rule.rule)
        assert of_list or word in planted, f"teach plant() to make a row for <{word}> of {rule.rule}"
        values[word] = of_list[1].strip() if of_list else planted[row_of(rule, word)]
    with app.test_request_context():
        return str(rule.build(values, append_unknown=False)[1])  # type: ignore[index]  # all words are given


def mixed(rule: Rule, own: Planted, foreign: Planted) -> Iterator[tuple[str, Planted, Planted]]:
    """For each word that names a row: the address with a foreign row there, and with none."""
    for word in sorted(words_of(rule) - FREE):
        kind = row_of(rule, word)
        yield word, own | {kind: foreign[kind]}, own | {kind: MISSING.get(word, NOBODYS_ID)}


def ask(client: FlaskClient, method: str, path: str, campaign: str = "") -> TestResponse:
    sent = {"campaign": campaign} if campaign else {}
    return client.open(
        path, method=method, query_string=sent, data=sent if method == "POST" else None, buffered=True
    )


def seen(response: TestResponse) -> Seen:
    """Give all that a client sees, less what differs between any two requests."""
    body = re.sub(rb'(name="csrf_token" value=")[^"]*', rb"\1", response.data)
    headers = [(name, value) for name, value in response.headers if name not in {"Date", "Set-Cookie"}]
    return response.status_code, body, sorted(headers)


def looks_missing(client: FlaskClient, response: TestResponse) -> bool:
    if client not in NO_PAGES:
        NO_PAGES[client] = seen(client.get("/staff/no-such-page"))
    return seen(response) == NO_PAGES[client]


@on_sqlite
@pytest.mark.parametrize("role", ROLES)
def test_route_opens_by_its_right_or_looks_missing(role: str, house: House) -> None:
    faults: list[str] = []
    client, planted = house.arrive(role)
    for rule, method, right in staff_rules(house.app):
        if right not in RIGHTS[role] | OF_ACCOUNTS or rule.rule in CLOSED_AT_HOME:
            if not looks_missing(client, ask(client, method, address(house.app, rule, planted[0]))):
                faults.append(f"{method} {rule.rule} should look missing")
            continue
        # What changes something comes last: until then nothing may have changed.
        faults += faults_abroad(client, rule, method, planted)
        faults += faults_at_home(client, rule, method, planted[0])
        if method == "POST":  # it may have used up rows, or the session
            client, planted = house.arrive(role)
    assert not faults, "\n".join(faults)


def faults_abroad(
    client: FlaskClient, rule: Rule, method: str, planted: tuple[Planted, Planted]
) -> Iterator[str]:
    for word, with_foreign, with_none in mixed(rule, *planted):
        for what, rows in (("foreign", with_foreign), ("missing", with_none)):
            answer = ask(client, method, address(client.application, rule, rows))
            if not looks_missing(client, answer):
                yield f"{method} {rule.rule} shows a {what} {word}: {answer.status_code}"


def faults_at_home(client: FlaskClient, rule: Rule, method: str, own: Planted) -> Iterator[str]:
    answer = ask(client, method, address(client.application, rule, own), own["campaign"])
    # An empty form may be refused in whatever way, but never by a fault.
    if answer.status_code >= (404 if method == "GET" and rule.rule not in HOLDS_NOTHING else 500):
        yield f"{method} {rule.rule} gives {answer.status_code} at home"
    if "/staff/sign-in" in (answer.location or "") and rule.endpoint not in SIGNS_OUT:
        yield f"{method} {rule.rule} leads to the sign-in"


SIGNS_OUT = {"accounts.sign_out", "oneself.sign_out_everywhere"}


@on_sqlite
@pytest.mark.parametrize("abroad", ["operator", "auditor"])
def test_role_at_home_opens_nothing_more_in_an_office_where_one_has_a_smaller_role(
    abroad: str, house: House
) -> None:
    """Whoever leads here and serves there has no more there than whoever only serves there."""
    wide, narrow = house.sign_in("administrator", abroad), house.sign_in(None, abroad)
    _own, to_look_at = house.plant(wide[1])

    def opens(person: tuple[FlaskClient, int], rule: Rule, method: str, batch: str) -> bool:
        client, staff_id = person
        foreign = house.plant(staff_id)[1] if method == "POST" else to_look_at
        rows = foreign | {"batch_id": foreign[batch]}
        answer = ask(client, method, address(house.app, rule, rows), rows["campaign"])
        return answer.status_code != 404

    faults = []
    for rule, method, right in staff_rules(house.app):
        if right in OF_ACCOUNTS or not words_of(rule) - FREE:
            continue
        for batch in ("batch_id", "letters_id") if "batch_id" in words_of(rule) else ("batch_id",):
            if opens(wide, rule, method, batch) and not opens(narrow, rule, method, batch):
                faults.append(f"{method} {rule.rule} opens by a role over another office")
    assert not faults, "\n".join(faults)


@on_sqlite
@pytest.mark.parametrize("role", [None, *ROLES])
def test_stranger_and_half_signed_in_person_get_nowhere(role: str | None, house: House) -> None:
    """Without a session each route leads to the sign-in; before the second factor, to that alone."""
    client, staff_id = house.sign_in(role or "auditor")
    own, _foreign = house.plant(staff_id)
    client.post("/staff/sign-out") if role is None else _unprove(house.app, staff_id)
    wanted = "/staff/sign-in" if role is None else "/staff/second-factor"
    for rule, method, right in staff_rules(house.app):
        if role is not None and right == "prove":
            continue
        answer = ask(client, method, address(house.app, rule, own))
        assert answer.status_code == 302, rule.rule
        assert answer.location.startswith(wanted), rule.rule


def _unprove(app: Flask, staff_id: int) -> None:
    from survey_app.models.staff import StaffSession

    with app.extensions["database"].transaction() as session:
        for one in session.query(StaffSession).where(StaffSession.staff_id == staff_id):
            one.is_proven = False


@on_sqlite
@pytest.mark.parametrize("value", ["0", "-1", "2147483648", "9223372036854775808", "1e3", "abc", "%00"])
def test_odd_ids_look_missing(value: str, house: House) -> None:
    client, staff_id = house.sign_in("administrator")
    own, _foreign = house.plant(staff_id)
    for rule, method, _right in staff_rules(house.app):
        for word in words_of(rule) - FREE:
            standing_in = 987654321 if word != "number" else "X-X"
            filled = address(house.app, rule, own | {row_of(rule, word): standing_in})
            path = filled.replace("987654321", value).replace("X-X", value)
            answer = ask(client, method, path)
            assert answer.status_code in {404, 405}, (method, path)


def test_administrator_has_what_every_role_has() -> None:
    """Nobody gives more than he has, so whoever gives all roles must have all rights."""
    assert RIGHTS["administrator"] >= frozenset().union(*RIGHTS.values())


def test_watching_roles_change_nothing(house: House) -> None:
    """An auditor looks; what he may send concerns his own account, or is the export of an analyst."""
    sent = {
        (role, right)
        for role in ("auditor", "analyst")
        for _rule, method, right in staff_rules(house.app)
        if method == "POST" and right in RIGHTS[role]
    }
    assert sent <= {(role, right) for role in ("auditor", "analyst") for right in OF_ACCOUNTS} | {
        ("analyst", "exports")
    }


N_TIMES = (5, 21)  # the latter where the former leave a doubt


@on_sqlite
def test_foreign_takes_as_long_as_missing(house: House) -> None:
    """By the processor's time, so that a busy machine says the same: nobody learns which ids exist."""
    client, staff_id = house.sign_in("administrator")
    own, foreign = house.plant(staff_id)
    for rule, method, _right in staff_rules(house.app):
        for word, with_foreign, with_none in mixed(rule, own, foreign):
            paths = [address(house.app, rule, planted) for planted in (with_foreign, with_none)]
            for n_times in N_TIMES:
                a_foreign, none = medians(client, method, paths, n_times)
                are_alike = a_foreign < 1.5 * none + 0.002 and none < 1.5 * a_foreign + 0.002
                if are_alike:
                    break
            assert are_alike, (method, rule.rule, word, a_foreign, none)


def medians(client: FlaskClient, method: str, paths: list[str], n_times: int) -> Iterator[float]:
    taken: list[list[float]] = [[] for _ in paths]
    for _ in range(n_times):
        for times, path in zip(taken, paths, strict=True):
            began = time.thread_time()
            ask(client, method, path)
            times.append(time.thread_time() - began)
    return map(statistics.median, taken)

"""Forms that name rows: foreign ones, of another kind, of none, and rows that have changed meanwhile."""

import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Update, exists, select, update
from werkzeug.test import TestResponse

from survey_app.config import begin, read_settings
from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.approval import Approval
from survey_app.models.base import Base
from survey_app.models.campaign import Campaign
from survey_app.models.code_report import CodeReport
from survey_app.models.office import Office
from survey_app.models.plan import Plan
from survey_app.models.staff import Staff, StaffGrant
from survey_app.prepare.frames.columns import COLUMNS
from survey_app.prepare.plans.entries import ENTRIES
from survey_app.web.access import OF_ACCOUNTS, PUBLIC
from tests.factories import DAY, MOMENT
from tests.page_inspector import markup_of
from tests.survey_app.hostile.conftest import application, settings_over
from tests.survey_app.hostile.harm import some_of
from tests.survey_app.hostile.house import House, Walked, walk
from tests.survey_app.hostile.walk import Step
from tests.survey_app.hostile.world import HERE, build

# Which rows a field names, as `plant` calls them. A new field of a form needs a line here or in WORDS.
NAMES = {
    "counter": "{counter_id}",
    "heir": "{office_code}",
    "heirs": "{office_code}",
    "newest": "{report_id}",
    "office": "{office_id}",
    "office_code": "{office_code}",
    "others": "{office_code}",
    "parent": "{office_code}",
    "place": "{office_id}-{counter_id}",
    "point": "{access_point_id}",
    "population-tops": "{parent_code}",
    "tops": "{parent_code}",
}
# What names no row of any office.
WORDS = frozenset(
    [
        "accepted",
        "after",
        "answers",
        "campaign",
        "clears",
        "closes_on",
        "confirmed",
        "counters",
        "csrf_token",
        "day",
        "decision",
        "delivery",
        "file_format",
        "includes_early",
        "instrument_code",
        "kind",
        "layout",
        "look",
        "n_marked",
        "new_code",
        "new_name",
        "number",
        "outcome",
        "page",
        "product",
        "provenances",
        "q",
        "reach",
        "reason",
        "revision",
        "role",
        "sampling_basis",
        "show",
        "ticket",
        "unit",  # of the campaign in the address
        "which",
        "code",
        "name",
        "field",
    ]
)
NOBODY = dict.fromkeys(("office_id", "counter_id", "report_id", "access_point_id"), 654321)
NOBODY |= {"office_code": "KHONG-CO", "parent_code": "KHONG-CO"}
ODD = ("", "0", "-1", str(2**31), str(2**63), "9" * 5000, "٣", "abc", "1-", "-", "1-1-1", "\0")
YESTERDAY = DAY - timedelta(days=1)
ROLES_ENDED = update(StaffGrant).values(valid_from=YESTERDAY - timedelta(days=9), valid_until=YESTERDAY)
IS_PLANNED = exists().where(Plan.campaign_id == Campaign.id, Plan.frozen_at.is_not(None))  # its days stay
MEANWHILE: dict[str, Update] = {
    "accounts shut": update(Staff).where(Staff.username != HERE).values(disabled_at=MOMENT),
    "campaigns ended": update(Campaign).where(~IS_PLANNED).values(opens_on=YESTERDAY, closes_on=YESTERDAY),
    "codes paused": update(AccessPoint).where(AccessPoint.code.is_not(None)).values(paused_on=YESTERDAY),
    "codes revoked": update(AccessPoint).where(AccessPoint.code.is_not(None)).values(revoked_on=YESTERDAY),
    "offices ended": update(Office).values(valid_from=YESTERDAY, valid_until=YESTERDAY),
    "offices renamed": update(Office).values(code=Office.code + "X"),
    "reports settled": update(CodeReport).values(settled_on=YESTERDAY),
    "requests decided": update(Approval).values(decision="withdrawn", decided_at=MOMENT, decided_by=1),
}


@pytest.fixture(scope="module")
def small_house(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, quick_passwords: None
) -> Iterator[House]:
    """The house without a demo: small enough to be read whole after each request."""
    folder = tmp_path_factory.mktemp("small")
    kept, path = folder / "survey.sqlite", folder / "in_use.sqlite"
    shutil.copyfile(sqlite_template, kept)
    settings = begin(read_settings({"DATA_DIR": str(folder), "DEMO": "no"}))
    database = Database(settings.database_url)
    with database.transaction() as session:
        world = build(session, settings, None)
    database.engine.dispose()
    house = House(application(settings_over(folder, f"sqlite:///{path}")), world, kept, path)
    yield house
    house.close()


@pytest.fixture(scope="module")
def small_walk(small_house: House) -> Walked:
    small_house.restore()
    return walk(small_house)


@pytest.fixture(scope="module")
def steps(small_house: House, small_walk: Walked) -> list[Step]:
    """What the staff may send, as somebody meets it who administers one office alone."""
    views = small_house.app.view_functions
    found = [
        step
        for step in small_walk.posts
        if getattr(views[step.endpoint], "access", "") not in OF_ACCOUNTS | {PUBLIC}
    ]
    return [
        replace(step, who=HERE, before=tuple(replace(one, who=HERE) for one in step.before)) for step in found
    ]


def test_rows_of_others_stay_as_they_are_and_look_missing(small_house: House, steps: list[Step]) -> None:
    house, faults, met, turns = small_house, [], set(), count()
    house.restore()
    before = foreign_rows(house)
    for step in steps:
        way = house.arrive(step)
        if way is None:
            continue  # this office's own people do not meet it
        unknown = set(step.form.boxes) - {*NAMES, *WORDS, *ENTRIES, *COLUMNS, *step.typed, *step.form.files}
        assert not unknown, f"teach NAMES or WORDS what {unknown} of {step.name} are"
        for name in sorted(NAMES & step.form.boxes.keys()):
            met.add(name)
            told = {}
            named = [value for _what, value in rows_apart(house, name)]
            for what, value in (*rows_apart(house, name), *some_of(odd_values(house), next(turns))):
                client, now = house.arrive(step) or way
                fields = [(one, value if one == name else kept) for one, kept in house.good(now)]
                answer = house.submit(client, now, fields)
                told[what] = statement(answer, named)
                if answer.status_code >= 500 or foreign_rows(house) != before:
                    faults.append(f"{step.name}: {answer.status_code} with {name}={value[:40]!r}")
                if answer.status_code in {302, 303}:
                    house.restore()
            faults += [
                f"{step.name} tells a {what} {name} from a missing one"
                for what in told
                if what.startswith("foreign") and told[what] != told[what.replace("foreign", "missing")]
            ]
    assert not faults, "\n".join(faults)
    assert met == set(NAMES)


def rows_apart(house: House, name: str) -> Iterator[tuple[str, str]]:
    """Give what names a foreign row in a field, or none, and which it is."""
    here, there = house.world.words, house.world.foreign
    template = NAMES[name]
    for which, rows in (("missing", NOBODY), ("foreign", there)):
        yield which, template.format(**rows)
        if name == "place":
            yield f"{which} office", template.format(**rows | {"counter_id": here["counter_id"]})
            yield f"{which} counter", template.format(**here | {"counter_id": rows["counter_id"]})


def odd_values(house: House) -> list[tuple[str, str]]:
    """Give what names a row of another kind, or nothing at all."""
    here, there = house.world.words, house.world.foreign
    of_another_kind = [
        (f"{kind}, {whose}", str(rows[kind]))
        for kind in ("person_id", "batch_id", "approval_id", "number", "job_id")
        for whose, rows in (("ours", here), ("theirs", there))
    ]
    return [*of_another_kind, *(("odd", odd) for odd in ODD)]


def statement(answer: TestResponse, named: Iterable[str]) -> tuple[int, str]:
    """Give what an answer says, less what it repeats."""
    said = markup_of(answer) if answer.mimetype == "text/html" else answer.get_data(as_text=True)
    said = re.sub(r'(name="csrf_token" value=")[^"]*', r"\1", f"{answer.location or ''} {said}")
    for value in named:
        said = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", "…", said)
    return answer.status_code, said


def foreign_rows(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Read all rows that belong to the foreign office: its own, and each that names one of these."""
    there = house.world.foreign
    ours: dict[tuple[str, str], set[Any]] = defaultdict(set)  # values by table and column
    ours["office", "id"] = {there["office_id"], there["parent_id"]}
    ours["staff", "id"] = {there["person_id"]}
    found = {}
    with house.app.extensions["database"].reading() as session:
        for table in Base.metadata.sorted_tables:
            rows = []
            for row in session.connection().execute(select(table)).mappings():
                named = (
                    row[key.parent.name] in ours[key.column.table.name, key.column.name]
                    for key in table.foreign_keys
                )
                if any(named) or any(
                    row[one.name] in ours[table.name, one.name] for one in table.primary_key
                ):
                    rows.append(tuple(row.values()))
                    for column in table.primary_key:
                        ours[table.name, column.name].add(row[column.name])
            found[table.name] = rows
    return found


def test_a_role_that_has_ended_opens_and_changes_nothing(small_house: House, steps: list[Step]) -> None:
    house, faults = small_house, []
    house.restore()
    for step in steps:
        way = house.arrive(step)
        if way is None:
            continue
        client, now = way
        with house.app.extensions["database"].transaction() as session:
            session.execute(ROLES_ENDED)
        before = house.content()
        answer = house.submit(client, now, house.good(now))
        if answer.status_code != 404 or house.content() != before:
            faults.append(f"{step.name}: {answer.status_code}")
        house.restore()
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("what", MEANWHILE)
def test_a_form_from_before_is_no_fault(what: str, small_house: House, steps: list[Step]) -> None:
    house, faults = small_house, []
    house.restore()
    for step in steps:
        way = house.arrive(step)
        if way is None:
            continue
        client, now = way
        with house.app.extensions["database"].transaction() as session:
            session.execute(MEANWHILE[what])
        answers = [house.submit(client, now, house.good(now)) for _ in range(2)]  # and sent twice
        faults += [f"{step.name}: {one.status_code}" for one in answers if one.status_code >= 500]
        house.restore()
    assert not faults, "\n".join(faults)

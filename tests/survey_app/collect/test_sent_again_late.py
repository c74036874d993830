"""A form that arrived in time and is sent again too late: received is received, on both databases."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from survey_app.models import rotating_code
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.invitation_token import InvitationToken, secret_mark
from survey_app.models.response import Response
from tests import factories

# way in, days until the form is sent again, what has ended on the day it was stored
TOO_LATE = {
    "poster, form too old": ("poster", 31, None),
    "screen, visit too old": ("screen", 3, None),
    "campaign closed": ("poster", 3, Campaign),
    "code revoked": ("poster", 3, AccessPoint),
    "invitation, form too old": ("invitation", 31, None),
    "batch of invitations revoked": ("invitation", 3, AccessPoint),
}
too_late = pytest.mark.parametrize(("way_in", "days", "ended"), TOO_LATE.values(), ids=TOO_LATE)


@pytest.fixture
def form(app, client, clock, settings, way_in):
    """A form as a phone holds it: where it goes, and its key."""
    secret = settings.secrets[0]
    with app.extensions["database"].transaction() as session:
        point = factories.access_point(session, way_in=way_in, provenance="B")
        address = f"/s/{point.code}"
        if way_in == "screen":
            address += f"/{rotating_code.ticket(point.code, clock(), secret)}"
        if way_in == "invitation":
            mark = secret_mark(secret)
            batch = factories.invitation_batch(session, access_point_id=point.id, secret_mark=mark)
            address = f"/i/{InvitationToken(batch.id, 0).text(secret)}"
        places = {AccessPoint: point.id, Campaign: point.campaign_id}
    page = client.get(address, headers={"Accept-Encoding": "identity"}).text
    key = re.search(r'name="form-key" value="([^"]+)"', page)[1]
    return SimpleNamespace(path=f"/s/{point.code}", key=key, places=places)


def send(client, form, mark="5", **headers):
    fields = {"form-key": form.key, "q1": mark, "form-end": "1"}
    return client.post(form.path, data=fields, headers=headers)


def let_pass(app, clock, form, days, ended):
    """Let days go by, and end the campaign or the access point on the first of them."""
    if ended is not None:
        name = "closes_on" if ended is Campaign else "revoked_on"
        with app.extensions["database"].transaction() as session:
            setattr(session.get_one(ended, form.places[ended]), name, factories.DAY)
    clock.advance(days=days)


def counted(app):
    with app.extensions["database"].reading() as session:
        n_received = session.scalars(select(AccessPointDay.n_received)).all()
        return len(session.scalars(select(Response)).all()), sum(n_received)


@too_late
def test_the_same_answers_get_their_receipt_and_count_once(app, client, clock, form, days, ended):
    first = send(client, form)
    assert first.status_code == 303
    let_pass(app, clock, form, days, ended)
    again = send(client, form)
    assert (again.status_code, again.location) == (303, first.location)
    told = send(client, form, Accept="application/json")
    assert told.json["receipt"] in first.location
    assert counted(app) == (1, 1)


@too_late
def test_other_answers_hear_that_the_first_stand(app, client, clock, form, days, ended):
    send(client, form)
    let_pass(app, clock, form, days, ended)
    other = send(client, form, "1")
    assert other.status_code == 409
    assert "câu trả lời đầu tiên được giữ" in other.text
    assert 'name="form-key"' not in other.text
    assert counted(app) == (1, 1)


@too_late
def test_a_form_that_never_arrived_is_refused_as_ever(app, client, clock, form, days, ended):
    let_pass(app, clock, form, days, ended)
    assert send(client, form).status_code in {400, 410}
    assert counted(app) == (0, 0)


@pytest.mark.parametrize("way_in", ["poster"])
def test_a_form_too_old_comes_back_as_the_survey_asks_today(app, client, clock, form):
    """Its fresh key is of the version in use: the questions beside it have to be the same."""
    with app.extensions["database"].transaction() as session:
        definition = factories.definition(code="small_newer", version=1)
        definition = replace(definition, items=definition.items[:1])
        newer = factories.instrument_version(session, definition)
        session.get_one(Campaign, form.places[Campaign]).instrument_version_id = newer.id
    clock.advance(days=31)
    page = send(client, form)
    assert page.status_code == 400
    assert 'name="q1"' in page.text
    assert 'name="q2"' not in page.text

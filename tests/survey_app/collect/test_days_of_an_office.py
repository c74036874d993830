"""What hangs in an office works while the office is there; invitations outlive it."""

from datetime import date, timedelta

import pytest

from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.invitation_token import InvitationToken, secret_mark
from survey_app.models.office import Office
from survey_app.models.rotating_code import screen_path
from tests import factories
from tests.factories import DAY
from tests.survey_app.collect.test_routes import change, key_on, send, stored

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.fixture
def poster(app):
    with app.extensions["database"].transaction() as session:
        return factories.access_point(session)


def test_an_office_that_ends_keeps_its_codes_until_that_day_and_nobody_presses_anything(
    app, client, poster, clock
):
    change(app, Office, poster.office_id, valid_until=DAY + timedelta(days=2))
    path = f"/s/{poster.code}"
    assert client.get(path).status_code == 200
    clock.advance(days=2)  # its last day
    key, another_key = key_on(client, path), key_on(client, path)
    clock.advance(days=1)
    shut = client.get(path)
    assert (shut.status_code, "từ ngày 13/03/2026" in shut.text) == (410, True)
    assert send(client, path, key, q1="4").status_code == 303  # opened in time
    assert [row.day for row in stored(app)] == [DAY + timedelta(days=2)]
    clock.advance(days=7)
    assert send(client, path, another_key, q1="4").status_code == 410
    with app.extensions["database"].reading() as session:
        assert session.get_one(AccessPoint, poster.id).revoked_on is None


def test_codes_hang_before_their_office_begins_and_open_on_its_first_day(app, client, poster, clock):
    change(app, Office, poster.office_id, valid_from=DAY + timedelta(days=2), name="Bộ phận Một cửa xã Mẫu")
    early = client.get(f"/s/{poster.code}")
    assert early.status_code == 403
    assert "Bộ phận Một cửa xã Mẫu bắt đầu phục vụ từ ngày 12/03/2026." in early.text
    assert "Cuộc khảo sát chưa mở" not in early.text
    clock.advance(days=2)
    assert send(client, f"/s/{poster.code}", key_on(client, f"/s/{poster.code}"), q1="4").status_code == 303


def test_of_two_that_begin_later_the_last_one_is_named(app, client, poster):
    change(app, Office, poster.office_id, valid_from=DAY + timedelta(days=2))
    change(app, Campaign, poster.campaign_id, opens_on=DAY + timedelta(days=5))
    early = client.get(f"/s/{poster.code}").text
    assert "Cuộc khảo sát bắt đầu ngày 15/03/2026." in early


def test_a_screen_says_when_its_office_begins_and_that_it_has_ended(app, client):
    with app.extensions["database"].transaction() as session:
        point = factories.access_point(session, way_in="screen", provenance="B")
    path = screen_path(point.code, app.extensions["settings"].secrets[0]) + "/now"
    for days, words in (
        ({"valid_from": DAY + timedelta(days=2)}, "Đơn vị này bắt đầu phục vụ từ ngày 12/03/2026."),
        ({"valid_from": date(2024, 1, 1), "valid_until": DAY - timedelta(days=1)}, "10/03/2026"),
    ):
        change(app, Office, point.office_id, **days)
        told = client.get(path)
        assert (told.status_code, words in told.json["problem"][0]) == (410, True)


def test_invitations_work_after_their_office_has_ended(app, client):
    """A letter asks somebody whom the office has served; it may arrive after the office's last day."""
    secret = app.extensions["settings"].secrets[0]
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, valid_until=DAY - timedelta(days=1))
        point = factories.access_point(session, office_id=office.id, way_in="invitation", provenance="A")
        mark = secret_mark(secret)
        batch = factories.invitation_batch(
            session, access_point_id=point.id, delivery="letter", secret_mark=mark
        )
    assert client.get(f"/i/{InvitationToken(batch.id, 1).text(secret)}").status_code == 200


def test_a_campaign_may_close_on_the_last_day_there_is(app, client, poster):
    """As one that was stored before days had bounds."""
    change(app, Campaign, poster.campaign_id, closes_on=date.max)
    assert send(client, f"/s/{poster.code}", key_on(client, f"/s/{poster.code}"), q1="4").status_code == 303

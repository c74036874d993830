"""One person takes a code out of use, alone or for a new one; each act is a line of the log."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from survey_app.errors import NotFound
from survey_app.models.audit import AuditLine
from survey_app.models.short_code import printed
from survey_app.prepare.codes.replace import can_be_replaced, likely_reason, replace_code, withdraw_code
from survey_app.prepare.moment import Moment
from tests import factories
from tests.factories import DAY, MOMENT


@pytest.fixture
def moment(session):
    return Moment(MOMENT, DAY, factories.staff(session).id)


def lines(session):
    return [(line.act, line.what) for line in session.scalars(select(AuditLine).order_by(AuditLine.id))]


@pytest.mark.parametrize("way_in", ["poster", "screen"])
def test_old_code_dies_at_once_and_its_place_has_a_new_one(session, campaign, moment, way_in):
    counter = factories.counter(session)
    old = factories.access_point(
        session, campaign_id=campaign.id, office_id=counter.office_id, counter_id=counter.id, way_in=way_in
    )
    new = replace_code(session, old, "pasted_over", moment)
    assert (old.revoked_on, new.revoked_on, new.issued_on) == (DAY, None, DAY)
    assert (new.office_id, new.counter_id, new.way_in) == (old.office_id, old.counter_id, way_in)
    what = f"Thay mã {printed(old.code)} bằng {printed(new.code)}: bị dán chồng"
    assert lines(session) == [("codes.replace", what)]


def test_pressed_twice_it_gives_the_same_new_code(session, campaign, moment):
    old = factories.access_point(session, campaign_id=campaign.id)
    first = replace_code(session, old, "damaged", moment)
    assert replace_code(session, old, "damaged", moment) is first
    assert len(lines(session)) == 1


def test_the_likely_reason_is_what_was_reported_last_or_else_wear(session, campaign):
    point = factories.access_point(session, campaign_id=campaign.id)
    assert likely_reason(session, point.id) == "damaged"
    factories.code_report(session, access_point_id=point.id, reason="pasted_over")
    assert likely_reason(session, point.id) == "pasted_over"
    factories.code_report(session, access_point_id=point.id, reason="damaged", day=DAY + timedelta(days=1))
    assert likely_reason(session, point.id) == "damaged"


@pytest.mark.parametrize("reason", ["", "nosuch"])
def test_reason_that_is_none_of_the_list_does_nothing(session, campaign, moment, reason):
    old = factories.access_point(session, campaign_id=campaign.id)
    with pytest.raises(NotFound):
        replace_code(session, old, reason, moment)
    assert old.revoked_on is None


def test_where_no_code_may_hang_nothing_is_replaced(session, campaign, moment):
    yesterday = DAY - timedelta(days=1)
    ended = factories.office(session, valid_until=yesterday)
    over = factories.campaign(session, closes_on=yesterday)
    split = factories.counter(session).office_id
    points = [
        factories.access_point(session, campaign_id=campaign.id, office_id=ended.id),
        factories.access_point(session, campaign_id=over.id),
        factories.access_point(session, campaign_id=campaign.id, office_id=split),
    ]
    for point in points:
        assert not can_be_replaced(session, point, moment)
        with pytest.raises(NotFound):
            replace_code(session, point, "other", moment)
        assert point.revoked_on is None


def test_revoking_twice_is_one_line(session, campaign, moment):
    point = factories.access_point(session, campaign_id=campaign.id)
    withdraw_code(session, point, moment)
    withdraw_code(session, point, moment)
    assert lines(session) == [("codes.revoke", f"Thu hồi mã {printed(point.code)}")]

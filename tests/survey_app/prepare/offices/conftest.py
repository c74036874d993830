"""A small province of three communes, and whoever may change it."""

from datetime import date

import pytest

from survey_app.prepare.offices.changes.rules import Author
from tests import factories
from tests.factories import DAY, MOMENT


@pytest.fixture
def land(app):
    """Two provinces; the first with communes a, b, c, each with a code and responses up to 1 March 2026."""
    with app.extensions["database"].transaction() as session:
        found = {
            "province": factories.office(session, code="T1", kind="province", name="Tỉnh Mẫu"),
            "other": factories.office(session, code="T2", kind="province", name="Tỉnh Khác"),
        }
        campaign = factories.campaign(session)
        for letter in "abc":
            office = factories.office(
                session,
                code=f"T1-{letter.upper()}",
                name=f"Bộ phận Một cửa xã {letter.upper()}",
                parent_id=found["province"].id,
            )
            counter = factories.counter(session, office_id=office.id, label="Quầy số 1")
            point = factories.access_point(
                session, campaign_id=campaign.id, office_id=office.id, counter_id=counter.id
            )
            factories.access_point_day(session, access_point_id=point.id, day=date(2026, 3, 1))
            found |= {letter: office, f"counter_{letter}": counter, f"point_{letter}": point}
        found["lead"] = factories.staff(session, role="campaign_lead")
    return found


@pytest.fixture
def author(land):
    ids = {land[name].id for name in ("province", "other", "a", "b", "c")}
    return Author(land["lead"].id, MOMENT, DAY, ids, is_everything=True)

"""A province of three offices with last year's dossiers, an annual campaign to come, and a whole plan."""

from datetime import date

import pytest

from survey_app.models.plan_document import (
    Allocation,
    Calendar,
    PlanDocument,
    PlannedStage,
    Population,
    Precision,
    Publishing,
)
from tests import factories

YEAR = (date(2026, 1, 1), date(2026, 12, 31))
WHOLE = PlanDocument(
    population=Population(
        described="Người dân có hồ sơ đã giải quyết", tops=("T",), settled_from=YEAR[0], settled_until=YEAR[1]
    ),
    precision=Precision(margin_office=0.05, level=0.95, proportion=0.5, design_effect=1.0, response_rate=0.8),
    stages=(PlannedStage(unit="dossier", method="simple"),),
    allocation=Allocation(method="equal", minimum=30, reserve_share=0.1),
    publication=Publishing(minimum_n=10, target=0.85, level=0.95, adjustment="holm", tables=("office",)),
    seed="Xổ số ngày 01/03/2026: 12345",
    calendar=Calendar(
        fieldwork_from=date(2026, 12, 1), fieldwork_until=date(2026, 12, 31), publication_by=date(2027, 2, 1)
    ),
)
DOSSIERS = {"A": 100, "B": 1_000, "C": 10_000}


class Stage:
    """The rows that the tests of plans act on."""

    def __init__(self, session):
        self.province = factories.office(session, code="T", kind="province", name="Tỉnh Mẫu")
        self.offices = {
            code: factories.office(session, code=code, name=f"Xã {code}", parent_id=self.province.id)
            for code in DOSSIERS
        }
        for code, office in self.offices.items():
            for month in range(1, 13):
                n_settled = DOSSIERS[code] // 12 + (DOSSIERS[code] % 12 if month == 12 else 0)
                month_of = date(2025, month, 1)
                factories.dossier_count(
                    session, office_id=office.id, month=month_of, field_id=0, n_settled=n_settled
                )
        self.other = factories.office(session, code="U", kind="province", name="Tỉnh Khác")
        self.campaign = factories.annual_campaign(
            session,
            code="do-luong-2026",
            opens_on=date(2026, 12, 1),
            closes_on=date(2026, 12, 31),
        )

    def plan(self, session, document=WHOLE, **given):
        return factories.campaign_plan(
            session, campaign_id=self.campaign.id, document_json=document.to_json(), **given
        )


@pytest.fixture
def stage(database):
    with database.transaction() as session:
        return Stage(session)

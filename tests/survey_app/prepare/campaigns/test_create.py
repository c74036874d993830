"""A campaign is created as planned, or every reason against the plan is told."""

from dataclasses import asdict, replace
from datetime import date

import pytest
from sqlalchemy import func, select

from survey_app.db import Database
from survey_app.models.campaign import Campaign
from survey_app.prepare.campaigns.create import CampaignRefused, NewCampaign, create_campaign
from tests import factories

PLAN = NewCampaign(
    code="tai-quay-2026",
    title="Khảo sát tại quầy",
    title_en="Counter survey",
    kind="continuous",
    sampling_basis="opt_in",
    instrument_code="small",
    opens_on=date(2026, 1, 1),
    controller_name="Sở Nội vụ tỉnh Mẫu",
    controller_address="số 1, đường Mẫu",
    controller_phone="0200 000 0000",
    retention_years=5,
)


def test_campaign_is_stored_as_planned(database: Database) -> None:
    with database.transaction() as session:
        versions = [
            factories.instrument_version(session, factories.definition("small", number)) for number in (1, 2)
        ]
        newest = create_campaign(session, replace(PLAN, title=" Khảo sát tại quầy "))
        first = create_campaign(session, replace(PLAN, code="a", instrument_version=1))
        assert newest.instrument_version_id == versions[1].id
        assert first.instrument_version_id == versions[0].id
    with database.reading() as session:
        stored = session.get_one(Campaign, newest.id)
        planned = asdict(PLAN)
        for name in planned.keys() - {"instrument_code", "instrument_version", "after"}:
            assert getattr(stored, name) == planned[name]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "Quầy"}, "code"),
        ({"code": "-a"}, "code"),
        ({"code": "taken"}, "code"),
        ({"title": "  "}, "title"),
        ({"title_en": ""}, "title_en"),
        ({"title": "a\u202eb"}, "title"),
        ({"kind": "weekly"}, "kind"),
        ({"sampling_basis": "random"}, "sampling_basis"),
        ({"instrument_code": "unknown"}, "instrument"),
        ({"instrument_version": 2}, "instrument"),
        ({"closes_on": date(2025, 12, 31)}, "closes_on"),
        ({"kind": "annual"}, "closes_on"),
        ({"closes_on": date.max}, "closes_on"),
        ({"opens_on": date.min}, "opens_on"),
        ({"minimum_n": 4}, "minimum_n"),
        ({"target": 0.0}, "target"),
        ({"target": 1.0}, "target"),
        ({"target": float("nan")}, "target"),
        ({"target": 0.8755}, "target"),
        ({"controller_name": ""}, "controller_name"),
        ({"controller_address": ""}, "controller_address"),
        ({"controller_phone": ""}, "controller_phone"),
        ({"retention_years": 0}, "retention_years"),
        ({"retention_years": 2**40}, "retention_years"),
        ({"after": "taken"}, "after"),
        ({"kind": "annual", "closes_on": date(2026, 2, 1), "after": "unknown"}, "after"),
        ({"kind": "annual", "closes_on": date(2026, 2, 1), "after": "taken"}, "after"),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_plan_that_cannot_be_is_refused(database: Database, change: dict[str, object], field: str) -> None:
    with database.transaction() as session:
        factories.instrument_version(session, factories.definition("small"))
        factories.campaign(session, code="taken")
        with pytest.raises(CampaignRefused) as refused:
            create_campaign(session, replace(PLAN, **change))  # type: ignore[arg-type]  # wrong on purpose
        assert [name for name, _ in refused.value.faults] == [field]
        assert session.scalar(select(func.count(Campaign.id))) == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_annual_campaign_may_say_which_one_it_follows(database: Database) -> None:
    with database.transaction() as session:
        factories.instrument_version(session, factories.definition("small"))
        year = {"kind": "annual", "opens_on": date(2025, 1, 1), "closes_on": date(2025, 2, 1)}
        before = factories.campaign(session, code="nam-2025", **year)
        plan = replace(PLAN, kind="annual", closes_on=date(2026, 2, 1), after="nam-2025")
        assert create_campaign(session, plan).previous_id == before.id


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_reason_is_told_at_once(database: Database) -> None:
    plan = replace(PLAN, code="", title="", minimum_n=1)
    with database.transaction() as session, pytest.raises(CampaignRefused) as refused:
        create_campaign(session, plan)
    assert len(str(refused.value).splitlines()) == 4

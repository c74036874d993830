"""A campaign follows its own instrument, and only forwards."""

import pytest
from sqlalchemy.orm import Session

from survey_app.db import Database
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.prepare.campaigns.create import CampaignRefused
from survey_app.prepare.campaigns.follow import change_version, follow_version
from tests import factories


def asking(session: Session, number: int) -> tuple[Campaign, list[InstrumentVersion]]:
    versions = [
        factories.instrument_version(session, factories.definition("small", version)) for version in (1, 2)
    ]
    campaign = factories.campaign(session, code="c", instrument_version_id=versions[number - 1].id)
    return campaign, versions


def test_campaign_follows_its_instrument(database: Database) -> None:
    with database.transaction() as session:
        campaign, versions = asking(session, 1)
        follow_version(session, "c", 2)
    with database.reading() as session:
        assert session.get_one(Campaign, campaign.id).instrument_version_id == versions[1].id


@pytest.mark.parametrize(("asked", "wanted"), [(2, 1), (2, 2), (1, 3)])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_older_same_and_unpublished_versions_are_refused(database: Database, asked: int, wanted: int) -> None:
    with database.transaction() as session:
        campaign, versions = asking(session, asked)
        with pytest.raises(CampaignRefused, match="version"):
            follow_version(session, "c", wanted)
        assert campaign.instrument_version_id == versions[asked - 1].id


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_frozen_plan_keeps_its_questionnaire(database: Database) -> None:
    with database.transaction() as session:
        campaign, versions = asking(session, 1)
        plan = factories.campaign_plan(session, campaign_id=campaign.id)
        follow_version(session, "c", 2)
        campaign.instrument_version_id = versions[0].id
        session.flush()
        plan.hash, plan.frozen_at = "x", factories.MOMENT
        session.flush()
        with pytest.raises(CampaignRefused, match="kế hoạch đã chốt"):
            follow_version(session, "c", 2)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_another_instrument_is_refused(database: Database) -> None:
    with database.transaction() as session:
        campaign, _ = asking(session, 1)
        other = factories.instrument_version(session, factories.definition("other", 5))
        with pytest.raises(CampaignRefused, match="instrument"):
            change_version(session, campaign, other)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_unknown_campaign_is_named(database: Database) -> None:
    with database.transaction() as session, pytest.raises(CampaignRefused, match="“nobody”"):
        follow_version(session, "nobody", 2)

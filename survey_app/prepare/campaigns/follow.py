"""Lets a campaign follow its instrument to a newer version."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.plan import plan_in_force
from survey_app.prepare.campaigns.create import CampaignRefused


def follow_version(session: Session, campaign_code: str, number: int) -> Campaign:
    """Let the campaign of this code ask version `number` of its instrument."""
    campaign = campaign_of(session, campaign_code)
    asked = session.get_one(InstrumentVersion, campaign.instrument_version_id)
    version = session.scalar(
        select(InstrumentVersion).where(
            InstrumentVersion.code == asked.code, InstrumentVersion.version == number
        )
    )
    if version is None:
        raise CampaignRefused([("version", f"chưa công bố phiên bản {number} của bộ câu hỏi “{asked.code}”")])
    change_version(session, campaign, version)
    return campaign


def campaign_of(session: Session, code: str) -> Campaign:
    campaign = session.scalar(select(Campaign).where(Campaign.code == code))
    if campaign is None:
        raise CampaignRefused([("code", f"không có cuộc khảo sát mã “{code}”")])
    return campaign


def change_version(session: Session, campaign: Campaign, version: InstrumentVersion) -> None:
    """Let a campaign follow its instrument; a form that is open keeps the version in its key."""
    asked = session.get_one(InstrumentVersion, campaign.instrument_version_id)
    if version.code != asked.code:
        message = f"cuộc khảo sát dùng bộ câu hỏi “{asked.code}”, không đổi sang “{version.code}” được"
        raise CampaignRefused([("instrument", message)])
    if plan_in_force(session, campaign.id) is not None:
        message = "kế hoạch đã chốt với bộ câu hỏi đang dùng, không đổi được nữa"
        raise CampaignRefused([("version", message)])
    if version.version <= asked.version:
        message = f"cuộc khảo sát đang dùng phiên bản {asked.version}; chỉ đổi sang phiên bản mới hơn được"
        raise CampaignRefused([("version", message)])
    campaign.instrument_version_id = version.id

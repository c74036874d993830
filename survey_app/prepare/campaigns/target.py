"""Changes what a campaign is to reach, as long as nobody has answered it."""

from datetime import date

from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.plan import Plan
from survey_app.prepare.campaigns.create import CampaignRefused, fault_of_target
from survey_app.prepare.campaigns.follow import campaign_of


def change_target(session: Session, campaign_code: str, target: float, today: date) -> tuple[Campaign, float]:
    """Set another target and give the old one, before the first day: later, who sets it has seen figures."""
    campaign = campaign_of(session, campaign_code)
    if campaign.opens_on <= today:
        message = f"cuộc khảo sát đã mở từ ngày {campaign.opens_on:%d/%m/%Y}, không đổi chỉ tiêu được nữa"
        raise CampaignRefused([("target", message)])
    if session.get(Plan, campaign.id) is not None:
        raise CampaignRefused([("target", "chỉ tiêu nằm trong kế hoạch của cuộc khảo sát; hãy đổi ở đó")])
    if fault := fault_of_target(target):
        raise CampaignRefused([("target", fault)])
    before, campaign.target = campaign.target, target
    return campaign, before

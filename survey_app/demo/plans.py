"""The demo's plans: last year's as it was frozen, with an addendum, and next year's in the making."""

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.demo.accounts import staff_of
from survey_app.demo.places import PROVINCE_CODE
from survey_app.models.campaign import Campaign
from survey_app.models.plan_document import (
    Allocation,
    Calendar,
    PlanDocument,
    PlannedStage,
    Population,
    Precision,
    Publishing,
    Weighting,
)
from survey_app.prepare.campaigns.create import NewCampaign, create_campaign
from survey_app.prepare.moment import Moment
from survey_app.prepare.plans import keep
from survey_app.prepare.plans.begin import begin_plan, first_document

MEASURED = ("P01", "P02", "P03")
BEFORE_OPENING = timedelta(days=7)


def add_plans(session: Session, measurement: Campaign, asked: NewCampaign, today: date) -> None:
    """Give last year's measurement the plan it followed, and next year's campaign a draft.

    `asked` is what last year's campaign was created from; what follows it begins as its clone does.
    """
    lead = staff_of(session, "campaign_lead")
    frozen_on = measurement.opens_on - BEFORE_OPENING
    at = morning_of(frozen_on, lead)
    begin_plan(session, measurement, _followed(measurement), at)
    keep.freeze(session, measurement, at.now, lead, None)
    _put_publication_off(session, measurement, lead)
    _begin_next(session, measurement, asked, today, lead)


def _followed(measurement: Campaign) -> PlanDocument:
    """Say what the imported forms come from: 30 offices, wards drawn in each, dossiers drawn in these."""
    first, last = measurement.opens_on, measurement.closes_on
    year = first.year
    return PlanDocument(
        population=Population(
            described=f"Người dân, tổ chức có hồ sơ đã được giải quyết trong tháng {first:%m/%Y}",
            tops=MEASURED,
            settled_from=first,
            settled_until=last,
            counted_for="receives",
        ),
        domains=("sex", "age_band", "field"),
        precision=Precision(
            margin_office=0.07, level=0.95, proportion=0.85, design_effect=1.5, response_rate=0.8
        ),
        stages=(
            PlannedStage(unit="cluster", method="simple", n_taken=8),
            PlannedStage(unit="dossier", method="simple"),
        ),
        allocation=Allocation(method="equal", n_drawn=6180, minimum=100, reserve_share=0.1),
        weighting=Weighting(cells=("sex", "age_band"), smallest_cell=5),
        publication=Publishing(
            minimum_n=measurement.minimum_n,
            target=measurement.target,
            tables=("office", "parent", "factor", "item", "target", "ranks"),
        ),
        seed=f"Bốc thăm công khai tại Sở Nội vụ tỉnh Mẫu ngày 25/10/{year}: 48213",
        calendar=Calendar(fieldwork_from=first, fieldwork_until=last, publication_by=date(year, 12, 31)),
    )


def _put_publication_off(session: Session, measurement: Campaign, lead: int) -> None:
    year = measurement.opens_on.year
    document = _followed(measurement)
    later = replace(document, calendar=replace(document.calendar, publication_by=date(year + 1, 1, 31)))
    reason = "Phiếu giấy về muộn do mưa lũ, cần thêm một tháng để nhập và kiểm tra"
    at = morning_of(date(year, 12, 18), lead)
    keep.add_addendum(session, measurement, later, reason, at, number=1)


def _begin_next(session: Session, measurement: Campaign, asked: NewCampaign, today: date, lead: int) -> None:
    """Clone the campaign for the next November that has not begun, in the lead's own province."""
    year = today.year + (today >= date(today.year, 10, 31))
    campaign = create_campaign(
        session,
        replace(
            asked,
            code=f"do-luong-{year}",
            title=f"Đo lường sự hài lòng năm {year}",
            title_en=f"Satisfaction measurement {year}",
            opens_on=date(year, 11, 1),
            closes_on=date(year, 11, 30),
            after=measurement.code,
        ),
    )
    draft = first_document(campaign, (PROVINCE_CODE,), (measurement, _followed(measurement)))
    allocation = replace(draft.allocation, n_drawn=None, minimum=30)
    days = replace(draft.calendar, publication_by=date(year + 1, 1, 31))
    described = f"Người dân, tổ chức có hồ sơ đã được giải quyết trong tháng 11/{year}"
    people = replace(
        draft.population,
        described=described,
        settled_from=campaign.opens_on,
        settled_until=campaign.closes_on,
    )
    draft = replace(draft, allocation=allocation, calendar=days, population=people)
    begin_plan(session, campaign, draft, morning_of(today - timedelta(days=1), lead))


def morning_of(day: date, staff_id: int) -> Moment:
    return Moment(datetime.combine(day, time(9, 30), VIETNAM_TIME), day, staff_id)

"""The demo's drawn campaigns, taken along their road by the verbs that staff use: plan, frame, draw, letters.

One is over: two people have agreed to publish it. The other is in the field, its letters are out.
"""

import random
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME, Settings
from survey_app.demo.dossier_list import dossier_list
from survey_app.demo.plans import morning_of
from survey_app.models.campaign import Campaign
from survey_app.models.frame import Frame
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.plan_document import (
    Allocation,
    Calendar,
    PlanDocument,
    PlannedStage,
    Population,
    Precision,
    Publishing,
    Raked,
    Weighting,
)
from survey_app.models.sample import Draw
from survey_app.prepare.campaigns.create import NewCampaign, create_campaign
from survey_app.prepare.fieldwork.invite import invite
from survey_app.prepare.frames import uploads
from survey_app.prepare.frames.columns import guess
from survey_app.prepare.frames.contact_days import usual_last_day
from survey_app.prepare.frames.expire import delete_contacts
from survey_app.prepare.frames.looks.accept import Acceptance, accept
from survey_app.prepare.frames.looks.look import look_at, read_known
from survey_app.prepare.moment import Moment
from survey_app.prepare.plans import keep
from survey_app.prepare.plans.begin import begin_plan
from survey_app.prepare.samples.keep import By, store
from survey_app.prepare.samples.make import make_sample
from survey_app.prepare.samples.ready import ready_of
from survey_app.rehearsal.fieldwork import Fieldwork, people_of

FORM = "sipas_service_2022"
TAKE_PART = tuple(f"MAU-X{number:02}" for number in (3, 4, 6, 7, 8, 9, 10, 11, 13, 14))
N_LETTERS = 400
RATE_EXPECTED, RATE_SO_FAR = 0.6, 0.35
OPENED_BEFORE = timedelta(days=12)  # of the one in the field
LASTS, BETWEEN = timedelta(days=29), timedelta(days=91)
PLAN_STANDS, LIST_COMES, SAMPLE_DRAWN = timedelta(days=14), timedelta(days=10), timedelta(days=7)
PUBLISHED_WITHIN = timedelta(days=30)


@dataclass(frozen=True)
class Drawer:
    """Who takes the campaigns along, and in which installation."""

    session: Session
    settings: Settings
    lead: int

    def at(self, day: date) -> Moment:
        return morning_of(day, self.lead)


def add_drawn_campaigns(
    session: Session, settings: Settings, asked: NewCampaign, today: date, lead: int
) -> Campaign:
    """Walk both campaigns as far as they are; give the one that is over.

    `asked` says what both share with the demo's other measurement: who answers for the data.
    """
    drawer = Drawer(session, settings, lead)
    opens_on = today - OPENED_BEFORE
    over = _create(session, asked, opens_on - BETWEEN, None)
    _walk(drawer, over, RATE_EXPECTED, until=today)
    fielded = _create(session, asked, opens_on, over.code)
    _walk(drawer, fielded, RATE_SO_FAR, until=today - timedelta(days=1))
    return over


def _create(session: Session, asked: NewCampaign, opens_on: date, after: str | None) -> Campaign:
    month = f"{opens_on:%m/%Y}"
    named = replace(
        asked,
        code=f"chon-mau-{opens_on:%Y-%m}",
        title=f"Đo lường theo mẫu, tháng {month}",
        title_en=f"Sample measurement, {opens_on:%B %Y}",
        instrument_code=FORM,
        opens_on=opens_on,
        closes_on=opens_on + LASTS,
        after=after,
    )
    return create_campaign(session, named)


def _walk(drawer: Drawer, campaign: Campaign, rate: float, until: date) -> None:
    """Take a campaign from its plan into the field, and through it as far as time has gone."""
    session, settings, opens_on = drawer.session, drawer.settings, campaign.opens_on
    chance = random.Random(campaign.code)  # noqa: S311  # a demo to repeat, not a secret
    plan = _plan(campaign)
    at = drawer.at(_planned_on(campaign))
    begin_plan(session, campaign, plan, at)
    keep.freeze(session, campaign, at.now, at.staff_id, None)
    frame = _import_list(drawer, campaign, chance)
    draw = _draw(drawer, campaign)
    invite(session, draw, "letter", opens_on, settings.secrets[0])
    version = session.get_one(InstrumentVersion, campaign.instrument_version_id)
    people = people_of(session, draw, settings.data_dir, rate, chance)
    fieldwork = Fieldwork(campaign, version, people, settings.secrets[0], until, drawer.lead)
    fieldwork.happen(session, draw)
    _let_contacts_go(drawer, frame, until)


def _plan(campaign: Campaign) -> PlanDocument:
    settled_from, settled_until = _month_settled(campaign)
    closes_on = campaign.closes_on or campaign.opens_on
    return PlanDocument(
        population=Population(
            described=f"Người dân có hồ sơ đã được {len(TAKE_PART)} xã, phường giải quyết trong tháng "
            f"{settled_from:%m/%Y}",
            tops=TAKE_PART,
            settled_from=settled_from,
            settled_until=settled_until,
        ),
        domains=("sex", "age_band"),
        precision=Precision(
            margin_office=0.15, proportion=0.85, design_effect=1.1, response_rate=RATE_EXPECTED
        ),
        stages=(PlannedStage(unit="dossier", method="systematic", order=("field", "settled_on")),),
        allocation=Allocation(method="equal", n_drawn=N_LETTERS, minimum=30, reserve_share=0.15),
        weighting=Weighting(
            cells=("sex",),
            smallest_cell=5,
            raked=(Raked(variable="sex", question="sex"), Raked(variable="age_band", question="age")),
            trimmed_above=4.0,
        ),
        publication=Publishing(
            minimum_n=campaign.minimum_n,
            target=campaign.target,
            tables=("office", "parent", "group", "factor", "item", "target", "ranks"),
        ),
        seed=f"Bốc thăm công khai tại Sở Nội vụ tỉnh Mẫu ngày {_planned_on(campaign):%d/%m/%Y}: 48213",
        calendar=Calendar(
            fieldwork_from=campaign.opens_on,
            fieldwork_until=closes_on,
            publication_by=closes_on + PUBLISHED_WITHIN,
        ),
    )


def _planned_on(campaign: Campaign) -> date:
    return campaign.opens_on - PLAN_STANDS


def _month_settled(campaign: Campaign) -> tuple[date, date]:
    """Give the last whole month before the list comes."""
    last = (campaign.opens_on - LIST_COMES).replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def _import_list(drawer: Drawer, campaign: Campaign, chance: random.Random) -> Frame:
    session, settings = drawer.session, drawer.settings
    month, _last = _month_settled(campaign)
    by = drawer.at(campaign.opens_on - LIST_COMES)
    content = dossier_list(session, TAKE_PART, month, chance)
    upload = uploads.keep(settings.data_dir, campaign.id, f"ho-so-{month:%Y-%m}.csv", content)
    try:
        known = read_known(session, campaign.id, guess(upload.source.header), by.today)
        found = look_at(upload, known, settings, lambda _share: None)
        last_day = usual_last_day(campaign, by.today)
        return accept(session, settings.data_dir, upload, found, Acceptance(by.now, by.staff_id, last_day))
    finally:
        uploads.forget(upload)


def _draw(drawer: Drawer, campaign: Campaign) -> Draw:
    session, data_dir = drawer.session, drawer.settings.data_dir
    at = drawer.at(campaign.opens_on - SAMPLE_DRAWN)
    ready = ready_of(session, campaign, data_dir, at.today)
    made = make_sample(ready.design, ready.path)
    return store(session, campaign.id, made, data_dir, By(at.now, at.today, at.staff_id))


def _let_contacts_go(drawer: Drawer, frame: Frame, today: date) -> None:
    """Delete names and addresses whose last day has passed, as the night after it would have."""
    expired_on = frame.contacts_expire_on
    if expired_on is not None and expired_on < today:
        at = datetime.combine(expired_on + timedelta(days=1), time(2), VIETNAM_TIME)
        delete_contacts(drawer.session, drawer.settings.data_dir, frame, at, drawer.lead, "hết hạn")

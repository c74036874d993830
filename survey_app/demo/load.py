"""Loads the demo into an empty database, through the same verbs that staff use."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME, Settings
from survey_app.db import Database
from survey_app.demo.accounts import (
    MANAGED_OFFICE,
    DemoAccounts,
    create_demo_staff,
    staff_of,
    write_accounts,
)
from survey_app.demo.agreed import agree_on_publishing, ask_for_files, publish_agreed
from survey_app.demo.drawn import FORM as DRAWN_FORM, add_drawn_campaigns
from survey_app.demo.feedback import fill_with_feedback, living_offices, opening_day
from survey_app.demo.fields import add_fields
from survey_app.demo.invitations import add_invitations
from survey_app.demo.matters import add_matters
from survey_app.demo.measurement import import_measured_offices, import_measurement
from survey_app.demo.places import offices_csv
from survey_app.demo.plans import add_plans
from survey_app.errors import NotEmpty
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.job import Work
from survey_app.models.office import Office
from survey_app.models.staff import Staff
from survey_app.prepare.campaigns.create import NewCampaign, create_campaign
from survey_app.prepare.codes.issue import issue_codes, places_in
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.prepare.instruments.publish import publish_version
from survey_app.prepare.offices.office_file import import_offices

FEEDBACK_FORM, MEASUREMENT_FORM = "counter_short", "sipas_reference_22"
INSTRUMENTS = (FEEDBACK_FORM, MEASUREMENT_FORM, DRAWN_FORM)


def load_demo(database: Database, settings: Settings, now: datetime) -> DemoAccounts:
    """Load offices, campaigns, codes, responses and staff; then make figures, and ask for files of them.

    All but that is one transaction: whoever is interrupted finds the database empty, or complete but for
    figures that the release job and the agreed publication make as soon as the service runs.
    """
    with database.transaction() as session:
        _refuse_if_used(session)
        accounts = _load_rows(session, settings, now)
        # Before the commit: an account whose password is written nowhere would be of no use to anybody.
        write_accounts(settings, accounts)
    _release(database, settings, now)
    publication_id = publish_agreed(database, settings)
    with database.transaction() as session:
        ask_for_files(session, publication_id, staff_of(session, "campaign_lead"), now)
    return accounts


def _refuse_if_used(session: Session) -> None:
    for row in (Office, Campaign, Staff, InstrumentVersion):
        if session.scalar(select(row.id).limit(1)) is not None:
            raise NotEmpty(f"the database holds rows in {row.__tablename__}; the demo needs an empty one")


def _load_rows(session: Session, settings: Settings, now: datetime) -> DemoAccounts:
    from survey_app.publish.releasing.freeze import (
        prepare_wave,  # brings numpy, which a start without demo spares
    )

    today = now.astimezone(VIETNAM_TIME).date()
    for code in INSTRUMENTS:
        publish_version(session, shipped_definition(code), now)
    import_offices(session, offices_csv(), is_demo=True)
    add_fields(session)
    import_measured_offices(session)
    accounts = create_demo_staff(session, settings, now)  # before what takes long: a password may be refused
    feedback = create_campaign(session, _feedback_plan(today))
    fill_with_feedback(session, feedback, _issue_all_codes(session, feedback), today)
    add_invitations(session, feedback, settings.secrets, today)
    _put_up_a_screen(session, feedback)
    measured_on = date(today.year - 1, 11, 15)
    measurement = create_campaign(session, _measurement_plan(measured_on))
    import_measurement(session, measurement, measured_on, settings.secrets[-1])
    published_at = min(now, _published_at(measurement))
    prepare_wave(session, measurement, published_at).write(session, published_at)
    add_plans(session, measurement, _measurement_plan(measured_on), today)
    lead, administrator = (staff_of(session, role) for role in ("campaign_lead", "administrator"))
    over = add_drawn_campaigns(session, settings, _measurement_plan(measured_on), today, lead)
    agree_on_publishing(session, over, lead, administrator)
    add_matters(session, feedback, today)
    return accounts


def _feedback_plan(today: date) -> NewCampaign:
    return NewCampaign(
        code="gop-y-tai-quay",
        title="Góp ý tại quầy",
        title_en="Counter feedback",
        kind="continuous",
        sampling_basis="opt_in",
        instrument_code=FEEDBACK_FORM,
        opens_on=opening_day(today),
        controller_name="Sở Nội vụ tỉnh Mẫu",
        controller_address="số 1, đường Mẫu, tỉnh Mẫu",
        controller_phone="0200 000 0000",
        retention_years=5,
        is_demo=True,
    )


def _measurement_plan(day: date) -> NewCampaign:
    """Plan it within one month, the one whose dossiers stand behind its figures."""
    return replace(
        _feedback_plan(day),
        code=f"do-luong-{day.year}",
        title=f"Đo lường sự hài lòng năm {day.year}",
        title_en=f"Satisfaction measurement {day.year}",
        kind="annual",
        sampling_basis="probability",
        instrument_code=MEASUREMENT_FORM,
        opens_on=day.replace(day=1),
        closes_on=day.replace(day=30),
    )


def _published_at(measurement: Campaign) -> datetime:
    """Give the day in the January after, which the plan promises as the last."""
    return datetime(measurement.opens_on.year + 1, 1, 31, 9, 30, tzinfo=VIETNAM_TIME)


def _issue_all_codes(session: Session, campaign: Campaign) -> Sequence[AccessPoint]:
    office_ids = [office.id for office in living_offices(session)]
    places = places_in(session, office_ids, campaign.opens_on)
    return issue_codes(session, campaign, places, campaign.opens_on)


def _put_up_a_screen(session: Session, campaign: Campaign) -> None:
    """Give one counter a screen, whose code changes, beside its poster."""
    office = session.scalars(select(Office).where(Office.code == MANAGED_OFFICE)).one()
    places = places_in(session, [office.id], campaign.opens_on)
    issue_codes(session, campaign, places[:1], campaign.opens_on, "screen")


def _release(database: Database, settings: Settings, now: datetime) -> None:
    from survey_app.publish.releasing.release import run

    def ignore_progress(_n_done: int, _n_total: int) -> None:
        """Nobody watches: there is no job row."""

    run(Work(0, {}, database, settings, now, ignore_progress))

"""Loads the demo into an empty database, through the same verbs that staff use."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME, Settings
from survey_app.db import Database
from survey_app.demo.accounts import MANAGED_OFFICE, DemoAccounts, create_demo_staff, write_accounts
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
INSTRUMENTS = (FEEDBACK_FORM, MEASUREMENT_FORM)


def load_demo(database: Database, settings: Settings, now: datetime) -> DemoAccounts:
    """Load offices, campaigns, codes, responses and staff; then make the running figures.

    All but the running figures is one transaction: whoever is interrupted finds the database empty, or
    complete but for figures that the release job makes as soon as the service runs.
    """
    with database.transaction() as session:
        _refuse_if_used(session)
        accounts = _load_rows(session, settings, now)
        # Before the commit: an account whose password is written nowhere would be of no use to anybody.
        write_accounts(settings, accounts)
    _release(database, settings, now)
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
    feedback = create_campaign(session, _feedback_plan(today))
    fill_with_feedback(session, feedback, _issue_all_codes(session, feedback), today)
    add_invitations(session, feedback, settings.secrets, today)
    _put_up_a_screen(session, feedback)
    measured_on = date(today.year - 1, 11, 15)
    measurement = create_campaign(session, _measurement_plan(measured_on))
    import_measurement(session, measurement, measured_on, settings.secrets[-1])
    prepare_wave(session, measurement, now).write(session, now)
    accounts = create_demo_staff(session, settings, now)
    add_plans(session, measurement, _measurement_plan(measured_on), today)
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

"""What two people of the demo agree on: the campaign that is over is published, its files are asked for."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from survey_app.config import Settings
from survey_app.db import Database
from survey_app.demo.plans import morning_of
from survey_app.models import approval as approvals, publishing
from survey_app.models.approval import Decision, Wanted
from survey_app.models.approval_lists import find_approval
from survey_app.models.campaign import Campaign
from survey_app.models.job import Job, Work
from survey_app.prepare.approvals import acts
from survey_app.prepare.approvals.publish import asked_basis, reason_of
from survey_app.publish.handover import ask
from survey_app.publish.handover.products import PRODUCTS
from survey_app.publish.releasing import publish_job
from survey_app.web import two_people
from survey_app.web.access import account_on, offices_in_scope

DECIDED_AFTER = timedelta(days=1)
PUBLISHED_AFTER = timedelta(minutes=2)
FILES = ("report_pdf", "annex", "sheets")


def agree_on_publishing(session: Session, campaign: Campaign, asker: int, decider: int) -> None:
    """Let one person ask on the first day on which that can be done, and another approve on the next."""
    first_day = publishing.may_be_published_from(campaign)
    assert first_day is not None, "a campaign that is over has a last day"
    asked_at, decided_at = morning_of(first_day, asker), morning_of(first_day + DECIDED_AFTER, decider)
    arguments = asked_basis(session, campaign.id)
    acts.check_can_be_done(session, publishing.KIND, campaign, None, arguments, asked_at.today)
    wanted = Wanted(publishing.KIND, campaign.id, None, arguments, reason_of(arguments, ""))
    asked = approvals.ask(session, wanted, asker, asked_at.now)
    person = account_on(session, decider, decided_at.today)
    assert person is not None, "the demo disables nobody"
    stated = find_approval(session, asked.id, offices_in_scope(session, person, "decide"))
    approved = two_people.decide(session, stated, Decision("approved"), person, decided_at.now)
    acts.carry_out(session, approved, decided_at)


def publish_agreed(database: Database, settings: Settings) -> int:
    """Do the job that the agreement set going, at its own hour; killed before, the service does it."""
    with database.reading() as session:
        job = session.scalars(select(Job).where(Job.name == publishing.JOB)).one()
    at = job.created_at + PUBLISHED_AFTER
    publish_job.run(Work(job.id, job.arguments, database, settings, at, lambda _done, _of: None))
    with database.transaction() as session:
        session.execute(update(Job).where(Job.id == job.id).values(state="done", finished_at=at))
        outcome = session.scalars(select(Job.outcome).where(Job.id == job.id)).one()
        return int((outcome or {})[publishing.PUBLISHED])


def ask_for_files(session: Session, publication_id: int, staff_id: int, now: datetime) -> None:
    """Let somebody ask for what is handed over; the job process makes it once the service runs."""
    wave = ask.find_wave(session, publication_id)
    for name in FILES:
        offices = ask.offices_of(session, publication_id)
        ask.ask_for(session, wave, PRODUCTS[name], offices, staff_id, now)

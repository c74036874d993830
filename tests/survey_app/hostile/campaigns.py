"""Campaigns in every state that a page changes: a plan to freeze, one frozen, a dossier list looked at."""

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy.orm import Session

from survey_app.config import Settings
from survey_app.jobs.bound import bound_to
from survey_app.models.campaign import Campaign
from survey_app.models.frame import frame_path
from survey_app.models.office import Office
from survey_app.models.plan import Plan
from survey_app.prepare.frames import uploads
from survey_app.prepare.frames.looks.look import look_at, read_known
from survey_app.prepare.frames.looks.mapping import proposed
from survey_app.prepare.frames.looks.outcome import Outcome
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.prepare.plans.conftest import WHOLE
from tests.survey_app.prepare.samples.conftest import dossiers, write_frame

DOSSIERS = "Mã hồ sơ,Mã đơn vị tiếp nhận,Ngày giải quyết xong,Họ và tên\nH1,{office_code},2026-02-10,Lê Kín\n"


def pages_of_campaigns(session: Session, settings: Settings, office: Office, owner_id: int) -> list[str]:
    """Make them, and give the addresses of their forms."""
    states = (False, True, True, True)
    draft, frozen, drawn, invited = (_planned(session, office, is_frozen=is_frozen) for is_frozen in states)
    frame_id = _frame(session, settings, frozen, office)
    factories.draw(session, campaign_id=drawn.id, frame_id=frame_id)
    _invite(session, invited, office, frame_id)
    return [
        f"/staff/campaigns/{draft.id}/plan/edit",
        f"/staff/campaigns/{draft.id}/plan/freeze",
        f"/staff/campaigns/{frozen.id}/plan/addendum",
        f"/staff/campaigns/{frozen.id}/frame/looks/{_look(session, settings, frozen, office, owner_id)}",
        f"/staff/campaigns/{frozen.id}/frame",
        *(f"/staff/campaigns/{one.id}/sample" for one in (frozen, drawn)),
        f"/staff/campaigns/{invited.id}/fieldwork",
        f"/staff/campaigns/{invited.id}/fieldwork/unit?unit=1",
        *_pages_of_publishing(session, office, owner_id),
    ]


def _pages_of_publishing(session: Session, office: Office, owner_id: int) -> list[str]:
    """Make a published campaign to be corrected, and one whose publication waits for a second person."""
    last_day = DAY - timedelta(days=3)
    published, asked = (factories.campaign(session, kind="annual", closes_on=last_day) for _ in range(2))
    for one in (published, asked):
        factories.access_point(session, campaign_id=one.id, office_id=office.id)
    factories.publication(session, campaign_id=published.id, kind="wave", data_hash="0", sealed_at=MOMENT)
    approval = factories.approval(
        session,
        kind="publish",
        campaign_id=asked.id,
        arguments={"n_received": 0, "n_voided": 0, "corrects": None},
        asked_by=owner_id,
    )
    return [
        f"/staff/approvals/new?kind=publish&campaign={published.code}",
        f"/staff/approvals/{approval.id}",
    ]


def _planned(session: Session, office: Office, *, is_frozen: bool) -> Campaign:
    document = replace(
        WHOLE,
        population=replace(WHOLE.population, tops=(office.code,)),
        stages=(replace(WHOLE.stages[0], method="systematic"),),
    )
    campaign = factories.annual_campaign(
        session,
        opens_on=date(2026, 12, 1),
        closes_on=date(2026, 12, 31),
    )
    said = {"frozen_at": MOMENT, "hash": document.hash} if is_frozen else {}
    factories.campaign_plan(session, campaign_id=campaign.id, document_json=document.to_json(), **said)
    return campaign


def _invite(session: Session, campaign: Campaign, office: Office, frame_id: int) -> None:
    """Draw and invite five dossiers; one of them is due to be replaced by the one in reserve."""
    draw = factories.draw(session, campaign_id=campaign.id, frame_id=frame_id)
    cell = factories.sample_cell(session, campaign_id=campaign.id, draw_id=draw.id, n_drawn=5)
    point = factories.access_point(
        session, campaign_id=campaign.id, office_id=office.id, way_in="invitation", provenance="A"
    )
    factories.invitation_batch(
        session, access_point_id=point.id, cell_id=cell.id, n_issued=5, delivery="letter"
    )
    given = {"draw_id": draw.id, "cell_id": cell.id, "office_id": office.id}
    for number in range(1, 6):
        noted = {"outcome": "4.1", "outcome_on": DAY} if number == 2 else {}
        factories.sampled_unit(session, number=number, unit=f"H{number}", serial=number - 1, **given, **noted)
    factories.sampled_unit(session, number=6, unit="H6", is_main=False, position=2, **given)


def _frame(session: Session, settings: Settings, campaign: Campaign, office: Office) -> int:
    """Accept forty dossiers, from which the campaign's sample can be drawn."""
    rows = dossiers({office.code: 40})
    path = write_frame(frame_path(settings.data_dir, "").parent, rows)
    found = {"rules": [], "unknown_offices": [], "totals": {}, "n_clusters": 0}
    found["plan_hash"] = session.get_one(Plan, campaign.id).hash
    frame = factories.frame(session, campaign_id=campaign.id, n_units=40, frame_hash=path.stem, found=found)
    counts = {"n_received": 40, "n_decided": 40}
    factories.frame_office(session, frame_id=frame.id, office_id=office.id, **counts)
    return frame.id


def _look(session: Session, settings: Settings, campaign: Campaign, office: Office, owner_id: int) -> int:
    """Look at one list, and lay another ready."""
    content = DOSSIERS.format(office_code=office.code).encode()
    incoming = settings.data_dir / uploads.INCOMING
    incoming.mkdir(exist_ok=True)
    (incoming / "lon.csv").write_bytes(content)
    upload = uploads.keep(settings.data_dir, campaign.id, "ho-so.csv", content)
    mapping, _is_known = proposed(session, upload.source.header)
    known = read_known(session, campaign.id, mapping, DAY)
    outcome = Outcome(found=look_at(upload, known, settings, lambda _share: None))
    arguments = {"ticket": upload.ticket, "campaign_id": campaign.id, "mapping": mapping}
    arguments |= {"last_day": "2026-12-31"} | bound_to("samples", [office.id])
    job = factories.job(
        session,
        name="frame",
        owner_id=owner_id,
        state="done",
        arguments=arguments,
        outcome=outcome.to_json(),
        finished_at=MOMENT,
    )
    return job.id

"""Annual campaigns to come, for pages of plans and frames: a plan without fault, a frozen one, dossiers."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from benchmarks.hall import Hall, today
from survey_app.jobs.bound import bound_to
from survey_app.models.campaign import Campaign
from survey_app.models.canonical import canonical
from survey_app.models.frame import Frame, FrameOffice
from survey_app.models.office import Office
from survey_app.models.plan_document import (
    Allocation,
    Calendar,
    PlanDocument,
    PlannedStage,
    Population,
    Precision,
    Publishing,
)
from survey_app.prepare.frames import uploads
from survey_app.prepare.frames.columns import COLUMNS, DESCRIBED
from survey_app.prepare.frames.looks.look import look_at, read_known
from survey_app.prepare.frames.looks.mapping import proposed
from survey_app.prepare.frames.looks.outcome import Outcome
from survey_app.prepare.frames.looks.routes import JOB
from survey_app.prepare.frames.routes import RIGHT
from survey_app.prepare.plans.faults import faults_of
from survey_app.prepare.samples.design import Design, DesignedOffice
from survey_app.prepare.samples.found import Found, OfficeFound
from tests import factories

N_DOSSIERS = 400  # of each office
OPENS_AFTER, STAYS_OPEN = timedelta(days=30), timedelta(days=30)


def plan_ahead(session: Session, hall: Hall, person_id: int, offices: Sequence[Office]) -> dict[str, Any]:
    """Prepare two such campaigns, one with its plan frozen; give the ids by which pages name it all."""
    campaign, frozen = (_campaign(session, hall, code) for code in ("bench-plan", "bench-frozen"))
    document = _document(campaign)
    assert not faults_of(session, campaign, document)
    kept = {"document_json": document.to_json(), "saved_by": person_id}
    factories.campaign_plan(session, campaign_id=campaign.id, **kept)
    now = datetime.now(UTC)
    factories.campaign_plan(session, campaign_id=frozen.id, frozen_at=now, hash=document.hash, **kept)
    return {
        "planned_id": campaign.id,
        "frozen_id": frozen.id,
        "frame_id": (frame_id := _frame(session, campaign, document, offices)),
        "draw_id": _draw(session, campaign, document, frame_id, offices),
        **_look(session, hall, campaign, person_id, offices),
    }


def _campaign(session: Session, hall: Hall, code: str) -> Campaign:
    opens_on = today() + OPENS_AFTER
    return factories.annual_campaign(
        session,
        code=code,
        instrument_version_id=hall.version_id,
        opens_on=opens_on,
        closes_on=opens_on + STAYS_OPEN,
    )


def _document(campaign: Campaign) -> PlanDocument:
    """Plan a sample of last year's dossiers in every office."""
    settled_until = today().replace(day=1) - timedelta(days=1)
    last_day = campaign.opens_on + STAYS_OPEN
    return PlanDocument(
        population=Population(
            described="Người dân có hồ sơ đã giải quyết",
            settled_from=_day_a_year_before(settled_until),
            settled_until=settled_until,
        ),
        precision=Precision(margin_office=0.05, response_rate=0.8),
        stages=(PlannedStage(unit="dossier", method="simple"),),
        allocation=Allocation(minimum=30, reserve_share=0.1),
        publication=Publishing(tables=("office",)),
        seed="Xổ số Thủ đô: 12345",
        calendar=Calendar(
            fieldwork_from=campaign.opens_on,
            fieldwork_until=last_day,
            publication_by=last_day + timedelta(days=60),
        ),
    )


def _day_a_year_before(last: date) -> date:
    first_of_next = last + timedelta(days=1)
    return first_of_next.replace(year=first_of_next.year - 1)


def _frame(session: Session, campaign: Campaign, document: PlanDocument, offices: Sequence[Office]) -> int:
    """Accept a frame with dossiers of every office and with contacts; its file is not made."""
    n = N_DOSSIERS * len(offices)
    found = {"rules": [], "unknown_offices": [], "totals": {}, "n_clusters": 0, "plan_hash": document.hash}
    frame = factories.frame(
        session,
        campaign_id=campaign.id,
        n_units=n,
        n_rows=n,
        found=found,
        contacts_expire_on=campaign.closes_on,
    )
    counts = {"frame_id": frame.id, "n_received": N_DOSSIERS, "n_decided": N_DOSSIERS}
    session.execute(insert(FrameOffice), [counts | {"office_id": office.id} for office in offices])
    return frame.id


def _draw(
    session: Session, campaign: Campaign, document: PlanDocument, frame_id: int, offices: Sequence[Office]
) -> int:
    """Draw a tenth of every office, as the page of the sample shows it; units are not made."""
    n = N_DOSSIERS // 10
    parts = sorted(office.code for office in offices)
    design = Design(
        frame_hash=session.get_one(Frame, frame_id).frame_hash,
        plan_hash=document.hash,
        seed=document.seed or "",
        counted_for="receives",
        stages=document.stages,
        reserve_share=0.1,
        weighting=(),
        offices=tuple(DesignedOffice(code, code, N_DOSSIERS, n, n // 10) for code in parts),
        left_out=(),
    )
    found = Found(tuple(OfficeFound(code, n, n // 10, 1, 8, 8, 0) for code in parts), (), ())
    plain = {"versions": {}, "design": design.as_plain(), "found": found.as_plain()}
    kept = {"document_json": canonical(plain), "plan_hash": document.hash, "n_main": n * len(parts)}
    return factories.draw(session, campaign_id=campaign.id, frame_id=frame_id, **kept).id


def _look(
    session: Session, hall: Hall, campaign: Campaign, person_id: int, offices: Sequence[Office]
) -> dict[str, Any]:
    """Send a list of one dossier an office, and look at it."""
    settled_on = _document(campaign).population.settled_until
    cells = {"settled_on": f"{settled_on}", "received_on": f"{settled_on}", "channel": "Trực tuyến"}
    cells["outcome"] = "Đúng hạn"
    lines = [",".join(DESCRIBED[column].heading for column in COLUMNS)]
    for number, office in enumerate(offices):
        of_office = cells | {"unit": f"H{number}", "receives": office.code}
        lines.append(",".join(of_office.get(column, "") for column in COLUMNS))
    upload = uploads.keep(hall.settings.data_dir, campaign.id, "ho-so.csv", "\n".join(lines).encode())
    mapping, _is_known = proposed(session, upload.source.header)
    known = read_known(session, campaign.id, mapping, today())
    arguments = {
        "ticket": upload.ticket,
        "campaign_id": campaign.id,
        "mapping": mapping,
        "last_day": f"{campaign.closes_on}",
        **bound_to(RIGHT, [office.id for office in offices]),
    }
    job = factories.job(
        session,
        name=JOB,
        owner_id=person_id,
        state="done",
        finished_at=datetime.now(UTC),
        arguments=arguments,
        outcome=Outcome(found=look_at(upload, known, hall.settings, lambda _share: None)).to_json(),
    )
    return {"file_ticket": upload.ticket, "look_id": job.id}

"""The job "publish_wave": what two people agreed on is published, once, or it is said why not."""

from sqlalchemy.orm import Session

from survey_app.jobs.bound import offices_of
from survey_app.models import audit
from survey_app.models.approval import Approval
from survey_app.models.campaign import Campaign
from survey_app.models.job import Job, Work, note_outcome
from survey_app.models.publishing import PUBLISHED, REFUSED, WAITING, Basis
from survey_app.models.staff import Staff
from survey_app.publish.figures.design import WeightingRefused
from survey_app.publish.releasing.freeze import PublicationRefused, Wave, prepare_wave


def run(work: Work) -> None:
    """Publish; killed, it leaves nothing, and begun again after its end it finds that all is done."""
    try:
        with work.database.reading() as session:
            if _is_done(session, work):
                return
            approval = session.get_one(Approval, work.arguments["approval_id"])
            asked = Basis.asked_for(approval.arguments)
            campaign = session.get_one(Campaign, approval.campaign_id)
            refuse_other_basis(asked, Basis.of(session, campaign.id))
            reason = None if asked.corrects is None else approval.reason
            wave = prepare_wave(session, campaign, work.now, reason, work.report)
        with work.database.transaction() as session:
            if not _is_done(session, work):
                _write(session, work, wave, approval)
    except (PublicationRefused, WeightingRefused) as refused:
        with work.database.transaction() as session:
            if not _is_done(session, work):
                note_outcome(session, work.job_id, {REFUSED: str(refused)})


def _is_done(session: Session, work: Work) -> bool:
    """Whether this job, killed before its end was noted or slower than another process, has published."""
    outcome = session.get_one(Job, work.job_id).outcome
    return outcome is not None and PUBLISHED in outcome


def refuse_other_basis(asked: Basis, found: Basis) -> None:
    """Let nothing be published but what was asked for: a form or a void more, and two people look again."""
    if found.corrects != asked.corrects:
        raise PublicationRefused("Từ khi đề nghị, cuộc khảo sát đã được công bố; hãy xem kết quả đó.")
    if found != asked:
        raise PublicationRefused(
            f"Khi đề nghị có {asked.n_received} phiếu, trong đó {asked.n_voided} phiếu bị loại; nay có "
            f"{found.n_received} phiếu, {found.n_voided} phiếu bị loại. Hãy đề nghị lại với số phiếu này."
        )


def _write(session: Session, work: Work, wave: Wave, approval: Approval) -> None:
    """Seal the publication, with its line in the audit log and the outcome of the job, all or nothing."""
    number = wave.write(session, work.now)
    waiting = {WAITING: list(wave.waiting)} if wave.waiting else {}
    note_outcome(session, work.job_id, {PUBLISHED: number, **waiting})
    asker = session.get_one(Staff, approval.asked_by)
    decider = session.get_one(Staff, approval.decided_by)
    what = (
        f"{wave.campaign.code}: bản công bố số {number}, đề nghị {approval.id} "
        f"({asker.username} đề nghị, {decider.username} duyệt)"
    )
    job = session.get_one(Job, work.job_id)
    audit.note_over(session, work.now, decider.id, "publications.publish", what, offices_of(job))

"""The job "foresee_correction": what a correction that was asked for would change, for whoever decides.

It makes the correction as the job that publishes does, and writes none of it: so what two people read is
what would be published, or why nothing would be.
"""

from typing import Any

from sqlalchemy.orm import Session

from survey_app.models.approval import Approval
from survey_app.models.campaign import Campaign
from survey_app.models.job import Work, note_outcome
from survey_app.models.publishing import FORESEEN, REFUSED, Basis
from survey_app.publish.figures.design import WeightingRefused
from survey_app.publish.releasing.foreseen import foresee
from survey_app.publish.releasing.freeze import PublicationRefused, prepare_wave
from survey_app.publish.releasing.publish_job import refuse_other_basis


def run(work: Work) -> None:
    """Find out what would change; a request that was decided meanwhile needs it no more."""
    with work.database.reading() as session:
        approval = session.get_one(Approval, work.arguments["approval_id"])
        if approval.decision is not None:
            return
        outcome = _outcome(session, approval, work)
    with work.database.transaction() as session:
        note_outcome(session, work.job_id, outcome)


def _outcome(session: Session, approval: Approval, work: Work) -> dict[str, Any]:
    campaign = session.get_one(Campaign, approval.campaign_id)
    try:
        refuse_other_basis(Basis.asked_for(approval.arguments), Basis.of(session, campaign.id))
        wave = prepare_wave(session, campaign, work.now, approval.reason, work.report)
        return {FORESEEN: foresee(session, wave)}
    except (PublicationRefused, WeightingRefused) as refused:
        return {REFUSED: str(refused)}

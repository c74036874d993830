"""The demo's invitations: a batch of slips at one counter, a part of them used."""

import random
from datetime import date, timedelta

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from survey_app.demo.accounts import MANAGED_OFFICE
from survey_app.demo.feedback import Crowd, Truth
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.invitation import InvitationBatch, SpentInvitation
from survey_app.models.invitation_token import token_hash
from survey_app.models.office import Counter, Office
from survey_app.prepare.invitations.issue import BatchPlan, issue_batch
from survey_app.prepare.invitations.tokens import batch_tokens, has_secret

SEED = 20250702
N_ISSUED, N_USED = 200, 74
HANDED_OUT_FOR = timedelta(days=21)
SATISFACTION = 0.86


def add_invitations(session: Session, campaign: Campaign, secrets: tuple[bytes, ...], today: date) -> None:
    """Issue the batch three weeks ago, and let people answer up to yesterday."""
    office = session.scalars(select(Office).where(Office.code == MANAGED_OFFICE)).one()
    at_office = select(Counter).where(Counter.office_id == office.id).order_by(Counter.id).limit(1)
    plan = BatchPlan(
        campaign=campaign,
        office=office,
        counter=session.scalars(at_office).one(),
        delivery="slip",
        n_issued=N_ISSUED,
    )
    issued_on = max(campaign.opens_on, today - HANDED_OUT_FOR)
    batch = issue_batch(session, plan, issued_on, secrets[0])
    chance = random.Random(SEED)  # noqa: S311  # a demo to repeat, not a secret
    days = [issued_on + timedelta(days=n) for n in range((today - issued_on).days)]
    version = session.get_one(InstrumentVersion, campaign.instrument_version_id)
    crowd = Crowd(version, days, chance)
    crowd.answer(Truth(office, N_USED, SATISFACTION, coverage=0.0), [batch.access_point_id])
    crowd.store(session)
    used = chance.sample(list(batch_tokens(batch, secrets)), N_USED)
    spent = [{"batch_id": batch.id, "token_hash": token_hash(token)} for token in used]
    session.execute(insert(SpentInvitation), spent)


def unused_invitation(session: Session, secrets: tuple[bytes, ...]) -> str | None:
    """Give one live slip of the demo, for whoever tries it out."""
    batch = session.scalar(
        select(InvitationBatch)
        .join(AccessPoint, AccessPoint.id == InvitationBatch.access_point_id)
        .join(Campaign, Campaign.id == AccessPoint.campaign_id)
        .where(Campaign.is_demo, InvitationBatch.delivery == "slip", AccessPoint.revoked_on.is_(None))
        .order_by(InvitationBatch.id)
        .limit(1)
    )
    if batch is None or not has_secret(batch, secrets):
        return None
    of_batch = select(SpentInvitation.token_hash).where(SpentInvitation.batch_id == batch.id)
    spent = set(session.scalars(of_batch))
    return next((token for token in batch_tokens(batch, secrets) if token_hash(token) not in spent), None)

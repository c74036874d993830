"""The demo's batch of slips: its funnel adds up, and one of them is left to try."""

from datetime import timedelta

from sqlalchemy import func, select

from survey_app.db import Database
from survey_app.demo.invitations import N_ISSUED, N_USED, unused_invitation
from survey_app.models.access_point import AccessPoint
from survey_app.models.invitation import InvitationBatch, SpentInvitation
from survey_app.models.invitation_token import InvitationToken, token_hash
from survey_app.models.response import Response
from survey_app.prepare.invitations.listing import in_steps, listed_batches
from tests import factories
from tests.survey_app.demo.conftest import Demo


def test_used_slips_of_the_demo_are_as_many_as_its_answers(demo: Database) -> None:
    with demo.reading() as session:
        (batch,) = session.scalars(select(InvitationBatch).where(InvitationBatch.delivery == "slip"))
        (listed,) = listed_batches(session, [batch.id], factories.DAY + timedelta(days=1))
        of_batch = Response.access_point_id == batch.access_point_id
        spent = select(func.count()).where(SpentInvitation.batch_id == batch.id)
        n_spent = session.scalar(spent)
        n_responses = session.scalar(select(func.count()).select_from(Response).where(of_batch))
    assert (listed.funnel.n_issued, listed.funnel.n_used) == (N_ISSUED, in_steps(N_USED))
    assert n_responses == n_spent == N_USED < listed.funnel.n_opened < N_ISSUED
    assert (listed.point.provenance, listed.state_on(factories.DAY)) == ("B", "in_use")
    assert listed.office.code == "MAU-X06"


def test_an_unused_slip_is_offered_until_all_are_used(loaded: Demo) -> None:
    database, settings = loaded.database, loaded.settings
    secrets = settings.secrets
    with database.transaction() as session:
        token = unused_invitation(session, secrets)
        assert token is not None
        read = InvitationToken.read(token, secrets)
        assert session.get(SpentInvitation, (read.batch_id, token_hash(token))) is None
        assert unused_invitation(session, (b"another" * 5,)) is None
        session.add(SpentInvitation(batch_id=read.batch_id, token_hash=token_hash(token)))
        session.flush()
        assert unused_invitation(session, secrets) not in {token, None}
        slips = session.get_one(InvitationBatch, read.batch_id)
        point = session.get_one(AccessPoint, slips.access_point_id)
        point.revoked_on = factories.DAY
        assert unused_invitation(session, secrets) is None

"""How many tokens of a batch are spent, whoever writes: equal to what counting them anew gives."""

import pytest
from sqlalchemy import delete, func, insert, select, update

from survey_app.models.invitation import SpentCount, SpentInvitation
from tests import factories


def hashes(*numbers):
    return [bytes([number]) * 16 for number in numbers]


@pytest.fixture
def batches(database):
    with database.transaction() as session:
        return [factories.invitation_batch(session).id for _ in range(3)]


def test_spent_tokens_are_counted_as_they_come_move_and_go(database, batches):
    one, other, _untouched = batches

    def spend(session, batch_id, *numbers):
        rows = [{"batch_id": batch_id, "token_hash": token_hash} for token_hash in hashes(*numbers)]
        session.execute(insert(SpentInvitation), rows)

    acts = (
        lambda session: spend(session, one, 1, 2, 3),
        lambda session: spend(session, other, 1),
        lambda session: session.execute(update(SpentInvitation).values(batch_id=SpentInvitation.batch_id)),
        lambda session: session.execute(
            update(SpentInvitation).where(SpentInvitation.token_hash == hashes(3)[0]).values(batch_id=other)
        ),
        lambda session: session.execute(delete(SpentInvitation).where(SpentInvitation.batch_id == one)),
        lambda session: session.execute(delete(SpentInvitation)),
    )
    seen = []
    for act in acts:
        with database.transaction() as session:
            act(session)
        with database.reading() as session:
            kept = dict(session.execute(select(SpentCount.batch_id, SpentCount.n_spent)).all())
            of_batch = select(SpentInvitation.batch_id, func.count()).group_by(SpentInvitation.batch_id)
            assert kept == dict(session.execute(of_batch).all())
        seen.append(kept)
    assert seen == [{one: 3}, {one: 3, other: 1}, {one: 3, other: 1}, {one: 2, other: 2}, {other: 2}, {}]

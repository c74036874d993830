"""Tokens of a batch: always the same, as long as their secret is there."""

import pytest

from survey_app.models.invitation_token import InvitationToken, secret_mark
from survey_app.prepare.invitations.tokens import SecretGone, batch_tokens, has_secret
from tests import factories

OLD, NEW = b"o" * 32, b"n" * 32


@pytest.fixture
def batch(session):
    return factories.invitation_batch(session, n_issued=30, secret_mark=secret_mark(OLD))


def test_a_batch_is_printed_again_with_the_secret_it_began_with(batch):
    tokens = list(batch_tokens(batch, (OLD,)))
    assert len(set(tokens)) == 30
    assert list(batch_tokens(batch, (NEW, OLD))) == tokens
    read = [InvitationToken.read(token, (NEW, OLD)) for token in tokens]
    assert read == [InvitationToken(batch.id, serial) for serial in range(30)]


def test_a_batch_whose_secret_is_gone_is_not_printed_with_another(batch):
    assert has_secret(batch, (NEW, OLD))
    assert not has_secret(batch, (NEW,))
    with pytest.raises(SecretGone, match="Issue a new batch"):
        batch_tokens(batch, (NEW,))

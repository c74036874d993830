"""The tokens of a batch, made again whenever they are printed: they stand nowhere."""

from collections.abc import Iterator, Sequence

from survey_app.errors import SurveyError
from survey_app.models.invitation import InvitationBatch
from survey_app.models.invitation_token import InvitationToken, secret_mark


class SecretGone(SurveyError):
    """The secret that a batch began with is no longer among the installation's."""

    def __init__(self, batch_id: int) -> None:
        super().__init__(
            f"batch {batch_id} cannot be printed any more: its secret was taken out of the file `secrets`, "
            "and its invitations are out of use. Issue a new batch."
        )


def has_secret(batch: InvitationBatch, secrets: Sequence[bytes]) -> bool:
    return batch.secret_mark in map(secret_mark, secrets)


def batch_tokens(batch: InvitationBatch, secrets: Sequence[bytes]) -> Iterator[str]:
    """Make all tokens of a batch in their order; used ones too, for nobody shall see who has answered."""
    secret = next((one for one in secrets if secret_mark(one) == batch.secret_mark), None)
    if secret is None:
        raise SecretGone(batch.id)
    return (InvitationToken(batch.id, serial).text(secret) for serial in range(batch.n_issued))

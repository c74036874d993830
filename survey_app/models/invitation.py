"""Invitations: batches of single-use tokens, and which of them are spent."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import KEPT_IDS, Base, one_of

DELIVERIES = ("slip", "letter", "message")
# Each answer names its batch, by its access point: a batch that fewer share could point to one of them.
SMALLEST_BATCH = 5
LARGEST_BATCH = 100_000


class InvitationBatch(Base):
    """Tokens that one office's people get in one way; all of them share its access point, and its cell.

    A slip is handed out at the counter (class B); letters and messages go to centrally drawn units (A). The
    tokens themselves stand nowhere: each follows from the batch, its serial number and the installation's
    secret, of which `secret_mark` says which one it was. So a lost print can be made again, and nobody who
    holds the database alone can make a token.
    """

    __tablename__ = "invitation_batch"
    __table_args__ = (
        one_of("delivery", DELIVERIES),
        Index("ix_invitation_batch_cell_id", "cell_id"),
        CheckConstraint(f"n_issued BETWEEN {SMALLEST_BATCH} AND {LARGEST_BATCH}", name="is_shared"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    access_point_id: Mapped[int] = mapped_column(ForeignKey("access_point.id"), unique=True)
    delivery: Mapped[str]
    n_issued: Mapped[int]
    cell_id: Mapped[int | None] = mapped_column(ForeignKey("sample_cell.id"))  # copied to each response
    secret_mark: Mapped[str]


class SpentInvitation(Base):
    """A token that was used, by a hash of itself: no time, no answer, nothing that leads to either."""

    __tablename__ = "spent_invitation"
    __table_args__ = (
        CheckConstraint("length(token_hash) = 16", name="hash_has_sixteen_bytes"),
        {"sqlite_with_rowid": False},
    )

    batch_id: Mapped[int] = mapped_column(ForeignKey("invitation_batch.id"), primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)


class SpentCount(Base):
    """How many tokens of a batch are spent, as triggers keep it: beside the batch, which others may lock."""

    __tablename__ = "spent_count"
    __table_args__ = ({"sqlite_with_rowid": False},)

    batch_id: Mapped[int] = mapped_column(
        ForeignKey("invitation_batch.id"), primary_key=True, autoincrement=False
    )
    n_spent: Mapped[int]

"""Which heading stands for which of our columns: as somebody said it last for such a header, or guessed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from survey_app.models.frame import ColumnMapping
from survey_app.prepare.frames.columns import COLUMNS, faults_of, guess, signature_of


def proposed(session: Session, header: Sequence[str]) -> tuple[dict[str, int], bool]:
    """Give the mapping to begin with, and whether somebody chose it for a header like this before."""
    known = session.get(ColumnMapping, signature_of(header))
    if known is not None and not faults_of(known.mapping, len(header)):
        return {column: known.mapping[column] for column in COLUMNS if column in known.mapping}, True
    return guess(header), False


def remember(session: Session, header: Sequence[str], mapping: Mapping[str, int], now: datetime) -> None:
    signature = signature_of(header)
    session.merge(ColumnMapping(signature=signature, mapping=dict(mapping), used_at=now))

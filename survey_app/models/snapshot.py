"""What frozen publications were made of, kept with them; triggers keep it as it is (migration 0015)."""

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.access_point import PROVENANCE_CLASSES
from survey_app.models.base import Base, one_of


class SnapshotPart(Base):
    """The counted answers of one office and class: canonical lines (`counting/snapshot.py`), zlib-packed."""

    __tablename__ = "snapshot_part"
    __table_args__ = (
        one_of("provenance", PROVENANCE_CLASSES),
        CheckConstraint("n_respondents > 0", name="holds_answers"),
    )

    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    provenance: Mapped[str] = mapped_column(primary_key=True)
    n_respondents: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class PublicationRecipe(Base):
    """The recipe in its canonical form; apart from `publication`, which every page reads."""

    __tablename__ = "publication_recipe"

    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id"), primary_key=True)
    document_json: Mapped[str]
    # By which libraries, on what machine: no part of the recipe, but a last digit may come from there.
    made_with: Mapped[dict[str, str]] = mapped_column(JSON)

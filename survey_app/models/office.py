"""Offices over time: who existed when, under whom, and who took over."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import KEPT_IDS, Base, one_of

OFFICE_KINDS = ("province", "provincial_centre", "district_section", "commune_section")


class Office(Base):
    """A one-stop section or centre, or the province above them (the parent of its figures)."""

    __tablename__ = "office"
    __table_args__ = (
        one_of("kind", OFFICE_KINDS),
        CheckConstraint("valid_until IS NULL OR valid_until >= valid_from", name="ends_after_it_begins"),
        Index("ix_office_parent_id", "parent_id"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    sort_key: Mapped[str]
    kind: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]  # the last day on which it existed
    is_demo: Mapped[bool] = mapped_column(default=False)

    def exists_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


class OfficeSuccession(Base):
    """One predecessor handed work to one successor; merges and splits are several rows."""

    __tablename__ = "office_succession"
    __table_args__ = (CheckConstraint("predecessor_id <> successor_id", name="links_two_offices"),)

    predecessor_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    successor_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    took_over_on: Mapped[date]


class Counter(Base):
    """A counter in an office, by the label that hangs above it."""

    __tablename__ = "counter"
    __table_args__ = (UniqueConstraint("office_id", "label"), KEPT_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    label: Mapped[str]


class DossierCount(Base):
    """Dossiers that an office settled in a month: the denominator of coverage."""

    __tablename__ = "dossier_count"
    __table_args__ = (CheckConstraint("n_settled >= 0", name="is_a_count"),)

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)  # its first day
    n_settled: Mapped[int]

"""Offices over time: who existed when, under whom, and who took over."""

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    BindParameter,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    UniqueConstraint,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import KEPT_IDS, Base, UtcDateTime, one_of
from survey_app.models.days import month_after

OFFICE_KINDS = ("province", "provincial_centre", "district_section", "commune_section")  # from above down
ALL_FIELDS = 0  # the field of a count that is not divided by fields
# Written out, so that both databases see that a question asks for no more than the index holds.
IS_ODD = text(
    "field_id = 0 AND (n_settled <> n_of_fields OR n_usual IS NOT NULL"
    " OR n_settled <> CAST(n_early AS BIGINT) + n_on_time + n_late)"
)
IS_TOTAL = text("field_id = 0")


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
    n_counters: Mapped[int] = mapped_column(default=0)  # kept by triggers

    def exists_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def has_ended(self, day: date) -> bool:
        return self.valid_until is not None and self.valid_until < day

    def exists_in_month(self, month: date) -> bool:
        """Whether it existed on any day of the month that begins on this day."""
        has_begun = self.valid_from < month_after(month)
        return has_begun and (self.valid_until is None or month <= self.valid_until)


BY_NAME = (Office.sort_key, Office.name, Office.id)  # how lists of offices are ordered


def may_stand_under(kind: str, parent_kind: str) -> bool:
    """Whether an office of a kind may stand under one of the other: never under one of a lower kind."""
    return OFFICE_KINDS.index(kind) >= OFFICE_KINDS.index(parent_kind)


def not_ended_on(day: date | BindParameter[date]) -> ColumnElement[bool]:
    """Say in SQL that an office exists on a day, or will."""
    return or_(Office.valid_until.is_(None), Office.valid_until >= day)


def serves_on(day: date) -> ColumnElement[bool]:
    """Say in SQL that an office exists on a day and serves people: a province only sums its offices up."""
    return (Office.valid_from <= day) & not_ended_on(day) & (Office.kind != "province")


class OfficePast(Base):
    """What an office was called, and under whom it stood, until a rename or a move.

    `office` itself says what is true now; the past with the earliest `until` on or after a day says it for
    that day.
    """

    __tablename__ = "office_past"

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    until: Mapped[date] = mapped_column(primary_key=True)  # the last day on which this was so
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))


class OfficeSuccession(Base):
    """One predecessor handed work to one successor; merges and splits are several rows."""

    __tablename__ = "office_succession"
    __table_args__ = (CheckConstraint("predecessor_id <> successor_id", name="links_two_offices"),)

    predecessor_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    successor_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    took_over_on: Mapped[date]


class ServiceField(Base):
    """A field of procedures (land, civil status, …), as the dossier figures of a province divide them."""

    __tablename__ = "service_field"
    __table_args__ = (KEPT_IDS,)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_en: Mapped[str]

    def name_in(self, language: str) -> str:
        return self.name_en if language == "en" and self.name_en else self.name


class Counter(Base):
    """A counter in an office, by the label that hangs above it; its field, if it serves one alone."""

    __tablename__ = "counter"
    __table_args__ = (UniqueConstraint("office_id", "label"), KEPT_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    label: Mapped[str]
    field_id: Mapped[int | None] = mapped_column(ForeignKey("service_field.id"))


class DossierCount(Base):
    """Dossiers of an office, month and field: settled ones are the denominator of coverage.

    The other counts are kept as they were reported, also where they do not add up: what does not is said
    beside the figure.
    """

    __tablename__ = "dossier_count"
    __table_args__ = (
        CheckConstraint(
            "n_settled >= 0 AND coalesce(n_received, 0) >= 0 AND coalesce(n_early, 0) >= 0"
            " AND coalesce(n_on_time, 0) >= 0 AND coalesce(n_late, 0) >= 0",
            name="holds_counts",
        ),
        Index("ix_dossier_count_odd", "office_id", "month", sqlite_where=IS_ODD, postgresql_where=IS_ODD),
        Index(
            "ix_dossier_count_total",
            *("month", "office_id", "n_settled"),
            sqlite_where=IS_TOTAL,
            postgresql_where=IS_TOTAL,
        ),
    )

    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)  # its first day
    field_id: Mapped[int] = mapped_column(primary_key=True, default=ALL_FIELDS)
    n_settled: Mapped[int]
    n_received: Mapped[int | None]
    n_early: Mapped[int | None]
    n_on_time: Mapped[int | None]
    n_late: Mapped[int | None]
    entered_on: Mapped[date | None]  # the day of the last change; none: it is known for long
    n_before: Mapped[int | None]  # settled ones as they stood when that day began; none: there was no count
    n_usual: Mapped[int | None]  # the office's usual ones, where somebody accepted a jump far beyond them
    n_of_fields: Mapped[int | None] = mapped_column(BigInteger)  # of a total; kept by triggers

    @property
    def gap(self) -> int:
        """Settled dossiers that early, on time and late leave unexplained; 0 where one was not reported."""
        if self.n_early is None or self.n_on_time is None or self.n_late is None:
            return 0
        return self.n_settled - self.n_early - self.n_on_time - self.n_late


class ReplacedTotal(Base):
    """A total of settled dossiers that another took the place of, or that was withdrawn with its fields.

    It moves a coverage that people have seen. Counts themselves keep no past; a first count is no change.
    """

    __tablename__ = "replaced_total"
    __table_args__ = (
        CheckConstraint("n_after <> n_before", name="tells_of_a_change"),
        CheckConstraint("(n_after IS NULL) = (reason IS NOT NULL)", name="withdrawn_with_a_reason"),
        Index("ix_replaced_total_office_id", "office_id"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    month: Mapped[date]  # its first day
    n_before: Mapped[int]
    n_after: Mapped[int | None]  # none: it was withdrawn
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str | None]  # of a withdrawal
    n_stood: Mapped[int | None]  # of a withdrawn one: what sets the budget of that day still; none: nothing

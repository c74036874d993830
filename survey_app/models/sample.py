"""Drawn samples: the draw, its units, and the cells by which answers know their part of the design.

An answer never leads to a unit: a token carries the cell of its unit, which at least five drawn units share.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from survey_app.db import ONE_SNAPSHOT
from survey_app.models.base import KEPT_IDS, Base, UtcDateTime
from survey_app.models.known_offices import known_offices

SMALLEST_CELL = 5  # drawn units; an answer could else be laid at somebody's door
IS_ENTERED = text("outcome IS NOT NULL")
AND, FROM_TO = " + ", " … "  # between the names of what was put together: all of them, the first and the last


class Draw(Base):
    """What was drawn from which frame by which seed; the newest draw of a campaign is the one in force.

    The document says, in canonical JSON, all that the draw follows from besides the file of the frame.
    """

    __tablename__ = "draw"
    __table_args__ = (
        CheckConstraint("length(plan_hash) = 64 AND length(checksum) = 64", name="hashes_are_whole"),
        CheckConstraint("n_main > 0 AND n_reserve >= 0", name="holds_units"),
        Index("ix_draw_campaign_id", "campaign_id"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    frame_id: Mapped[int] = mapped_column(ForeignKey("frame.id"))
    plan_hash: Mapped[str]  # of the plan in force
    document_json: Mapped[str]
    checksum: Mapped[str]  # of the list: two machines that drew the same have the same
    n_main: Mapped[int]
    n_reserve: Mapped[int]
    drawn_at: Mapped[datetime] = mapped_column(UtcDateTime)
    drawn_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # none: from the command line


class SampleCell(Base):
    """A stratum × PSU × weighting cell of a drawn sample; a response carries its cell, never its unit."""

    __tablename__ = "sample_cell"
    __table_args__ = (
        CheckConstraint("weight > 0", name="weight_is_positive"),
        CheckConstraint(f"n_drawn >= {SMALLEST_CELL}", name="is_shared"),
        CheckConstraint("(draw_id IS NULL) = (n_drawn IS NULL)", name="is_counted_if_drawn_here"),
        Index("ix_sample_cell_campaign_id", "campaign_id"),
        Index("ix_sample_cell_draw_id", "draw_id"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    stratum: Mapped[str]
    psu: Mapped[str]
    weighting_cell: Mapped[str] = mapped_column(default="")  # whose units share one response rate
    weight: Mapped[float]  # the mean design weight of its units on the main lists, before any adjustment
    draw_id: Mapped[int | None] = mapped_column(ForeignKey("draw.id"))  # none: drawn elsewhere
    n_drawn: Mapped[int | None]  # units of the main lists


class UnitsToken(Base):
    """A random text in one row, which triggers renew whenever a drawn unit is written (migration 0016)."""

    __tablename__ = "units_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str]


class SampledUnit(Base):
    """A drawn dossier, numbered in the order of the lists; only what happened to it may change."""

    __tablename__ = "sampled_unit"
    __table_args__ = (
        CheckConstraint("position >= 1", name="position_counts_from_one"),
        CheckConstraint(
            "inclusion_probability > 0 AND inclusion_probability <= 1", name="probability_is_one"
        ),
        CheckConstraint("(outcome IS NULL) = (outcome_on IS NULL)", name="outcome_has_its_day"),
        CheckConstraint("serial IS NULL OR serial >= 0", name="serial_counts_from_zero"),
        CheckConstraint("replaces IS NULL OR NOT is_main", name="reserves_replace"),
        Index("ix_sampled_unit_cell_id", "cell_id"),
        Index(
            "ix_sampled_unit_entered",
            *("draw_id", "outcome", "cell_id", "number", "serial", "list_name"),
            sqlite_where=IS_ENTERED,
            postgresql_where=IS_ENTERED,
        ),
        Index(
            "ix_sampled_unit_reserve",
            *("draw_id", "list_name", "serial", "cell_id", "replaces"),
            sqlite_where=text("is_main = 0"),  # as SQLAlchemy says "not" there
            postgresql_where=text("NOT is_main"),
        ),
        UniqueConstraint("draw_id", "unit"),
        {"sqlite_with_rowid": False},
    )

    draw_id: Mapped[int] = mapped_column(ForeignKey("draw.id"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    unit: Mapped[str]  # the dossier's id
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    list_name: Mapped[str]  # the stratum, or the parent in which it was drawn
    is_main: Mapped[bool]
    position: Mapped[int]  # in its list: main units first, then the reserve in the order of its use
    inclusion_probability: Mapped[float]
    is_certainty: Mapped[bool]
    cell_id: Mapped[int] = mapped_column(ForeignKey("sample_cell.id"))
    serial: Mapped[int | None]  # of its token in its cell's batch; none: a reserve that nobody has called in
    replaces: Mapped[int | None]  # the number of the unit whose place it took
    outcome: Mapped[str | None]  # by the codes of AAPOR's Standard Definitions
    outcome_on: Mapped[date | None]


def draw_in_force(session: Session, campaign_id: int) -> Draw | None:
    found = select(Draw).where(Draw.campaign_id == campaign_id)
    return session.scalar(found.order_by(Draw.id.desc()).limit(1))


def offices_of_draw(session: Session, draw_id: int) -> set[int]:
    """Give the offices whose dossiers were drawn."""
    of_draw = select(SampledUnit.office_id).where(SampledUnit.draw_id == draw_id)
    return set(session.scalars(of_draw.distinct()))


def state_of_units(session: Session, draw: Draw) -> tuple[object, ...]:
    """Name what stands of the units of a draw: another name, once any unit is written."""
    token: str | None = session.info.get(UnitsToken)
    if token is None:
        token = session.scalar(select(UnitsToken.token))
        if ONE_SNAPSHOT in session.info:
            session.info[UnitsToken] = token
    return known_offices(session).token, token or object(), draw.id

"""Access points: the ways in to a campaign, each with its mode and provenance class."""

from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import KEPT_IDS, Base, EpochDay, UtcDateTime, one_of

WAYS_IN = ("poster", "screen", "invitation", "paper")
MODES = ("web", "kiosk", "paper", "telephone")
PROVENANCE_CLASSES = ("A", "B", "C", "D")


class AccessPoint(Base):
    """Campaign × office × counter × way in, which decides mode and class.

    Whatever is answered on the web has a code: printed on a poster, part of the address that a screen shows
    anew each time, or, for a batch of invitations, the place to which their forms are sent. The code alone
    opens posters only. A stack of paper forms has none.
    """

    __tablename__ = "access_point"
    __table_args__ = (
        one_of("way_in", WAYS_IN),
        one_of("mode", MODES),
        one_of("provenance", PROVENANCE_CLASSES),
        Index("ix_access_point_campaign_id_office_id", "campaign_id", "office_id"),
        Index(
            "ix_access_point_at_rest",  # few, of tens of thousands
            *("campaign_id", "office_id"),
            sqlite_where=text("paused_on IS NOT NULL"),
            postgresql_where=text("paused_on IS NOT NULL"),
        ),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(unique=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    counter_id: Mapped[int | None] = mapped_column(ForeignKey("counter.id"))
    way_in: Mapped[str]
    mode: Mapped[str]
    provenance: Mapped[str]
    issued_on: Mapped[date]
    paused_on: Mapped[date | None]  # by two people's decision, until two resume it
    revoked_on: Mapped[date | None]
    # A day on which its page was opened; later ones may not be noted yet (prepare/codes/stock.py).
    opened_until: Mapped[date | None] = mapped_column(EpochDay)


def out_of_use_since(
    way_in: str, revoked_on: date | None, office_ends_on: date | None, today: date
) -> date | None:
    """Tell since when a way in is shut: it was revoked, or its office has ended, which needs no further act.

    Invitations went to people whom the office served; these may answer as long as the campaign is open.
    """
    if revoked_on is not None or office_ends_on is None or way_in == "invitation" or today <= office_ends_on:
        return revoked_on
    return office_ends_on + timedelta(days=1)


class CodeStock(Base):
    """How many codes of posters and screens an office has in a campaign; kept by triggers."""

    __tablename__ = "code_stock"
    __table_args__ = ({"sqlite_with_rowid": False},)

    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), primary_key=True)
    n_working: Mapped[int]
    n_revoked: Mapped[int]
    n_paused: Mapped[int]  # of those that work
    n_at_counters: Mapped[int]  # of posters that hang at a counter
    n_at_whole: Mapped[int]  # of posters that hang in an office without naming a counter


class AccessPointDay(Base):
    """How often a point's page was opened, how many responses it received, and how many were voided since."""

    __tablename__ = "access_point_day"
    __table_args__ = (
        CheckConstraint("n_opened >= 0 AND n_voided >= 0 AND n_received >= n_voided", name="holds_counts"),
        {"sqlite_with_rowid": False},  # one search where there would be two, and all codes are looked up
    )

    access_point_id: Mapped[int] = mapped_column(ForeignKey("access_point.id"), primary_key=True)
    day: Mapped[date] = mapped_column(EpochDay, primary_key=True)
    n_opened: Mapped[int] = mapped_column(default=0)
    n_received: Mapped[int] = mapped_column(default=0)
    n_voided: Mapped[int] = mapped_column(default=0)


class SeenDay(Base):
    """That somebody has looked at a day with more responses than usual, and what he found."""

    __tablename__ = "seen_day"
    __table_args__ = (CheckConstraint("n_marked > 0", name="has_something_to_see"),)

    access_point_id: Mapped[int] = mapped_column(ForeignKey("access_point.id"), primary_key=True)
    day: Mapped[date] = mapped_column(EpochDay, primary_key=True)
    n_marked: Mapped[int]  # as many stood beyond the usual then: with more, the day wants another look
    n_seen_above: Mapped[int | None]  # as many when somebody above the office looked; none: nobody did
    seen_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    note: Mapped[str] = mapped_column(default="")

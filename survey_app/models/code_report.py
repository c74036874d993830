"""Reports of codes that are wrong, pasted over or torn: about posters, never about people."""

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import KEPT_IDS, Base, EpochDay, one_of

REPORT_REASONS = ("wrong_place", "pasted_over", "asks_money", "damaged")
LONGEST_PLACE = 200
IS_OPEN = text("settled_on IS NULL")


class CodeReport(Base):
    """What somebody saw; without an access point where the code was not ours or not known."""

    __tablename__ = "code_report"
    __table_args__ = (
        one_of("reason", REPORT_REASONS),
        CheckConstraint("n_alike >= 1", name="counts_itself"),
        CheckConstraint("n_dropped >= 0", name="drops_no_less_than_none"),
        Index(
            "ix_code_report_open", "access_point_id", "day", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN
        ),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    access_point_id: Mapped[int | None] = mapped_column(ForeignKey("access_point.id"))
    day: Mapped[date] = mapped_column(EpochDay)
    reason: Mapped[str]
    place: Mapped[str] = mapped_column(default="")  # where it hangs, in the reporter's words
    n_alike: Mapped[int] = mapped_column(default=1)
    n_dropped: Mapped[int] = mapped_column(default=0)  # reports of other places, beyond a day's most
    settled_on: Mapped[date | None] = mapped_column(EpochDay)
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))

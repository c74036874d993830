"""Campaigns: what is asked, from when to when, by whom."""

from datetime import date

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, exists, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from survey_app.models.base import KEPT_IDS, Base, one_of

CAMPAIGN_KINDS = ("continuous", "annual")
SAMPLING_BASES = ("probability", "census", "opt_in")
USUAL_TARGET = 0.85  # what the Government's administrative reform programme asks of satisfaction

# On these its figures are published: its plan sets them, and each publication keeps what they were.
SMALLEST_MINIMUM = 10  # of people behind a public figure, whatever a plan says; inside 5 are enough
PUBLISHED_ON = ("minimum_n", "target")
TARGET_DIGITS = 3  # finer ones would not be told apart where figures are percents with one decimal


class Campaign(Base):
    """What is asked, from when to when, by whom, and on what sampling basis."""

    __tablename__ = "campaign"
    __table_args__ = (
        one_of("kind", CAMPAIGN_KINDS),
        one_of("sampling_basis", SAMPLING_BASES),
        CheckConstraint("closes_on IS NULL OR closes_on >= opens_on", name="closes_after_it_opens"),
        CheckConstraint(f"minimum_n >= {SMALLEST_MINIMUM}", name="never_shows_under_ten"),
        CheckConstraint("target > 0 AND target < 1", name="target_can_be_missed"),
        KEPT_IDS,
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    title_en: Mapped[str]
    kind: Mapped[str]
    sampling_basis: Mapped[str]
    instrument_version_id: Mapped[int] = mapped_column(ForeignKey("instrument_version.id"))
    opens_on: Mapped[date]
    closes_on: Mapped[date | None]  # the last day on which it is open
    minimum_n: Mapped[int] = mapped_column(default=10)  # fewer respondents: no figure in public
    target: Mapped[float] = mapped_column(default=USUAL_TARGET)  # the share of satisfied people to be reached
    controller_name: Mapped[str]
    controller_address: Mapped[str]
    controller_phone: Mapped[str]
    retention_years: Mapped[int]
    previous_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))  # whose wave this one follows
    is_demo: Mapped[bool] = mapped_column(default=False)

    def title_in(self, language: str) -> str:
        return self.title_en if language == "en" and self.title_en else self.title

    def is_over(self, day: date) -> bool:
        return self.closes_on is not None and self.closes_on < day


def is_any_made_up() -> ColumnElement[bool]:
    """Say in SQL whether any campaign is one of the demonstration."""
    return exists(select(Campaign.id).where(Campaign.is_demo))


def goes_on(day: date) -> ColumnElement[bool]:
    """Say in SQL that a campaign is not over on a day, though it may open later."""
    return or_(Campaign.closes_on.is_(None), Campaign.closes_on >= day)

"""Offices whose running figures no longer say what is true, though nobody has answered since.

A move takes the answers of an office from one parent to another, a succession pools them with an heir's, a
counter takes them from one field to another, and dossiers counted later change the coverage. The next release
makes these figures anew. What a succession changes is noted when it is recorded if its day has come; one
recorded ahead is found on its day, by the releases that were made before it.
"""

from collections.abc import Collection
from datetime import date

from sqlalchemy import ForeignKey, Index, Select, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from survey_app.models.base import KEPT_IDS, Base
from survey_app.models.office import OfficeSuccession
from survey_app.models.publication import Publication


class StaleOffice(Base):
    """One office of one campaign; a row for each change, so that a release takes away what it has seen."""

    __tablename__ = "stale_office"
    __table_args__ = (Index("ix_stale_office_campaign_id", "campaign_id"), KEPT_IDS)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))


def mark_stale(session: Session, office_ids: Collection[int]) -> None:
    """Note offices in the transaction that changes them; a frozen publication says what was true then."""
    running = session.scalars(select(Publication.campaign_id).where(Publication.kind == "running"))
    session.add_all(
        StaleOffice(campaign_id=campaign_id, office_id=office_id)
        for campaign_id in running
        for office_id in sorted(set(office_ids))
    )


def stale_offices(session: Session, campaign_id: int) -> dict[int, int]:
    """Give the offices of a campaign by the rows that note them; to be read before the tree of offices."""
    rows = select(StaleOffice.id, StaleOffice.office_id).where(StaleOffice.campaign_id == campaign_id)
    return dict(session.execute(rows).all())


def handed_over(session: Session, campaign_id: int, today: date) -> set[int]:
    """Give who handed over and who took over since the campaign's running figures were last made."""
    rows = session.execute(_handed_over(today).where(Publication.campaign_id == campaign_id))
    return {office_id for row in rows for office_id in (row.predecessor_id, row.successor_id)}


def _handed_over(today: date) -> Select[int, int, int]:
    """Say in SQL which successions have come since a campaign's running figures were last made."""
    day = OfficeSuccession.took_over_on
    return (
        select(Publication.campaign_id, OfficeSuccession.predecessor_id, OfficeSuccession.successor_id)
        .join(OfficeSuccession, (Publication.covers_until < day) & (day <= today))
        .where(Publication.kind == "running")
    )


def campaigns_with_stale(session: Session, today: date) -> set[int]:
    noted = select(StaleOffice.campaign_id).distinct()
    come = _handed_over(today).with_only_columns(Publication.campaign_id).distinct()
    return {*session.scalars(noted), *session.scalars(come)}


def forget_stale(session: Session, row_ids: Collection[int]) -> None:
    """Take away what a release made anew; what was noted since stays."""
    session.execute(delete(StaleOffice).where(StaleOffice.id.in_(row_ids)))

"""What staff see of an office: more than the public from five responses on, and what to look at first."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.office_tree import OfficeTree
from survey_app.models.publication import OfficeRelease
from survey_app.publish.shown.campaign import Standing, standing_of
from survey_app.publish.shown.office import ClassResults, office_results
from survey_app.publish.suppression import INSIDE_MINIMUM


@dataclass(frozen=True)
class ManagerView:
    office: Office
    campaigns: list[Campaign]  # in which the office, or one below it, takes part
    standing: Standing | None  # of the one on this page
    classes: list[ClassResults]
    has_received: bool  # any response; asked only where there is no figure
    is_waiting: bool  # enough responses, but an item has too few new answers; asked only there too
    is_parent: bool
    minimum: int = INSIDE_MINIMUM


def manager_view(session: Session, office: Office, wanted: str, language: str, today: date) -> ManagerView:
    """Give the campaign that was asked for by its code, or the continuous one that opened last."""
    offices = OfficeTree(session).subtrees([office.id])[office.id]
    campaigns = _campaigns(session, offices, today)
    chosen = next((one for one in campaigns if one.code == wanted), campaigns[0] if campaigns else None)
    standing = standing_of(session, chosen, today) if chosen else None
    classes: list[ClassResults] = []
    if standing and standing.publication:
        classes = office_results(session, standing.publication, office.id, language, INSIDE_MINIMUM)
    return ManagerView(
        office=office,
        campaigns=campaigns,
        standing=standing,
        classes=classes,
        has_received=bool(classes) or (chosen is not None and _has_received(session, chosen.id, offices)),
        is_waiting=not classes and chosen is not None and _is_waiting(session, chosen.id, offices),
        is_parent=len(offices) > 1,
    )


def _campaigns(session: Session, office_ids: set[int], today: date) -> list[Campaign]:
    takes_part = exists().where(AccessPoint.campaign_id == Campaign.id, AccessPoint.office_id.in_(office_ids))
    return list(
        session.scalars(
            select(Campaign)
            .where(takes_part, Campaign.opens_on <= today)
            .order_by((Campaign.kind == "continuous").desc(), Campaign.opens_on.desc(), Campaign.id)
        )
    )


def _has_received(session: Session, campaign_id: int, office_ids: set[int]) -> bool:
    received = exists().where(
        AccessPoint.campaign_id == campaign_id,
        AccessPoint.office_id.in_(office_ids),
        AccessPointDay.access_point_id == AccessPoint.id,
        AccessPointDay.n_received > 0,
    )
    return session.scalar(select(received)) is True


def _is_waiting(session: Session, campaign_id: int, office_ids: set[int]) -> bool:
    waiting = exists().where(
        OfficeRelease.campaign_id == campaign_id,
        OfficeRelease.office_id.in_(office_ids),
        OfficeRelease.n_looked_at > OfficeRelease.n_released,
    )
    return session.scalar(select(waiting)) is True

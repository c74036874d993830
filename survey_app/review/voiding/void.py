"""Voids all responses of chosen access points and days, by two people's decision. Nothing is erased."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.orm import Session

from survey_app.errors import ApprovalRefused
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.approval import Approval
from survey_app.models.audit import note
from survey_app.models.campaign import Campaign
from survey_app.models.response import Response

KIND = "void_responses"
MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class PointDays:
    """Some access points of one office and campaign, from one day to another."""

    access_point_ids: tuple[int, ...]
    first_day: date
    last_day: date

    def arguments(self) -> dict[str, Any]:
        return {
            "access_point_ids": list(self.access_point_ids),
            "first_day": self.first_day.isoformat(),
            "last_day": self.last_day.isoformat(),
        }

    @classmethod
    def of(cls, arguments: dict[str, Any]) -> "PointDays":
        return cls(
            tuple(arguments["access_point_ids"]),
            date.fromisoformat(arguments["first_day"]),
            date.fromisoformat(arguments["last_day"]),
        )

    def has(self, access_point_id: int, day: date) -> bool:
        return access_point_id in self.access_point_ids and self.first_day <= day <= self.last_day

    def holds(self, row: type[AccessPointDay] | type[Response]) -> tuple[ColumnElement[bool], ...]:
        """Say in SQL that a row belongs to one of these points and days."""
        return row.access_point_id.in_(self.access_point_ids), row.day.between(self.first_day, self.last_day)


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many responses of one point and day count, and how many no longer do."""

    access_point_id: int
    day: date
    n_live: int
    n_voided: int


def check_can_be_voided(session: Session, chosen: PointDays, today: date) -> None:
    """Refuse days that hold nothing. What a sealed publication holds stays in it, until one corrects it."""
    if not chosen.access_point_ids:
        raise ApprovalRefused("nothing_chosen")
    if chosen.last_day < chosen.first_day:
        raise ApprovalRefused("days_are_swapped")
    if chosen.last_day > today or (chosen.last_day - chosen.first_day).days >= MOST_DAYS:
        raise ApprovalRefused("days_out_of_range")
    if not any(day.n_live for day in count_days(session, chosen)):
        raise ApprovalRefused("nothing_to_void")


def count_days(session: Session, chosen: PointDays) -> list[DayCount]:
    """List the chosen days that received anything, the newest first."""
    query = (
        select(
            AccessPointDay.access_point_id,
            AccessPointDay.day,
            (AccessPointDay.n_received - AccessPointDay.n_voided).label("n_live"),
            AccessPointDay.n_voided,
        )
        .where(*chosen.holds(AccessPointDay), AccessPointDay.n_received > 0)
        .order_by(AccessPointDay.day.desc(), AccessPointDay.access_point_id)
    )
    return [DayCount(**row._asdict()) for row in session.execute(query)]


def void_responses(session: Session, approval: Approval, staff_id: int, now: datetime, today: date) -> int:
    """Void what stands on these days at this moment, and say on each day how many that are.

    The figures follow at the next release, which sees by the days' counts what it has to take out.
    """
    # Locked, so that no publication of the whole campaign is sealed with them in between.
    campaign = session.get_one(Campaign, approval.campaign_id, with_for_update={"key_share": True})
    chosen = PointDays.of(approval.arguments)
    check_can_be_voided(session, chosen, today)
    before = _sum_of(session, AccessPointDay.n_voided, chosen)
    session.execute(
        update(Response)
        .where(*chosen.holds(Response), Response.approval_id.is_(None))
        .values(approval_id=approval.id)
        .execution_options(synchronize_session=False)
    )
    _count_voided_anew(session, chosen)
    n_voided = _sum_of(session, AccessPointDay.n_voided, chosen) - before
    what = f"Đề nghị {approval.id}, {campaign.code}: loại {n_voided} phiếu. Lý do: {approval.reason}"
    note(session, now, staff_id, "responses.void", what, approval.office_id)
    return n_voided


def _count_voided_anew(session: Session, chosen: PointDays) -> None:
    if session.get_bind().dialect.name == "postgresql":
        # The writer adds to days in the order in which answers come: it and this would wait in a circle.
        session.execute(text("LOCK TABLE access_point_day IN SHARE ROW EXCLUSIVE MODE"))
    voided = (
        select(func.count())
        .where(
            Response.access_point_id == AccessPointDay.access_point_id,
            Response.day == AccessPointDay.day,
            Response.approval_id.is_not(None),
        )
        .scalar_subquery()
    )
    session.execute(
        update(AccessPointDay)
        .where(*chosen.holds(AccessPointDay))
        .values(n_voided=voided)
        .execution_options(synchronize_session=False)
    )


def _sum_of(session: Session, column: ColumnElement[int] | Any, chosen: PointDays) -> int:
    return session.scalar(select(func.sum(column)).where(*chosen.holds(AccessPointDay))) or 0


def points_of(session: Session, office_id: int, campaign_id: int) -> Sequence[AccessPoint]:
    """List the ways in of one office to a campaign, revoked ones and stacks of paper too."""
    query = select(AccessPoint).where(
        AccessPoint.office_id == office_id, AccessPoint.campaign_id == campaign_id
    )
    return session.scalars(query.order_by(AccessPoint.id)).all()

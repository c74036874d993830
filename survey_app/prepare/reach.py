"""Which campaigns somebody sees, and which he may change: by the offices that a campaign is about."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from survey_app.errors import NotFound
from survey_app.models.approval import offices_of_campaigns
from survey_app.models.campaign import Campaign
from survey_app.models.office import BY_NAME, Office
from survey_app.models.plan import Plan
from survey_app.web.access import SignedIn, in_scope, offices_in_scope

RIGHT = "campaigns"


@dataclass(frozen=True, slots=True)
class Reached:
    """A campaign that somebody sees, and whether his right reaches all of its offices."""

    campaign: Campaign
    plan: Plan | None
    may_change: bool
    about: Callable[[], Mapping[int, set[int]]]  # offices by campaign, read once asked for

    @property
    def offices(self) -> frozenset[int]:
        """The offices that it is about; asked for while the session that found it is open."""
        return frozenset(self.about()[self.campaign.id])


class Reach:
    """What one person's right over campaigns reaches.

    A plan names its offices. Without one, a campaign is a matter of the provinces where it has codes, and
    without codes of all offices. A frozen plan was written to be read: everybody with the right may. Whoever
    has the right over all offices needs no list of them, so they are read where a page asks.
    """

    def __init__(self, session: Session, staff: SignedIn) -> None:
        self._session = session
        self._staff = staff
        self.is_whole = None in staff.roots(RIGHT)

    @cached_property
    def scope(self) -> set[int]:
        """The offices that the right reaches."""
        return offices_in_scope(self._session, self._staff, RIGHT)

    def reaches(self, office_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
        """Say in SQL that the right reaches an office."""
        return in_scope(self._session, office_id, self._staff, RIGHT)

    def campaigns(self) -> list[Reached]:
        """List those that are seen, the newest first."""
        found = self._reached(self._session.scalars(select(Campaign)).all())
        return sorted(found, key=lambda one: (one.campaign.opens_on, one.campaign.id), reverse=True)

    def campaign(self, campaign_id: int, *, to_change: bool = False) -> Reached:
        """Give one; foreign, non-existing, and one that cannot be changed where that is wanted look alike."""
        found = self._session.scalars(select(Campaign).where(Campaign.id == campaign_id)).all()
        for one in self._reached(found):
            if one.may_change or not to_change:
                return one
        raise NotFound

    def choices(self, named: Collection[str] = ()) -> list[Office]:
        """List what a campaign may be about: provinces, what stands on top by itself, and what is named."""
        is_top = (Office.kind == "province") | Office.parent_id.is_(None)
        query = select(Office).where(is_top | Office.code.in_(named))
        found = query.where(self.reaches(Office.id)).order_by(*BY_NAME)
        return list(self._session.scalars(found))

    def _reached(
        self, campaigns: Sequence[Campaign], plans: Mapping[int, Plan] | None = None
    ) -> list[Reached]:
        ids = [one.id for one in campaigns]
        by_campaign = self._plans_of(ids) if plans is None else plans
        about = cache(lambda: offices_of_campaigns(self._session, ids))
        found = [Reached(one, by_campaign.get(one.id), self.is_whole, about) for one in campaigns]
        return found if self.is_whole else [seen for one in found if (seen := self._in_part(one))]

    def _plans_of(self, campaign_ids: Collection[int]) -> dict[int, Plan]:
        plans = self._session.scalars(select(Plan).where(Plan.campaign_id.in_(campaign_ids)))
        return {plan.campaign_id: plan for plan in plans}

    def _in_part(self, reached: Reached) -> Reached | None:
        """Say what a right over some offices allows; None if the campaign is not seen."""
        offices, plan = reached.offices, reached.plan
        is_read = plan is not None and plan.frozen_at is not None
        if not (is_read or offices & self.scope):
            return None
        return replace(reached, may_change=bool(offices) and offices <= self.scope)

    def taking_part(self, campaigns: Sequence[Campaign]) -> dict[int, frozenset[int]]:
        """Give for those that have a plan the offices that take part; a draft is a matter of its lead."""
        plans = self._plans_of([one.id for one in campaigns])
        parts = dict.fromkeys(plans, frozenset[int]())
        for one in self._reached([one for one in campaigns if one.id in plans], plans):
            if one.may_change or plans[one.campaign.id].frozen_at is not None:
                parts[one.campaign.id] = one.offices
        return parts


def taking_part(
    session: Session, staff: SignedIn, campaigns: Sequence[Campaign]
) -> dict[Campaign, frozenset[int]]:
    """Give for each campaign in which offices this person may make codes and invitations of it.

    The offices are those of the right that opened the route. Those of a planned campaign must be in its
    plan, and its draft is open to its lead alone; where nobody is left, the campaign looks missing.
    """
    scope = frozenset(offices_in_scope(session, staff))
    parts = Reach(session, staff).taking_part(campaigns)
    taking = {one: scope & parts.get(one.id, scope) for one in campaigns}
    return {one: offices for one, offices in taking.items() if offices or one.id not in parts}

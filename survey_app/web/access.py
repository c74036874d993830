"""Who may open what. Deny by default: a route that states no access answers to nobody.

A right comes from a grant: a role over the subtree of an office, between two days. What somebody may do in
one office says nothing about another.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar

from flask import Flask, current_app, g, request, session as cookie
from sqlalchemy import ColumnElement, Date, Select, bindparam, delete, or_, select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound, SecondFactorRequired, SignInRequired
from survey_app.models.campaign import is_any_made_up
from survey_app.models.known_offices import Column, known_offices
from survey_app.models.office import Office
from survey_app.models.staff import Staff, StaffGrant, StaffSession
from survey_app.web.context import database, now, today

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
# What an account opens by itself: its first page, and its way in while the second factor is not proven yet.
PROVE = "prove"
OF_ACCOUNTS = frozenset({"home", PROVE})
EVERYBODY = OF_ACCOUNTS | {"results", "jobs"}  # of the staff
# Only administrators give roles, and nobody gives more than he has: so they have what every role has.
RIGHTS: dict[str, frozenset[str]] = {
    "administrator": EVERYBODY
    | {"codes", "invitations", "samples", "review", "answer", "offices", "dossiers", "exports"}
    | {"people", "decide", "campaigns", "audit", "respondents"},
    "campaign_lead": EVERYBODY
    | {"codes", "invitations", "samples", "review", "answer", "offices", "dossiers", "exports"}
    | {"decide", "campaigns", "audit", "respondents"},
    "analyst": EVERYBODY | {"exports", "respondents"},
    "office_manager": EVERYBODY
    | {"codes", "invitations", "review", "answer", "dossiers", "exports", "decide"},
    "operator": EVERYBODY | {"codes", "invitations", "dossiers"},
    "auditor": EVERYBODY | {"review", "audit"},
}


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in, with the grants that hold today."""

    id: int
    username: str
    full_name: str
    is_proven: bool  # by the second factor, where the account has one or needs one
    grants: tuple[StaffGrant, ...]
    is_amid_demo: bool = False  # made-up rows are about; asked for the frame of a page

    def may(self, right: str) -> bool:
        """Whether this person has a right anywhere: for menus. Acts ask in which office."""
        return right in OF_ACCOUNTS or bool(self.roots(right))

    def roots(self, right: str) -> set[int | None]:
        """Give the offices whose subtrees a right reaches; None stands for all offices."""
        return {grant.office_id for grant in self.grants if right in RIGHTS[grant.role]}

    @property
    def rights(self) -> frozenset[str]:
        return frozenset().union(*(RIGHTS[grant.role] for grant in self.grants))


def public(view: View) -> View:
    """State that everybody may open this route."""
    view.access = PUBLIC  # type: ignore[attr-defined]  # the mark that check_access reads
    return view


def staff_only(right: str) -> Callable[[View], View]:
    """State that only signed-in staff with a grant that gives `right` may open this route."""

    def mark(view: View) -> View:
        view.access = right  # type: ignore[attr-defined]  # the mark that check_access reads
        return view

    return mark


def check_access() -> None:
    """Before each request: let it through only if its route says that this person may."""
    if request.endpoint is None:
        signed_in_staff()  # "no such page" then has the same frame as "no right to it"
        return
    right = _right_of_route()
    if right == PUBLIC:
        return
    staff = signed_in_staff() or somebody_to_prove()
    if staff is None:
        raise SignInRequired
    if not staff.is_proven and right != PROVE:
        raise SecondFactorRequired
    if right is None or not staff.may(right):
        raise NotFound


def _right_of_route() -> str | None:
    return getattr(current_app.view_functions[request.endpoint or ""], "access", None)


def signed_in_staff() -> SignedIn | None:
    """Find who is signed in, once a request; whoever has yet to prove the second factor is not."""
    if "staff" not in g:
        token = cookie.get("token")
        found = None
        if token is not None:
            with database().reading() as session:
                found = find_by_token(session, token, now(), today())
        g.staff = found if found is not None and found.is_proven else None
        g.to_prove = found if g.staff is None else None
    staff: SignedIn | None = g.staff
    return staff


def somebody_to_prove() -> SignedIn | None:
    """Find who has given the password and is to prove the second factor."""
    signed_in_staff()
    found: SignedIn | None = g.to_prove
    return found


def current_staff() -> SignedIn:
    """Give the person that `check_access` let in."""
    staff = signed_in_staff() or somebody_to_prove()
    if staff is None:
        raise SignInRequired
    return staff


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def end_session(session: Session, token: str) -> bool:
    """Sign one browser out; tell whether it was signed in until now."""
    is_its = StaffSession.token_hash == hash_token(token)
    ended = session.execute(delete(StaffSession).where(is_its).returning(StaffSession.staff_id))
    return ended.one_or_none() is not None


def find_by_token(session: Session, token: str, moment: datetime, day: date) -> SignedIn | None:
    asked = {"token_hash": hash_token(token), "moment": moment, "day": day}
    found = session.execute(_who_is_signed_in(), asked).all()
    if not found:
        return None
    staff_id, username, full_name, is_proven, is_amid_demo, _ = found[0]
    grants = tuple(row.StaffGrant for row in found if row.StaffGrant is not None)
    return SignedIn(staff_id, username, full_name, is_proven, grants, is_amid_demo)


@cache
def _who_is_signed_in() -> Select[int, str, str, bool, bool, StaffGrant]:
    """Write the question once: each page of the staff asks it, and writing takes longer than asking."""
    columns = (Staff.id, Staff.username, Staff.full_name, StaffSession.is_proven)
    return (
        select(*columns, is_any_made_up(), StaffGrant)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .outerjoin(StaffGrant, (StaffGrant.staff_id == Staff.id) & _holds_on_day())
        .order_by(StaffGrant.id)
        .where(
            StaffSession.token_hash == bindparam("token_hash"),
            StaffSession.expires_at > bindparam("moment"),
            Staff.disabled_at.is_(None),
        )
    )


def account_on(session: Session, staff_id: int, day: date) -> SignedIn | None:
    """Give an account with what it may do on a day, as if signed in; none that is gone or disabled."""
    staff = session.get(Staff, staff_id)
    if staff is None or staff.disabled_at is not None:
        return None
    return SignedIn(staff.id, staff.username, staff.full_name, True, grants_on(session, staff.id, day))


def grants_on(session: Session, staff_id: int, day: date) -> tuple[StaffGrant, ...]:
    """List what an account may do on a day."""
    return tuple(session.scalars(_grants(), {"staff_id": staff_id, "day": day}))


@cache
def _grants() -> Select[StaffGrant]:
    is_of_account = StaffGrant.staff_id == bindparam("staff_id")
    return select(StaffGrant).where(is_of_account, _holds_on_day()).order_by(StaffGrant.id)


def _holds_on_day() -> ColumnElement[bool]:
    day = bindparam("day", type_=Date)
    is_not_over = or_(StaffGrant.valid_until.is_(None), StaffGrant.valid_until >= day)
    return (StaffGrant.valid_from <= day) & is_not_over


def _roots(staff: SignedIn, right: str | None) -> set[int | None]:
    """Give the roots of a right: of the one that opened this route, unless another is named."""
    return staff.roots(right or _right_of_route() or "")


def offices_in_scope(session: Session, staff: SignedIn, right: str | None = None) -> set[int]:
    """List the offices that a right reaches: the one that opened this route, unless another is named."""
    return known_offices(session).tree.within(_roots(staff, right))


def in_scope(
    session: Session, office_id: Column, staff: SignedIn, right: str | None = None
) -> ColumnElement[bool]:
    """Say the same in SQL."""
    return known_offices(session).holds(offices_in_scope(session, staff, right), office_id)


def offices_overseen(session: Session, staff: SignedIn, right: str) -> set[int]:
    """List the offices that a right reaches from above: by a grant over an office above them, or over all.

    A province serves nobody itself: whoever has the right over it stands above all that is counted there.
    """
    known, roots = known_offices(session), staff.roots(right)
    held = (known.offices[one] for one in roots if one is not None and one in known.offices)
    own = {one.id for one in held if one.kind != "province"}
    return set().union(*(known.tree.subtree(root) - (own & {root}) for root in roots))


def reaches_all(staff: SignedIn, right: str | None = None) -> bool:
    """Whether a right, the one that opened this route or another, reaches all offices, and what has none."""
    return None in _roots(staff, right)


def office_in_scope(session: Session, staff: SignedIn, office_id: int, right: str | None = None) -> Office:
    """Give an office to somebody who may see it; foreign and non-existing look the same."""
    if not reaches(session, staff, office_id, right or _right_of_route() or ""):
        raise NotFound
    return session.get_one(Office, office_id)


def reaches(session: Session, staff: SignedIn, office_id: int, right: str) -> bool:
    """Whether somebody has a right in this office; in one that does not exist nobody has any."""
    within = known_offices(session).tree.itself_and_above(office_id)
    roots = staff.roots(right)
    return bool(within) and (None in roots or bool(within & roots))


def guard(app: Flask) -> None:
    app.before_request(check_access)
    app.view_functions["static"].access = PUBLIC  # type: ignore[union-attr]  # as public() marks it

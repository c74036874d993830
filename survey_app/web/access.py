"""Who may open what. Deny by default: a route that states no access answers to nobody."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from flask import Flask, current_app, g, request, session as cookie
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound, SignInRequired
from survey_app.models.office import Office
from survey_app.models.staff import Staff, StaffSession
from survey_app.web.context import database, now

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC = "public"
RIGHTS: dict[str, frozenset[str]] = {
    "administrator": frozenset({"home", "codes", "invitations", "review", "results", "jobs"}),
    "campaign_lead": frozenset({"home", "codes", "invitations", "review", "results", "jobs"}),
    "office_manager": frozenset({"home", "codes", "invitations", "review", "results", "jobs"}),
}


def public(view: View) -> View:
    """State that everybody may open this route."""
    view.access = PUBLIC  # type: ignore[attr-defined]  # the mark that check_access reads
    return view


def staff_only(right: str) -> Callable[[View], View]:
    """State that only signed-in staff whose role has `right` may open this route."""

    def mark(view: View) -> View:
        view.access = right  # type: ignore[attr-defined]  # the mark that check_access reads
        return view

    return mark


def check_access() -> None:
    """Before each request: let it through only if its route says that this person may."""
    if request.endpoint is None:
        signed_in_staff()  # "no such page" then has the same frame as "no right to it"
        return
    right = getattr(current_app.view_functions[request.endpoint], "access", None)
    if right == PUBLIC:
        return
    staff = signed_in_staff()
    if staff is None:
        raise SignInRequired
    if right not in RIGHTS[staff.role]:
        raise NotFound


def signed_in_staff() -> Staff | None:
    """Find who is signed in, once a request."""
    if "staff" not in g:
        token = cookie.get("token")
        if token is None:
            g.staff = None
        else:
            with database().reading() as session:
                g.staff = find_by_token(session, token, now())
    found: Staff | None = g.staff
    return found


def current_staff() -> Staff:
    """Give the person that `check_access` let in."""
    staff = signed_in_staff()
    if staff is None:
        raise SignInRequired
    return staff


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def find_by_token(session: Session, token: str, moment: datetime) -> Staff | None:
    return session.scalar(
        select(Staff)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(
            StaffSession.token_hash == hash_token(token),
            StaffSession.expires_at > moment,
            Staff.disabled_at.is_(None),
        )
    )


def offices_in_scope(session: Session, staff: Staff) -> set[int]:
    """List the ids of the offices below (and with) the one that bounds this person's account."""
    parents = session.execute(select(Office.id, Office.parent_id)).all()
    if staff.office_id is None:
        return {office_id for office_id, _ in parents}
    return subtree(staff.office_id, ((office_id, parent_id) for office_id, parent_id in parents))


def subtree(root: int, parents: Iterable[tuple[int, int | None]]) -> set[int]:
    children: dict[int | None, list[int]] = {}
    for office_id, parent_id in parents:
        children.setdefault(parent_id, []).append(office_id)
    found, waiting = set(), [root]
    while waiting:
        office_id = waiting.pop()
        found.add(office_id)
        waiting.extend(children.get(office_id, ()))
    return found


def office_in_scope(session: Session, staff: Staff, office_id: int) -> Office:
    """Give an office to somebody who may see it; foreign and non-existing look the same."""
    office = session.get(Office, office_id) if 0 < office_id < 2**31 else None
    if office is None or office.id not in offices_in_scope(session, staff):
        raise NotFound
    return office


def guard(app: Flask) -> None:
    app.before_request(check_access)
    app.view_functions["static"].access = PUBLIC  # type: ignore[union-attr]  # as public() marks it

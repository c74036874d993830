"""What the staff's first page offers."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from survey_app.models.office import BY_NAME, Office
from survey_app.web.access import SignedIn

MOST_LISTED = 8  # of the offices on it; of more, the one above all and a search


@dataclass(frozen=True, slots=True)
class FirstPage:
    """What other rooms say on it: what waits for somebody, in words with an address, and how offices do."""

    waiting: Sequence[Callable[[Session, SignedIn], Sequence[tuple[str, str]]]]
    indices: Callable[[Session, Collection[int], date], object]


def is_searched(offices: Sequence[Office]) -> bool:
    """Whether these are so many below one that somebody looks for them by name."""
    return len(offices) > MOST_LISTED and offices[1].parent_id == offices[0].id


def starting_offices(session: Session, staff: SignedIn, today: date) -> list[Office]:
    """List the offices at the top of this person's scope, and those below if there is one top alone."""
    roots = staff.roots("results")
    top = Office.parent_id.is_(None) if None in roots else Office.id.in_(roots)
    tops = _existing(session, top, today)
    return tops + _existing(session, Office.parent_id == tops[0].id, today) if len(tops) == 1 else tops


def _existing(session: Session, condition: ColumnElement[bool], today: date) -> list[Office]:
    exists_today = (Office.valid_from <= today) & or_(
        Office.valid_until.is_(None), Office.valid_until >= today
    )
    query = select(Office).where(condition, exists_today).order_by(*BY_NAME)
    return list(session.scalars(query))

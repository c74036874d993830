"""Offices that staff choose from: found by a part of their name or by their code, shown a page at a time."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from survey_app.models.known_offices import KnownOffice, known_offices
from survey_app.models.vietnamese import Search


def find_offices(session: Session, search: str, office_ids: Collection[int]) -> list[KnownOffice]:
    """List those of some offices by name; of what is searched for, what matches to the mark comes first."""
    known = known_offices(session)
    return [known.offices[one] for one in known.find(Search(search)) if one in office_ids]

"""Answers of drawn people → counts by form, cell and profile: what they told of themselves, to be raked by.

Tallies do not hold profiles, so answers are counted anew when a wave is frozen, some offices at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.definition import Definition
from survey_app.models.response import Response
from survey_app.publish.counting.tallies import (
    NOT_DRAWN,
    Counts,
    Definitions,
    TallyRow,
    UnfitResponses,
    count_values,
    nibbles_of,
)

POINTS_AT_ONCE = 500  # in one question to the database
UNANSWERED = ""  # as a profile names what was skipped, not asked, or answered with "no opinion"
Profile = tuple[str, ...]


class ProfileCount(NamedTuple):
    """Counts of the people of one cell who told the same of themselves."""

    point_id: int
    instrument_version_id: int
    cell_id: int
    profile: Profile
    n_respondents: int
    counts: Counts  # (items, nibble values)


def count_profiles(
    session: Session, tallied: Sequence[TallyRow], questions: Sequence[str], definitions: Definitions
) -> Iterator[ProfileCount]:
    """Count what some tallies of drawn people hold, by profile too; refuse answers that are not those."""
    wanted: dict[tuple[int, int, int], int] = {}
    for row in tallied:
        key = (row.access_point_id, row.instrument_version_id, row.cell_id)
        wanted[key] = wanted.get(key, 0) + row.n_respondents
    points = sorted({row.access_point_id for row in tallied})
    for version_id, (places, packed) in _answers(session, points).items():
        definition = definitions[version_id]
        try:
            found = nibbles_of(definition, packed)
        except ValueError as error:
            raise UnfitResponses(f"{definition.code} {definition.version}: {error}") from error
        for one in _count_alike(version_id, definition, np.array(places), found, questions):
            wanted[one[:3]] = wanted.get(one[:3], 0) - one.n_respondents
            yield one
    unfit = sorted({point_id for (point_id, _, _), n in wanted.items() if n})
    if unfit:
        raise UnfitResponses(f"access points {unfit[0]} to {unfit[-1]}: other responses than were counted")


_Answers = tuple[list[tuple[int, int]], list[bytes]]  # point and cell of each person, and what it answered


def _answers(session: Session, points: Sequence[int]) -> dict[int, _Answers]:
    """Read the live answers of drawn people, by instrument version."""
    columns = (Response.instrument_version_id, Response.access_point_id, Response.cell_id, Response.answers)
    is_drawn = (Response.approval_id.is_(None), Response.cell_id.is_not(None))
    by_version: dict[int, _Answers] = {}
    for start in range(0, len(points), POINTS_AT_ONCE):
        some = Response.access_point_id.in_(points[start : start + POINTS_AT_ONCE])
        for version_id, point_id, cell_id, answers in session.execute(
            select(*columns).where(some, *is_drawn)
        ):
            places, packed = by_version.setdefault(version_id, ([], []))
            places.append((point_id, cell_id or NOT_DRAWN))
            packed.append(answers)
    return by_version


def _count_alike(
    version_id: int,
    definition: Definition,
    places: NDArray[np.int64],
    found: NDArray[np.uint8],
    questions: Sequence[str],
) -> Iterator[ProfileCount]:
    """Count people together who share point, cell and profile."""
    order = {item.code: place for place, item in enumerate(definition.items)}
    told = np.zeros((len(found), len(questions)), dtype=np.int64)
    names = [_levels(definition, question) for question in questions]
    for column, question in enumerate(questions):
        if question in order:
            nibbles = found[:, order[question]]
            told[:, column] = np.where(np.isin(nibbles, list(names[column])), nibbles, 0)
    keys, group = np.unique(np.hstack([places, told]), axis=0, return_inverse=True)
    of_groups = count_values(group.ravel(), found, len(keys))
    n_people = np.bincount(group.ravel(), minlength=len(keys)).tolist()
    profiles = [
        tuple(of_place.get(one, UNANSWERED) for of_place, one in zip(names, levels, strict=True))
        for levels in keys[:, 2:].tolist()
    ]
    rows = zip(keys[:, :2].tolist(), profiles, n_people, of_groups, strict=True)
    for (point_id, cell_id), profile, n, counts in rows:
        yield ProfileCount(point_id, version_id, cell_id, profile, n, counts)


def _levels(definition: Definition, question: str) -> Mapping[int, str]:
    """Give the options of a question that say something, by the nibble that stores each."""
    for item in definition.items:
        if item.code == question:
            return {
                item.positions[option.code]: option.code
                for option in item.options
                if option.meaning == "answer"
            }
    return {}

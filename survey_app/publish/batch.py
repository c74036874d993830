"""Decides how much of what an office gained is a batch in which no single answer can be told apart."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.publication import Tally
from survey_app.publish.dataset import Column, reported_counts
from survey_app.publish.due import BATCH
from survey_app.publish.tallies import Definitions, Recount, TallyRow


def find_batch(
    session: Session, found: Recount, definitions: Definitions, current_version_id: int
) -> Recount | None:
    """Give what may be released of a recount: all of it, or nothing yet.

    Every reported item must have gained no valid answer at all, or at least five. Five responses are not
    five answers: where four of them skipped an item, the item's figure before and after would give the fifth
    answer away. To hold back that figure alone is no help, since the index less the other items gives it
    back. Answers to an item that the campaign no longer asks can never become five: then the responses to
    the versions that asked it are left to the closing release, and the others go on.
    """
    before = _stored(session, found)
    lonely = _lonely_columns(before, found.rows, definitions)
    if not lonely:
        return found
    asked = _columns_of(definitions, current_version_id)
    versions = {row.instrument_version_id for row in found.rows} - {current_version_id}
    left = {one for one in versions if (lonely - asked) & _columns_of(definitions, one)}
    rows = [row for row in found.rows if row.instrument_version_id not in left]
    rows += [row for row in before if row.instrument_version_id in left]
    if not left or _lonely_columns(before, rows, definitions):
        return None
    return Recount(found.days, rows)


def hides_each_answer(session: Session, found: Recount, definitions: Definitions) -> bool:
    """Whether all of a recount could be released (see `find_batch`)."""
    return not _lonely_columns(_stored(session, found), found.rows, definitions)


def _stored(session: Session, found: Recount) -> list[TallyRow]:
    changed = set(found.days)
    points, days = {point_id for point_id, _ in changed}, {day for _, day in changed}
    stored = session.execute(
        select(*Tally.__table__.columns).where(Tally.access_point_id.in_(points), Tally.day.in_(days))
    )
    return [TallyRow(*row) for row in stored if (row.access_point_id, row.day) in changed]


def _lonely_columns(
    before: Sequence[TallyRow], after: Sequence[TallyRow], definitions: Definitions
) -> set[Column]:
    columns, _, valid = reported_counts([*after, *before], definitions)
    gained = valid[: len(after)].sum(axis=0) - valid[len(after) :].sum(axis=0)
    return {column for column, n in zip(columns, gained, strict=True) if 0 < n < BATCH}


def _columns_of(definitions: Definitions, version_id: int) -> set[Column]:
    return {Column.of(item) for item in definitions[version_id].items if item.reported_as}

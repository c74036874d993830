"""How some of the offices below a parent moved, each between the same two periods."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, WHOLE, month_name
from survey_app.models.publication import Change, Figure
from survey_app.publish.parents.below import Below
from survey_app.publish.parents.lines import Line, Moved
from survey_app.publish.suppression import INSIDE_MINIMUM, is_seen

OFFICES_AT_ONCE = 500  # in one question to the database


def with_changes(session: Session, below: Below, lines: Sequence[Line]) -> list[Line]:
    """Say of some lines, too, what the release found of how their offices moved."""
    shown = [line.office_id for line in lines if line.state == "shown"]
    parts = [shown[start : start + OFFICES_AT_ONCE] for start in range(0, len(shown), OFFICES_AT_ONCE)]
    moved = dict(one for part in parts for one in _moved(session, below, part))
    return [
        replace(line, change=moved[line.office_id]) if line.office_id in moved else line for line in lines
    ]


def _moved(session: Session, below: Below, office_ids: Sequence[int]) -> Iterator[tuple[int, Moved]]:
    n_former = _former_offices(session, below, office_ids)
    if not n_former or below.publication is None:
        return
    rows = session.execute(
        select(Change.office_id, Change.value, Change.low, Change.high).where(
            Change.publication_id == below.publication.id,
            Change.office_id.in_(n_former),
            Change.provenance == below.provenance,
            Change.later == below.changed_to,
            Change.earlier == below.changed_from,
        )
    )
    limits = {office_id: found for office_id, *found in rows}
    for office_id, n in n_former.items():
        value, low, high = limits.get(office_id, (None, None, None))
        yield office_id, Moved(value, low, high, n)


def _former_offices(session: Session, below: Below, office_ids: Sequence[int]) -> dict[int, int]:
    """Count the former offices that speak for each in the two periods of the change; waves pool none.

    Of an office of which a figure of either period is hidden nothing is given: the change would give it away.
    """
    if below.change is None or below.publication is None:
        return {}
    is_seen_inside = is_seen(INSIDE_MINIMUM)
    of_index = (
        Figure.provenance == below.provenance,
        Figure.measure == INDEX,
        Figure.office_id.in_(office_ids),
    )
    if below.change.later.kind == "wave":
        of_wave = (Figure.publication_id == below.earlier_publication_id, Figure.breakdown == WHOLE)
        seen = session.scalars(select(Figure.office_id).where(*of_wave, *of_index, is_seen_inside))
        return dict.fromkeys(seen, 0)
    months = (*below.change.later.months, *below.change.earlier.months)
    rows = session.execute(
        select(
            Figure.office_id,
            func.sum(case((is_seen_inside, 0), else_=1)),
            func.max(Figure.n_predecessors),
        )
        .where(
            Figure.publication_id == below.publication.id,
            Figure.breakdown.in_([month_name(month) for month in months]),
            *of_index,
        )
        .group_by(Figure.office_id)
    )
    n_former = dict.fromkeys(office_ids, 0)
    for office_id, n_hidden, n_pooled in rows:
        if n_hidden:
            del n_former[office_id]
        else:
            n_former[office_id] = n_pooled
    return n_former

"""The drawn sample as a recipe names it: cells, and what became of the units that were issued of them.

Who answered is known by cell alone. A spent token counts as an answer whatever was entered of its unit, so
answers beyond those entered as complete or partial are taken out of the units that are still open, and then
out of the other eligible ones.
"""

from collections.abc import Mapping

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from survey_app.models.aapor import ELIGIBLE, GROUPS, INELIGIBLE, RESPONDENT, UNKNOWN, group_of
from survey_app.models.invitation import InvitationBatch, SpentInvitation
from survey_app.models.recipe import CellThen, UnitsThen
from survey_app.models.sample import SampleCell, SampledUnit, draw_in_force


def cells_then(session: Session, campaign_id: int) -> dict[int, CellThen]:
    """Give the cells of the draw in force, and those drawn elsewhere, by the ids of their rows."""
    draw = draw_in_force(session, campaign_id)
    is_used = or_(SampleCell.draw_id.is_(None), SampleCell.draw_id == (draw and draw.id))
    cells = session.scalars(select(SampleCell).where(SampleCell.campaign_id == campaign_id, is_used)).all()
    units = {} if draw is None else _units_by_cell(session, draw.id)
    spent = {} if draw is None else _spent_by_cell(session, draw.id)
    return {
        cell.id: CellThen(
            cell.stratum,
            cell.psu,
            cell.weighting_cell,
            cell.weight,
            _units_then(cell.n_drawn, units.get(cell.id, {}), spent.get(cell.id, 0))
            if cell.n_drawn
            else None,
        )
        for cell in cells
    }


def _units_by_cell(session: Session, draw_id: int) -> dict[int, dict[str, int]]:
    """Count the issued units by cell and group: those of the main lists, and reserves that were called in."""
    is_issued = or_(SampledUnit.is_main, SampledUnit.serial.is_not(None), SampledUnit.replaces.is_not(None))
    query = (
        select(SampledUnit.cell_id, SampledUnit.outcome, func.count())
        .where(SampledUnit.draw_id == draw_id, is_issued)
        .group_by(SampledUnit.cell_id, SampledUnit.outcome)
    )
    found: dict[int, dict[str, int]] = {}
    for cell_id, outcome, n in session.execute(query):
        groups = found.setdefault(cell_id, dict.fromkeys(GROUPS, 0))
        groups[group_of(outcome)] += n
    return found


def _spent_by_cell(session: Session, draw_id: int) -> dict[int, int]:
    query = (
        select(InvitationBatch.cell_id, func.count())
        .join(SpentInvitation, SpentInvitation.batch_id == InvitationBatch.id)
        .join(SampleCell, SampleCell.id == InvitationBatch.cell_id)
        .where(SampleCell.draw_id == draw_id)
        .group_by(InvitationBatch.cell_id)
    )
    return {cell_id: n for cell_id, n in session.execute(query) if cell_id is not None}


def _units_then(n_drawn: int, groups: Mapping[str, int], n_spent: int) -> UnitsThen:
    counts: dict[str, int] = dict.fromkeys(GROUPS, 0) | dict(groups)
    missing = n_spent - counts[RESPONDENT]
    for group in (UNKNOWN, ELIGIBLE, INELIGIBLE):
        taken = min(max(missing, 0), counts[group])
        counts[group] -= taken
        counts[RESPONDENT] += taken
        missing -= taken
    return UnitsThen(n_drawn, *(counts[group] for group in GROUPS))

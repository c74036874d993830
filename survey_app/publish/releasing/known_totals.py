"""Which weighting a campaign's recipe names: by its plan and frame, or by totals that were imported."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.definition import Definition
from survey_app.models.frame import Frame
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.levels import known_levels, matched
from survey_app.models.plan import plan_in_force
from survey_app.models.plan_document import PlanDocument, Raked, Weighting
from survey_app.models.recipe import MarginThen, WeightingThen
from survey_app.models.sample import draw_in_force
from survey_app.models.weighting import margins_in_force
from survey_app.publish.figures.design import WeightingRefused

LEAST: Final = 5  # answers that a nonresponse cell holds where no plan says more


def weighting_then(session: Session, campaign: Campaign) -> WeightingThen | None:
    """Say how weights are made now; none where they stand as they were given."""
    draw = draw_in_force(session, campaign.id)
    plan = (plan_in_force(session, campaign.id) or PlanDocument()).weighting
    bounds = plan.trimmed_below, plan.trimmed_above
    if draw is not None:
        found = session.get_one(Frame, draw.frame_id).found["totals"]
        form = session.get_one(InstrumentVersion, campaign.instrument_version_id).definition
        margins = [_of_frame(one, found, form) for one in plan.raked]
        return WeightingThen(_smallest(plan), tuple(margins), *bounds)
    imported = margins_in_force(session, campaign.id)
    if imported is None:
        return None
    return WeightingThen(_smallest(plan), tuple(margins_of(json.loads(imported.document_json))), *bounds)


def _smallest(plan: Weighting) -> int:
    return plan.smallest_cell or LEAST


def margins_of(lines: Sequence[Sequence[Any]]) -> Sequence[MarginThen]:
    """Read lines of variable, question, level and total, sorted; levels of one variable stand together."""
    by_variable: dict[tuple[str, str], list[tuple[str, float]]] = {}
    for variable, question, level, total in lines:
        by_variable.setdefault((variable, question), []).append((level, float(total)))
    return [MarginThen(*named, tuple(totals)) for named, totals in by_variable.items()]


def _of_frame(
    raked: Raked, totals: Mapping[str, Sequence[tuple[str | None, int]]], form: Definition
) -> MarginThen:
    """Take a variable's totals from the frame, by the options of its question.

    Units of unknown level are shared out pro rata.
    """
    known = matched(form.item(raked.question), known_levels(totals, raked.variable))
    if known.unmatched:
        raise WeightingRefused(
            f"Dàn chọn mẫu có mức {', '.join(known.unmatched)} của {raked.variable}, nhưng câu hỏi "
            f"“{raked.question}” không có đúng một phương án nói như vậy. "
            "Hãy nhập lại danh sách với các mức như trong phiếu, hoặc viết phụ lục bỏ biến này."
        )
    if not known.by_option:
        raise WeightingRefused(
            f"Kế hoạch hiệu chỉnh quyền số theo {raked.variable}, nhưng dàn chọn mẫu không có cột này."
        )
    whole, of_known = sum(n for _, n in totals[raked.variable]), sum(known.by_option.values())
    shares = tuple(sorted((option, n * whole / of_known) for option, n in known.by_option.items()))
    return MarginThen(raked.variable, raked.question, shares)

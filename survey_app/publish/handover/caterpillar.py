"""The picture of a report: the offices below one, each as a dot on its interval, from the lowest on."""

from collections.abc import Sequence

from survey_app.publish.handover.blocks import Picture
from survey_app.publish.handover.sheet import share
from survey_app.publish.parents.lines import Line
from survey_app.web.charts import scale_for
from survey_app.web.formatting import count_text, target_text


def caterpillar(lines: Sequence[Line], target: float, parent: str) -> Picture | None:
    """Draw the offices that have a shown index, the lowest first."""
    shown = [(line.limits, line) for line in lines if line.limits and line.state == "shown"]
    told = sorted(shown, key=lambda one: one[0][1])
    if not told:
        return None
    n_offices = count_text(len(told))
    scale = scale_for([limits for limits, _ in told], target)
    marks = [
        {
            "mark": [share(scale, end) for end in limits],
            "verdict": line.verdict if line.verdict in {"above", "below"} else "open",
        }
        for limits, line in told
    ]
    return Picture(
        "caterpillar",
        f"Chỉ số của {n_offices} đơn vị thuộc {parent}, thấp nhất bên trái; chấm là chỉ số, vạch là khoảng "
        f"95%. Các số ở bảng “Các đơn vị thuộc {parent}”.",
        f"Biểu đồ chấm và vạch của {n_offices} đơn vị, cùng các số trong bảng “Các đơn vị thuộc {parent}”.",
        {
            "marks": marks,
            "ticks": [
                {"x": share(scale, percent / 100), "label": f"{percent}%"} for percent in scale.percents
            ],
            "target": {"x": share(scale, target), "label": f"Chỉ tiêu {target_text(target)}"},
        },
    )

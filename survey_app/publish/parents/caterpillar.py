"""The picture of many offices side by side, the lowest first: a few paths, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from survey_app.publish.parents.lines import Line
from survey_app.web.charts import Level, Scale
from survey_app.web.formatting import target_text

HEIGHT, TOP, BOTTOM = 264, 12, 252  # pixels
CROWDED = 60  # more offices get smaller dots


@dataclass(frozen=True)
class Caterpillar:
    """Across, an office is one unit wide; downwards, units are pixels."""

    n_offices: int
    height: int
    levels: tuple[Level, ...]
    target: Level | None
    whiskers: str
    dots: dict[str, str]  # verdict → path of its dots
    is_crowded: bool


def draw_caterpillar(lines: Sequence[Line], scale: Scale, target: float | None) -> Caterpillar | None:
    """Place the offices that have an index side by side."""
    ordered = sorted(
        ((line.limits, line.verdict) for line in lines if line.limits and line.state == "shown"),
        key=lambda one: one[0][1],
    )
    if not ordered:
        return None
    whiskers: list[str] = []
    dots: dict[str, list[str]] = {}
    for place, ((low, value, high), verdict) in enumerate(ordered):
        x = f"{place}.5"
        whiskers.append(f"M{x} {_y(scale, high)}V{_y(scale, low)}")
        kind = verdict if verdict in {"above", "below"} else "open"
        dots.setdefault(kind, []).append(f"M{x} {_y(scale, value)}h.01")
    return Caterpillar(
        n_offices=len(ordered),
        height=HEIGHT,
        levels=tuple(Level(_y(scale, percent / 100), f"{percent}%") for percent in scale.percents),
        target=None if target is None else Level(_y(scale, target), target_text(target)),
        whiskers="".join(whiskers),
        dots={kind: "".join(paths) for kind, paths in dots.items()},
        is_crowded=len(ordered) > CROWDED,
    )


def _y(scale: Scale, proportion: float) -> str:
    share = (min(max(proportion, scale.start), scale.end) - scale.start) / (scale.end - scale.start)
    return f"{BOTTOM - share * (BOTTOM - TOP):.0f}"

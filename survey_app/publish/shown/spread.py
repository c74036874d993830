"""How the answers to each question divide over its options: stacked bars, and the counts behind them."""

from collections.abc import Iterator
from dataclasses import dataclass

from survey_app.models.breakdown import item_name
from survey_app.models.definition import Definition, Item
from survey_app.publish.shown.figures import FiguresOfClass
from survey_app.web.charts import Segment, stack
from survey_app.web.formatting import count_text

# Names of the style sheet, from the least to the most satisfied: told apart by pattern and lightness too.
SCALE_TONES = ("t1", "t2", "t3", "t4", "t5")
FAVOURABLE_TONES, OTHER_TONES = ("t5", "t4"), ("t2", "t3", "t1")


@dataclass(frozen=True)
class SpreadRow:
    number: str
    label: str
    segments: tuple[Segment, ...]
    counts: tuple[str, ...]  # by option; empty where they are hidden
    n: str


@dataclass(frozen=True)
class SpreadTable:
    """Questions with the same options."""

    options: tuple[tuple[str, str], ...]  # tone and label
    rows: tuple[SpreadRow, ...]


def spread_of(figures: FiguresOfClass, definition: Definition, language: str) -> tuple[SpreadTable, ...]:
    """Lay out the counts of the reported questions; those of a hidden figure are hidden with it."""
    tables: dict[tuple[tuple[str, str], ...], list[SpreadRow]] = {}
    for item in definition.items:
        figure = figures.whole.get(item_name(item.code))
        counts = figures.counts.get(item.code)
        if figure is None or counts is None or not sum(counts.values()):
            continue
        options = [option for option in item.options if option.meaning == "answer"]
        tones = dict(_tones(item, definition))
        found = [counts.get(option.code, 0) for option in options]
        is_hidden = figure.state == "suppressed"
        row = SpreadRow(
            number=definition.numbers[item.code],
            label=item.text.in_language(language),
            segments=()
            if is_hidden
            else stack([(n, tones[one.code]) for n, one in zip(found, options, strict=True)]),
            counts=() if is_hidden else tuple(map(count_text, found)),
            n="" if is_hidden else count_text(sum(found)),
        )
        key = tuple((tones[option.code], option.label.in_language(language)) for option in options)
        tables.setdefault(key, []).append(row)
    return tuple(SpreadTable(options, tuple(rows)) for options, rows in tables.items())


def _tones(item: Item, definition: Definition) -> Iterator[tuple[str, str]]:
    """Give each option its tone: along the scale, or by whether it is what one hopes for."""
    options = [option.code for option in item.options if option.meaning == "answer"]
    if len(options) == len(SCALE_TONES):
        yield from zip(options, SCALE_TONES, strict=True)
        return
    favourable = item.favourable or definition.index.satisfied
    good, other = iter(FAVOURABLE_TONES * len(options)), iter(OTHER_TONES * len(options))
    for code in options:
        yield code, next(good if code in favourable else other)

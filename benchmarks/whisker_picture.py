"""Pictures of dots with whiskers as small SVG files: system fonts, one accent, greys, light and dark."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, ROW, HEAD, FOOT = 720, 19, 84, 38  # pixels
SCALE = (150, 440)  # where the scale begins and ends; labels stand before it, notes behind it
STYLE = """\
text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;fill:#24292f;
font-variant-numeric:tabular-nums}
.page{fill:#fff}.title{font-size:15px;font-weight:600}.soft{fill:#59636e}.end{text-anchor:end}
.mid{text-anchor:middle}.bold{font-weight:600}.grid{stroke:#e4e7eb}.target{stroke:#59636e}
.band{fill:#eceff2}.whisker{stroke:#8c959f;stroke-width:2}.dot{fill:#8c959f}
.mark .whisker{stroke:#0a5fb0}.mark .dot{fill:#0a5fb0}.word{font-weight:600;fill:#0a5fb0}
.ghost{stroke:#b6bdc5;stroke-width:6;stroke-opacity:.6}
@media (prefers-color-scheme:dark){text{fill:#e6e9ed}.page{fill:#14181d}.soft{fill:#9ba5b0}
.grid{stroke:#2b323a}.target{stroke:#9ba5b0}.band{fill:#222930}.whisker{stroke:#7d8793}.dot{fill:#7d8793}
.mark .whisker{stroke:#6db3ff}.mark .dot{fill:#6db3ff}.word{fill:#6db3ff}
.ghost{stroke:#59636e;stroke-opacity:.7}}"""


@dataclass(frozen=True)
class Row:
    """A line of a picture: a heading if it has no value, else a dot with its whisker, and notes."""

    label: str
    value: float | None = None
    low: float = 0.0
    high: float = 0.0
    notes: tuple[str, ...] = ()
    is_marked: bool = False
    ghost: tuple[float, float] | None = None


@dataclass(frozen=True)
class Picture:
    """What a picture shows; `notes` are heads and places of the columns behind the scale."""

    title: str
    words: str
    rows: Sequence[Row]
    notes: Sequence[tuple[str, int]]
    limits: tuple[float, float]
    ticks: Sequence[float]
    unit: str = " %"
    marks_words: bool = True
    line: tuple[float, str] | None = None
    band: tuple[float, float, str] | None = None

    def x(self, value: float) -> float:
        start, end = self.limits
        share = (min(max(value, start), end) - start) / (end - start)
        return SCALE[0] + share * (SCALE[1] - SCALE[0])

    def svg(self) -> str:
        height = HEAD + ROW * len(self.rows) + FOOT
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" aria-labelledby="t d">',
            f'<title id="t">{escape(self.title)}</title><desc id="d">{escape(self.words)}</desc>',
            f"<style>{STYLE}</style>",
            f'<rect class="page" width="{WIDTH}" height="{height}"/>',
            f'<text class="title" x="16" y="25">{escape(self.title)}</text>',
            f'<text class="soft" x="16" y="44">{escape(self.words)}</text>',
            *(f'<text class="soft" x="{x}" y="{HEAD - 10}">{escape(head)}</text>' for head, x in self.notes),
            *self._scale(height - FOOT),
            *(part for place, row in enumerate(self.rows) for part in self._row(row, HEAD + ROW * place)),
        ]
        return "\n".join([*parts, "</svg>"]) + "\n"

    def _scale(self, bottom: int) -> Iterator[str]:
        top = HEAD - 4
        if self.band is not None:
            low, high = self.x(self.band[0]), self.x(self.band[1])
            place = f'x="{low:.1f}" y="{top}" width="{high - low:.1f}" height="{bottom - top}"'
            yield f'<rect class="band" {place}/>'
        for tick in self.ticks:
            x = self.x(tick)
            yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
            label = f"{tick:g}{self.unit}".replace("-", "−")
            yield f'<text class="soft mid" x="{x:.1f}" y="{bottom + 16}">{label}</text>'
        if self.line is not None:
            x = self.x(self.line[0])
            yield f'<line class="target" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{bottom}"/>'
            yield f'<text class="soft mid" x="{x:.1f}" y="{bottom + 30}">{escape(self.line[1])}</text>'
        if self.band is not None:
            middle = (self.x(self.band[0]) + self.x(self.band[1])) / 2
            yield f'<text class="soft mid" x="{middle:.1f}" y="{bottom + 30}">{escape(self.band[2])}</text>'

    def _row(self, row: Row, top: int) -> Iterator[str]:
        y, text = top + ROW / 2, top + ROW / 2 + 4
        if row.value is None:
            yield f'<text class="bold" x="16" y="{text:g}">{escape(row.label)}</text>'
            return
        yield '<g class="mark">' if row.is_marked else "<g>"
        word = " word" if row.is_marked and self.marks_words else ""
        yield f'<text class="end{word}" x="{SCALE[0] - 12}" y="{text:g}">{escape(row.label)}</text>'
        if row.ghost is not None:
            yield self._line("ghost", *row.ghost, y)
        yield self._line("whisker", row.low, row.high, y)
        yield f'<circle class="dot" cx="{self.x(row.value):.1f}" cy="{y:g}" r="4"/>'
        for note, (_, x) in zip(row.notes, self.notes, strict=False):
            yield f'<text class="note{word}" x="{x}" y="{text:g}">{escape(note)}</text>'
        yield "</g>"

    def _line(self, kind: str, low: float, high: float, y: float) -> str:
        return f'<line class="{kind}" x1="{self.x(low):.1f}" x2="{self.x(high):.1f}" y1="{y:g}" y2="{y:g}"/>'

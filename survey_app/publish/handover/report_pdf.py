"""A report as PDF. For jobs: typst comes with it."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from survey_app.jobs.typesetting import forget_drawings, printable, set_type
from survey_app.publish.handover.blocks import Block, Bullets, Grid, Heading, Paragraph, Picture, Report

HERE: Final = Path(__file__).parent
DRAWINGS: Final = [HERE / "drawing.typ", HERE / "caterpillar.typ"]
LONGEST_WORD: Final = 64  # a hash stays whole
_NAMES: Final[Mapping[type[Block], str]] = {
    Heading: "heading",
    Paragraph: "paragraph",
    Bullets: "bullets",
    Grid: "grid",
    Picture: "picture",
}


def write(path: Path, report: Report) -> None:
    """Set the report; its words reach the template as strings, never as markup."""
    data = _printable(asdict(report))
    for plain, block in zip(data["blocks"], report.blocks, strict=True):
        plain["is"] = _NAMES[type(block)]
    path.write_bytes(set_type([*DRAWINGS, HERE / "report.typ"], data, tagged=True))
    forget_drawings()


def picture(one: Picture) -> bytes:
    """Draw a picture of a report as PNG, for where no drawing can be set."""
    return set_type([*DRAWINGS, HERE / "picture.typ"], _printable(dict(one.data)), tagged=False, form="png")


def _printable(plain: Any) -> Any:
    if isinstance(plain, str):
        return printable(plain, LONGEST_WORD)
    if isinstance(plain, dict):
        return {name: _printable(entry) for name, entry in plain.items()}
    return [_printable(entry) for entry in plain] if isinstance(plain, list | tuple) else plain

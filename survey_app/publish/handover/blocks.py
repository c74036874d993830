"""What a report consists of, whoever writes it down: headings, paragraphs, lists, tables, pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Heading:
    text: str
    level: Literal[1, 2] = 1


@dataclass(frozen=True)
class Paragraph:
    text: str
    kind: Literal["plain", "lead", "soft"] = "plain"


@dataclass(frozen=True)
class Bullets:
    items: Sequence[str]


@dataclass(frozen=True)
class Grid:
    """A table: what heads its columns, which of them hold numbers, and its rows as they are read."""

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    n_words: int = 1  # how many columns, from the left, hold words
    shares: Sequence[float] = ()  # of the width; none: even but for the first


@dataclass(frozen=True)
class Picture:
    """A picture by the name of its drawing; `says` is read by whoever cannot see it."""

    drawing: Literal["caterpillar"]
    caption: str
    says: str
    data: Mapping[str, Any]


Block = Heading | Paragraph | Bullets | Grid | Picture


@dataclass(frozen=True)
class Report:
    title: str
    subtitle: str
    front: Sequence[tuple[str, str]]  # what stands on the first page: labels and texts
    foot: str
    blocks: Sequence[Block]

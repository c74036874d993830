"""From lists such as q1-q4,q7 to columns, and from columns to ratings."""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from analysis.command.faults import Refused
from analysis.command.input.table import Table
from analysis.ratings import Ratings

_WIDEST: Final = 10_000


def expand(option: str, words: Sequence[str], known: Collection[str]) -> list[str]:
    """Return the columns that words name; q1-q4 means q1, q2, q3, q4 unless a column is called so."""
    there = set(known)
    found = [name for word in words for name in ([word] if word in there else _range(option, word))]
    if len(set(found)) < len(found):
        twice = next(name for name, n_times in Counter(found).items() if n_times > 1)
        raise Refused(f"{option}: names {twice!r} more than once")
    return found


def _range(option: str, word: str) -> list[str]:
    span = re.fullmatch(r"(.*?)([0-9]{1,9})\s*[-–]\s*(.*?)([0-9]{1,9})", word)
    if span is None or span[3] not in ("", span[1]):
        return [word]
    first, last = int(span[2]), int(span[4])
    if not first <= last:
        raise Refused(f"{option}: the range {word!r} must rise")
    if last - first >= _WIDEST:
        raise Refused(f"{option}: the range {word!r} must not name more than {_WIDEST:,} columns")
    width = len(span[2]) if span[2].startswith("0") else 0
    return [f"{span[1]}{place:0{width}}" for place in range(first, last + 1)]


def item_columns(table: Table, options: argparse.Namespace) -> list[tuple[str, str]]:
    """Return the (option, column) pairs of the items."""
    return [("--items", name) for name in expand("--items", options.items, table.source.names)]


def factor_items(table: Table, options: argparse.Namespace, items: Collection[str]) -> dict[str, list[str]]:
    """Return the items of each --factor; those that --items does not name are refused."""
    factors: dict[str, list[str]] = {}
    items = set(items)
    for name, words in options.factor:
        if name in factors or name == "all" or (options.per_item and name in items):
            table.faults.add(f"--factor {name}: the name is taken")
        factors[name] = expand(f"--factor {name}", words, table.source.names)
        unknown = [item for item in factors[name] if item not in items]
        if unknown:
            table.faults.add(f"--factor {name}: must consist of --items; got {', '.join(map(repr, unknown))}")
    table.faults.refuse()
    return factors


def read_ratings(table: Table, options: argparse.Namespace, items: Sequence[str]) -> Ratings:
    """Read the answers to the items; with --strict, codes outside of --valid are refused."""
    stray = sorted(set(options.satisfied) - set(options.valid))
    if stray:
        table.faults.add(f"--satisfied: must be among the --valid codes; got {', '.join(map(_code, stray))}")
    answers = {item: table.numbers(item) for item in items}
    table.faults.refuse()
    ratings = Ratings.from_codes(answers, satisfied=options.satisfied, valid=options.valid)
    if options.strict:
        for item, found in ratings.outside.items():
            for code, count in found.items():
                row = int(np.argmax(answers[item] == code))
                table.faults.add(
                    f"--strict: {item} has the code {_code(code)} outside of --valid, {count} times, "
                    f"first on {table.source.place(row)}"
                )
        table.faults.refuse()
    return ratings


def notes_on_codes(ratings: Ratings) -> list[str]:
    """Say which codes outside of the valid ones were met, how often and where."""
    by_code: dict[float, dict[str, int]] = defaultdict(dict)
    for item, found in ratings.outside.items():
        for code, count in found.items():
            by_code[code][item] = count
    return [
        f"code {_code(code)} lies outside of --valid and is item nonresponse: {sum(found.values())} answers "
        f"({', '.join(f'{item}: {count}' for item, count in found.items())})"
        for code, found in sorted(by_code.items())
    ]


def _code(code: float) -> str:
    return f"{code:g}"

"""What all commands' options have in common; loads nothing heavy, so that --help is quick."""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn
from unicodedata import normalize

from analysis.command.faults import Refused

RULES: Final = ("pooled", "mean_score", "item_mean")
INTERVALS: Final = (
    "agresti_coull",
    "wilson",
    "korn_graubard",
    "clopper_pearson",
    "jeffreys",
    "logit",
    "arcsine",
    "likelihood",
    "t",
)
LONE_PSU: Final = ("not_estimable", "fail", "certainty", "remove", "adjust", "average")
SAMPLING_BASES: Final = ("probability", "census", "opt_in")
STATISTICS: Final = ("mean", "total", "ratio", "proportion")
FORMATS: Final = ("table", "csv", "json")


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without repeating the usage."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"allow_abbrev": False, "formatter_class": argparse.RawDescriptionHelpFormatter}
        super().__init__(*args, **kwargs)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Write help or version; argparse itself would not tell that this failed."""
        (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        """Refuse the options."""
        raise Refused(f"{self.prog}: {message} (see {self.prog} --help)")


@dataclass(frozen=True)
class Wrong:
    """An option's value that cannot be read; kept until all options have been looked at."""

    rule: str


def option_type(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Turn a reader that raises ValueError(rule) into one that gives back what is `Wrong`."""

    def keep(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            return Wrong(f"must {error}; got {text!r}")

    return keep


def refuse_wrong_options(options: argparse.Namespace) -> None:
    """Refuse all options that are `Wrong`, at once."""
    found = []
    for name, value in vars(options).items():
        values = value if isinstance(value, list) else [value]
        option = name.upper() if name in ("file", "frame") else f"--{name.replace('_', '-')}"
        found += [f"{option} {item.rule}" for item in values if isinstance(item, Wrong)]
    if found:
        raise Refused(*found)


def _words(text: str) -> list[str]:
    """Split at commas; a name that holds one stands between quotation marks."""
    words = _columns(text)
    if len(set(words)) < len(words):
        raise ValueError("name each only once")
    return words


def _columns(text: str) -> list[str]:
    rule = "be names, separated by commas"
    try:
        cells = next(csv.reader([_composed(text)], skipinitialspace=True), [])
    except csv.Error:
        raise ValueError(rule) from None
    words = [word.strip() for word in cells]
    if not words or "" in words:
        raise ValueError(rule)
    return words


def _composed(text: str) -> str:
    """Return text in Unicode's composed form; bytes that are no UTF-8 come from the shell as surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("be text in UTF-8") from None
    return normalize("NFC", text)


def _name(text: str) -> str:
    name = _composed(text).strip()
    if not name:
        raise ValueError("be a name")
    return name


def _codes(text: str) -> tuple[float, ...]:
    codes: list[float] = []
    for word in text.split(","):
        if span := re.fullmatch(r"\s*(-?\d{1,6})-(-?\d{1,6})\s*", word):
            first, last = int(span[1]), int(span[2])
            if not first <= last <= first + 1000:
                raise ValueError("have ranges that rise, by not more than 1,000")
            codes += [float(code) for code in range(first, last + 1)]
        else:
            codes.append(_number(word, "be numbers or ranges such as 1-5"))
    return tuple(codes)


def _number(text: str, rule: str) -> float:
    if not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", text, re.ASCII):
        raise ValueError(rule)
    return float(text)


def _level(text: str) -> float:
    rule = "lie between 0 and 1, such as 0.95"
    level = _number(text, rule)
    if not 0 < level < 1:
        raise ValueError(rule)
    return level


def _limits(text: str) -> tuple[float, float]:
    rule = "be LOW,HIGH with LOW below HIGH; either may be left out"
    low, comma, high = text.partition(",")
    if not comma or not (low.strip() or high.strip()):
        raise ValueError(rule)
    lower = _number(low, rule) if low.strip() else 0.0
    upper = _number(high, rule) if high.strip() else float("inf")
    if not 0 <= lower < upper:
        raise ValueError(rule)
    return lower, upper


def _factor(text: str) -> tuple[str, list[str]]:
    name, equals, items = text.partition("=")
    if not equals or not name.strip() or not items.strip():
        raise ValueError("read NAME=ITEMS, such as access=q1-q4")
    return _name(name), _words(items)


def number(low: float, high: float, rule: str, *, is_whole: bool = False) -> Callable[[str], Any]:
    """Return a reader of a number within limits; `rule` words what it must do."""

    def read(text: str) -> float:
        value = _number(text, rule)
        if not low <= value <= high or (is_whole and value != int(value)):
            raise ValueError(rule)
        return int(value) if is_whole else value

    return option_type(read)


def one_of(choices: Sequence[str]) -> Callable[[str], Any]:
    """Return a reader of one of a few words."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"be one of {', '.join(choices)}")
        return text

    return option_type(read)


names, name, codes = option_type(_words), option_type(_name), option_type(_codes)
columns = option_type(_columns)
level, limits, factor = option_type(_level), option_type(_limits), option_type(_factor)


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the file and how to read it."""
    parser.add_argument("file", metavar="FILE", help="CSV (UTF-8; comma, semicolon or tab) or Parquet")
    parser.add_argument(
        "--decimal",
        type=one_of(("auto", ".", ",")),
        default="auto",
        help="decimal sign of the file; auto takes a comma only where cells are not separated by commas",
    )


def add_items(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the items and what their codes mean."""
    group = parser.add_argument_group("items")
    group.add_argument(
        "--items", type=names, required=required, metavar="LIST", help="columns or ranges, such as q1-q4,q7"
    )
    group.add_argument("--satisfied", type=codes, default=(4.0, 5.0), metavar="CODES", help="default 4,5")
    group.add_argument(
        "--valid", type=codes, default=(1.0, 2.0, 3.0, 4.0, 5.0), metavar="CODES", help="default 1-5"
    )
    group.add_argument(
        "--strict", action="store_true", help="refuse codes outside of --valid instead of counting them"
    )
    group.add_argument("--rule", type=one_of(RULES), default="pooled", help=either(RULES))


def add_measures(parser: argparse.ArgumentParser) -> None:
    """Add what is estimated beside the index of all items."""
    group = parser.add_argument_group("more measures")
    group.add_argument(
        "--factor",
        type=factor,
        action="append",
        default=[],
        metavar="NAME=ITEMS",
        help="also an index of some of the items; may be repeated",
    )
    group.add_argument("--per-item", action="store_true", help="also the share satisfied of each item")


def add_statistic(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add what is estimated of which variables."""
    group = parser.add_argument_group("statistic")
    group.add_argument("--statistic", type=one_of(STATISTICS), required=required, help=", ".join(STATISTICS))
    group.add_argument(
        "--variable",
        type=names,
        default=[],
        required=required,
        metavar="COL[,COL]",
        help="columns, or COL=VALUE",
    )
    group.add_argument(
        "--denominator", type=columns, default=[], metavar="COL[,COL]", help="of a ratio, one a variable"
    )


def check_statistic(options: argparse.Namespace) -> None:
    """Refuse options that do not fit the statistic."""
    found = []
    if not options.variable:
        found.append("--variable: is needed with --statistic")
    if options.statistic == "ratio" and len(options.denominator) != len(options.variable):
        found.append("--denominator: must name one column a variable of a ratio")
    if options.statistic != "ratio" and options.denominator:
        found.append(f"--denominator: is for a ratio, not for a {options.statistic}")
    if options.statistic != "proportion" and options.interval not in (None, "t"):
        found.append(f"--interval {options.interval}: is for proportions; a {options.statistic} has t limits")
    if found:
        raise Refused(*found)


def add_domains(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Add the columns that make domains."""
    parser.add_argument(
        "--by", type=names, default=[], required=required, metavar="COL[,COL]", help="estimate for each value"
    )


def add_design(parser: argparse.ArgumentParser) -> None:
    """Add the sampling design."""
    group = parser.add_argument_group("sampling design")
    group.add_argument("--stratum", type=name, metavar="COL", help="one stratum where left out")
    group.add_argument("--psu", type=name, metavar="COL", help="each row is a sampling unit where left out")
    group.add_argument(
        "--weight",
        type=name,
        metavar="COL",
        help="where left out: population / sample by --fpc, or 1 where that is left out too",
    )
    group.add_argument("--nest", action="store_true", help="PSU ids are local to their stratum")
    group.add_argument(
        "--fpc",
        type=names,
        default=[],
        metavar="COL[,COL2]",
        help="population sizes: PSUs of the stratum and, for two stages, units of the PSU (the rows)",
    )
    group.add_argument(
        "--lone-psu",
        type=one_of(LONE_PSU),
        default="not_estimable",
        metavar="POLICY",
        help=f"for a stratum with one sampled PSU: {either(LONE_PSU)}",
    )
    group.add_argument(
        "--lone-in-domain",
        action="store_true",
        help="the policy also where one of several PSUs meets the domain",
    )
    group.add_argument(
        "--sampling-basis", type=one_of(SAMPLING_BASES), default="probability", help=either(SAMPLING_BASES)
    )


def add_interval(parser: argparse.ArgumentParser, *, has_method: bool = True) -> None:
    """Add level, degrees of freedom and, for proportions, the method."""
    group = parser.add_argument_group("intervals")
    if has_method:
        group.add_argument(
            "--interval",
            type=one_of(INTERVALS),
            metavar="METHOD",
            help=f"{either(INTERVALS, INTERVALS[0])} for proportions; always t for other figures",
        )
        group.add_argument(
            "--no-cap",
            action="store_true",
            help="let the effective sample size of an interval exceed the respondents, as R's svyciprop does",
        )
    group.add_argument("--level", type=level, default=0.95, help="default 0.95")
    group.add_argument(
        "--df",
        type=one_of(("domain", "full")),
        default="domain",
        help="degrees of freedom of the domain's own PSUs (default) or of the full design (R's confint)",
    )


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add the form of the output."""
    parser.add_argument("--format", type=one_of(FORMATS), default="table", help=either(FORMATS))


def either(choices: Sequence[str], default: str | None = None) -> str:
    """Word a choice for --help; the first is the default unless another is."""
    return f"{', '.join(choices)} (default {default or choices[0]})"

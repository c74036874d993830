"""`sample` and `sample-size`: whom to ask, and how many."""

from __future__ import annotations

import argparse
import sys

from analysis.command import options as option
from analysis.command.faults import Refused

METHODS = ("simple", "systematic", "pareto", "sequential_poisson", "pps_systematic")
BY_SIZE = ("pareto", "sequential_poisson", "pps_systematic")
ALLOCATIONS = ("proportional", "equal", "power", "neyman")
EXAMPLE = """\
examples:
  python -m analysis sample frame.csv --id dossier --stratum office --n 3000 --minimum 50 \\
      --allocation power --seed "XSMB 2026-11-05 48291" --reserve 20 --out drawn.csv
  python -m analysis sample wards.csv --id ward --stratum office --n-each 8 --size dossiers \\
      --seed 2026 --format json
  python -m analysis sample frame.csv --id dossier --n 300 --seed 2026 --check drawn.csv.json

The draw follows from the frame and the seed alone, whatever the order of the rows: the same
command gives the same list and the same checksum. --out writes the list as CSV and beside it
FILE.json with seed, method, frame hash, every unit and the checksum; --check compares with such
a file. Columns: the id, stratum, role (main, reserve), order, is_certainty, inclusion_probability,
weight; an id or stratum column that is called like another one gets the prefix "frame.". In CSV an
apostrophe stands before ids that a spreadsheet would take for formulas (=A1), not before plain
numbers (-1, +84); a note says so. Reserve units are issued in their order, each for one lost unit.
Methods: simple and systematic; by --size pareto and sequential_poisson (permanent random numbers,
probabilities nearly those wanted) and pps_systematic (exactly those).
"""
SIZE_EXAMPLE = """\
example:
  python -m analysis sample-size --margin 0.05 --population 12000 --design-effect 1.5 --response-rate 0.8

Prints the number of units to draw so that a proportion is known within +- margin.
"""


def add(commands: argparse._SubParsersAction[option.Parser]) -> None:
    """Add both commands and their options."""
    parser = commands.add_parser("sample", help="draw a sample that can be replayed", epilog=EXAMPLE)
    option.add_file(parser)
    parser.add_argument("--id", type=option.name, required=True, metavar="COL", help="unique id of each unit")
    parser.add_argument("--stratum", type=option.name, metavar="COL", help="draw in each stratum")
    parser.add_argument("--seed", type=option.name, required=True, metavar="TEXT", help="any visible text")
    _add_numbers(parser.add_argument_group("how many"))
    _add_method(parser.add_argument_group("how"))
    parser.add_argument(
        "--out", metavar="FILE.csv", help="write the list here and its record to FILE.csv.json"
    )
    parser.add_argument(
        "--check", metavar="FILE.json", help="refuse unless the draw is that of a record, unaltered"
    )
    option.add_format(parser)
    parser.set_defaults(run=run)
    _add_size(commands)


def _add_numbers(group: argparse._ArgumentGroup) -> None:
    count = option.number(1, 2**53, "be a whole number of at least 1", is_whole=True)
    none_too = option.number(0, 2**53, "be a whole number of at least 0", is_whole=True)
    group.add_argument("--n", type=count, help="units in all, shared out over the strata")
    group.add_argument("--n-each", type=count, metavar="N", help="units of each stratum")
    group.add_argument("--n-column", type=option.name, metavar="COL", help="units of each stratum, by column")
    group.add_argument(
        "--allocation", type=option.one_of(ALLOCATIONS), help=f"of --n: {option.either(ALLOCATIONS)}"
    )
    group.add_argument("--minimum", type=none_too, metavar="N", help="of each stratum, with --n; default 0")
    group.add_argument(
        "--power",
        type=option.number(0, 1, "lie between 0 and 1"),
        help="of the power allocation; default 0.5",
    )
    group.add_argument(
        "--deviation", type=option.name, metavar="COL", help="standard deviation of each stratum, for neyman"
    )
    group.add_argument(
        "--reserve",
        type=none_too,
        default=0,
        metavar="N",
        help="reserve units of each stratum; default 0",
    )


def _add_method(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--method",
        type=option.one_of(METHODS),
        help=f"{', '.join(METHODS)} (default simple; with --size pps_systematic)",
    )
    group.add_argument(
        "--size", type=option.name, metavar="COL", help="whole numbers; draw in proportion to it"
    )
    group.add_argument(
        "--order", type=option.name, metavar="COL", help="order for systematic draws; ties by id"
    )


def _add_size(commands: argparse._SubParsersAction[option.Parser]) -> None:
    parser = commands.add_parser("sample-size", help="how many to draw", epilog=SIZE_EXAMPLE)
    share = option.number(0, 1, "lie between 0 and 1")
    parser.add_argument("--margin", type=share, required=True, help="margin of error, such as 0.05")
    parser.add_argument("--proportion", type=share, default=0.5, help="expected; default 0.5, the safe side")
    parser.add_argument("--level", type=option.level, default=0.95, help="default 0.95")
    parser.add_argument(
        "--population",
        type=option.number(1, 2**53, "be a whole number of at least 1", is_whole=True),
        help="units in the frame; without end where left out",
    )
    parser.add_argument(
        "--design-effect", type=option.number(0, 1e6, "be a positive number"), default=1.0, help="default 1"
    )
    parser.add_argument("--response-rate", type=share, default=1.0, help="default 1")
    parser.set_defaults(run=run_size)


def run(options: argparse.Namespace) -> None:
    """Read the frame, draw, write."""
    from analysis.command.progress import watched
    from analysis.command.steps.drawing import draw_from_file

    _check(options)
    with watched() as progress:
        draw_from_file(options, progress)


def run_size(options: argparse.Namespace) -> None:
    """Print how many units to draw."""
    from analysis.command.faults import in_words_of_options
    from analysis.sampling.size import sample_size_proportion

    words = {
        "margin_of_error": "--margin",
        "design_effect": "--design-effect",
        "response_rate": "--response-rate",
    }
    with in_words_of_options(words | {"proportion": "--proportion", "population": "--population"}):
        n = sample_size_proportion(
            options.margin,
            options.proportion,
            options.level,
            options.population,
            options.design_effect,
            options.response_rate,
        )
    sys.stdout.write(f"{n}\n")


def _check(options: argparse.Namespace) -> None:
    """Refuse numbers and methods that contradict each other."""
    options.method = options.method or ("pps_systematic" if options.size else "simple")
    n_ways = sum(value is not None for value in (options.n, options.n_each, options.n_column))
    takes_size, has_size = options.method in BY_SIZE, options.size is not None
    is_neyman, has_deviation = options.allocation == "neyman", options.deviation is not None
    faults = {
        "--n, --n-each, --n-column: give exactly one of them": n_ways != 1,
        "--n-column: needs --stratum": options.n_column is not None and options.stratum is None,
        "--allocation: needs --stratum": options.allocation is not None and options.stratum is None,
        "--allocation: goes with --n": options.allocation is not None and options.n is None,
        "--minimum: goes with --n": options.minimum is not None and options.n is None,
        "--power: goes with --allocation power": options.power is not None and options.allocation != "power",
        "--deviation: goes with --allocation neyman, which needs it": is_neyman != has_deviation,
        f"--size: is needed by --method {options.method}": takes_size and not has_size,
        f"--size: is not used by --method {options.method}": has_size and not takes_size,
        f"--order: is not used by --method {options.method}": options.order is not None
        and "systematic" not in options.method,
    }
    if any(faults.values()):
        raise Refused(*(fault for fault, holds in faults.items() if holds))

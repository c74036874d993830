"""`weights`: from design weights to final ones, step by step."""

from __future__ import annotations

import argparse

from analysis.command import options as option
from analysis.command.faults import Refused

METHODS = ("rake", "linear", "raking", "logit", "truncated_linear")
BOUNDED = ("logit", "truncated_linear")
EXAMPLE = """\
example:
  python -m analysis weights respondents.csv --base w_base --responded answered \\
      --nonresponse-cell office,field --rake margins.csv --trim ,300 --out weighted.csv

The steps are done in this order: base, nonresponse, margins, trim; those without an option are
left out. The margins file has the columns variable, level, N: the known total of each level of a
column, all variables with the same sum. The file is written anew with one more column; rows that
did not respond get weight 0. What each step did stands on stderr. A variance that knows of the
margins needs the library (SurveyDesign with a Calibration): to `index --weight` the new column is
a design weight like any other, which as a rule overstates the standard error.
"""


def add(commands: argparse._SubParsersAction[option.Parser]) -> None:
    """Add the command and its options."""
    what = "weights: nonresponse, known margins, trimming"
    parser = commands.add_parser("weights", help=what, epilog=EXAMPLE)
    option.add_file(parser)
    parser.add_argument("--base", type=option.name, metavar="COL", help="weights before; 1 where left out")
    _add_nonresponse(parser.add_argument_group("nonresponse"))
    _add_margins(parser.add_argument_group("known margins"))
    parser.add_argument(
        "--trim",
        type=option.limits,
        metavar="LOW,HIGH",
        help="cut weights outside and give the difference to the others; either may be left out: ,300",
    )
    parser.add_argument(
        "--name", type=option.name, default="weight", help="of the new column; default weight"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="CSV, or Parquet if it ends so")
    parser.set_defaults(run=run)


def _add_nonresponse(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--responded", type=option.name, metavar="COL", help="1 who answered, 0 who did not")
    group.add_argument(
        "--nonresponse-cell",
        type=option.names,
        default=[],
        metavar="COL[,COL]",
        help="who answered takes over the weight of others in the same cell; one cell where left out",
    )
    group.add_argument(
        "--min-respondents",
        type=option.number(1, 1e9, "be a whole number of at least 1", is_whole=True),
        help="a cell with fewer is refused; default 20; goes with --responded",
    )


def _add_margins(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--rake", dest="margins", metavar="FILE", help="the known totals")
    group.add_argument(
        "--method",
        type=option.one_of(METHODS),
        help=f"{option.either(METHODS)}; all but rake are calibrations to the same totals by that distance",
    )
    group.add_argument(
        "--bounds",
        type=option.limits,
        metavar="LOW,HIGH",
        help="least and largest factor, for logit and truncated_linear",
    )
    group.add_argument(
        "--missing",
        type=option.one_of(("refuse", "own_level")),
        help="what an empty cell of a margin's column is: a fault (refuse, default) or a level (own_level)",
    )


def run(options: argparse.Namespace) -> None:
    """Read, weight, write."""
    from analysis.command.progress import watched
    from analysis.command.steps.weighting import make_weights

    _check(options)
    with watched() as progress:
        make_weights(options, progress)


def _check(options: argparse.Namespace) -> None:
    """Refuse options that no step would look at; fill in the defaults of the others."""
    method = options.method or METHODS[0]
    faults = {
        "--nonresponse-cell: needs --responded": bool(options.nonresponse_cell) and not options.responded,
        "--min-respondents: needs --responded": options.min_respondents is not None and not options.responded,
        "--method: needs --rake": options.method is not None and not options.margins,
        "--missing: needs --rake": options.missing is not None and not options.margins,
        "--bounds: needs --rake": options.bounds is not None and not options.margins,
        f"--bounds: is not used by --method {method}": options.bounds is not None
        and bool(options.margins)
        and method not in BOUNDED,
    }
    if any(faults.values()):
        raise Refused(*(fault for fault, holds in faults.items() if holds))
    options.method = method
    options.missing = options.missing or "refuse"
    options.min_respondents = options.min_respondents or 20

"""`estimate`: mean, total, ratio or proportion of any variable."""

from __future__ import annotations

import argparse

from analysis.command import options as option

EXAMPLE = """\
examples:
  python -m analysis estimate schools.csv --statistic mean --variable api00 --by stype \\
      --psu dnum --fpc fpc1,fpc2 --interval t --df full
  python -m analysis estimate schools.csv --statistic proportion --variable "sch.wide=Yes"

NAME=VALUE is 1 where the column holds the value, else 0. Rows with a missing value are outside of
the domain of that variable, as R's na.rm=TRUE. JSON is the same as that of index; measure is the
variable, of a ratio x/y.
"""


def add(commands: argparse._SubParsersAction[option.Parser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser(
        "estimate", help="mean, total, ratio or proportion by domain", epilog=EXAMPLE
    )
    option.add_file(parser)
    option.add_statistic(parser)
    option.add_domains(parser)
    option.add_design(parser)
    option.add_interval(parser)
    option.add_format(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Read, estimate, write."""
    from analysis.command.progress import watched
    from analysis.command.steps.figures import estimate_statistic, write_figures

    option.check_statistic(options)
    with watched() as progress:
        found = estimate_statistic(options, progress)
        progress.stage("writing")
        write_figures(found, found.rows(options), options)

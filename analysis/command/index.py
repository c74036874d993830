"""`index`: satisfaction indices of offices, factors and items."""

from __future__ import annotations

import argparse

from analysis.command import options as option

EXAMPLE = """\
example:
  python -m analysis index respondents.csv --items q1-q22 --satisfied 4,5 --valid 1-5 \\
      --by office --stratum office --psu ward --weight w --factor access=q1-q4 --format csv

Cells that are empty, NA, NaN or N/A are missing answers. Labels lose outer spaces. JSON is a list
of objects with measure (all, a factor or an item), domain (column -> value, as text), value,
standard_error, degrees_of_freedom, low, high, n_respondents, design_effect and note; values are
proportions. The design effect compares with a simple random sample without replacement.
"""


def add(commands: argparse._SubParsersAction[option.Parser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("index", help="satisfaction indices by domain", epilog=EXAMPLE)
    option.add_file(parser)
    option.add_items(parser)
    option.add_measures(parser)
    option.add_domains(parser)
    option.add_design(parser)
    option.add_interval(parser)
    option.add_format(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Read, estimate, write."""
    from analysis.command.progress import watched
    from analysis.command.steps.figures import estimate_index, write_figures

    with watched() as progress:
        found = estimate_index(options, progress)
        progress.stage("writing")
        write_figures(found, found.rows(options), options)

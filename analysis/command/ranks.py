"""`ranks`: offices in order, each with the ranks that it may have."""

from __future__ import annotations

import argparse

from analysis.command import options as option

METHODS = ("mogstad", "mogstad_single_step", "klein_wright_wieczorek", "bonferroni_pairs")
EXAMPLE = """\
example:
  python -m analysis ranks respondents.csv --items q1-q22 --by office \\
      --stratum office --psu ward --weight w --method mogstad --level 0.95 --seed 1

Rank 1 is the highest index. The sets best_rank ... worst_rank hold for all domains together at the
level. A band opens where a domain is shown to lie below the first one of the band above. Domains
without a standard error come last, without a rank. JSON: a list of objects with domain, value,
standard_error, degrees_of_freedom, low, high, n_respondents, rank, best_rank, worst_rank, band,
probability_bottom_fifth and note.
"""


def add(commands: argparse._SubParsersAction[option.Parser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("ranks", help="ranks of domains, with their uncertainty", epilog=EXAMPLE)
    option.add_file(parser)
    option.add_items(parser)
    option.add_domains(parser, required=True)
    parser.add_argument(
        "--method", type=option.one_of(METHODS), default=METHODS[0], help=option.either(METHODS)
    )
    parser.add_argument(
        "--seed",
        type=option.number(0, 2**63 - 1, "be a whole number of at least 0", is_whole=True),
        default=0,
        help="of the simulation; default 0",
    )
    option.add_design(parser)
    option.add_interval(parser)
    option.add_format(parser)
    parser.set_defaults(run=run, factor=[], per_item=False)


def run(options: argparse.Namespace) -> None:
    """Read, estimate, rank, write."""
    from analysis.command.progress import watched
    from analysis.command.steps.comparing import rank_rows
    from analysis.command.steps.figures import estimate_index, write_figures

    with watched() as progress:
        found = estimate_index(options, progress)
        progress.stage("ranking")
        rows = rank_rows(found, options)
        write_figures(found, rows, options, {"ranks": f"{options.method}, seed {options.seed}"})

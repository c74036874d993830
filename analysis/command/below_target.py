"""`below-target`: which domains are shown to lie below a target."""

from __future__ import annotations

import argparse

from analysis.command import options as option

ADJUSTMENTS = ("holm", "hochberg", "bonferroni", "BH", "BY", "none")
SIDES = ("below", "above", "both")
EXAMPLE = """\
example:
  python -m analysis below-target respondents.csv --items q1-q22 --by office --target 0.85 \\
      --stratum office --psu ward --weight w --adjust holm --level 0.95

A verdict is given at 1 - level over all domains together; with --side both, half of that on each
side. "not decided" never means "on target". JSON: a list of objects with domain, value,
standard_error, degrees_of_freedom, low, high, n_respondents, p_below, adjusted_p_below (and
p_above, adjusted_p_above), verdict (shown below, shown above, not decided, not estimable), note.
"""


def add(commands: argparse._SubParsersAction[option.Parser]) -> None:
    """Add the command and its options."""
    what = "tests of domains against a target"
    parser = commands.add_parser("below-target", help=what, epilog=EXAMPLE)
    option.add_file(parser)
    option.add_items(parser)
    option.add_domains(parser)
    parser.add_argument(
        "--target",
        type=option.number(0, 1, "lie between 0 and 1, such as 0.85"),
        required=True,
        help="as a proportion, such as 0.85",
    )
    parser.add_argument(
        "--adjust",
        type=option.one_of(ADJUSTMENTS),
        default=ADJUSTMENTS[0],
        help=f"for the number of tests: {option.either(ADJUSTMENTS)}",
    )
    parser.add_argument("--side", type=option.one_of(SIDES), default=SIDES[0], help=option.either(SIDES))
    option.add_design(parser)
    option.add_interval(parser)
    option.add_format(parser)
    parser.set_defaults(run=run, factor=[], per_item=False)


def run(options: argparse.Namespace) -> None:
    """Read, estimate, test, write."""
    from analysis.command.progress import watched
    from analysis.command.steps.comparing import target_rows
    from analysis.command.steps.figures import estimate_index, write_figures

    with watched() as progress:
        found = estimate_index(options, progress)
        rows = target_rows(found, options)
        test = f"{options.target:g}, side {options.side}, p-values adjusted by {options.adjust}"
        write_figures(found, rows, options, {"target": test})

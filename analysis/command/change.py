"""`change`: how much a figure changed between two waves that stand in one file."""

from __future__ import annotations

import argparse

from analysis.command import options as option
from analysis.command.faults import Refused

STATISTICS = ("mean", "total", "ratio", "proportion")
EXAMPLE = """\
examples:
  python -m analysis change both_years.csv --wave year --from 2025 --to 2026 --items q1-q22 \\
      --by office --stratum office --psu ward --weight w
  python -m analysis change both_years.csv --wave year --from 2025 --to 2026 --statistic ratio \\
      --variable n_ok --denominator n_valid --stratum office --psu ward --weight w

Both waves stand in one file; a PSU that was drawn in both has the same id, which makes the
interval narrower. Limits are always value +- t. JSON: a list of objects with measure, domain,
value (later minus earlier), standard_error, degrees_of_freedom, low, high, n_respondents,
value_from, value_to, verdict (shown to have risen, shown to have fallen, not shown to have
changed, not estimable) and note. Where one wave alone has no standard error, or shows no spread at
all (0 or 100 %), the change has no limits either: its verdict is not estimable.
"""


def add(commands: argparse._SubParsersAction[option.Parser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("change", help="change between two waves", epilog=EXAMPLE)
    option.add_file(parser)
    parser.add_argument("--wave", type=option.name, required=True, metavar="COL", help="column of the waves")
    parser.add_argument(
        "--from", dest="from_wave", type=option.name, required=True, metavar="VALUE", help="earlier wave"
    )
    parser.add_argument(
        "--to", dest="to_wave", type=option.name, required=True, metavar="VALUE", help="later wave"
    )
    option.add_items(parser, required=False)
    option.add_measures(parser)
    option.add_statistic(parser, required=False)
    option.add_domains(parser)
    option.add_design(parser)
    option.add_interval(parser, has_method=False)
    option.add_format(parser)
    parser.set_defaults(run=run, interval=None, no_cap=False)


def run(options: argparse.Namespace) -> None:
    """Read, estimate, compare, write."""
    from analysis.command.progress import watched
    from analysis.command.steps.comparing import change_rows, notes_on_waves
    from analysis.command.steps.figures import estimate_index, estimate_statistic, write_figures

    if (options.items is None) == (options.statistic is None):
        raise Refused("--items or --statistic: give the one or the other")
    if options.wave in options.by:
        raise Refused(f"--by: must not hold the column of --wave, {options.wave!r}")
    if options.statistic is not None:
        option.check_statistic(options)
    options.by = [options.wave, *options.by]
    with watched() as progress:
        estimate = estimate_index if options.items is not None else estimate_statistic
        found = estimate(options, progress)
        rows = change_rows(found, options)
        found.notes.extend(notes_on_waves(found, options))
        options.by = options.by[1:]
        waves = f"{options.wave} {options.from_wave} to {options.to_wave}"
        write_figures(found, rows, options, {"change": waves})

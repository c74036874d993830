"""The program: reads options, runs a command, turns refusals into exit code 2 and one line each."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from analysis import METHOD_VERSION
from analysis.command import below_target, change, estimate, index, ranks, sample, weights
from analysis.command.faults import Refused
from analysis.command.options import Parser, refuse_wrong_options
from analysis.errors import AnalysisError

_COMMANDS = (index, estimate, ranks, below_target, change, weights, sample)


def run_from_shell() -> int:
    """Run with UTF-8 output whatever the locale; a reader that goes away is no error."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8")  # type: ignore[union-attr]  # both are files here
    try:
        code = main()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to flush at exit
        return 1
    except KeyboardInterrupt:
        return 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, or 2 if the file or an option has a fault."""
    parser = _parser()
    try:
        options = parser.parse_args(arguments)
        if not hasattr(options, "run"):
            parser.print_help(sys.stderr)
            return 2
        refuse_wrong_options(options)
        options.run(options)
    except Refused as refused:
        sys.stderr.writelines(f"{line}\n" for line in refused.lines)
        return 2
    except AnalysisError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except MemoryError:
        sys.stderr.write("the file or the number of domains is too large for this machine's memory\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m analysis",
        description="Survey figures, weights and samples from CSV or Parquet files.",
        epilog="Each command has --help with an example.",
    )
    parser.add_argument("--version", action="version", version=f"analysis, method version {METHOD_VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    return parser

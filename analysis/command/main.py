"""The program: reads options, runs a command, turns refusals into exit code 2 and one line each."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO

from analysis import METHOD_VERSION
from analysis.command import below_target, change, estimate, index, ranks, sample, weights
from analysis.command.faults import Refused, printable
from analysis.command.options import Parser, refuse_wrong_options
from analysis.errors import AnalysisError

_COMMANDS = (index, estimate, ranks, below_target, change, weights, sample)


def run_from_shell() -> int:
    """Run with UTF-8 output whatever the locale; return `main`'s code, or 1 if output cannot be written.

    A reader that goes away is not worth a message.
    """
    _open_streams()
    try:
        code = _code_of_main()
        sys.stdout.flush()
        sys.stderr.flush()
        return code
    except BrokenPipeError:
        _discard(sys.stdout)
        return 1
    except OSError as error:  # of a stream: files that cannot be read or written are refused by name
        _discard(sys.stdout)
        with suppress(OSError):
            sys.stderr.write(f"the output cannot be written ({(error.strerror or str(error)).lower()})\n")
            sys.stderr.flush()
            return 1
        _discard(sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _open_streams() -> None:
    """Make both streams UTF-8; what the shell closed is opened so that no other file takes its number."""
    for number, name, mode in ((1, "stdout", "r"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
            if nowhere != number:
                os.dup2(nowhere, number)
            # The results must not get lost unseen: writing them fails. Notes may get lost.
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
        else:
            getattr(sys, name).reconfigure(encoding="utf-8", errors="backslashreplace")


def _code_of_main() -> int:
    try:
        return main()
    except SystemExit as end:  # how argparse ends --help and --version
        return int(end.code or 0)


def _discard(stream: TextIO) -> None:
    """Let what a stream still holds vanish, so that nothing is left to fail at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        stream.flush()


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
        sys.stderr.writelines(f"{printable(line)}\n" for line in refused.lines)
        return 2
    except AnalysisError as error:
        sys.stderr.write(f"{printable(str(error))}\n")
        return 2
    except MemoryError:
        sys.stderr.write("the file or the number of domains is too large for this machine's memory\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m analysis",
        description="Survey figures, weights and samples from CSV or Parquet files.",
        epilog="Each command has --help with an example. Exit codes: 0 done; 1 the output cannot be\n"
        "written; 2 the file or an option has a fault, named on stderr; 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"analysis, method version {METHOD_VERSION}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    return parser

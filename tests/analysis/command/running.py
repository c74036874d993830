"""Runs the program in this process, and keeps what it answered."""

import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from io import StringIO

from analysis.command.main import main
from tests.analysis.reference_data import FOLDER

SIPAS = str(FOLDER / "sipas/respondents.csv")
WARDS = ("--stratum", "office", "--psu", "ward", "--weight", "w")


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def faults(self) -> list[str]:
        return self.err.splitlines()

    @property
    def rows(self) -> list[dict]:
        assert self.code == 0, self.err
        return json.loads(self.out)


def run(*arguments: object) -> Answer:
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # how argparse ends --help and --version
            code = int(end.code or 0)
    return Answer(code, out.getvalue(), err.getvalue())


@cache
def run_json(*arguments: object) -> list[dict]:
    return run(*arguments, "--format", "json").rows


def find(rows: list[dict], measure: str, **domain: str) -> dict:
    return next(row for row in rows if row["measure"] == measure and row["domain"] == domain)

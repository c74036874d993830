"""The program as a shell sees it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import polars
import pytest

from analysis import METHOD_VERSION
from analysis.command import below_target, options, ranks, sample, weights
from analysis.command.main import main
from tests.analysis.command.running import SIPAS, WARDS, run

ROOT = Path(__file__).parents[3]
COMMANDS = ("index", "estimate", "ranks", "below-target", "change", "weights", "sample", "sample-size")


def shell(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "analysis", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )


def test_a_figure_from_the_shell():
    done = shell("index", SIPAS, "--items", "q1-q22", *WARDS, "--format", "json")
    assert done.returncode == 0
    assert done.stdout.decode() == run("index", SIPAS, "--items", "q1-q22", *WARDS, "--format", "json").out


def test_a_fault_from_the_shell():
    done = shell("index", "nowhere.csv", "--items", "q1")
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr == b"nowhere.csv: cannot be read (no such file or directory)\n"


def test_a_damaged_parquet_file_is_a_fault_in_one_line(tmp_path):
    file = tmp_path / "rows.parquet"
    polars.DataFrame({"q1": [5, 4, None] * 50}).write_parquet(file)
    data = file.read_bytes()
    for place in range(4, 120, 4):
        file.write_bytes(data[:place] + b"\xff" * 12 + data[place + 12 :])
        if run("index", file, "--items", "q1").code:
            done = shell("index", file, "--items", "q1", RUST_BACKTRACE="1")
            assert done.returncode == 2
            assert done.stderr.decode() == f"{file}: is a damaged Parquet file\n"
            return
    pytest.fail("no damage was found")


def test_output_is_utf_8_in_any_locale(tmp_path):
    file = tmp_path / "tỉnh.csv"
    file.write_text("tỉnh,q1\nHuế,5\n")
    options = ("--items", "q1", "--by", "tỉnh", "--format", "csv")
    done = shell("index", file, *options, LANG="C", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.decode("utf-8").splitlines()[1].startswith("Huế,all,1.0,")
    assert (
        b"tr\xe1" not in shell("index", file, "--items", "trả", LC_ALL="C", PYTHONIOENCODING="ascii").stdout
    )


def test_a_reader_that_goes_away_is_no_error():
    command = [sys.executable, "-m", "analysis", "index", SIPAS, "--items", "q1-q22", "--per-item"]
    command += ["--by", "ward,sex,age", "--format", "csv"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.parametrize(
    ("streams", "code", "error"),
    [
        (">/dev/full", 1, "the output cannot be written (no space left on device)\n"),
        (">&-", 1, "the output cannot be written (not writable)\n"),
        ("<&- >&-", 1, "the output cannot be written (not writable)\n"),
        (">/dev/full 2>/dev/full", 1, ""),
        (">&- 2>&-", 1, ""),
        ("2>&-", 0, ""),
        ("--help >/dev/full", 1, "the output cannot be written (no space left on device)\n"),
        ("--strict --by nothing 2>/dev/full", 1, ""),
    ],
)
def test_output_that_cannot_be_written_is_said_where_possible(tmp_path, streams, code, error):
    (tmp_path / "rows.csv").write_text("q1\n5\n4\n1\n")
    command = f"{sys.executable} -m analysis index {tmp_path}/rows.csv --items q1 {streams}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, check=False, text=True)
    assert done.returncode == code
    assert done.stderr == error


def test_names_that_are_no_utf_8_are_named_without_traceback():
    done = shell("index", os.fsdecode(b"\xff\x1b.csv"), "--items", "q1")
    assert done.returncode == 2
    assert done.stderr == b"\\udcff\\x1b.csv: cannot be read (no such file or directory)\n"


@pytest.mark.parametrize("name", ["out.parquet", "out.csv"])
def test_a_full_disk_leaves_nothing_behind(tmp_path, name):
    polars.DataFrame({"x": [1 / (row + 3) for row in range(20_000)]}).write_parquet(tmp_path / "x.parquet")
    python = f"{sys.executable} -m analysis weights {tmp_path}/x.parquet --out {tmp_path}/{name}"
    done = subprocess.run(
        ["bash", "-c", f"ulimit -f 20; {python}"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith(f"{tmp_path}/{name}: cannot be written (")
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]


def test_without_a_command_the_help_is_shown():
    answer = run()
    assert answer.code == 2
    assert all(command in answer.err for command in COMMANDS)


def test_the_version_is_that_of_the_methods():
    assert run("--version").out == f"analysis, method version {METHOD_VERSION}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_shows_an_example(command):
    answer = run(command, "--help")
    assert answer.code == 0
    assert f"python -m analysis {command} " in answer.out.partition("example")[2]


def test_help_loads_nothing_heavy():
    command = [sys.executable, "-X", "importtime", "-m", "analysis", "index", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "analysis.command.index" in loaded
    assert loaded.isdisjoint({"numpy", "scipy", "polars", "pyarrow", "numba"})


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("figures",), "argument COMMAND: invalid choice: 'figures'"),
        (("index", SIPAS), "the following arguments are required: --items"),
        (("index", SIPAS, "--items", "q1", "--itmes", "q2"), "unrecognized arguments: --itmes q2"),
        (("index", SIPAS, "--item", "q1"), "the following arguments are required: --items"),
    ],
)
def test_what_is_no_option_is_refused_in_one_line(arguments, fault):
    answer = run(*arguments)
    assert answer.code == 2
    assert len(answer.faults) == 1
    assert fault in answer.err


def test_too_little_memory_is_said_in_words(monkeypatch, capsys):
    def exhaust(_):
        raise MemoryError

    monkeypatch.setattr("analysis.command.steps.figures.open_table", lambda *_: exhaust(None))
    assert main(["index", SIPAS, "--items", "q1"]) == 2
    assert "too large for this machine's memory" in capsys.readouterr().err


def test_choices_are_those_of_the_library():
    from analysis.comparison.multiplicity import Adjustment
    from analysis.comparison.target import Alternative
    from analysis.design import LonePsu, SamplingBasis
    from analysis.estimation.index import Rule
    from analysis.intervals.survey import DEFAULT_METHOD, Method
    from analysis.ranking.sets import RankMethod
    from analysis.sampling.plan import Method as Draws
    from analysis.weighting.known_totals.distance import Distance

    assert get_args(Method) == options.INTERVALS
    assert options.INTERVALS[0] == DEFAULT_METHOD
    assert get_args(Rule) == options.RULES
    assert get_args(LonePsu) == options.LONE_PSU
    assert get_args(SamplingBasis) == options.SAMPLING_BASES
    assert get_args(RankMethod) == ranks.METHODS
    assert set(get_args(Alternative)) == set(below_target.SIDES)
    aliases = {"BH": "benjamini_hochberg", "BY": "benjamini_yekutieli"}
    assert {aliases.get(name, name) for name in below_target.ADJUSTMENTS} == set(get_args(Adjustment))
    assert set(get_args(Draws)) == set(sample.METHODS)
    assert {"rake", *get_args(Distance)} == set(weights.METHODS)

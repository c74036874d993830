"""The guide's examples are true: run here, as they stand in docs/analysis.md, in its order."""

import doctest
import io
import os
import re
import shlex
from collections.abc import Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, get_args

import pytest

import analysis
from analysis.command import options
from analysis.comparison.multiplicity import Adjustment
from analysis.design import LonePsu, SamplingBasis
from analysis.estimation.estimate import Reason
from analysis.estimation.index import Rule
from analysis.intervals.survey import Evidence, Method, survey_interval
from analysis.ranking.sets import RankMethod
from analysis.sampling.plan import Method as SamplingMethod
from analysis.weighting.known_totals.distance import Distance
from benchmarks import guide_pictures
from benchmarks.guide_pictures import FOLDER, GUIDE, PICTURES, ROOT, WORKED
from tests.analysis.command.running import run
from tests.analysis.reference_data import read_rows

TEXT = GUIDE.read_text(encoding="utf-8")
LEFT_OUT = "…"
WORDS = [
    *(name for choice in (Method, LonePsu, SamplingBasis, Rule, RankMethod) for name in get_args(choice)),
    *(name for choice in (Adjustment, SamplingMethod, Distance, Reason) for name in get_args(choice)),
]
SUBCOMMANDS = ("index", "estimate", "ranks", "below-target", "change", "weights", "sample", "sample-size")


class Block(NamedTuple):
    language: str
    text: str
    line: int


BLOCKS = [
    Block(found[1], found[2], TEXT[: found.start(2)].count("\n") + 1)
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
]
RUN = [block for block in BLOCKS if block.language in ("python", "console")]

# ---- running


@cache
def faults_by_line() -> dict[int, str]:
    """Run the guide from its first block to its last, in a folder of its own; "" where all is as printed."""
    names: dict[str, object] = {}
    with TemporaryDirectory() as folder:
        os.symlink(ROOT / "tests", Path(folder, "tests"))
        with chdir(folder):
            return {
                block.line: faults_of_python(block, names)
                if block.language == "python"
                else "\n".join(faults_of_console(block))
                for block in RUN
            }


def faults_of_python(block: Block, names: dict[str, object]) -> str:
    test = doctest.DocTestParser().get_doctest(block.text, {}, "guide", str(GUIDE), block.line - 1)
    test.globs = names  # later blocks go on where earlier ones ended
    said = io.StringIO()
    doctest.DocTestRunner(verbose=False).run(test, out=said.write, clear_globs=False)
    return said.getvalue()


def faults_of_console(block: Block) -> Iterator[str]:
    for found in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        program, words = shlex.split(found[1])[:3], shlex.split(found[1])[3:]
        assert program == ["python", "-m", "analysis"]
        answer = run(*words)
        printed = [line.rstrip() for line in (answer.err + answer.out).splitlines()]
        printed = [line for line in printed if not line.endswith(" …")]  # what a slow machine is busy with
        if not is_as_printed(found[2].splitlines(), printed):
            yield "\n".join([f"$ {found[1]}", *printed])


def is_as_printed(shown: list[str], printed: list[str]) -> bool:
    """Whether lines are those shown, where "…" stands for any lines left out."""
    pattern = "".join("(?:.*\n)*?" if line == LEFT_OUT else re.escape(line) + "\n" for line in shown)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in printed)) is not None


# ---- examples


@pytest.mark.parametrize("block", RUN, ids=lambda block: f"{block.language}-line-{block.line}")
def test_an_example_prints_what_the_guide_shows(block):
    assert faults_by_line()[block.line] == ""


@pytest.mark.parametrize(
    ("shown", "printed", "expected"),
    [
        (["a", "b"], ["a", "b"], True),
        (["a", LEFT_OUT, "d"], ["a", "b", "c", "d"], True),
        (["a", LEFT_OUT, "d"], ["a", "c", "e"], False),
        (["a"], ["a", "b"], False),
        ([LEFT_OUT, "b"], ["a", "b"], True),
        (["a.c"], ["abc"], False),
    ],
)
def test_only_marked_lines_may_be_left_out(shown, printed, expected):
    assert is_as_printed(shown, printed) is expected


def test_all_blocks_are_of_a_known_kind():
    assert {block.language for block in BLOCKS} == {"python", "console", "sh", "r", "py"}
    assert len(RUN) > 30


# ---- completeness


@pytest.mark.parametrize("name", analysis.__all__)
def test_the_guide_names_each_public_name(name):
    assert re.search(rf"\b{name}\b", TEXT)


@pytest.mark.parametrize("word", WORDS)
def test_the_guide_names_each_choice_of_a_method_or_policy(word):
    assert re.search(rf"(?<!\w){word}(?!\w)", TEXT)


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_the_guide_runs_each_command(command):
    assert re.search(rf"^\$ python -m analysis {command} ", TEXT, re.MULTILINE)


def test_the_commands_are_those_of_the_program():
    listed = run("--help").out
    assert set(re.findall(r"^    ([a-z-]+)(?: |$)", listed, re.MULTILINE)) == set(SUBCOMMANDS)
    assert set(options.INTERVALS) <= set(WORDS)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)]+)\)", TEXT))))
def test_each_link_leads_somewhere(link):
    file, _, place = link.partition("#")
    assert (GUIDE.parent / file).exists()
    if place:
        headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
        slugs = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]
        assert place in slugs


# ---- pictures and tables


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_remade_is_the_same_to_the_byte(name):
    drawn = PICTURES[name]().svg().encode()
    assert (FOLDER / f"{name}.svg").read_bytes() == drawn
    assert len(drawn) < 20_000
    assert re.search(rf"!\[[^\]]{{20,}}\]\(pictures/analysis/{name}\.svg\)", TEXT)


def test_there_are_no_other_pictures():
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(PICTURES)


def test_the_table_of_coverage_is_that_of_the_study():
    assert guide_pictures.with_table(TEXT) == TEXT


@pytest.mark.parametrize("method", get_args(Method))
def test_the_table_of_intervals_shows_their_limits_for_27_of_27(method):
    low, high = survey_interval(method, Evidence(1.0, 0.0, 26, 27, 27))
    (line,) = [line for line in TEXT.splitlines() if line.startswith("| `") and f"`{method}`" in line[:45]]
    assert f"| {100 * low:.1f}–{100 * high:.0f} |" in line


# ---- sentences


def test_the_sentence_for_the_report_is_that_of_the_figures():
    found = guide_pictures.offices()[{"office": WORKED}, "all"]
    interval = found.confidence_interval()
    sentence = (
        f"In office {WORKED}, {100 * found.value:.1f} % of the answers were satisfied (95 % interval "
        f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %; {found.n_respondents} people in "
        f"{found.degrees_of_freedom + 1} wards; synthetic data)."
    )
    assert sentence in re.sub(r"\n> ", " ", TEXT)


def test_r_s_figures_of_the_worked_office_are_r_s():
    (row,) = [
        row
        for row in read_rows("sipas/expected_index.csv")
        if (row["case"], row["design"], row["stat"], row["variable"], row["domain"])
        == ("S03", "wr", "index_pooled_dfdom", "all", WORKED)
    ]
    figures = (float(row[name]) for name in ("estimate", "se", "ci_low", "ci_high"))
    assert " ".join(f"{figure:.4f}" for figure in figures) in TEXT


@pytest.mark.parametrize(
    ("file", "wanted", "words"),
    [
        ("api/expected_replication.csv", {"case": "R4_Fay", "stat": "mean", "domain": ""}, "65.8898 1.2768"),
        ("sipas/expected_two_waves.csv", {"case": "Y01", "stat": "change"}, "4.78 1.39"),
    ],
)
def test_other_figures_of_r_are_r_s(file, wanted, words):
    (row,) = [row for row in read_rows(file) if all(row[name] == value for name, value in wanted.items())]
    for figure, word in zip((row["estimate"], row["se"]), words.split(), strict=True):
        assert f"{float(figure):.{len(word.partition('.')[2])}f}" == word
        assert word in TEXT

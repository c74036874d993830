import csv
import hashlib
import json

import pytest

from tests.analysis.command.running import run
from tests.analysis.reference_data import FOLDER

OFFICES = FOLDER / "sipas/offices.csv"
FRAME = "dossier,office,size,n,s,place\n" + "".join(
    f"D{row:02},{'AB'[row % 2]},{row + 1},{3 if row % 2 else 2},{0.5 if row % 2 else 0.1},{40 - row}\n"
    for row in range(40)
)


@pytest.fixture
def frame(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "frame.csv").write_text(FRAME)
    return "frame.csv"


def drawn(frame, *options):
    answer = run("sample", frame, "--id", "dossier", "--seed", "2026", *options, "--format", "json")
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def counts(record):
    units = [unit["stratum"] for unit in record["units"] if unit["role"] == "main"]
    return {stratum: units.count(stratum) for stratum in sorted(set(units))}


def test_the_same_command_draws_the_same_whatever_the_order_of_the_rows(frame, tmp_path):
    before = drawn(frame, "--stratum", "office", "--n", 9)
    header, *rows = FRAME.splitlines()
    (tmp_path / "frame.csv").write_text("\n".join([header, *reversed(rows)]))
    assert drawn(frame, "--stratum", "office", "--n", 9) == before


def test_another_seed_draws_others(frame):
    first = run("sample", frame, "--id", "dossier", "--n", 9, "--seed", "1").out
    assert run("sample", frame, "--id", "dossier", "--n", 9, "--seed", "2").out != first


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--n", "10"), {"A": 5, "B": 5}),
        (("--n", "10", "--allocation", "equal"), {"A": 5, "B": 5}),
        (("--n", "10", "--allocation", "power", "--power", "0.3"), {"A": 5, "B": 5}),
        (("--n", "12", "--allocation", "neyman", "--deviation", "s"), {"A": 2, "B": 10}),
        (("--n", "12", "--allocation", "neyman", "--deviation", "s", "--minimum", "4"), {"A": 4, "B": 8}),
        (("--n-each", "4"), {"A": 4, "B": 4}),
        (("--n-column", "n"), {"A": 2, "B": 3}),
    ],
)
def test_numbers_are_shared_out(frame, options, expected):
    assert counts(drawn(frame, "--stratum", "office", *options)) == expected


@pytest.mark.parametrize(
    ("options", "method"),
    [
        ((), "simple"),
        (("--method", "systematic", "--order", "place"), "systematic"),
        (("--size", "size"), "pps_systematic"),
        (("--size", "size", "--method", "sequential_poisson"), "sequential_poisson"),
    ],
)
def test_weights_are_the_reciprocals_of_inclusion_probabilities(frame, options, method):
    record = drawn(frame, "--n", 8, *options)
    assert record["method"] == method
    assert record["methods"] == [method]
    for unit in record["units"]:
        assert unit["weight"] == pytest.approx(1 / unit["inclusion_probability"])
        if options[:1] == ("--size",):
            size = int(unit["unit"].removeprefix("D")) + 1
            assert unit["inclusion_probability"] == pytest.approx(8 * size / (40 * 41 / 2))


def test_the_list_and_its_record_are_written_and_replay(frame, tmp_path):
    options = ("sample", frame, "--id", "dossier", "--stratum", "office", "--n", 8, "--reserve", 2)
    answer = run(*options, "--seed", "XSMB 48291", "--out", "drawn.csv")
    assert answer.code == 0
    assert answer.out == ""
    with (tmp_path / "drawn.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        *("dossier", "office", "role", "order", "is_certainty", "inclusion_probability", "weight")
    ]
    assert [row["role"] for row in rows] == (["main"] * 4 + ["reserve"] * 2) * 2
    assert rows[0]["is_certainty"] == "false"
    record = json.loads((tmp_path / "drawn.csv.json").read_text())
    assert record["seed"] == "XSMB 48291"
    assert f"checksum: {record['checksum']}" in answer.err
    assert f"frame hash: {record['frame_hashes'][0]}" in answer.err
    assert run(*options, "--seed", "XSMB 48291", "--check", "drawn.csv.json").code == 0
    other = run(*options, "--seed", "XSMB 48292", "--check", "drawn.csv.json")
    assert other.code == 2
    assert other.faults == ["--check: the draw is not the one in drawn.csv.json; these differ: seed"]


@pytest.fixture
def record(frame, tmp_path):
    assert run("sample", frame, "--id", "dossier", "--seed", "1", "--n", "5", "--out", "drawn.csv").code == 0
    return json.loads((tmp_path / "drawn.csv.json").read_text())


def checked(frame, text):
    with open("record.json", "w") as file:
        file.write(text if isinstance(text, str) else json.dumps(text))
    return run("sample", frame, "--id", "dossier", "--seed", "1", "--n", "5", "--check", "record.json")


def swapped(record):
    first, second, *rest = record["units"]
    return [{**first, "unit": second["unit"]}, {**second, "unit": first["unit"]}, *rest]


def resealed(record):
    content = {name: record[name] for name in record if name not in ("method", "n", "checksum")}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return record | {"checksum": hashlib.sha256(text.encode()).hexdigest()}


ALTERED = "--check: record.json was altered; its checksum is not that of what it holds"
NOT_THAT = "--check: the draw is not the one in record.json; these differ: "


def test_an_unaltered_record_passes(frame, record):
    assert checked(frame, record).code == 0


@pytest.mark.parametrize(
    ("alter", "fault"),
    [
        (lambda record: {"units": swapped(record)}, ALTERED),
        (lambda record: {"units": record["units"][:-1]}, ALTERED),
        (lambda record: {"seed": "2"}, ALTERED),
        (lambda record: {"frame_hashes": ["0" * 64]}, ALTERED),
        (lambda record: {"draw_version": "9"}, ALTERED),
        (lambda record: {"methods": ["systematic"]}, ALTERED),
        (lambda record: {"checksum": "0" * 64}, ALTERED),
        (lambda record: {"n": 4}, NOT_THAT + "n"),
        (lambda record: {"n": 5.0}, NOT_THAT + "n"),
        (lambda record: {"method": "systematic"}, NOT_THAT + "method"),
        (lambda record: resealed(record | {"units": swapped(record)}), NOT_THAT + "units"),
        (lambda record: resealed(record | {"seed": "2"}), NOT_THAT + "seed"),
        (lambda record: {"remark": "approved"}, "--check: record.json is no record of a draw"),
    ],
)
def test_an_altered_record_is_refused(frame, record, alter, fault):
    answer = checked(frame, record | alter(record))
    assert answer.code == 2
    assert answer.out == ""
    assert answer.faults == [fault]


@pytest.mark.parametrize("text", ["[" * 100_000, "{", '{"n": 4, "n": 5}', '{"a":' * 100_000])
def test_what_is_no_json_is_refused_in_one_line(frame, text):
    answer = checked(frame, text)
    assert answer.code == 2
    assert answer.faults == ["--check: record.json cannot be read as JSON"]


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--out", "frame.csv"), "--out: must not be the file that is read, frame.csv"),
        (("--out", "linked.csv"), "--out: must not be the file that is read, frame.csv"),
        (("--out", "x"), "--out (its record): must not be the file that is read, frame.csv"),
        (
            ("--out", "drawn.csv", "--check", "drawn.csv.json"),
            "--out (its record): must not be the file that is read, drawn.csv.json",
        ),
    ],
)
def test_no_file_that_is_read_is_written_over(frame, record, tmp_path, options, fault):
    (tmp_path / "linked.csv").hardlink_to(tmp_path / "frame.csv")
    (tmp_path / "x.json").symlink_to("frame.csv")
    answer = run("sample", frame, "--id", "dossier", "--seed", "1", "--n", "5", *options)
    assert answer.code == 2
    assert answer.faults == [fault]
    assert (tmp_path / "frame.csv").read_text() == FRAME


@pytest.mark.parametrize(
    ("name", "head"),
    [
        *((name, f"frame.{name}") for name in ("order", "role", "weight")),
        *((n, n) for n in ("domain", "note")),
    ],
)
@pytest.mark.parametrize("form", ["csv", "table"])
def test_no_column_of_the_frame_is_lost_under_another(frame, tmp_path, name, head, form):
    (tmp_path / "frame.csv").write_text(f"{name},measure\nA1,all\nA2,all\n")
    options = ("--id", name, "--stratum", "measure", "--n", "2", "--seed", "1", "--format", form)
    lines = run("sample", frame, *options).out.replace(",", " ").splitlines()
    assert lines[0].split() == [
        *(head, "measure", "role", "order", "is_certainty", "inclusion_probability", "weight")
    ]
    units = {tuple(line.split()[:2]) for line in lines if line.startswith("A")}
    assert units == {("A1", "all"), ("A2", "all")}


def test_ids_that_are_plain_numbers_stay_and_others_are_noted(frame, tmp_path):
    (tmp_path / "frame.csv").write_text("id\n-1\n+84\n=A1\n")
    answer = run("sample", frame, "--id", "id", "--n", "3", "--seed", "1", "--format", "csv")
    assert {line.split(",")[0] for line in answer.out.splitlines()} == {"id", "-1", "+84", "'=A1"}
    assert "note: 1 ids look like formulas: an apostrophe stands before them" in answer.err


def test_the_list_may_be_a_table(frame):
    lines = run("sample", frame, "--id", "dossier", "--n", 3, "--seed", "1").out.splitlines()
    assert lines[0].split()[:3] == ["dossier", "role", "order"]
    assert len(lines) == 5 + 1


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ((), "--n, --n-each, --n-column: give exactly one of them"),
        (("--n", "3", "--n-each", "3"), "--n, --n-each, --n-column: give exactly one of them"),
        (("--n", "0"), "--n must be a whole number of at least 1; got '0'"),
        (("--n", "41"), "--n: must not exceed, with the reserve, the 40 units"),
        (("--n-each", "3", "--minimum", "1"), "--minimum: goes with --n"),
        (("--n-each", "3", "--stratum", "office", "--allocation", "equal"), "--allocation: goes with --n"),
        (("--n", "3", "--allocation", "equal"), "--allocation: needs --stratum"),
        (("--n-column", "n"), "--n-column: needs --stratum"),
        (("--n", "3", "--power", "0.4"), "--power: goes with --allocation power"),
        (
            ("--n", "3", "--allocation", "neyman", "--stratum", "office"),
            "--deviation: goes with --allocation neyman, which needs it",
        ),
        (("--n", "3", "--method", "sequential_poisson"), "--size: is needed by --method sequential_poisson"),
        (("--n", "3", "--method", "simple", "--size", "size"), "--size: is not used by --method simple"),
        (("--n", "3", "--order", "place"), "--order: is not used by --method simple"),
        (("--n", "3", "--size", "s"), "frame.csv: line 2, column s: is no whole number"),
        (
            ("--n-column", "size", "--stratum", "office"),
            "frame.csv: line 4, column size: differs from another row of its stratum",
        ),
        (("--n", "3", "--check", "frame.csv"), "--check: frame.csv cannot be read as JSON"),
        (("--n", "39", "--reserve", "2"), "--n: must not exceed, with the reserve, the 40 units"),
    ],
)
def test_a_faulty_option_is_named(frame, options, fault):
    answer = run("sample", frame, "--id", "dossier", "--seed", "1", *options)
    assert answer.code == 2
    assert answer.faults[0].startswith(fault)


def test_ids_stand_once(frame, tmp_path):
    (tmp_path / "frame.csv").write_text("dossier\nA\nB\nA\n\n")
    answer = run("sample", frame, "--id", "dossier", "--seed", "1", "--n", "1")
    assert answer.faults == ["frame.csv: line 4, column dossier: the id 'A' stands a second time"]


@pytest.mark.parametrize(
    ("options", "n"),
    [
        ((), 385),
        (("--population", "500"), 218),
        (("--population", "10000", "--design-effect", "1.5", "--response-rate", "0.8"), 682),
    ],
)
def test_sample_size_prints_how_many_to_draw(options, n):
    assert run("sample-size", "--margin", "0.05", *options).out == f"{n}\n"


def test_a_sample_size_that_cannot_be_is_refused():
    answer = run("sample-size", "--margin", "0")
    assert answer.code == 2
    assert answer.faults == ["--margin: must lie between 0 and 1; got 0.0"]

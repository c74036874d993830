from analysis.command.output.text_table import text_table


def row(value, error, **more):
    return {"measure": "x", "domain": {}, "value": value, "standard_error": error, "note": None} | more


def test_figures_show_two_digits_of_their_standard_error():
    lines = text_table([row(670.8118, 30.099)], (), {}).splitlines()
    assert lines[2].split() == ["x", "671", "30"]
    lines = text_table([row(0.83512, 0.01204)], (), {}).splitlines()
    assert lines[2].split() == ["x", "0.835", "0.012"]


def test_the_digits_are_those_of_the_most_precise_of_a_measure():
    rows = [row(1.23456, 0.5), row(1.23456, 0.012), row(7.0, 50.0, measure="y")]
    lines = text_table(rows, (), {}).splitlines()
    assert [line.split()[1] for line in lines[2:5]] == ["1.235", "1.235", "7"]


def test_what_is_not_known_is_a_dash_and_its_note_is_shown():
    lines = text_table([row(None, None, note="nobody answered")], (), {}).splitlines()
    assert lines[0].split() == ["measure", "value", "s.e.", "note"]
    assert lines[2].split(maxsplit=3) == ["x", "–", "–", "nobody answered"]


def test_columns_are_aligned_and_the_basis_follows():
    rows = [row(1.0, 0.1, domain={"o": "Huế"}), row(10.0, 0.1, domain={"o": "A"})]
    lines = text_table(rows, ["o"], {"rule": "pooled"}).splitlines()
    assert lines[2].index("1.00") + 4 == lines[3].index("10.00") + 5
    assert lines[-1] == "rule: pooled"


def test_no_rows_are_said():
    assert text_table([], (), {}) == "no rows\n"


def test_small_figures_keep_their_digits():
    lines = text_table([row(1.2344e-8, 1.1e-9), row(2.0, 0.0)], (), {}).splitlines()
    assert lines[2].split() == ["x", "1.234e-08", "1.100e-09"]
    assert lines[3].split() == ["x", "2.000000", "0.000000"]
    lines = text_table([row(1e-8, None), row(0.5, None)], (), {}).splitlines()
    assert [line.split()[1] for line in lines[2:4]] == ["1.000e-08", "0.500"]


def test_a_figure_that_is_small_beside_its_error_and_a_huge_one():
    lines = text_table([row(0.0004, 0.5), row(1e300, 0.5)], (), {}).splitlines()
    assert [line.split()[1] for line in lines[2:4]] == ["0.00", "1.000e+300"]


def test_control_characters_are_written_out():
    text = text_table([row(1.0, 0.1, domain={"o\x1b": "\x1b[31mred\x9b\u202e\r"})], ["o\x1b"], {"d": "\x07"})
    assert r"\x1b[31mred\x9b\u202e\r" in text
    assert r"o\x1b" in text
    assert r"d: \x07" in text
    assert text.replace("\n", "").isprintable()

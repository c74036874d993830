"""A definition file is right as a whole, or every fault is told with its line, field and rule."""

import unicodedata

import pytest
from hypothesis import given, strategies as st

from survey_app.models.definition import Definition, Text
from survey_app.prepare.instruments.definition_faults import MESSAGES, Fault
from survey_app.prepare.instruments.definition_file import BrokenDefinition, parse_definition

GOOD = """\
code: tiny
version: 1
title: {vi: Nhỏ, en: Small}
languages: [vi, en]
minutes: 2
index: {rule: pooled, satisfied: [4, 5]}
scales:
  - code: five
    options:
      - {code: 1, label: {vi: Một}}
      - {code: 4, label: {vi: Bốn}}
      - {code: 5, label: {vi: Năm}}
      - {code: na, label: {vi: Không áp dụng}, meaning: not_applicable}
sections:
  - {code: main}
  - {code: who, title: {vi: Ai}}
factors:
  - {code: access, title: {vi: Tiếp cận}}
items:
  - {code: q1, section: main, scale: five, factor: access, reported_as: index, text: {vi: Câu một}}
  - code: q2
    section: main
    text: {vi: Câu hai}
    reported_as: share
    favourable: [no]
    options:
      - {code: no, label: {vi: Không}}
      - {code: yes, label: {vi: Có, en: No}}
  - {code: q3, section: main, text: {vi: Ba}, scale: five, branch: {item: q2, options: [yes]}}
  - code: q4
    section: who
    text: {vi: Bốn}
    scale: five
    relabel:
      - {code: na, label: {vi: Không}}
comment:
  text: {vi: Góp ý}
  max_characters: 1000
"""

CASES = [
    # what is written instead of what                           line, field, rule
    ("version: 1", "version: 1\ncolour: red", [(3, "colour", "unknown_key")]),
    ("minutes: 2\n", "", [(1, "minutes", "missing_key")]),
    ("minutes: 2", "minutes: 2\nminutes: 3", [(6, "minutes", "doubled_key")]),
    ("version: 1", "version: 0", [(2, "version", "not_positive")]),
    ("version: 1", "version: -1", [(2, "version", "not_positive")]),
    ("version: 1", "version: '1'", [(2, "version", "not_positive")]),
    ("version: 1", "version: 1.5", [(2, "version", "not_positive")]),
    ("version: 1", "version: [1]", [(2, "version", "not_positive")]),
    ("code: tiny", "code: Tiny-2", [(1, "code", "bad_word")]),
    ("code: tiny", "code: abcdefghijklmnopqrstu", [(1, "code", "bad_word")]),
    ("code: tiny", "code: {a: b}", [(1, "code", "wrong_type")]),
    ("code: tiny", "code: !!python/object:os.system x", [(1, "code", "wrong_type")]),
    ("title: {vi: Nhỏ, en: Small}", "title: Nhỏ", [(3, "title", "wrong_type")]),
    ("title: {vi: Nhỏ, en: Small}", "title: {en: Small}", [(3, "title.vi", "no_vietnamese")]),
    (
        "title: {vi: Nhỏ, en: Small}",
        "title: {vi: '  ', en: }",
        [(3, "title.en", "empty_text"), (3, "title.vi", "empty_text")],
    ),
    ("title: {vi: Nhỏ, en: Small}", "title: {vi: Nhỏ, km: x}", [(3, "title.km", "undeclared_language")]),
    ("vi: Nhỏ", 'vi: "a\\0b"', [(3, "title.vi", "unreadable")]),
    ("vi: Nhỏ", 'vi: "a\\u202eb"', [(3, "title.vi", "unreadable")]),
    ("languages: [vi, en]", "languages: [en]", [(4, "languages", "no_vietnamese")]),
    ("languages: [vi, en]", "languages: [vi, en, vi]", [(4, "languages[2]", "doubled_code")]),
    ("languages: [vi, en]", "languages: [vi, en, fr]", [(4, "languages[2]", "bad_word")]),
    (
        "languages: [vi, en]",
        "languages: vi",
        [
            (4, "languages", "wrong_type"),
            (3, "title.en", "undeclared_language"),
            (28, "items[1].options[1].label.en", "undeclared_language"),
        ],
    ),
    ("rule: pooled", "rule: mean", [(6, "index.rule", "bad_word")]),
    ("satisfied: [4, 5]", "satisfied: [4, 6]", [(6, "index.satisfied[1]", "not_an_answer")]),
    ("satisfied: [4, 5]", "satisfied: [4, na]", [(6, "index.satisfied[1]", "not_an_answer")]),
    ("satisfied: [4, 5]", "satisfied: []", [(6, "index.satisfied", "empty_list")]),
    (
        "{code: 4, label: {vi: Bốn}}",
        "{code: 5, label: {vi: Bốn}}",
        [(12, "scales[0].options[2].code", "doubled_code"), (6, "index.satisfied[0]", "not_an_answer")],
    ),
    (
        "{code: 1, label: {vi: Một}}",
        "{code: 'a b', label: {vi: Một}}",
        [(10, "scales[0].options[0].code", "bad_word")],
    ),
    ("{code: 1, label: {vi: Một}}", "{code: 1}", [(10, "scales[0].options[0].label", "missing_key")]),
    ("meaning: not_applicable", "meaning: maybe", [(13, "scales[0].options[3].meaning", "bad_word")]),
    (
        "  - {code: who, title",
        "  - {code: main, title",
        [(16, "sections[1].code", "doubled_code"), (31, "items[3].section", "unknown_reference")],
    ),
    (
        "  - {code: who, title: {vi: Ai}}",
        "  - {code: who}\n  - {code: idle}",
        [(17, "sections[2]", "unused")],
    ),
    ("factors:\n", "factors:\n  - {code: idle, title: {vi: x}}\n", [(18, "factors[0]", "unused")]),
    (
        "section: who",
        "section: nowhere",
        [(31, "items[3].section", "unknown_reference"), (16, "sections[1]", "unused")],
    ),
    (
        "q1, section: main",
        "q1, section: who",
        [(22, "items[1].section", "out_of_order"), (29, "items[2].section", "out_of_order")],
    ),
    (
        "factor: access",
        "factor: nothing",
        [(20, "items[0].factor", "unknown_reference"), (18, "factors[0]", "unused")],
    ),
    (
        "factor: access, reported_as: index",
        "reported_as: index",
        [(20, "items[0].factor", "factor_needed"), (18, "factors[0]", "unused")],
    ),
    (", reported_as: index", "", [(20, "items[0].factor", "factor_not_used")]),
    (
        "reported_as: index",
        "reported_as: pride",
        [(20, "items[0].reported_as", "bad_word"), (20, "items[0].factor", "factor_not_used")],
    ),
    ("q3, section", "q1, section", [(29, "items[2].code", "doubled_code")]),
    ("text: {vi: Ba}, scale: five", "text: {vi: Ba}", [(29, "items[2]", "one_source_of_options")]),
    (
        "text: {vi: Ba}, scale: five",
        "text: {vi: Ba}, scale: six",
        [(29, "items[2].scale", "unknown_reference")],
    ),
    (
        "    reported_as: share",
        "    scale: five",
        [(21, "items[1]", "one_source_of_options"), (25, "items[1].favourable", "favourable_not_used")],
    ),
    ("    favourable: [no]\n", "", [(21, "items[1].favourable", "favourable_needed")]),
    ("favourable: [no]", "favourable: [never]", [(25, "items[1].favourable[0]", "not_an_answer")]),
    (
        "reported_as: share",
        "reported_as: beside",
        [
            (25, "items[1].favourable", "favourable_not_used"),
            (6, "index.satisfied[0]", "not_an_answer"),
            (6, "index.satisfied[1]", "not_an_answer"),
        ],
    ),
    (
        "{code: na, label: {vi: Không}}",
        "{code: nb, label: {vi: Không}}",
        [(35, "items[3].relabel[0].code", "not_in_scale")],
    ),
    ("branch: {item: q2", "branch: {item: q9", [(29, "items[2].branch.item", "branch_not_earlier")]),
    ("branch: {item: q2", "branch: {item: q3", [(29, "items[2].branch.item", "branch_not_earlier")]),
    ("branch: {item: q2", "branch: {item: q4", [(29, "items[2].branch.item", "branch_not_earlier")]),
    ("options: [yes]}", "options: [maybe]}", [(29, "items[2].branch.options[0]", "unknown_branch_option")]),
    ("options: [yes]}", "options: yes}", [(29, "items[2].branch.options", "wrong_type")]),
    ("max_characters: 1000", "max_characters: many", [(38, "comment.max_characters", "not_positive")]),
    ("minutes: 2", "minutes: 2\n<<: {code: x}", [(6, "<<", "unknown_key")]),
]


def faults_of(content: str | bytes) -> list[Fault]:
    with pytest.raises(BrokenDefinition) as refusal:
        parse_definition(content.encode() if isinstance(content, str) else content)
    return refusal.value.faults


def places(faults: list[Fault]) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.field, fault.rule) for fault in faults]


def test_a_sound_file_becomes_a_definition() -> None:
    made = parse_definition(GOOD.encode())
    assert [item.code for item in made.items] == ["q1", "q2", "q3", "q4"]
    assert [item.kind for item in made.items] == ["scale", "choice", "scale", "scale"]
    assert made.item("q4").options[3].label == Text.of({"vi": "Không"})
    assert made.item("q1").options[3].label == Text.of({"vi": "Không áp dụng"})
    assert Definition.from_json(made.to_json()) == made


def test_words_are_not_read_as_yaml_booleans_or_numbers() -> None:
    made = parse_definition(GOOD.encode())
    assert [option.code for option in made.item("q2").options] == ["no", "yes"]
    assert made.item("q2").options[1].label.in_language("en") == "No"
    assert made.index.satisfied == ("4", "5")


def test_texts_are_brought_to_nfc_however_they_were_typed() -> None:
    decomposed = unicodedata.normalize("NFD", GOOD).replace("vi: Ba", 'vi: "Ba\\u0300"')
    made = parse_definition(decomposed.encode())
    assert made.title == Text.of({"vi": "Nhỏ", "en": "Small"})
    assert made.item("q3").text == Text.of({"vi": "Bà"})


def test_a_byte_order_mark_is_no_fault() -> None:
    assert parse_definition(b"\xef\xbb\xbf" + GOOD.encode()) == parse_definition(GOOD.encode())


@pytest.mark.parametrize(
    ("was", "becomes", "expected"), CASES, ids=[f"{c[2][0][1]}-{c[2][0][2]}" for c in CASES]
)
def test_each_fault_is_told_with_line_field_and_rule(
    was: str, becomes: str, expected: list[tuple[int, str, str]]
) -> None:
    assert GOOD.count(was) == 1
    assert places(faults_of(GOOD.replace(was, becomes))) == sorted(expected)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", (1, "", "wrong_type")),
        ("# nothing\n", (1, "", "wrong_type")),
        ("- a\n- b", (1, "", "wrong_type")),
        ("just words", (1, "", "wrong_type")),
        ("code: tiny\n\tversion: 1", (2, "", "not_yaml")),
        ("code: 'open", (1, "", "not_yaml")),
        ("a: 1\n---\nb: 2", (2, "", "not_yaml")),
        ("a: 1\nb: \x07", (2, "", "not_yaml")),
        ('a: "\\UFFFFFFFF"', (1, "", "not_yaml")),
        ("code: tiny\ntitle: Nhỏ".encode("utf-16"), (1, "", "not_utf8")),
        (b"code: tiny\ntitle: Nh\xe1", (2, "", "not_utf8")),
        ("a: &x 1\nb: *x", (2, "", "alias")),
        ("a:\n  " + "[" * 100_000, (2, "", "too_deep")),
        ("- " * 100_000, (1, "", "too_deep")),
        ("#" * (256 * 1024 + 1), (1, "", "too_large")),
    ],
)
def test_what_cannot_be_read_at_all_is_told_with_its_line(
    content: str | bytes, expected: tuple[int, str, str]
) -> None:
    assert places(faults_of(content))[:1] == [expected]


def test_every_alias_is_listed() -> None:
    assert places(faults_of("a: &x 1\nb: *x\nc: *x\n")) == [(2, "", "alias"), (3, "", "alias")]


def test_thirteen_options_fit_and_fourteen_do_not() -> None:
    head, tail = GOOD.split("      - {code: yes, label: {vi: Có, en: No}}\n")
    options = ["      - {code: yes, label: {vi: Có}}\n"]
    options += [f"      - {{code: o{at}, label: {{vi: Khác}}}}\n" for at in range(12)]
    parse_definition((head + "".join(options[:12]) + tail).encode())
    found = faults_of(head + "".join(options) + tail)
    assert places(found) == [(26, "items[1].options", "too_many")]


def test_a_file_with_several_faults_lists_all_of_them() -> None:
    broken = (
        GOOD.replace("version: 1", "version: soon")
        .replace("vi: Một", "en: One")
        .replace("{code: 5, label", "{code: 4, label")
        .replace("section: who", "section: elsewhere")
        .replace("max_characters", "most")
    )
    assert places(faults_of(broken)) == [
        (2, "version", "not_positive"),
        (6, "index.satisfied[1]", "not_an_answer"),
        (10, "scales[0].options[0].label.vi", "no_vietnamese"),
        (12, "scales[0].options[2].code", "doubled_code"),
        (16, "sections[1]", "unused"),
        (31, "items[3].section", "unknown_reference"),
        (36, "comment.max_characters", "missing_key"),
        (38, "comment.most", "unknown_key"),
    ]


def test_a_refusal_reads_as_line_field_and_words() -> None:
    broken = GOOD.replace("{code: 5, label", "{code: 4, label").replace("satisfied: [4, 5]", "satisfied: [4]")
    with pytest.raises(BrokenDefinition) as refusal:
        parse_definition(broken.encode())
    assert str(refusal.value) == "line 12, scales[0].options[2].code: mã “4” bị trùng"


def test_a_message_never_repeats_control_characters_or_long_values() -> None:
    (fault,) = faults_of(GOOD.replace("code: tiny", 'code: "\\e[31m' + "x" * 500 + '"'))
    assert fault.message.isprintable()
    assert len(fault.message) < 160


def test_every_message_is_used_by_some_case() -> None:
    told = {rule for _, _, expected in CASES for _, _, rule in expected}
    told |= {"too_large", "not_utf8", "not_yaml", "alias", "too_deep", "too_many"}
    assert told == MESSAGES.keys()


LINES = GOOD.splitlines()


@given(st.data())
def test_no_damage_to_a_file_passes_as_anything_but_faults_or_a_definition(data: st.DataObject) -> None:
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        damaged = data.draw(
            st.sampled_from(["", "  " + lines[at], lines[at][2:], lines[at].partition(":")[0] + ":"])
            | st.sampled_from(LINES)
            | st.text(max_size=8).map(lambda junk, line=lines[at]: line + junk)
        )
        lines[at] = damaged
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    faults: list[Fault] = []
    try:
        made = parse_definition(content)
    except BrokenDefinition as refusal:
        faults = refusal.faults
    else:
        assert Definition.from_json(made.to_json()) == made
    assert all(1 <= fault.line <= content.count(b"\n") + 1 and fault.message for fault in faults)

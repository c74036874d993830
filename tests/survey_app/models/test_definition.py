"""A definition packs its answers, keeps its canonical form and says how its nibbles are read."""

import hashlib
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from survey_app.models.definition import (
    MAX_OPTIONS,
    NOT_ASKED,
    SKIPPED,
    Branch,
    Comment,
    Definition,
    Factor,
    IndexRule,
    Item,
    Option,
    Section,
    Text,
)


def text(vietnamese: str, **others: str) -> Text:
    return Text.of({"vi": vietnamese, **others})


SCALE = (
    *(Option(str(level), text(f"mức {level}")) for level in range(1, 6)),
    Option("no_opinion", text("Không có ý kiến"), "no_opinion"),
    Option("na", text("Không áp dụng"), "not_applicable"),
)
RATED = Item(code="rated", kind="scale", section="s", text=text("?"), options=SCALE, factor="f")
RATED = replace(RATED, reported_as="index")
OVERALL = replace(RATED, code="overall", factor=None, reported_as="beside")
CAME_BACK = Item(
    code="came_back",
    kind="choice",
    section="s",
    text=text("?"),
    options=(
        Option("no", text("Không")),
        Option("yes", text("Có")),
        Option("na", text("Không áp dụng"), "not_applicable"),
    ),
    reported_as="share",
    favourable=("no",),
)
TIMES = replace(CAME_BACK, code="times", options=SCALE[:3], reported_as=None, favourable=())
TIMES = replace(TIMES, branch=Branch("came_back", ("yes",)))
WHERE = replace(TIMES, code="where", branch=Branch("times", ("2", "3")))
SEX = Item(code="sex", kind="choice", section="r", text=text("?"), options=SCALE[:2])


def definition(*items: Item) -> Definition:
    return Definition(
        code="small",
        version=1,
        title=text("Nhỏ", en="Small"),
        languages=("vi", "en"),
        minutes=1,
        index=IndexRule("pooled", ("4", "5")),
        sections=(Section("s"), Section("r", text("Về Ông/Bà"), hint=text("gợi ý"))),
        factors=(Factor("f", text("Yếu tố")),),
        items=items,
        comment=Comment(text("Góp ý?"), 1000),
    )


SMALL = definition(OVERALL, RATED, CAME_BACK, TIMES, WHERE, SEX)


def with_option_counts(counts: list[int]) -> Definition:
    return definition(
        *(
            replace(SEX, code=f"i{at}", options=tuple(Option(str(o), text("x")) for o in range(count)))
            for at, count in enumerate(counts)
        )
    )


@st.composite
def definitions_with_answers(draw: st.DrawFn) -> tuple[Definition, dict[str, str]]:
    counts = draw(st.lists(st.integers(1, MAX_OPTIONS), min_size=1, max_size=41))
    made = with_option_counts(counts)
    chosen = [draw(st.none() | st.sampled_from([o.code for o in item.options])) for item in made.items]
    return made, {item.code: code for item, code in zip(made.items, chosen, strict=True) if code is not None}


TEXTS = st.dictionaries(
    st.sampled_from(["en", "km", "tay"]), st.text(st.characters(exclude_categories=["Cs"]))
).map(lambda others: Text.of({"vi": "chữ", **others}))


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    items = draw(st.lists(st.sampled_from(SMALL.items), min_size=1, unique_by=lambda item: item.code))
    changed = [replace(item, text=draw(TEXTS), hint=draw(st.none() | TEXTS)) for item in items]
    comment = draw(st.none() | st.builds(Comment, TEXTS, st.integers(1, 5000)))
    return replace(definition(*changed), title=draw(TEXTS), factors=(), comment=comment)


@given(definitions_with_answers())
def test_unpacking_returns_what_was_packed(case: tuple[Definition, dict[str, str]]) -> None:
    made, answers = case
    packed = made.pack(answers)
    assert made.unpack(packed) == answers
    assert len(packed) == (len(made.items) + 1) // 2


@given(definitions_with_answers())
def test_each_nibble_is_the_position_of_the_option_or_zero(case: tuple[Definition, dict[str, str]]) -> None:
    made, answers = case
    expected = tuple(item.positions.get(answers.get(item.code, ""), SKIPPED) for item in made.items)
    assert made.nibbles(made.pack(answers)) == expected


@given(
    st.fixed_dictionaries({}, optional={i.code: st.sampled_from(sorted(i.positions)) for i in SMALL.items})
)
def test_branches_never_change_what_was_answered(answers: dict[str, str]) -> None:
    assert SMALL.unpack(SMALL.pack(answers)) == answers


@given(st.binary(max_size=4))
def test_any_bytes_are_either_refused_or_a_row_of_this_definition(row: bytes) -> None:
    try:
        answers = SMALL.unpack(row)
    except ValueError:
        return
    assert all(SMALL.item(code).positions[option] for code, option in answers.items())


def test_the_first_item_stands_in_the_high_half_of_the_first_byte() -> None:
    three = with_option_counts([5, 13, 7])
    assert three.pack({"i0": "4", "i1": "12", "i2": "0"}) == bytes([0x5D, 0x10])
    assert three.pack({}) == bytes(2)


@pytest.mark.parametrize(
    ("answers", "nibbles"),
    [
        ({}, (0, 0, 0, 0, 0, 0)),
        ({"came_back": "yes"}, (0, 0, 2, 0, 0, 0)),
        ({"came_back": "no"}, (0, 0, 1, NOT_ASKED, NOT_ASKED, 0)),
        ({"came_back": "na"}, (0, 0, 3, NOT_ASKED, NOT_ASKED, 0)),
        ({"came_back": "yes", "times": "1"}, (0, 0, 2, 1, NOT_ASKED, 0)),
        ({"came_back": "yes", "times": "3"}, (0, 0, 2, 3, 0, 0)),
        ({"came_back": "no", "times": "3"}, (0, 0, 1, 3, 0, 0)),
    ],
)
def test_a_follow_up_is_not_asked_when_its_branch_was_answered_otherwise(
    answers: dict[str, str], nibbles: tuple[int, ...]
) -> None:
    assert SMALL.nibbles(SMALL.pack(answers)) == nibbles


def test_an_answer_that_another_answer_rules_out_is_named() -> None:
    assert SMALL.contradictions({"came_back": "no", "times": "2"}) == ("times",)
    assert SMALL.contradictions({"came_back": "yes", "times": "2"}) == ()
    assert SMALL.contradictions({"times": "2"}) == ()


@pytest.mark.parametrize("answers", [{"nobody": "1"}, {"sex": "3"}, {"sex": ""}, {"rated": "6"}])
def test_unknown_items_and_options_are_not_packed(answers: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="no such"):
        SMALL.pack(answers)


def test_a_refusal_does_not_repeat_the_answer() -> None:
    with pytest.raises(ValueError, match="item sex") as refusal:
        SMALL.pack({"sex": "secret"})
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("row", ["", "00", "0000", "00000000", "e00000", "800000", "000003"])
def test_a_row_of_another_definition_is_refused(row: str) -> None:
    with pytest.raises(ValueError, match="do not fit small 1"):
        SMALL.nibbles(bytes.fromhex(row))


def test_a_row_with_a_filled_padding_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        with_option_counts([5]).nibbles(b"\x11")


@pytest.mark.parametrize("n_options", [0, MAX_OPTIONS + 1])
def test_an_item_without_options_or_with_too_many_is_refused(n_options: int) -> None:
    with pytest.raises(ValueError, match="1 to 13 options"):
        with_option_counts([n_options])


@given(definitions())
def test_json_keeps_every_part(made: Definition) -> None:
    again = Definition.from_json(made.to_json())
    assert again == made
    assert again.to_json() == made.to_json()
    assert again.checksum == made.checksum == hashlib.sha256(made.to_json().encode()).hexdigest()


def test_the_canonical_form_does_not_depend_on_how_texts_were_written() -> None:
    one = replace(SMALL, title=Text.of({"vi": "Nhỏ", "en": "Small"}))
    other = replace(SMALL, title=Text.of({"en": "Small", "vi": "Nhỏ"}))
    assert one.to_json() == other.to_json()
    assert '"title":{"en":"Small","vi":"Nhỏ"},"version":1}' in one.to_json()


def test_what_is_not_set_leaves_no_trace_in_the_canonical_form() -> None:
    canonical = definition(SEX).to_json()
    assert "null" not in canonical
    assert "branch" not in canonical
    assert "favourable" not in canonical


def test_any_change_of_wording_changes_the_checksum() -> None:
    assert replace(SMALL, title=text("Khác")).checksum != SMALL.checksum


def test_a_missing_language_falls_back_to_vietnamese_and_says_so() -> None:
    label = text("Có", en="Yes", km="")
    assert [label.in_language(language) for language in ("vi", "en", "km", "tay")] == [
        "Có",
        "Yes",
        "Có",
        "Có",
    ]
    assert [label.language_used(language) for language in ("en", "km", "tay")] == ["en", "vi", "vi"]


def test_the_index_and_what_stands_beside_it_count_satisfied_over_answers() -> None:
    for code in ("rated", "overall"):
        assert SMALL.reading(code).valid == {1, 2, 3, 4, 5}
        assert SMALL.reading(code).favourable == {4, 5}
    assert [item.code for item in SMALL.items if item.counts_in_index] == ["rated"]


def test_a_share_counts_its_own_codes_and_leaves_not_applicable_out() -> None:
    assert SMALL.reading("came_back").valid == {1, 2}
    assert SMALL.reading("came_back").favourable == {1}


def test_a_question_about_the_respondent_has_no_favourable_answer() -> None:
    assert SMALL.reading("sex").valid == {1, 2}
    assert SMALL.reading("sex").favourable == frozenset()
    assert SMALL.reading("times").favourable == frozenset()


def test_follow_ups_are_numbered_with_the_question_before_them() -> None:
    assert list(SMALL.numbers.values()) == ["1", "2", "3", "3a", "3b", "4"]
    assert SMALL.n_questions == 4


def test_items_are_found_by_their_part() -> None:
    assert [item.code for item in SMALL.items_of(SMALL.sections[1])] == ["sex"]
    assert [item.code for item in SMALL.items_of(SMALL.factors[0])] == ["rated"]


def test_a_definition_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        SMALL.version = 2  # type: ignore[misc]
    assert hash(SMALL) == hash(definition(*SMALL.items))


def test_the_definition_loads_without_yaml_flask_or_a_database() -> None:
    program = (
        "import sys, types; house = sys.modules['survey_app'] = types.ModuleType('survey_app');"
        "house.__path__ = [sys.argv[1]];"  # its rooms without its factory
        "import survey_app.models.definition;"
        "sys.exit(len({'yaml', 'flask', 'sqlalchemy', 'numpy'} & sys.modules.keys()))"
    )
    house = Path(sys.modules[Definition.__module__].__file__ or "").parents[1]
    subprocess.run([sys.executable, "-c", program, str(house)], check=True)

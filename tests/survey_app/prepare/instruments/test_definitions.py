"""The definitions that come with the product: their wording, their parts and what they report."""

import csv
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from survey_app.models.definition import NOT_ASKED, Definition, Text
from survey_app.prepare.instruments.definition_file import SHIPPED, read_definition, shipped_definition

ALL_SHIPPED = ("sipas_service_2022", "counter_short", "sipas_reference_22")


@pytest.fixture(params=ALL_SHIPPED)
def shipped(request: pytest.FixtureRequest) -> Definition:
    return shipped_definition(request.param)


def test_each_shipped_file_is_named_by_its_code(shipped: Definition) -> None:
    assert {path.stem for path in SHIPPED.glob("*.yaml")} == set(ALL_SHIPPED)
    assert read_definition(SHIPPED / f"{shipped.code}.yaml") == shipped
    assert Definition.from_json(shipped.to_json()) == shipped


def all_texts(shipped: Definition) -> list[Text]:
    found: list[Text] = []

    def gather(value: Any) -> None:
        if isinstance(value, Text):
            found.append(value)
        for part in (
            value if isinstance(value, tuple) else vars(value).values() if hasattr(value, "__dict__") else ()
        ):
            gather(part)

    gather(shipped)
    return found


def test_each_shipped_text_is_complete_in_both_languages(shipped: Definition) -> None:
    texts = all_texts(shipped)
    assert len(texts) >= 100
    assert shipped.languages == ("vi", "en")
    for text in texts:
        assert dict(text.strings).keys() == {"vi", "en"}
        assert all(unicodedata.is_normalized("NFC", string) for _, string in text.strings)


def test_each_shipped_answer_set_fits_in_thirteen_bytes(shipped: Definition) -> None:
    answers = {item.code: item.options[-1].code for item in shipped.items}
    assert shipped.unpack(shipped.pack(answers)) == answers
    assert len(shipped.pack(answers)) <= 13


def test_the_19_items_are_word_for_word_those_of_the_2022_form() -> None:
    path = Path(__file__).with_name("sipas_items_2022.csv")
    rows = csv.DictReader(line for line in path.read_text("utf-8").splitlines() if not line.startswith("#"))
    form = {f"q{row['code'].replace('.', '_')}": row["item_vi"] for row in rows}
    pooled = [item for item in shipped_definition("sipas_service_2022").items if item.counts_in_index]
    assert {item.code: item.text.in_language("vi") for item in pooled} == form
    assert len(form) == 19


def test_the_19_items_stand_in_five_factors_of_the_2022_form() -> None:
    form = shipped_definition("sipas_service_2022")
    assert {f.code: len(form.items_of(f)) for f in form.factors} == {
        "access": 4,
        "procedures": 4,
        "staff": 5,
        "results": 3,
        "feedback": 3,
    }
    assert all(section.stem for section in form.sections[:5])


def test_satisfied_is_four_and_five_of_the_five_levels(shipped: Definition) -> None:
    for item in shipped.items:
        if item.counts_in_index:
            assert shipped.reading(item.code).valid == {1, 2, 3, 4, 5}
            assert shipped.reading(item.code).favourable == {4, 5}
            assert [option.code for option in item.options[:5]] == ["1", "2", "3", "4", "5"]


def test_the_short_form_pools_four_questions_and_reports_two_beside() -> None:
    short = shipped_definition("counter_short")
    reported = {
        short.numbers[item.code]: item.reported_as for item in short.items if item.section == "service"
    }
    assert reported == {
        "1": "beside",
        "2": "index",
        "3": "index",
        "4": "share",
        "4a": None,
        "5": "index",
        "6": "index",
    }
    assert short.reading("came_back").favourable == {1}
    assert short.reading("came_back").valid == {1, 2}


def test_the_short_form_stores_the_follow_up_as_not_asked_after_no() -> None:
    short = shipped_definition("counter_short")
    assert short.nibbles(short.pack({"came_back": "no"}))[4] == NOT_ASKED
    assert short.contradictions({"came_back": "no", "extra_visits": "2"}) == ("extra_visits",)


def test_both_forms_ask_the_same_about_the_respondent() -> None:
    long, short = shipped_definition("sipas_service_2022"), shipped_definition("counter_short")
    assert long.items_of(long.sections[-1]) == short.items_of(short.sections[-1])
    assert [item.code for item in short.items_of(short.sections[-1])] == [
        "sex",
        "age",
        "occupation",
        "education",
        "residence",
        "filing",
    ]
    assert long.comment == short.comment
    assert long.comment is not None
    assert long.comment.max_characters == 1000


def test_the_reference_form_takes_the_codes_of_the_reference_data() -> None:
    reference = shipped_definition("sipas_reference_22")
    factors = {f.code: [item.code for item in reference.items_of(f)] for f in reference.factors}
    spans = {"f1": (1, 4), "f2": (5, 9), "f3": (10, 14), "f4": (15, 18), "f5": (19, 22)}
    assert factors == {code: [f"q{n}" for n in range(a, b + 1)] for code, (a, b) in spans.items()}
    row = {"q1": "5", "q2": "9", "sex": "M", "age": "55+", "field": "land"}
    assert reference.unpack(reference.pack(row)) == row
    assert reference.comment is None

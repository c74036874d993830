"""What stands in the cells of a row."""

from dataclasses import replace
from datetime import date

from survey_app.models.definition import Branch, Item, Option
from survey_app.models.sample import SampleCell
from survey_app.publish.exports.closeness import Drawn, Said, Way
from survey_app.publish.exports.layout import DESIGN, PLACE, Layout, in_parts
from tests import factories

FIRST = factories.definition()


def layout(*definitions, wording="codes"):
    return Layout(dict(enumerate(definitions or (FIRST,), start=1)), wording, lambda value: value)


def with_item(code, version=2, branch=None):
    more = Item(
        code=code,
        kind="choice",
        section="service",
        text=factories.text("Câu thêm?", "One more?"),
        options=(Option("yes", factories.text("Có", "Yes")),),
        branch=branch,
    )
    return replace(FIRST, version=version, items=(*FIRST.items, more))


def names(made):
    return [column.name for column in made.columns][len(PLACE) + len(DESIGN) :]


def test_answers_are_codes_or_words_and_a_skipped_one_is_empty():
    packed = FIRST.pack({"q1": "4", "sex": "female"})
    assert layout().answers(1, packed) == ("4", None, "female")
    assert layout(wording="vi").answers(1, packed) == ("Mức 4", None, "Nữ")
    assert layout(wording="en").answers(1, packed) == ("Level 4", None, "Female")


def test_every_answer_comes_back_as_it_was_packed():
    made = layout()
    for first in FIRST.items[0].options:
        for second in FIRST.items[1].options:
            answers = {"q1": first.code, "q2": second.code, "sex": "male"}
            assert made.answers(1, FIRST.pack(answers)) == tuple(answers.values())


def test_a_question_that_was_not_asked_is_no_skipped_one():
    branched = with_item("more", branch=Branch("q1", ("1",)))
    made = layout(branched)
    assert made.answers(1, branched.pack({"q1": "5"})) == ("5", None, None, "not_asked")
    assert made.answers(1, branched.pack({"q1": "1"})) == ("1", None, None, None)
    assert layout(branched, wording="vi").answers(1, branched.pack({"q1": "5"}))[-1] == "không hỏi"


def test_columns_are_headed_and_explained_in_words_where_answers_are_words():
    coded, worded = layout().columns, layout(wording="vi").columns
    assert [one.heading for one in coded] == [one.name for one in coded] == [one.name for one in worded]
    assert all(one.title and one.question for one in worded)
    assert len({one.heading for one in worded}) == len(worded)
    assert all(one.question for one in coded)


def test_versions_share_the_columns_of_their_questions():
    second = with_item("more")
    made = layout(FIRST, second)
    assert names(made) == ["q1", "q2", "sex", "more"]
    assert made.answers(1, FIRST.pack({"q1": "5"})) == ("5", None, None, "not_asked")
    assert made.answers(2, second.pack({"q1": "5", "more": "yes"})) == ("5", None, None, "yes")


def test_order_of_the_questions_is_that_of_the_latest_version():
    turned = replace(FIRST, version=2, items=FIRST.items[::-1])
    made = layout(FIRST, turned)
    assert names(made) == ["sex", "q2", "q1"]
    assert made.answers(1, FIRST.pack({"q1": "5", "sex": "male"})) == ("male", None, "5")
    assert made.answers(2, turned.pack({"q1": "5", "sex": "male"})) == ("male", None, "5")


def test_a_question_called_as_a_column_gets_another_name():
    made = layout(with_item("day"))
    assert names(made)[-1] == "item_day"
    assert len({column.name for column in made.columns}) == len(made.columns)


def test_form_of_one_question():
    single = replace(FIRST, items=FIRST.items[:1])
    assert layout(single).answers(1, single.pack({"q1": "3"})) == ("3",)


def test_columns_bear_their_questions():
    assert [column.question for column in layout().columns][-3:] == ["Câu 1?", "Câu 2?", "Giới tính"]


def test_a_row_says_its_place_as_closely_as_it_may():
    made, where = layout(), ("quay", "X1", "Một cửa xã Ân", "C")
    way, month, day = Way("Quầy số 1", "poster", "web"), date(2026, 3, 1), date(2026, 3, 9)
    version = f"{FIRST.code} 1"
    assert made.place(where, Said(way, month, day), 1) == (*where, *way, "2026-03", day, version)
    assert made.place(where, Said(None, month, None), 1) == (
        *where,
        None,
        None,
        None,
        "2026-03",
        None,
        version,
    )
    assert made.place(where, Said(None, None, None), 1) == (*where, *[None] * 5, version)


def test_names_are_composed_and_stand_on_one_line():
    where = ("quay", "X1", "Xa\u0303 A\u0302n\n\u202eđảo\0", "C")
    assert layout().place(where, Said(None, None, None), 1)[2] == "Xã Ân đảo"


def test_the_design_of_a_drawn_sample_stands_in_its_row_as_closely_as_it_may():
    cells = {7: SampleCell(id=7, campaign_id=1, stratum="S1", psu="P2", weight=2.5)}
    made = layout()
    assert made.design(Drawn("S1", 7), cells) == (7, "S1", "P2", 2.5)
    assert made.design(Drawn("S1"), cells) == (None, "S1", None, None)
    assert made.design(Drawn(), cells) == (None, None, None, None)


def test_what_was_asked_about_the_person_can_be_left_out():
    definitions = {1: FIRST, 2: with_item("more")}
    made = Layout(definitions, "codes", lambda value: value, with_respondents=False)
    assert names(made) == ["q1", "q2", "more"]
    assert made.answers(1, FIRST.pack({"q1": "4", "sex": "female"})) == ("4", None, "not_asked")


def test_rows_come_in_parts():
    assert list(in_parts(iter([(1,), (2,), (3,)]), 2)) == [[(1,), (2,)], [(3,)]]
    assert list(in_parts(iter([]), 2)) == []

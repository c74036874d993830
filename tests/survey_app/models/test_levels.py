import pytest

from survey_app.models.definition import Item, Option, Text
from survey_app.models.levels import Ages, matched, option_of, read_ages


def question(*labels: str) -> Item:
    options = tuple(Option(str(n), Text.of({"vi": label})) for n, label in enumerate(labels, start=1))
    return Item(code="x", kind="choice", section="s", text=Text.of({"vi": "?"}), options=options)


SEX = question("Nam", "Nữ", "Khác")
AGE = question("Dưới 18", "18–24", "25–34", "35–49", "50–60", "61 trở lên")


@pytest.mark.parametrize(
    ("text", "ages"),
    [
        ("35-49", Ages(35, 49)),
        ("35–49 tuổi", Ages(35, 49)),
        ("Từ 18 đến 24 tuổi", Ages(18, 24)),
        ("61+", Ages(61, 120)),
        ("61 trở lên", Ages(61, 120)),
        ("Dưới 18", Ages(0, 17)),
        ("under 18", Ages(0, 17)),
        ("49-35", None),
        ("35", None),
        ("18-200", None),
        ("không rõ", None),
    ],
)
def test_bands_are_read_as_people_write_them(text, ages):
    assert read_ages(text) == ages


@pytest.mark.parametrize(
    ("item", "level", "code"),
    [
        (SEX, "male", "1"),
        (SEX, "female", "2"),
        (SEX, "other", "3"),
        (SEX, "2", "2"),  # a list that uses the form's own codes
        (AGE, "0-17", "1"),
        (AGE, "35-49", "4"),
        (AGE, "61+", "6"),
        (AGE, "36-40", "4"),  # narrower: it lies within
        (AGE, "30-40", None),  # across two options
        (AGE, "55+", None),
        (question("Đất đai", "Hộ tịch"), "hộ  tịch", "2"),
        (question("Đất đai", "Đất đai"), "Đất đai", None),  # two say the same
    ],
)
def test_a_level_is_the_one_option_that_says_the_same(item, level, code):
    assert option_of(item, level) == code


def test_totals_are_added_up_by_option_and_what_fits_none_is_named():
    found = matched(AGE, [("35-39", 10), ("40-49", 5), ("61+", 3), ("30-40", 7)])
    assert found.by_option == {"4": 15, "6": 3}
    assert found.unmatched == ("30-40",)

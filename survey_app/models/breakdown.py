"""The names by which figures and changes say what they measure, and of which part."""

from datetime import date
from typing import Final

INDEX: Final = "index"
WHOLE: Final = ""  # the breakdown of a figure that is not broken down
MONTHS_OF_A_QUARTER: Final = 3
# What names of a kind begin with.
ITEM, FACTOR = "item:", "factor:"
MONTH, QUARTER, COUNTER, FIELD, GROUP = "month:", "quarter:", "counter:", "field:", "group:"


def item_name(code: str) -> str:
    return f"{ITEM}{code}"


def factor_name(code: str) -> str:
    return f"{FACTOR}{code}"


def counter_name(counter_id: int) -> str:
    return f"{COUNTER}{counter_id}"


def field_name(code: str) -> str:
    return f"{FIELD}{code}"


def group_name(question: str, option: str) -> str:
    """Name the people who gave one answer to a question about themselves."""
    return f"{GROUP}{question}:{option}"


def month_name(day: date) -> str:
    return f"{MONTH}{day:%Y-%m}"


def quarter_name(day: date) -> str:
    return f"{QUARTER}{day:%Y}-{(day.month - 1) // MONTHS_OF_A_QUARTER + 1}"


def kind_of(name: str) -> str:
    """Give what a name begins with; the whole is of no kind."""
    kind, colon, _ = name.partition(":")
    return kind + colon


def part_of(name: str) -> str:
    """Give what stands after the colon: a month, the id of a counter, the code of a field, or two codes."""
    return name.partition(":")[2]


def group_of(name: str) -> tuple[str, str]:
    """Give question and option of a group of respondents."""
    question, _, option = part_of(name).partition(":")
    return question, option


def first_day_of(name: str) -> date:
    """Give the first day of a month or quarter."""
    year, number = map(int, part_of(name).split("-"))
    return date(year, number if kind_of(name) == MONTH else MONTHS_OF_A_QUARTER * (number - 1) + 1, 1)

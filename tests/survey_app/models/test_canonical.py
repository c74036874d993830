"""JSON whose hash names what it says."""

from datetime import date

import pytest

from survey_app.models.canonical import canonical
from survey_app.prepare.instruments.definition_file import shipped_definition


def test_there_is_one_way_to_write_a_thing() -> None:
    plain = {"b": [1, 0.1, None, True], "a": {"day": date(2026, 7, 1), "xã": "Hòa “B”"}}
    assert canonical(plain) == '{"a":{"day":"2026-07-01","xã":"Hòa “B”"},"b":[1,0.1,null,true]}'
    assert canonical(dict(reversed(plain.items()))) == canonical(plain)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"x"])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        canonical({"a": value})


def test_a_published_questionnaire_keeps_its_checksum() -> None:
    checksum = shipped_definition("counter_short").checksum
    assert checksum == "4a47edac8c8b4d374b4c91945ef420ffba705e085c26423667ce1a46d9d15a02"

"""Every page that takes a file: hostile spreadsheets, and files larger than it takes."""

import pytest

from survey_app.web.uploads import LARGEST_FORM, LARGEST_UPLOAD
from tests.effort import working_at_most
from tests.survey_app.hostile.house import House, Walked
from tests.survey_app.prepare.tables.hostile import HOSTILE


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_spreadsheet_is_refused_soon_with_its_reason(name: str, house: House, walked: Walked) -> None:
    made, reason = HOSTILE[name]
    content = made()
    steps = [step for step in walked.posts if step.form.files]
    assert steps
    for step in steps:
        client = house.client(step.who)
        files = dict.fromkeys(step.form.files, (content, "so-ho-so.xlsx"))
        with working_at_most(seconds=2):
            answer = house.send_file(client, step.form, house.good(step), files)
        assert 400 <= answer.status_code < 500, step.name
        assert reason in answer.text


def test_only_pages_that_ask_for_a_file_take_one(house: House, walked: Walked) -> None:
    marked = {name for name, view in house.app.view_functions.items() if hasattr(view, "takes_file")}
    assert marked == {step.endpoint for step in walked.posts if step.form.files}


def test_a_file_may_be_larger_than_a_form_and_its_limit_is_said(house: House, walked: Walked) -> None:
    for step in walked.posts:
        if step.form.files:
            client = house.client(step.who)
            for size, status in ((2 * LARGEST_FORM, 422), (LARGEST_UPLOAD, 413)):
                files = dict.fromkeys(step.form.files, (b"a" * size, "so-ho-so.csv"))
                answer = house.send_file(client, step.form, house.good(step), files)
                assert answer.status_code == status, step.name
            assert "tối đa 8 MB" in answer.text
            assert "chia tệp" in answer.text


def test_a_form_that_is_too_large_is_told_so(house: House) -> None:
    client = house.client("administrator")
    answer = client.post("/staff/offices/fields", data={"name": "x" * (LARGEST_FORM + 1)})
    assert answer.status_code == 413
    assert "tối đa 1 MB" in answer.text

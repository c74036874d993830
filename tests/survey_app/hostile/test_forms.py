"""Every form of every page, found from the pages: sent well, with too much in it, and full of harm."""

import pytest

from tests.nasty_strings import SEEDS
from tests.soak import SOAK
from tests.survey_app.hostile.harm import FOR_POSTGRESQL, Harmed, send_all
from tests.survey_app.hostile.house import House, Walked, forms_of_pages

on_postgresql = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)

ALIASES = {"submission.submit_in_capitals"}  # the same door, for addresses that a phone wrote in capitals
EXTRA = {
    "approval_id": "1",
    "campaign_id": "1",
    "decided_by": "1",
    "disabled_at": "",
    "granted_by": "1",
    "id": "1",
    "is_demo": "1",
    "is_proven": "1",
    "kind": "province",
    "minimum_n": "1",
    "office_id": "1",
    "password_hash": "!",
    "paused_on": "2026-01-01",
    "published": "1",
    "review_mark": "x",
    "revoked_on": "2026-01-01",
    "role": "administrator",
    "staff_id": "1",
    "voided": "1",
}


def test_every_form_is_found_and_can_be_filled(house: House, walked: Walked) -> None:
    """A new page, form or field that this room cannot fill in fails here, and says what to teach."""
    posted = {rule.endpoint for rule in house.app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert posted - {step.endpoint for step in walked.posts} == ALIASES
    assert not walked.faults, "\n".join(walked.faults)


def test_fields_that_no_page_has_change_nothing(house: House, walked: Walked) -> None:
    faults = []
    before = house.content()
    for step in walked.posts:
        if step.key not in walked.outcomes:
            continue  # it could not be filled in, which fails above
        house.restore()
        way = house.arrive(step)
        assert way is not None, step.name
        client, now = way
        more = [(name, value) for name, value in EXTRA.items() if name not in now.form.boxes]
        status = house.submit(client, now, [*house.good(now), *more]).status_code
        after, wanted = house.content(), walked.outcomes[step.key]
        if status == 400 and after == before:
            continue  # a citizen's form with a field of no page is refused whole
        if after != wanted:
            faults.append(f"{step.name}: {[name for name in after if after[name] != wanted[name]]}")
    assert not faults, "\n".join(faults)


def test_harm_in_every_field_is_taken_as_text(harmed: Harmed) -> None:
    print(harmed.said)
    assert not harmed.faults, "\n".join(harmed.faults)


@on_postgresql
def test_harm_is_refused_by_postgresql_too(plain_house: House) -> None:
    """It takes no NUL in a text and no number beyond its columns; what SQLite takes shows nothing of that."""
    steps = forms_of_pages(plain_house).values()
    seeds = list(SEEDS) if SOAK else FOR_POSTGRESQL
    faults = [fault for step in steps for fault in send_all(plain_house, step, seeds, seeds).faults]
    assert not faults, "\n".join(faults)

"""What became of the units: counts, whose token is spent, what is hidden."""

import pytest

from survey_app.models.sample import draw_in_force
from survey_app.prepare.fieldwork import progress
from survey_app.prepare.fieldwork.spent import entered_units

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def progressed(fieldwork, secrets=None):
    with fieldwork.database.reading() as session:
        draw = draw_in_force(session, fieldwork.campaign_id)
        units = entered_units(session, draw, secrets or fieldwork.settings.secrets)
        return progress.progress_of(session, draw, units)


def test_spent_token_counts_as_complete_whatever_was_entered(fieldwork):
    assert progressed(fieldwork) == progress.Progress({}, [])  # nobody is invited yet
    fieldwork.run(delivery="message")
    fieldwork.spend(1, 2, 12)
    fieldwork.note("2.1", 2, 4)
    fieldwork.note("4.1", 12)
    fieldwork.note("3.3", 6)
    fieldwork.note("1.2", 13)
    found = progressed(fieldwork)
    whole = found.total
    assert (whole.n_issued, whole.n_main, whole.n_responded) == (16, 16, 4)
    # Tokens are counted by cell: those who are open go before those entered as something else.
    assert (whole.n_refused, whole.n_not_reached, whole.n_ineligible) == (2, 1, 1)
    assert whole.n_unknown == 8
    assert whole.rates == pytest.approx((3 / 15, 4 / 15))
    first, second = (found.by_office[office_id] for office_id in fieldwork.offices)
    assert (first.n_issued, first.n_responded) == (11, 2)
    assert (second.n_issued, second.n_responded) == (5, 2)
    assert set(found.by("delivery")) == {"message"}


@on_sqlite
def test_who_answered_is_not_told_once_the_secret_is_gone(fieldwork):
    fieldwork.run(delivery="message")
    fieldwork.spend(1)
    fieldwork.note("2.1", 1)
    assert progressed(fieldwork, (b"another" * 8,)).total.n_responded == 1  # the count stays


@on_sqlite
def test_group_that_would_tell_of_each_of_its_units_is_hidden_with_another(fieldwork):
    fieldwork.run(delivery="message")
    fieldwork.spend(1, 2, 3, 4, 12)
    shown = {line.name: line.is_hidden for line in progressed(fieldwork).groups("weighting_cell")}
    # Five of ten men answered, five did not; of the women nobody: hidden, and so the men, too.
    assert shown == {"nam": True, "nữ": True}


def test_rates_are_the_standards_smallest():
    # I = 40, P = 10, R + NC + O = 20, UH + UO = 30: RR1 = 40/100, RR2 = 50/100; not eligible counts nowhere.
    counts = {"1.1": 40, "1.2": 10, "2.1": 12, "2.2": 8, "3.3": 10, None: 20, "4.1": 15}
    assert progress.Tally.of(counts, 0).rates == (pytest.approx(0.4), pytest.approx(0.5))
    assert progress.Tally.of({"4.1": 3}, 0).rates is None


@pytest.mark.parametrize(
    ("n_spent", "complete", "refused", "ineligible", "unknown"),
    [(2, 2, 2, 1, 0), (1, 1, 2, 1, 1), (4, 4, 0, 1, 0), (5, 5, 0, 0, 0), (9, 5, 0, 0, 0)],
)
def test_tokens_beyond_the_open_units_are_of_those_entered_as_eligible_then_ineligible(
    n_spent, complete, refused, ineligible, unknown
):
    told = (("4.1", 1), ("2.1", 2))
    expected = progress.Tally(complete, 0, refused, 0, ineligible, unknown, n_main=5)
    assert progress._tally(5, 5, n_spent, told) == expected

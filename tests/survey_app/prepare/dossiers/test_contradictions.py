"""A table that a province really published: it is recomputed, and said what does not add up."""

from datetime import date
from pathlib import Path

import pytest

from survey_app.prepare.dossiers.contradictions import Reported, in_itself
from survey_app.prepare.dossiers.counts import Counts, rates_of
from survey_app.prepare.dossiers.dossier_file import Sender, look_at, rows_of

TABLE = Path(__file__).parents[4] / "docs/examples/dossiers-thua-thien-hue-2024.csv"
pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
PLACE = (1, date(2024, 9, 1), 0)


@pytest.fixture
def intake(app, hue):
    with app.extensions["database"].reading() as session:
        return look_at(session, rows_of(TABLE.read_bytes()), Sender())


def test_columns_are_known_by_the_names_that_reports_use(intake, hue):
    assert {counts.n_settled for counts in intake.given.values()} == {21_396, 26_212, 45_679}
    assert intake.unused_columns == ["n_online", "n_pending", "n_waiting", "office_name"]
    assert intake.total.n_received == 106_071


def test_line_of_the_province_is_compared_and_not_stored(intake, hue):
    assert hue["TTH"].id not in {place[0] for place in intake.made}


def test_each_of_the_three_rates_is_recomputed_by_every_formula(intake, hue):
    found = {(one.place[0], one.kind): one for one in intake.contradictions}
    districts, communes = hue["TTH-HUYEN"].id, hue["TTH-XA"].id
    assert found.keys() == {(districts, "rate"), (communes, "parts"), (communes, "rate")}
    assert found[communes, "parts"].gap == 140
    assert (found[communes, "rate"].stated, found[communes, "rate"].gives) == (99.16, "not_late")
    assert round(found[communes, "rate"].found, 2) == 98.85
    assert found[districts, "rate"].gives is None
    rates = found[districts, "rate"].rates
    assert [round(100 * rate, 2) for rate in (rates.of_settled, rates.not_late, rates.of_valid)] == [
        91.08,
        91.08,
        96.28,
    ]


def test_gap_stays_beside_the_stored_count(intake, hue):
    gaps = {place[0]: counts.gap for place, counts in intake.made.items()}
    assert gaps == {hue["TTH-TINH"].id: 0, hue["TTH-HUYEN"].id: 0, hue["TTH-XA"].id: 140}


def test_total_of_a_province_that_its_offices_do_not_reach_is_said(app, hue):
    table = TABLE.read_bytes().replace(b"93.287", b"93.427")
    with app.extensions["database"].reading() as session:
        found = look_at(session, rows_of(table), Sender()).contradictions
    [one] = [one for one in found if one.kind == "offices"]
    assert (one.stated, one.found, one.gap) == (93_427, 93_287, 140)


def test_on_time_that_includes_the_early_ones_is_recognised(app, hue):
    [one] = in_itself(Reported(2, PLACE, Counts(100, None, 60, 90, 10)))
    assert one.kind == "early_twice"
    table = b"office_code,month,n_settled,n_early,n_on_time,n_late\nTTH-XA,2024-09,100,60,90,10\n"
    with app.extensions["database"].reading() as session:
        intake = look_at(session, rows_of(table), Sender(on_time_includes_early=True))
    assert not intake.contradictions
    assert next(iter(intake.given.values())).n_on_time == 30


def test_rates_without_their_numbers_are_not_made_up(app):
    unknown = rates_of(Counts(0, None, None, None, None))
    assert {unknown.of_settled, unknown.not_late, unknown.of_parts, unknown.of_valid} == {None}

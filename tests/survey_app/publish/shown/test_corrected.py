"""A correction names the offices of which pages print another index, by the rounding of these pages."""

import random

import pytest
from sqlalchemy import select

from survey_app.models.office import Office
from survey_app.models.publication import Figure, Publication
from survey_app.publish.shown.corrected import MOST_NAMED, corrections_of
from survey_app.publish.shown.figure import show
from survey_app.web.formatting import percent_text
from tests import factories

RANGE = {"low": 0.0, "high": 1.0}
# Ties: a database rounds some of them otherwise than pages, and some are ties of one power of ten alone.
TIES = {
    "halves away from zero see a change": (0.812, 0.8125),  # 81.2 both times
    "halves away from zero see none": (0.8125, 0.813),  # 81.2 and 81.3
    "a product with 1,000 sees none": (0.2875, 0.288),  # 28.7 and 28.8
    "a product with 1,000 sees a change": (0.287, 0.2875),  # 28.7 both times
    "all see none": (0.8135, 0.814),  # 81.4 both times
}


@pytest.fixture
def correct(database):
    """Publish some indices, correct them, and give what a correction says of them."""

    def corrected(*moves):
        with database.transaction() as session:
            first = factories.publication(session, kind="wave", recipe_id="1")
            wave = {"kind": "wave", "campaign_id": first.campaign_id, "recipe_id": "2"}
            second = factories.publication(session, **wave, corrects_id=first.id)
            for name, before, now in moves:
                office = factories.office(session, name=name)
                for publication, figure in ((first, before), (second, now)):
                    at = {"publication_id": publication.id, "office_id": office.id}
                    factories.figure(session, **at | RANGE | figure)
            session.flush()
            return corrections_of(session, second)

    return corrected


def test_offices_are_named_whose_index_pages_print_otherwise(correct):
    found = correct(*((name, {"value": before}, {"value": now}) for name, (before, now) in TIES.items()))
    otherwise = {name for name, shares in TIES.items() if len({percent_text(one) for one in shares}) == 2}
    assert {one.name for one in found.moved} == otherwise
    assert found.n_moved == len(otherwise) == 2
    assert all(one.before.value != one.now.value for one in found.moved)


@pytest.mark.parametrize(
    ("before", "now", "is_named"),
    [
        ({"low": 0.2}, {"low": 0.2004}, False),
        ({"low": 0.2}, {"low": 0.201}, True),
        ({"high": 0.9}, {"high": 0.901}, True),
        ({}, {"n_respondents": 41}, True),
        ({"n_answers": 78}, {"n_answers": 79}, False),
        # Of those who answered nothing that counts, nobody reads how many they are.
        ({"n_people": 0, "n_respondents": 41}, {"n_people": 0}, False),
        ({"n_people": 9, "value": 0.5}, {}, False),
        ({}, {"hidden_in_public": "linked", "value": 0.5}, False),
        ({}, {"hidden_inside": "linked", "value": 0.5}, True),
        ({"value": None, "low": None, "high": None, "reason": "one_psu"}, {}, True),
        ({}, {"sampling_basis": "opt_in", "standard_error": 0.04}, False),
    ],
)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_who_is_named_reads_another_index_or_another_n(correct, before, now, is_named):
    assert [one.name for one in correct(("X", before, now)).moved] == ["X"] * is_named


def test_those_that_moved_most_stand_first_then_by_name_as_pages_print_all_of_them(correct, database):
    chance = random.Random("ties")
    moves = []
    for number in range(200):
        whole = chance.choice([16, 80, 400, 2000])  # where ties are many
        before = chance.randrange(1, whole)
        now = before + chance.choice([-1, 0, 1])
        moves.append((f"X{number:03}", {"value": before / whole}, {"value": now / whole}))
    found = correct(*moves)
    with database.reading() as session:
        shown = {
            (number, name): show(figure, 10, 10)
            for number, name, figure in session.execute(
                select(Publication.id, Office.name, Figure)
                .join(Figure, Figure.publication_id == Publication.id)
                .join(Office, Office.id == Figure.office_id)
            )
        }
    first, second = sorted({number for number, _ in shown})
    by = {}
    for name, *_ in moves:
        pair = [shown[number, name].value for number in (first, second)]
        if pair[0] != pair[1]:
            then, later = (int("".join(filter(str.isdigit, text))) for text in pair)
            by[name] = abs(later - then)
    assert 0 < len(by) < len(moves), "the case must have both"
    assert found.n_moved == len(by)
    assert [one.name for one in found.moved] == sorted(by, key=lambda name: (-by[name], name))[:MOST_NAMED]


def test_classes_of_an_office_stand_together_also_beside_another_of_its_name(database):
    with database.transaction() as session:
        first = factories.publication(session, kind="wave", recipe_id="1")
        wave = {"kind": "wave", "campaign_id": first.campaign_id, "recipe_id": "2"}
        second = factories.publication(session, **wave, corrects_id=first.id)
        for office in [factories.office(session, name="Một cửa") for _ in range(2)]:
            for provenance in "AB":
                of = {"office_id": office.id, "provenance": provenance}
                factories.figure(session, publication_id=first.id, **of | RANGE, value=0.5)
                factories.figure(session, publication_id=second.id, **of | RANGE, value=0.6)
        session.flush()
        assert [one.letter for one in corrections_of(session, second).moved] == ["A", "B", "A", "B"]

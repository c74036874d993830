"""Verdicts and rank ranges of the offices below a parent, as a release finds them."""

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from analysis import ComparedEstimates, compare_with_target, rank_sets, tie_bands
from survey_app.models.publication import Comparison, Figure
from survey_app.publish.figures.estimates import Estimated
from survey_app.publish.hiding.decision import HiddenAnew
from survey_app.publish.releasing.ranking import IndexOfOffice, compare_family, compare_offices
from tests import factories
from tests.survey_app.publish.counter_feedback import receive, release

TARGET = 0.85
FAR_BELOW, JUST_BELOW, FAR_ABOVE = 0.60, 0.83, 0.97


def index_of(office_id, value, *, error=0.01, basis="probability", **other):
    known = {"n_people": 100, "hidden_inside": None, "degrees_of_freedom": 30}
    if value is not None:
        known |= {"low": value - 2 * error, "high": value + 2 * error}
    else:
        known |= {"low": None, "high": None}
    return IndexOfOffice(
        office_id=office_id, value=value, standard_error=error, sampling_basis=basis, **known | other
    )


def verdicts(family, provenance="A"):
    return {row["office_id"]: row["verdict"] for row in compare_family(family, provenance, TARGET)}


def test_offices_far_from_the_target_are_shown_and_others_not_decided():
    family = [index_of(1, FAR_BELOW), index_of(2, JUST_BELOW), index_of(3, FAR_ABOVE)]
    assert verdicts(family) == {1: "below", 2: "not_decided", 3: "above"}


def test_a_difference_that_one_office_would_show_is_not_decided_among_many():
    """Holm: of 150 tests at once, one in twenty would be wrong without it."""
    alone = [index_of(1, 0.825)]
    among = [index_of(number, 0.825 if number == 1 else 0.85) for number in range(1, 151)]
    assert verdicts(alone)[1] == "below"
    assert verdicts(among)[1] == "not_decided"


def test_no_verdict_contradicts_the_interval_printed_beside_it():
    wide = index_of(1, FAR_BELOW, low=0.4, high=0.86)  # as with few days that agree by chance
    assert verdicts([wide, index_of(2, FAR_ABOVE)]) == {1: "not_decided", 2: "above"}


def test_an_office_without_spread_or_estimate_is_not_tested():
    family = [index_of(1, 1.0, error=0.0), index_of(2, None, error=None), index_of(3, FAR_ABOVE)]
    assert verdicts(family) == {1: "not_testable", 2: "not_testable", 3: "above"}


def test_another_target_gives_other_verdicts():
    (row,) = compare_family([index_of(1, 0.9)], "A", 0.95)
    assert row["verdict"] == "below"


def test_a_census_is_decided_by_its_figure():
    assert verdicts([index_of(1, JUST_BELOW, error=0.0, basis="census")]) == {1: "below"}


def test_verdicts_ranks_and_bands_are_those_of_the_library():
    values = [0.95, 0.91, 0.90, 0.86, 0.72, 0.71]
    found = list(compare_family([index_of(place, one) for place, one in enumerate(values)], "A", TARGET))
    compared = ComparedEstimates(values, [0.01] * 6, 30.0)
    ranks = rank_sets(compared)
    assert [row["best_rank"] for row in found] == ranks.best_rank.tolist()
    assert [row["worst_rank"] for row in found] == ranks.worst_rank.tolist()
    assert [row["band"] for row in found] == tie_bands(ranks).tolist()
    assert {row["n_ranked"] for row in found} == {6}
    said = [row["verdict"] for row in found]
    assert [f"shown_{one}" if one != "not_decided" else one for one in said] == list(
        compare_with_target(compared, TARGET).verdict
    )
    assert len({row["band"] for row in found}) > 1, "the case must have something to tell apart"


@pytest.mark.parametrize(("provenance", "basis"), [("A", "opt_in"), ("B", "opt_in"), ("C", "opt_in")])
def test_only_drawn_samples_are_ranked(provenance, basis):
    family = [index_of(one, value, basis=basis) for one, value in enumerate((FAR_BELOW, FAR_ABOVE))]
    for row in compare_family(family, provenance, TARGET):
        assert {row[name] for name in ("best_rank", "worst_rank", "n_ranked", "band")} == {None}
        assert row["verdict"] in {"above", "below"}


def test_hidden_and_few_take_no_part():
    assert index_of(1, 0.9).takes_part
    assert not index_of(1, 0.9, hidden_inside="linked").takes_part
    assert not index_of(1, 0.9, n_people=4).takes_part
    assert not index_of(1, 0.9, n_people=0).takes_part


@pytest.fixture
def province(database):
    """A parent with four offices of stored figures: far below, far above, hidden, and near the target."""
    with database.transaction() as session:
        parent = factories.office(session, kind="province")
        publication = factories.publication(session)
        offices = [factories.office(session, parent_id=parent.id).id for _ in range(4)]
        for office_id, value in zip(offices, (FAR_BELOW, FAR_ABOVE, FAR_ABOVE, JUST_BELOW), strict=True):
            factories.figure(
                session,
                publication_id=publication.id,
                office_id=office_id,
                value=value,
                standard_error=0.01,
                low=value - 0.02,
                high=value + 0.02,
                hidden_inside="linked" if office_id == offices[2] else None,
            )
    return publication.id, parent.id, offices


def figure_row(session, publication_id, office_id, **other):
    figure = session.scalars(
        select(Figure).filter_by(publication_id=publication_id, office_id=office_id)
    ).one()
    return {column.name: getattr(figure, column.name) for column in Figure.__table__.columns} | other


def test_a_release_compares_what_changes_with_what_is_stored(database, province):
    publication_id, parent_id, offices = province
    with database.transaction() as session:
        row = figure_row(session, publication_id, offices[3], value=0.62, low=0.60, high=0.64)
        estimated = Estimated("C", [offices[3]], [row], [])
        hidden = HiddenAnew("C", [])
        compare_offices(session, publication_id, estimated, hidden, TARGET).write(session, publication_id)
        # Once more: what stood before is replaced.
        compare_offices(session, publication_id, estimated, hidden, TARGET).write(session, publication_id)
    with database.reading() as session:
        found = {one.office_id: one.verdict for one in session.scalars(select(Comparison))}
        parents = set(session.scalars(select(Comparison.parent_id)))
    assert found == {offices[0]: "below", offices[1]: "above", offices[3]: "below"}
    assert parents == {parent_id}


def test_a_figure_that_the_release_hides_or_shows_is_compared_as_it_will_stand(database, province):
    publication_id, _, offices = province

    def anew(office_id, inside):
        its = {"its_office_id": office_id, "its_measure": "index", "its_breakdown": ""}
        return {**its, "inside": inside, "in_public": inside}

    with database.reading() as session:
        estimated = Estimated("C", [offices[3]], [figure_row(session, publication_id, offices[3])], [])
        hidden = HiddenAnew("C", [anew(offices[0], "linked"), anew(offices[2], None)])
        rows = compare_offices(session, publication_id, estimated, hidden, TARGET).rows
    assert {row["office_id"]: row["verdict"] for row in rows} == {
        offices[1]: "above",
        offices[2]: "above",
        offices[3]: "not_decided",
    }


def test_sealed_comparisons_stay(database, province):
    publication_id, parent_id, offices = province
    with database.transaction() as session:
        factories.comparison(
            session, publication_id=publication_id, parent_id=parent_id, office_id=offices[0]
        )
        other = factories.publication(session, kind="wave", campaign_id=factories.campaign(session).id)
        factories.comparison(session, publication_id=other.id, parent_id=parent_id, office_id=offices[0])
        other.sealed_at = factories.MOMENT
        sealed_id = other.id
    statements = (
        update(Comparison).where(Comparison.publication_id == sealed_id).values(verdict="above"),
        Comparison.__table__.delete().where(Comparison.publication_id == sealed_id),
    )
    for statement in statements:
        with pytest.raises(DBAPIError, match="sealed publication"), database.transaction() as session:
            session.execute(statement)
    with database.transaction() as session:
        session.execute(
            update(Comparison).where(Comparison.publication_id == publication_id).values(verdict="above")
        )


def test_a_release_stores_comparisons_of_offices_below_the_province(database):
    with database.transaction() as session:
        parent = factories.office(session, kind="province")
        campaign = factories.campaign(session)
        for _ in range(2):
            office = factories.office(session, parent_id=parent.id)
            point = factories.access_point(session, campaign_id=campaign.id, office_id=office.id)
            receive(session, point, 30)
    release(database)
    with database.reading() as session:
        n_offices = session.scalar(
            select(func.count()).select_from(Comparison).where(Comparison.parent_id == parent.id)
        )
    assert n_offices == 2

"""Coverage of the default 95 % interval: a fast part of the coverage study (docs/coverage.md)."""

import numpy as np
import pytest

from analysis.intervals.survey import DEFAULT_METHOD
from benchmarks import coverage_study
from benchmarks.simulated_samples import Design, draw, linearised, ward_sizes

REPLICATES = 4000  # a coverage of 95 % is known to ± 1 point (three standard errors)
SIMPLE, *_ = coverage_study.DESIGNS
DEFAULT = {DEFAULT_METHOD: coverage_study.candidates()[DEFAULT_METHOD]}


def cells(designs, sizes, proportions, replicates=REPLICATES):
    return coverage_study.study(designs, sizes, proportions, replicates, DEFAULT)[DEFAULT_METHOD]


@pytest.mark.parametrize("design", coverage_study.DESIGNS, ids=lambda design: design.title)
def test_the_default_interval_covers_at_least_90_percent(design):
    found = cells([design], (5, 27, 100), coverage_study.PROPORTIONS)
    assert min(cell.coverage for cell in found) >= 0.90


@pytest.mark.parametrize("design", coverage_study.DESIGNS[:5], ids=lambda design: design.title)
def test_with_enough_answers_of_either_kind_it_covers_near_its_level(design):
    found = cells([design], (100,), (0.5, 0.85))
    assert all(cell.is_required and 0.93 <= cell.coverage <= 0.97 for cell in found)


@pytest.mark.parametrize("design", coverage_study.POOLED, ids=lambda design: design.title)
def test_it_covers_the_index_of_several_pooled_items_too(design):
    found = cells([design], (27, 100), (0.85, 0.99), replicates=400)
    assert min(cell.coverage for cell in found) >= 0.91


def test_near_100_percent_a_few_people_of_one_mind_do_not_count_as_their_many_answers():
    related = next(one for one in coverage_study.POOLED if one.weighted and one.person_correlation == 0.6)
    found = coverage_study.study([related], (20,), (0.95,), 2000, coverage_study.caps())
    default, by_people, *_, by_answers, _by_t = (cell.coverage for (cell,) in found.values())
    assert default >= 0.95
    assert default == pytest.approx(by_people, abs=0.01)
    assert by_answers < 0.91


def test_an_index_known_well_is_not_printed_wider_than_it_must_be():
    simple = coverage_study.POOLED[0]
    found = coverage_study.study([simple], (100,), (0.85,), 2000, coverage_study.caps())
    default, by_people, *_ = (cell for (cell,) in found.values())
    assert 0.93 <= default.coverage <= 0.985 < by_people.coverage
    assert default.width < 0.9 * by_people.width


@pytest.mark.parametrize(
    "design", [*coverage_study.DESIGNS, *coverage_study.POOLED[::5]], ids=lambda d: d.title
)
def test_the_samples_have_the_true_proportion_they_are_said_to_have(design):
    value = draw(np.random.default_rng(7), design, 50, 0.85, 4000).value
    assert np.mean(value) == pytest.approx(0.85, abs=4 * np.std(value) / 4000**0.5 + 0.004 * design.weighted)


def test_the_standard_error_of_two_wards_is_half_their_difference():
    share, weight = np.array([[1.0, 1.0, 0.0, 1.0]]), np.ones((1, 4))
    found = linearised(share, weight, np.array([2, 2]))
    assert (found.value[0], found.standard_error[0], found.degrees_of_freedom[0]) == (0.75, 0.25, 1)
    assert (found.n[0], found.n_kish[0]) == (4, 4)


@pytest.mark.parametrize("n", coverage_study.SIZES)
@pytest.mark.parametrize("design", coverage_study.DESIGNS, ids=lambda design: design.title)
def test_wards_have_respondents_and_share_them_all(design, n):
    sizes = ward_sizes(n, design)
    assert sizes.min() >= 1
    assert sizes.sum() == n
    assert sizes.size == min(design.wards or n, n)


def test_the_same_seed_gives_the_same_samples():
    design = Design("Any", 5, 0.1, weighted=True)
    one, other = (draw(np.random.default_rng(3), design, 20, 0.9, 10).value for _ in range(2))
    assert one.tolist() == other.tolist()


def test_the_guide_tells_of_this_default_and_this_study():
    guide = coverage_study.DOCUMENT.read_text(encoding="utf-8")
    assert f"seed {coverage_study.SEED}, {coverage_study.REPLICATES:,} samples a cell" in guide
    assert f"| {DEFAULT_METHOD} |" in guide
    assert f"of {len(coverage_study.DESIGNS) * 40} cells under 90 %" in guide

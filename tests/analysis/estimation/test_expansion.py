"""Variances with calibrated weights, all domains at once, against the plain formula domain by domain."""

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.calibration import Calibration
from analysis.design import DesignTable, LonePsu, SurveyDesign
from analysis.domains import Domains
from analysis.errors import AnalysisError
from analysis.estimation import expansion
from analysis.estimation.estimate_measures import estimate_measures
from analysis.estimation.estimates import Estimates
from analysis.estimation.expansion import calibrated_covariance, calibrated_factors, calibrated_variance
from analysis.estimation.index import index_of_sums, satisfaction_index
from analysis.estimation.measure import Measure
from analysis.estimation.residuals import residual_influence
from analysis.estimation.squared_sums import squared_sums
from analysis.estimation.statistics import mean, total
from analysis.estimation.variance import covariance_matrix, design_variance
from analysis.ratings import Ratings
from analysis.sums.psu_sums import PsuSums
from analysis.sums.tally import tally_responses
from analysis.weighting.known_totals.raking import rake
from tests.analysis.strategies import FEW, assert_same_estimates, samples


def plain(table, sums, domains, influence, calibration):
    """A pass over the rows for each domain: residuals of its influence values, and their variance."""
    whole = np.zeros(sums.psu.size, dtype=np.int64)
    variance = np.empty((len(domains), influence.shape[1]))
    for d in range(len(domains)):
        values = np.where((domains.code == d)[:, None], influence, 0.0)
        residuals = residual_influence(calibration, sums.weight_sum, values)
        variance[d] = design_variance(table, sums.psu, whole, residuals, 1)[0]
    return variance


def assert_same_variances(*arguments) -> None:
    found, wanted = calibrated_variance(*arguments), plain(*arguments)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
    # 1e-22: where nothing is left but the rounding of influence values around 1
    np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-22 * max(1, np.abs(arguments[3]).max()) ** 2)


def random_calibration(seed: int, base: np.ndarray) -> Calibration:
    random = np.random.default_rng(seed)
    n_columns, n_groups = random.integers(1, 4), random.integers(0, 6)
    columns = random.normal(size=(base.size, n_columns)) * random.choice([0.0, 1.0, 100.0], n_columns)
    group = random.integers(0, n_groups, base.size) if n_groups else None
    found = Calibration(columns, base, group)
    return found.scaled(random.uniform(0.5, 2, base.size)) if random.random() < 0.5 else found


@FEW
@given(
    samples(),
    st.integers(0, 10_000),
    st.integers(0, 2),
    st.sampled_from([policy for policy in get_args(LonePsu) if policy != "fail"]),
    st.booleans(),
)
def test_one_pass_gives_what_a_pass_for_each_domain_gives(sample, seed, n_stages, policy, lone_in_domain):
    design = sample.design(n_stages, lone_psu=policy, lone_in_domain=lone_in_domain)
    random = np.random.default_rng(seed)
    calibration = random_calibration(seed, sample.weight * random.uniform(0.5, 2, len(sample)))
    sums = sample.tally()
    code = np.where(random.random(len(sample)) < 0.2, -1, sample.office)  # some rows are in no domain
    domains = Domains(code, tuple({"office": office} for office in range(4)))  # the last is empty
    influence = sums.weight_sum[:, None] * random.normal(size=(len(sample), 2)) * (code >= 0)[:, None]
    ways = design.table, sums, domains, influence, calibration
    assert_same_variances(*ways)
    products = calibrated_covariance(*ways, [(0, 1), (2, 0), (1, 1)])
    if products is not None:
        columns = np.column_stack([influence[:, k] * (code == d) for d, k in [(0, 1), (2, 0), (1, 1)]])
        residuals = residual_influence(calibration, sums.weight_sum, columns)
        wanted = covariance_matrix(design.table, sums.psu, residuals)
        scale = np.abs(np.diag(wanted)).max()
        np.testing.assert_allclose(products, wanted, rtol=1e-8, atol=1e-9 * scale + 1e-22)


@FEW
@given(samples(), st.integers(0, 2), st.sampled_from(get_args(LonePsu)), st.booleans(), st.integers(0, 30))
def test_scaled_squares_are_the_variance_of_the_whole(sample, n_stages, policy, lone_in_domain, n_left):
    table = sample.design(n_stages, lone_psu=policy, lone_in_domain=lone_in_domain).table
    psu = np.unique(sample.ward, return_inverse=True)[1][: n_left + 1]  # of other PSUs nobody is left
    values = np.cos(np.arange(psu.size))
    try:
        wanted = design_variance(table, psu, np.zeros_like(psu), values[:, None], 1)[0, 0]
    except AnalysisError as refusal:
        with pytest.raises(AnalysisError, match=str(refusal)[:20]):
            squared_sums(table, psu)
        return
    levels = squared_sums(table, psu)
    found = sum(level.scale @ np.bincount(level.unit, values, level.scale.size) ** 2 for level in levels)
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-12, nan_ok=True)


def national(n_offices: int, seed: int = 1) -> tuple[SurveyDesign, dict[str, np.ndarray], np.ndarray]:
    """Offices of four wards, ten rows each; raked on three variables that the answers depend on."""
    random = np.random.default_rng(seed)
    n = 40 * n_offices
    labels = {
        "sex": random.choice(["F", "M"], n),
        "age": random.choice(["young", "middle", "old"], n),
        "field": random.choice(list("abcdef"), n),
        "office": np.arange(n) // 40,
    }
    score = (labels["sex"] == "F") * 1.0 + (labels["field"] == "b") + random.normal(size=n)
    raked = {name: labels[name] for name in ("sex", "age", "field")}
    base = random.uniform(1, 5, n)
    totals = {name: margin(column, base, random) for name, column in raked.items()}
    result = rake(base, raked, totals)
    design = SurveyDesign(result.weight, labels["office"], np.arange(n) // 10, calibration=result.calibration)
    return design, labels, score


def margin(column, weight, random) -> dict[str, float]:
    levels, code = np.unique(column, return_inverse=True)
    wanted = np.bincount(code, weight) * random.uniform(0.8, 1.25, levels.size)
    return dict(zip(levels.tolist(), (wanted / wanted.sum() * 10_000).tolist(), strict=True))


def estimated_plainly(found: Estimates) -> np.ndarray:
    return plain(found.table, found.sums, found.domains, found.linearised.influence, found.calibration)


@pytest.mark.parametrize("by", ["office", "field", "sex"])
def test_domains_along_and_across_the_margins(by):
    design, labels, score = national(30)
    variables = {"score": score, "women": (labels["sex"] == "F") * 1.0}
    for found in (mean(design, variables, {by: labels[by]}), total(design, variables, {by: labels[by]})):
        np.testing.assert_allclose(found.variance, estimated_plainly(found), rtol=1e-10, atol=1e-20)


@pytest.mark.parametrize("by", ["office", "field"])
@pytest.mark.parametrize("block", [7, 4_000_000])
def test_groups_apart_or_as_columns_in_blocks_or_at_once(by, block, monkeypatch):
    """Offices as groups are sparse beside offices, and a column each where fields meet all of them."""
    monkeypatch.setattr(expansion, "_NUMBERS_AT_ONCE", block)
    design, labels, score = national(30)
    for group in ("office", "field"):
        code = np.unique(labels[group], return_inverse=True)[1]
        calibration = Calibration((labels["sex"] == "F")[:, None] * 1.0, design.weight, code)
        calibrated = replace(design, calibration=calibration)
        found = total(calibrated, {"score": score}, {by: labels[by]})
        np.testing.assert_allclose(found.variance, estimated_plainly(found), rtol=1e-10)


def test_what_the_margins_explain_almost_wholly_keeps_its_digits():
    # The expansion alone would leave 1e-16 of 1e16 times the variance.
    design, _, score = national(30)
    columns = design.calibration.auxiliary
    known = columns @ np.arange(1.0, 1 + columns.shape[1])
    found = total(design, {"score": known + 1e-8 * score})
    np.testing.assert_allclose(found.variance, estimated_plainly(found), rtol=1e-6)
    assert 0 < found.variance[0, 0] < 1e-14 * total(design, {"score": score}).variance[0, 0]


def test_three_thousand_offices_take_one_pass():
    design, labels, score = national(3_000)
    found = mean(design, {"score": score}, {"office": labels["office"]})
    some = np.where(labels["office"] % 1_000 == 7, labels["office"] // 1_000, -1)
    domains = Domains(some, tuple({"office": place} for place in range(3)))
    wanted = plain(found.table, found.sums, domains, found.linearised.influence, found.calibration)
    np.testing.assert_allclose(found.variance[7::1_000], wanted, rtol=1e-10)


@pytest.mark.parametrize("n_stages", [0, 1, 2])
@pytest.mark.parametrize("group", ["office", "field"])
def test_covariances_are_those_of_the_residuals(n_stages, group):
    design, labels, score = national(6)
    code = np.unique(labels[group], return_inverse=True)[1]
    calibration = Calibration((labels["sex"] == "F")[:, None] * 1.0, design.weight, code)
    sizes = {0: None, 1: np.full(240, 9), 2: (np.full(240, 9), np.full(240, 14))}[n_stages]
    design = SurveyDesign(
        design.weight, labels["office"], np.arange(240) // 10, fpc=sizes, calibration=calibration
    )
    found = mean(design, {"score": score, "square": score**2}, {"office": labels["office"]})
    chosen = [(4, "score"), (0, "square"), (2, "score"), (4, "square"), (1, "score")]
    columns = np.column_stack([found.influence(domain, measure) for domain, measure in chosen])
    wanted = covariance_matrix(found.table, found.sums.psu, columns)
    size = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    covariance = found.covariance(chosen)
    np.testing.assert_allclose(covariance / size, wanted / size, atol=1e-12)
    assert abs(wanted / size)[np.triu_indices(5, 1)].max() > 0.05
    places = [found.place(domain, measure) for domain, measure in chosen]
    ways = found.table, found.sums, found.domains, found.linearised.influence, found.calibration
    np.testing.assert_array_equal(calibrated_covariance(*ways, places), covariance)


@pytest.mark.parametrize("n_stages", [0, 1, 2])
@pytest.mark.parametrize("group", ["office", "field", None])
def test_offices_that_share_margins_alone_need_no_matrix(n_stages, group):
    """One office of six was asked whole: its error is that of the margins."""
    design, labels, score = national(6)
    code = None if group is None else np.unique(labels[group], return_inverse=True)[1]
    calibration = Calibration((labels["sex"] == "F")[:, None] * 1.0, design.weight, code)
    wards, people = np.where(labels["office"] == 2, 4, 9), np.where(labels["office"] == 2, 10, 14)
    sizes = {0: None, 1: wards, 2: (wards, people)}[n_stages]
    design = SurveyDesign(
        design.weight, labels["office"], np.arange(240) // 10, fpc=sizes, calibration=calibration
    )
    found = mean(design, {"score": score, "square": score**2}, {"office": labels["office"]})
    ways = found.table, found.sums, found.domains, found.linearised.influence, found.calibration
    chosen = [(4, 0), (0, 1), (2, 0), (1, 0), (3, 1)]
    factors, wanted = calibrated_factors(*ways, chosen), calibrated_covariance(*ways, chosen)
    everybody = np.arange(5)
    matrix = np.where(
        np.eye(5) == 1, np.diag(factors.variance), factors.between(everybody[:, None], everybody)
    )
    scale = np.sqrt(np.outer(np.diag(wanted), np.diag(wanted)))
    np.testing.assert_allclose(matrix / scale, wanted / scale, atol=1e-12)
    assert (factors.own[2] == 0) == (n_stages > 0)


@pytest.mark.parametrize("by", ["field", "half"])
def test_domains_with_wards_or_strata_in_common_need_their_matrix(by):
    design, labels, score = national(6)
    labels["half"] = np.arange(240) // 5 % 2
    found = total(design, {"score": score}, {by: labels[by]})
    ways = found.table, found.sums, found.domains, found.linearised.influence, found.calibration
    assert calibrated_factors(*ways, [(0, 0), (1, 0)]) is None
    assert calibrated_covariance(*ways, [(0, 0), (1, 0)]) is not None


def test_covariances_that_cancel_are_had_from_the_residuals():
    design, labels, _ = national(6)
    found = total(design, {"women": (labels["sex"] == "F") * 1.0})
    ways = found.table, found.sums, found.domains, found.linearised.influence, found.calibration
    assert calibrated_covariance(*ways, [(0, 0)]) is None
    assert found.covariance([(0, "women")]) == pytest.approx(0, abs=1e-16)


# ---- sums by primary sampling unit and profile


class Summed:
    """The same respondents, one by one and added up by PSU and profile, raked either way."""

    def __init__(self) -> None:
        self.design, self.labels, _ = national(12)
        self.raked = ("sex", "age", "field")
        random = np.random.default_rng(8)
        n = self.design.n_rows
        codes = {f"q{item}": random.choice([1, 2, 4, 5, 9], n) for item in range(3)}
        self.ratings = Ratings.from_codes(codes)
        profile = np.zeros(n, dtype=np.int64)
        for name in self.raked:
            levels, place = np.unique(self.labels[name], return_inverse=True)
            profile = profile * levels.size + place
        self.rows = tally_responses(
            self.design, self.ratings.satisfied * 1, self.ratings.valid * 1, cell=profile
        )
        self.sums = self.rows.condense()
        keys = self.rows.psu * 100 + profile
        self.first, self.row = np.unique(keys, return_index=True, return_inverse=True)[1:]

    def estimate(self, sums: PsuSums, calibration: Calibration, names: np.ndarray) -> Estimates:
        domains = Domains.crossing({"office": names}, sums.psu.size)
        groups = {"all": [0, 1, 2], "q1": [0]}
        return index_of_sums(sums, self.design.table, domains, groups, calibration=calibration)


@pytest.fixture(scope="module")
def summed() -> Summed:
    return Summed()


def test_sums_by_profile_give_what_their_respondents_give(summed):
    calibration = summed.design.calibration.add_up(summed.row)
    assert repr(calibration).startswith(f"Calibration({summed.sums.psu.size} sums, ")
    offices = summed.labels["office"]
    by_sums = summed.estimate(summed.sums, calibration, offices[summed.first])
    by_rows = summed.estimate(summed.rows, summed.design.calibration, offices)
    assert summed.sums.n_respondents.max() > 1
    assert_same_estimates(by_sums, by_rows)
    np.testing.assert_allclose(by_sums.variance, by_rows.variance, rtol=1e-10)
    whole = satisfaction_index(summed.design, summed.ratings, by={"office": offices})
    np.testing.assert_allclose(by_sums.variance[:, 0], whole.variance[:, 0], rtol=1e-10)


def test_sums_can_be_raked_themselves(summed):
    """Tallies hold sums of base weights: raking them gives the sums of the raked weights."""
    base = summed.design.calibration.base_weight
    totals = {
        name: {
            level: float(summed.design.weight[summed.labels[name] == level].sum())
            for level in np.unique(summed.labels[name]).tolist()
        }
        for name in summed.raked
    }
    labels = {name: summed.labels[name][summed.first] for name in summed.raked}
    raked = rake(np.bincount(summed.row, base), labels, totals)
    np.testing.assert_allclose(raked.weight, summed.sums.weight_sum, rtol=1e-9)
    offices = summed.labels["office"]
    calibration = raked.calibration.for_sums(summed.sums.n_respondents)
    found = summed.estimate(summed.sums, calibration, offices[summed.first])
    wanted = summed.estimate(summed.rows, summed.design.calibration, offices)
    np.testing.assert_allclose(found.variance, wanted.variance, rtol=1e-9)


def test_trimmed_weights_of_sums_are_those_of_respondents(summed):
    profile = summed.rows.cell
    factor = np.random.default_rng(3).uniform(0.5, 1.5, profile.max() + 1)[profile]
    rows = replace(
        summed.rows,
        weight_sum=summed.rows.weight_sum * factor,
        weight_square_sum=summed.rows.weight_square_sum * factor**2,
        numerator=summed.rows.numerator * factor[:, None],
        denominator=summed.rows.denominator * factor[:, None],
    )
    calibration, offices = summed.design.calibration.scaled(factor), summed.labels["office"]
    by_rows = summed.estimate(rows, calibration, offices)
    by_sums = summed.estimate(rows.condense(), calibration.add_up(summed.row), offices[summed.first])
    np.testing.assert_allclose(by_sums.variance, by_rows.variance, rtol=1e-10)


def test_rows_of_two_profiles_are_no_sum(summed):
    with pytest.raises(AnalysisError, match="row must add up rows of one profile, the same "):
        summed.design.calibration.add_up(summed.rows.psu)
    uneven = summed.design.calibration.scaled(np.linspace(1, 2, summed.design.n_rows))
    with pytest.raises(AnalysisError, match="rows of one profile, the same later_factor"):
        uneven.add_up(summed.row)


def test_profiles_mixed_under_one_name_are_refused(summed):
    """Two profiles of one PSU in one row, which goes under the profile of the larger part."""
    calibration = summed.design.calibration.add_up(summed.row)
    psu, profile = summed.sums.psu, summed.sums.cell
    two = np.flatnonzero(psu == psu[0])[:2]
    assert profile[two[0]] != profile[two[1]]
    row = np.arange(psu.size)
    row[two[1] :] -= 1
    row[two[1]] = two[0]
    kept = np.delete(np.arange(psu.size), two[1])
    mixed = Calibration(
        calibration.auxiliary[kept],
        np.bincount(row, calibration.base_weight),
        calibration.group[kept],
        n_respondents=np.bincount(row, calibration.n_respondents).astype(int),
    )
    cell = profile.copy()
    cell[two[1]] = profile[two[0]]
    sums = replace(summed.sums, cell=cell).condense()
    with pytest.raises(AnalysisError, match="sums must have calibrated weights of one profile in each row"):
        summed.estimate(sums, mixed, summed.labels["office"][summed.first][kept])


def test_sums_of_other_respondents_are_refused(summed):
    calibration = summed.design.calibration.add_up(summed.row)
    other = calibration.for_sums(calibration.n_respondents + 1)
    offices = summed.labels["office"][summed.first]
    with pytest.raises(AnalysisError, match="sums must have the respondents of their calibration; got "):
        summed.estimate(summed.sums, other, offices)
    unsaid = replace(calibration, n_respondents=None)
    with pytest.raises(AnalysisError, match="a calibration that is not one of sums; got "):
        summed.estimate(summed.sums, unsaid, offices)


def test_a_second_stage_needs_respondents_whatever_the_calibration(summed):
    table = summed.design.table
    sizes = np.bincount(summed.rows.psu)
    two_stage = DesignTable(table.stratum, np.full(12, 9.0), n_units=sizes, psu_population=sizes * 2.0)
    whole = Domains.crossing(None, summed.sums.psu.size)
    calibration = summed.design.calibration.add_up(summed.row)
    with pytest.raises(AnalysisError, match="sums must have one row per respondent for a second stage"):
        estimate_measures(summed.sums, two_stage, whole, [Measure("q1", (0,))], calibration=calibration)


def test_numbers_of_respondents_that_do_not_fit_are_refused():
    calibration = Calibration([[1.0], [2.0]], [1.0, 1.0])
    for wrong in ([1], [1, -1], [0.5, 1.0]):
        with pytest.raises(AnalysisError, match="n_respondents must"):
            calibration.for_sums(wrong)
    for wrong in ([0], [0, -1]):
        with pytest.raises(AnalysisError, match="row must"):
            calibration.add_up(wrong)


def test_rows_outside_of_the_calibration_join_any_sum():
    calibration = Calibration([[5.0], [1.0], [1.0]], [0.0, 2.0, 3.0], [9, 4, 4])
    found = calibration.add_up([0, 0, 0])
    assert (found.auxiliary.tolist(), found.base_weight.tolist()) == ([[1.0]], [5.0])
    assert (found.group.tolist(), found.n_respondents.tolist()) == ([4], [2])

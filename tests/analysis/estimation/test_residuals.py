import numpy as np
import pytest

from analysis.calibration import Calibration
from analysis.design import SurveyDesign
from analysis.estimation.residuals import residual_influence
from analysis.estimation.statistics import mean, total
from analysis.weighting.known_totals.calibrate import calibrate
from analysis.weighting.known_totals.poststratification import post_stratify

SEX = np.array(["F", "F", "F", "M", "M", "M"])
MINUTES = [10.0, 20.0, 30.0, 12.0, 18.0, 60.0]


def test_influence_values_become_weighted_residuals():
    # Post-strata of base weight 4: the mean of 1 and 5 is 4 with weights 1 and 3, residuals -3 and 1.
    calibration = Calibration(np.empty((2, 0)), [1.0, 3.0], group=[0, 0])
    weight = np.array([2.0, 6.0])
    found = residual_influence(calibration, weight, weight[:, None] * np.array([[1.0], [5.0]]))
    assert found.tolist() == [[-6.0], [6.0]]


def test_a_row_of_weight_0_has_no_influence():
    calibration = Calibration(np.ones((3, 1)), [1.0, 1.0, 0.0])
    found = residual_influence(calibration, np.array([2.0, 2.0, 0.0]), np.array([[2.0], [6.0], [0.0]]))
    np.testing.assert_allclose(found, [[-2.0], [2.0], [0.0]], rtol=1e-14)


def post_stratified() -> SurveyDesign:
    found = post_stratify(np.ones(6), SEX, {"F": 60.0, "M": 30.0})
    return SurveyDesign(found.weight, calibration=found.calibration)


def test_totals_of_what_was_calibrated_have_no_error():
    found = total(post_stratified(), {"women": (SEX == "F") * 1.0, "all": np.ones(6)})
    np.testing.assert_allclose(found.value, [[60.0, 90.0]])
    np.testing.assert_allclose(found.standard_error, 0, atol=1e-12)


def test_the_mean_after_post_stratification_agrees_with_paper_and_pencil():
    # w = 20 | 10; means 20 and 30: (1200 + 900)/90 = 70/3. Residuals within the sexes, times w / 90:
    # 2/9 (-10, 0, 10) and 1/9 (-18, -12, 30); V = 6/5 of the sum of squares (their mean is 0).
    estimate = mean(post_stratified(), {"minutes": MINUTES})[0, "minutes"]
    assert estimate.value == pytest.approx(70 / 3)
    wanted = 6 / 5 * (4 * 200 + 18**2 + 12**2 + 30**2) / 81
    assert estimate.standard_error**2 == pytest.approx(wanted, rel=1e-12)


def test_a_domain_within_a_post_stratum_is_measured_from_its_mean():
    # Women alone: the mean 20 is itself a ratio of the post-stratum, residuals 1/3 (-10, 0, 10) stay;
    # the rows of men are 0 and count among the six PSUs.
    found = mean(post_stratified(), {"minutes": MINUTES}, by={"sex": SEX})
    assert found[{"sex": "F"}, "minutes"].standard_error ** 2 == pytest.approx(6 / 5 * 200 / 9, rel=1e-12)


def test_the_influence_of_calibrated_weights_reaches_beyond_the_domain():
    age = np.array([[20.0], [30], [40], [25], [35], [65]])
    found = calibrate(np.full(6, 15.0), np.column_stack([np.ones(6), age]), {"n": 90.0, "age": 3300.0})
    design = SurveyDesign(found.weight, calibration=found.calibration)
    estimates = total(design, {"minutes": MINUTES}, by={"sex": SEX})
    influence = estimates.influence({"sex": "F"}, "minutes")
    assert (np.abs(influence[SEX == "M"]) > 1e-6).any()
    covariance = estimates.covariance([(0, "minutes"), (1, "minutes")])
    np.testing.assert_allclose(np.diag(covariance), estimates.variance[:, 0], rtol=1e-10)


def test_women_and_men_add_up_to_all():
    """The influence is linear: so are the residuals of a calibration."""
    design = post_stratified()
    by_sex, whole = (total(design, {"minutes": MINUTES}, by=by) for by in ({"sex": SEX}, None))
    added = by_sex.covariance([(0, "minutes"), (1, "minutes")]).sum()
    assert added == pytest.approx(whole.variance[0, 0], rel=1e-12)

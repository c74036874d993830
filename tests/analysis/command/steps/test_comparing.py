import numpy as np
import pytest

from analysis.command.input.survey import Survey
from analysis.command.steps.comparing import _are_related
from analysis.command.steps.figures import Figures
from analysis.design import SurveyDesign
from analysis.estimation.statistics import mean


def figures(stratum, psu, domain):
    design = SurveyDesign(np.ones(len(domain)), stratum=stratum, psu=psu)
    codes = {"d": np.array(domain)}
    found = mean(design, {"y": np.arange(len(domain)) ** 2.0}, codes)
    survey = Survey(design, ("all",), "1 for each row", by=codes)
    return Figures(found, survey, None, {}, [])


@pytest.mark.parametrize(
    ("stratum", "psu", "domain", "is_related"),
    [
        ([0, 0, 1, 1], [0, 1, 2, 3], [0, 0, 1, 1], False),  # domains are strata
        ([0, 0, 0, 0], [0, 1, 2, 3], [0, 0, 1, 1], False),  # domains of whole PSUs in one stratum
        ([0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 1], True),  # domains cross PSUs
        ([0, 0, 0, 1, 1], [0, 1, 2, 3, 4], [0, 1, 1, 0, 0], False),  # one of two reaches beyond
        ([0, 0, 0, 0, 1, 1, 1, 1], range(8), [0, 0, 1, 1, 0, 0, 0, 1], True),  # both do
    ],
)
def test_domains_are_related_where_their_covariance_is_not_0(stratum, psu, domain, is_related):
    found = figures(stratum, list(psu), domain)
    covariance = found.estimates.covariance([(0, "y"), (1, "y")])
    assert (abs(covariance[0, 1]) > 1e-12) == is_related
    assert _are_related(found) == is_related

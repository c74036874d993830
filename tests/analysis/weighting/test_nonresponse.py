import json
import unicodedata

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis.errors import AnalysisError
from analysis.weighting.nonresponse import adjust_nonresponse, adjust_unknown_eligibility

YES, NO = True, False


@st.composite
def samples(draw):
    n = draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    cell = random.choice(["a", "b", "c", "d"], n)
    responded = random.random(n) < 0.6
    responded[0] = True
    weight = random.uniform(0.1, 10, n) * (random.random(n) < 0.9)
    weight[0] = 1.0
    return weight, responded, cell


def test_respondents_take_over_the_weight_of_their_cell():
    result = adjust_nonresponse([1.0, 3.0, 2.0, 5.0], [YES, NO, YES, YES], ["a", "a", "a", "b"], 1)
    assert result.weight.tolist() == [2, 0, 4, 5]
    first, second = result.cells
    assert (first.name, first.n_cases, first.n_responded, first.response_rate) == ("a", 3, 2, 0.5)
    assert (second.factor, second.members) == (1, ("b",))


def test_a_thin_cell_is_refused_where_no_neighbour_is_named():
    message = "'b' is too thin and no neighbour is named for it; got '1 kept, factor 2'"
    with pytest.raises(AnalysisError, match=message):
        adjust_nonresponse(np.ones(4), [YES, YES, YES, NO], ["a", "a", "b", "b"], 2)


def test_a_thin_cell_joins_its_neighbour():
    result = adjust_nonresponse(
        [1.0, 1.0, 1.0, 3.0], [YES, YES, YES, NO], ["a", "a", "b", "b"], 2, neighbours={"b": "a"}
    )
    assert result.weight.tolist() == [2, 2, 2, 0]
    assert [(cell.name, cell.members) for cell in result.cells] == [("a", ("a", "b"))]
    assert "1 merged away" in repr(result)


def test_a_cell_without_any_respondent_joins_its_neighbour():
    result = adjust_nonresponse([1.0, 1.0, 2.0], [YES, YES, NO], ["a", "a", "b"], 1, {"b": "a"})
    assert result.weight.tolist() == [2, 2, 0]


def test_a_chain_of_neighbours_is_followed():
    result = adjust_nonresponse(np.ones(4), [YES] * 4, ["a", "b", "c", "c"], 4, {"a": "b", "b": "c"})
    assert result.cells[0].members == ("c", "a", "b")


def test_a_cell_that_joined_another_takes_later_ones_along():
    # b joins c first (fewest, by name after a? a and b have one each: a goes to b, then a+b to c)
    result = adjust_nonresponse(
        np.ones(6), [YES] * 6, ["a", "b", "c", "c", "c", "c"], 3, {"a": "b", "b": "c"}
    )
    assert [cell.members for cell in result.cells] == [("c", "a", "b")]
    # d is thin and its neighbour a lives in b by then
    result = adjust_nonresponse(
        np.ones(6), [YES] * 6, ["a", "b", "b", "b", "d", "d"], 3, {"a": "b", "d": "a"}
    )
    assert [cell.members for cell in result.cells] == [("b", "a", "d")]


def test_two_thin_cells_that_name_each_other_and_are_still_thin_are_refused():
    message = "'b' is too thin and its neighbour 'a' is no other cell; got '2 kept, factor 1'"
    with pytest.raises(AnalysisError, match=message):
        adjust_nonresponse([1.0, 1.0], [YES, YES], ["a", "b"], 3, {"a": "b", "b": "a"})


def test_a_neighbour_that_the_sample_lacks_is_refused():
    with pytest.raises(AnalysisError, match="'a' is too thin and its neighbour 'z' is no other cell"):
        adjust_nonresponse([1.0], [YES], ["a"], 2, {"a": "z"})


def test_a_factor_beyond_its_limit_counts_as_thin():
    weight, responded = [1.0, 1.0, 1.0, 4.0], [YES, YES, YES, NO]
    cell = ["a", "a", "b", "b"]
    assert adjust_nonresponse(weight, responded, cell, 1).cells[1].factor == 5
    joined = adjust_nonresponse(weight, responded, cell, 1, {"b": "a"}, max_factor=3)
    assert joined.cells[0].factor == pytest.approx(7 / 3)
    with pytest.raises(AnalysisError, match=r"'b' is too thin .* got '1 kept, factor 5'"):
        adjust_nonresponse(weight, responded, cell, 1, max_factor=3)


def test_a_factor_at_its_limit_is_not_beyond_it():
    assert (
        adjust_nonresponse([0.1] * 6, [YES, YES, NO, NO, NO, NO], ["a"] * 6, 1, max_factor=3).weight[0] > 0.1
    )


def test_full_response_changes_nothing():
    assert adjust_nonresponse([1.5, 2.5], [YES, YES], ["a", "b"], 1).weight.tolist() == [1.5, 2.5]


def test_rows_of_weight_zero_stay_out_whatever_their_cell():
    result = adjust_nonresponse([1.0, 0.0, 0.0], [YES, YES, NO], ["a", None, "z"], 1)
    assert result.weight.tolist() == [1, 0, 0]
    assert len(result.cells) == 1
    assert result.cells[0].n_cases == 1


def test_spellings_of_a_vietnamese_letter_do_not_make_cells():
    plain, parts = (unicodedata.normalize(form, "Hộ tịch") for form in ("NFC", "NFD"))
    result = adjust_nonresponse([1.0, 1.0, 1.0], [YES, NO, YES], [plain, parts, "x"], 2, {parts: "x"})
    assert result.cells[0].members == ("x", plain)


@given(samples(), st.integers(1, 3), st.floats(0.001, 1000), st.randoms())
def test_sums_of_cells_are_kept_and_neither_scale_nor_order_matters(sample, minimum, factor, random):
    weight, responded, cell = sample
    kept = responded & (weight > 0)
    present = sorted(set(cell[weight > 0].tolist()))
    ring = dict(zip(present, [*present[1:], present[0]], strict=True))
    if kept.sum() < minimum:  # however cells are merged around the ring
        with pytest.raises(AnalysisError, match="too thin"):
            adjust_nonresponse(weight, responded, cell, minimum, ring)
        return
    found = adjust_nonresponse(weight, responded, cell, minimum, ring)
    home = {member: used.name for used in found.cells for member in used.members}
    joint = np.array([home.get(name, "") for name in cell])
    for used in found.cells:
        inside = joint == used.name
        assert found.weight[inside].sum() == pytest.approx(weight[inside].sum(), rel=1e-12)
        assert used.n_responded == kept[inside].sum() >= minimum
    assert (found.weight[kept] >= weight[kept] * (1 - 1e-12)).all()
    assert (found.weight[~kept] == 0).all()
    scaled = adjust_nonresponse(weight * factor, responded, cell, minimum, ring)
    np.testing.assert_allclose(scaled.weight, found.weight * factor, rtol=1e-12)
    order = random.sample(range(weight.size), weight.size)
    shuffled = adjust_nonresponse(weight[order], responded[order], cell[order], minimum, ring)
    np.testing.assert_allclose(shuffled.weight, found.weight[order], rtol=1e-12)


def test_unknown_eligibility_goes_to_all_known_cases_the_ineligible_too():
    # two eligible, one not, one unknown: the unknown stands for 2/3 of an eligible case
    weight = adjust_unknown_eligibility(np.ones(4), [YES, YES, YES, NO], ["a"] * 4, 1).weight
    assert weight == pytest.approx([4 / 3, 4 / 3, 4 / 3, 0])
    eligible = weight * [1, 1, 0, 0]
    final = adjust_nonresponse(eligible, [YES, NO, NO, NO], ["a"] * 4, 1).weight
    assert final == pytest.approx([8 / 3, 0, 0, 0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, -1.0], [YES, YES], ["a", "a"]), "weight must not be negative; got -1.0"),
        (([0.0, 0.0], [YES, YES], ["a", "a"]), "weight must hold a positive weight"),
        (([1.0, np.nan], [YES, YES], ["a", "a"]), "weight must be finite"),
        (([1.0, 1.0], [1, 0], ["a", "a"]), "responded must hold booleans"),
        (([1.0, 1.0], [YES], ["a", "a"]), "responded must have shape"),
        (([1.0, 1.0], [YES, YES], ["a"]), r"cell must have shape \(2,\)"),
        (
            ([1.0, 1.0], [YES, YES], ["a", None]),
            "cell must have a label in every row of positive weight; got None",
        ),
        (([1.0, 1.0], [YES, YES], ["a", "a"], 0), "min_respondents must be at least 1; got 0"),
        (([1.0, 1.0], [YES, YES], ["a", "a"], 1, None, 0.5), "max_factor must be at least 1; got 0.5"),
        (([1.0, 1.0], [NO, NO], ["a", "a"], 1), "'a' is too thin .* got '0 kept, factor inf'"),
        (([1.0, 1.0], [YES, YES], ["a", "a"]), "'a' is too thin and no neighbour .* got '2 kept"),
    ],
)
def test_what_can_not_be_adjusted_is_refused(arguments, message):
    with pytest.raises(AnalysisError, match=message):
        adjust_nonresponse(*arguments)


def test_messages_about_eligibility_name_its_argument():
    with pytest.raises(AnalysisError, match="eligibility_known must hold booleans"):
        adjust_unknown_eligibility([1.0], [1], ["a"], 1)
    with pytest.raises(AnalysisError, match="min_known must be at least 1"):
        adjust_unknown_eligibility([1.0], [YES], ["a"], 0)


def test_the_cells_go_into_a_report():
    result = adjust_nonresponse([1.0, 1.0], [YES, NO], ["a", "a"], 1)
    assert json.loads(json.dumps(result.to_dict()))["cells"][0]["factor"] == 2

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.sampling.frame import SamplingFrame
from analysis.sampling.plan import Stage
from analysis.sampling.rotation import expected_overlap, rotation_start
from analysis.sampling.stages import draw_sample

FRAME = SamplingFrame.from_columns([f"H{i:03d}" for i in range(200)])
N, n = 200, 40


def shares_kept(shift, first=0.0):
    for seed in range(150):
        waves = [draw_sample(Stage(FRAME, n, start=start), seed) for start in (first, (first + shift) % 1)]
        yield len(set(waves[0].unit) & set(waves[1].unit)) / n


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("first", [0.0, 0.93])
def test_waves_overlap_as_promised(overlap, first):
    # E max(0, n - B) / n, B binomial (N, shift); standard error of one share below 0.08, of 150 below 0.0066.
    shift = (1 - overlap) * n / N
    exact = sum(max(0, n - b) * math.comb(N, b) * shift**b * (1 - shift) ** (N - b) for b in range(n + 1)) / n
    assert np.mean(list(shares_kept(shift, first))) == pytest.approx(exact, abs=4 * 0.0066)
    assert overlap - 1e-9 <= exact <= overlap + 0.4 / math.sqrt(n)


def test_a_wave_with_the_same_start_is_the_same():
    assert set(shares_kept(0.0)) == {1.0}


def test_newcomers_take_few_places_and_move_nobody_else():
    grown = SamplingFrame.from_columns([*FRAME.unit, *(f"new {i}" for i in range(20))])
    before, after = draw_sample(Stage(FRAME, n), 1), draw_sample(Stage(grown, n), 1)
    stayed = [unit for unit in after.unit if not unit.startswith("new")]
    assert stayed == list(before.unit[: len(stayed)])


@given(st.floats(0, 0.999), st.floats(0.001, 0.5), st.floats(0, 1))
def test_the_expected_share_of_equal_probabilities_is_the_one_asked_for(previous, fraction, overlap):
    start = rotation_start(previous, fraction, overlap)
    assert 0 <= start < 1
    assert expected_overlap([fraction] * 3, (1 - overlap) * fraction) == pytest.approx(overlap, abs=1e-12)


def test_unequal_probabilities_by_hand():
    # kept 0.6 - 0.2 = 0.4, none of 0.1, all of 1: 1.4 of 1.7
    assert expected_overlap([0.6, 0.1, 1.0], 0.2) == pytest.approx(1.4 / 1.7, rel=1e-12)
    # around the circle: [0, 0.6) and [0.7, 1) with [0, 0.3)
    assert expected_overlap([0.6], 0.7) == pytest.approx(0.5, rel=1e-12)


@pytest.mark.parametrize("method", ["pareto", "sequential_poisson"])
def test_size_draws_overlap_as_expected(method):
    sizes = [1 + i % 7 for i in range(N)]
    frame = SamplingFrame.from_columns(FRAME.unit, size=sizes)
    kept = []
    for seed in range(100):
        waves = [draw_sample(Stage(frame, n, method, start=start), seed) for start in (0.0, 0.1)]
        kept.append(len(set(waves[0].unit) & set(waves[1].unit)) / n)
    pi = [n * x / sum(sizes) for x in sizes]
    assert np.mean(kept) == pytest.approx(expected_overlap(pi, 0.1), abs=0.04)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rotation_start(1.0, 0.1, 0.5), "previous must be at least 0 and below 1; got 1.0"),
        (lambda: rotation_start(-0.1, 0.1, 0.5), "previous must be at least 0 and below 1; got -0.1"),
        (lambda: rotation_start(0, 0, 0.5), "sampling_fraction must be above 0 and at most 1; got 0"),
        (lambda: rotation_start(0, 0.1, 1.5), r"overlap must lie in \[0, 1\]; got 1.5"),
        (lambda: rotation_start(0, 0.1, math.nan), "overlap must be a finite number; got nan"),
        (
            lambda: expected_overlap([0.0], 0.1),
            "inclusion_probability must be above 0 and at most 1; got 0.0",
        ),
        (lambda: expected_overlap([], 0.1), "shift must be at least 0 and below 1, for at least one unit"),
        (lambda: expected_overlap([0.5], 1.0), "shift must be at least 0 and below 1"),
    ],
)
def test_numbers_out_of_range_are_refused(call, message):
    with pytest.raises(AnalysisError, match=message):
        call()

import hashlib
import hmac
import unicodedata

import numpy as np
import pytest
from hypothesis import given, strategies as st

from analysis import AnalysisError
from analysis.sampling.random_numbers import (
    as_uniform,
    permanent_random_numbers,
    random_start,
    seed_text,
)

IDS = [f"H-{i:05d}" for i in range(20_000)]


def test_numbers_are_those_of_openssl():
    # printf '%s' 'H-0001' | openssl dgst -sha256 -hmac 'draw 1 unit stage 1 seed 2026-11-05'
    # 0c9241dfcfc440f0f6cce63c3ff8d5e8dc42a8833de5e881c1769887ec15e337
    assert permanent_random_numbers("2026-11-05", ["H-0001"]).tolist() == [0x0C9241DFCFC440F0]


@given(st.text("abc đấ1", min_size=1).map(lambda s: f"x{s}x"), st.integers(0, 10**80), st.integers(1, 3))
def test_numbers_are_hmac_by_the_standard_library(unit, seed, stage):
    key = f"draw 1 unit stage {stage} seed {seed}".encode()
    digest = hmac.new(key, unicodedata.normalize("NFC", unit).encode(), hashlib.sha256).digest()
    assert permanent_random_numbers(seed, [unit], stage).tolist() == [int.from_bytes(digest[:8], "big")]


def test_starts_are_hmac_by_the_standard_library():
    for bound in (1, 7, 10**15):
        digest = hmac.new(b"draw 1 reserve start stage 2 seed s", b"00ff A", hashlib.sha256).hexdigest()
        assert random_start("s", 2, "reserve", "00ff", "A", bound) == int(digest, 16) * bound // 2**256


def test_other_units_change_no_number():
    numbers = dict(zip(IDS[:100], permanent_random_numbers("s", IDS[:100]).tolist(), strict=True))
    changed = ["new", *reversed(IDS[50:150])]
    for unit, number in zip(changed, permanent_random_numbers("s", changed).tolist(), strict=True):
        assert numbers.get(unit, number) == number


def test_composed_and_decomposed_ids_have_one_number():
    decomposed = unicodedata.normalize("NFD", "Ấp Đông 1")
    assert permanent_random_numbers("s", [decomposed]) == permanent_random_numbers("s", ["Ấp Đông 1"])


def test_seeds_and_stages_have_numbers_of_their_own():
    numbers = [permanent_random_numbers(seed, IDS[:50], stage) for seed in ("a", "b") for stage in (1, 2)]
    assert len(set(np.concatenate(numbers).tolist())) == 200
    assert permanent_random_numbers(2026, ["A"]) == permanent_random_numbers("2026", ["A"])


def test_numbers_are_uniform():
    # Chi-square of 16 cells, by hand: the 99.99 % point for 15 degrees of freedom is 44.3.
    shares = as_uniform(permanent_random_numbers("s", IDS))
    counts = np.bincount((shares * 16).astype(int), minlength=16)
    assert ((counts - 1250) ** 2 / 1250).sum() < 44.3
    neighbours = np.corrcoef(shares[:-1], shares[1:])[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(20_000)


def test_starts_are_uniform():
    # 99.99 % point for 6 degrees of freedom: 27.9
    starts = [random_start(str(seed), 1, "main", "00", "A", 7) for seed in range(7000)]
    counts = np.bincount(starts, minlength=7)
    assert counts.size == 7
    assert ((counts - 1000) ** 2 / 1000).sum() < 27.9


def test_shares_stay_below_one_exactly():
    ends = np.array([0, 1, 2**11, 2**64 - 1], dtype=np.uint64)
    assert as_uniform(ends).tolist() == [0.0, 0.0, 2.0**-53, 1 - 2.0**-53]


@pytest.mark.parametrize("seed", [-1, 1.5, None, "", " 5", "a\n", True, b"x"])
def test_seeds_that_are_none_are_refused(seed):
    with pytest.raises(AnalysisError, match="seed must"):
        seed_text(seed)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: permanent_random_numbers("s", ["A"], 0),
            "stage must be a whole number of at least 1; got 0",
        ),
        (lambda: permanent_random_numbers("s", []), "unit must be a list of at least one text"),
        (lambda: as_uniform(np.ma.array(np.uint64([1]), mask=True)), "numbers must be no masked array"),
        (lambda: as_uniform(np.array([1])), "numbers must be of type uint64; got 'int64'"),
        (
            lambda: random_start("s", 1, "main", "00", "A", 0),
            "bound must be a whole number of at least 1; got 0",
        ),
    ],
)
def test_other_slips_are_refused(call, message):
    with pytest.raises(AnalysisError, match=message):
        call()

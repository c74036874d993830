import hashlib
import hmac
import os
import subprocess
import sys
import unicodedata
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from analysis import AnalysisError
from analysis.sampling.frame import SamplingFrame
from analysis.sampling.plan import Stage
from analysis.sampling.selection import inclusion_probabilities
from analysis.sampling.stages import draw_sample, draw_stages

METHODS = ["simple", "pareto", "sequential_poisson", "systematic", "pps_systematic"]
UNITS = [f"H{i:02d}" for i in range(12)]
STRATA = ["Xã A"] * 7 + ["Xã B"] * 5
SIZES = [3, 8, 1, 40, 5, 2, 6, 9, 4, 4, 7, 1]
COLUMNS = {"unit": UNITS, "stratum": STRATA, "size": SIZES, "order": [i % 3 for i in range(12)]}
FRAME = SamplingFrame.from_columns(**COLUMNS)
COUNTS = {"Xã A": 3, "Xã B": 2}


@st.composite
def stages(draw):
    """Up to 25 units in up to 3 strata, with a main and a reserve list in each."""
    n = draw(st.integers(1, 25))
    strata = draw(st.lists(st.sampled_from("XYZ"), min_size=n, max_size=n))
    frame = SamplingFrame.from_columns(
        [f"u{i}" for i in range(n)],
        strata,
        size=draw(st.lists(st.integers(1, 60), min_size=n, max_size=n)),
        order=draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n)),
    )
    main = {h: draw(st.integers(1, size)) for h, size in frame.population.items()}
    reserve = {h: draw(st.integers(0, size - main[h])) for h, size in frame.population.items()}
    return Stage(frame, main, draw(st.sampled_from(METHODS)), reserve)


@given(stages(), st.integers(0, 10**6))
def test_lists_are_as_long_as_asked_and_share_no_unit(stage, seed):
    draw = draw_sample(stage, seed)
    assert len(set(draw.unit)) == len(draw.unit)
    home = dict(zip(stage.frame.unit, stage.frame.stratum.tolist(), strict=True))
    for code, stratum in enumerate(stage.frame.strata):
        listed = [i for i, label in enumerate(draw.stratum) if label == stratum]
        n, reserve = stage.n[stratum], stage.reserve[stratum]
        assert draw.is_main[listed].tolist() == [True] * n + [False] * reserve
        assert draw.order[listed].tolist() == list(range(1, n + reserve + 1))
        assert {home[draw.unit[i]] for i in listed} == {code}


@given(stages(), st.integers(0, 10**6))
def test_certainty_units_are_always_drawn(stage, seed):
    draw, frame = draw_sample(stage, seed), stage.frame
    for code, stratum in enumerate(frame.strata):
        rows = np.flatnonzero(frame.stratum == code)
        sizes = np.ones(rows.size, int) if stage.method in ("simple", "systematic") else frame.size[rows]
        pi = inclusion_probabilities(sizes, stage.n[stratum])
        certain = {frame.unit[row] for row in rows[pi == 1]}
        assert certain <= set(draw.units("main"))
        known = dict(zip((frame.unit[row] for row in rows), pi.tolist(), strict=True))
        for unit, label, probability, flag in zip(
            draw.unit, draw.stratum, draw.inclusion_probability, draw.is_certainty, strict=True
        ):
            if label == stratum:
                assert (probability, flag) == (known[unit], known[unit] == 1)


@given(stages(), st.integers(0, 10**6))
def test_a_longer_reserve_changes_neither_main_list_nor_weights(stage, seed):
    short = draw_sample(Stage(stage.frame, stage.n, stage.method), seed)
    long = draw_sample(stage, seed)
    assert long.units("main") == short.unit
    assert long.weight[long.is_main].tolist() == short.weight.tolist()


@given(stages(), st.integers(0, 10**6))
def test_the_reserve_of_ranked_draws_continues_the_main_list(stage, seed):
    ranked = Stage(stage.frame, stage.n, "simple", stage.reserve)
    whole = Stage(stage.frame, {h: stage.n[h] + stage.reserve[h] for h in stage.n}, "simple")
    assert draw_sample(whole, seed).unit == draw_sample(ranked, seed).unit


@pytest.mark.parametrize("method", ["simple", "systematic"])
def test_equal_weights_add_up_to_the_population(method):
    draw = draw_sample(Stage(FRAME, COUNTS, method, reserve=1), 1)
    assert draw.weight[draw.is_main].sum() == pytest.approx(12, rel=1e-15)
    in_a = np.array([label == "Xã A" for label in draw.stratum])
    assert draw.weight[in_a & draw.is_main].sum() == pytest.approx(7, rel=1e-15)


@pytest.mark.parametrize("method", METHODS)
@given(random=st.randoms(use_true_random=False))
@settings(max_examples=20)
def test_the_order_of_rows_changes_no_draw(method, random):
    rows = random.sample(list(zip(*COLUMNS.values(), strict=True)), 12)
    mixed = SamplingFrame.from_columns(**dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)))
    draws = [draw_sample(Stage(frame, COUNTS, method, 1), "s").to_dict() for frame in (FRAME, mixed)]
    assert draws[0] == draws[1]


@pytest.mark.parametrize("method", METHODS)
def test_composed_and_decomposed_ids_give_the_same_draw(method):
    ids = [f"Ấp {i} xã Đông Hoà" for i in range(9)]
    frames = [
        SamplingFrame.from_columns([unicodedata.normalize(form, unit) for unit in ids], size=range(1, 10))
        for form in ("NFC", "NFD")
    ]
    one, other = (draw_sample(Stage(frame, 4, method, 2), "Đợt 1").to_dict() for frame in frames)
    assert one == other


def exact_order_probabilities(sizes, n, method):
    """Chance of each unit to be among the n smallest keys, the others' count below it by convolution."""
    target = inclusion_probabilities(sizes, n)
    certain = target == 1
    small, m = target[~certain], n - certain.sum()
    u = (np.arange(4000) + 0.5) / 4000
    exact = np.empty(small.size)
    for i, own in enumerate(small):
        if method == "pareto":
            key = u / (1 - u) * (1 - own) / own
            below = key[:, None] / (key[:, None] + (1 - small) / small)
        else:
            below = np.minimum(u[:, None] / own * small, 1)
        counts = np.zeros((u.size, small.size + 1))
        counts[:, 0] = 1
        for j in range(small.size):
            if j != i:
                p = below[:, [j]]
                counts[:, 1:], counts[:, [0]] = (
                    counts[:, 1:] * (1 - p) + counts[:, :-1] * p,
                    counts[:, [0]] * (1 - p),
                )
        exact[i] = counts[:, :m].sum(axis=1).mean()
    whole = np.ones(len(sizes))
    whole[~certain] = exact
    return whole


def true_probabilities(method):
    sizes = np.ones(12, int) if method in ("simple", "systematic") else np.array(SIZES)
    parts = ((sizes[:7], 3), (sizes[7:], 2))
    if method in ("pareto", "sequential_poisson"):
        return np.concatenate([exact_order_probabilities(x, n, method) for x, n in parts])
    return np.concatenate([inclusion_probabilities(x, n) for x, n in parts])


@pytest.mark.parametrize("method", METHODS)
def test_units_are_drawn_as_often_as_their_probability_says(method):
    # 3,000 seeds; a unit's frequency lies within 4.5 standard errors (7 in a million do not by chance).
    seeds = 3000
    times = dict.fromkeys(UNITS, 0)
    for seed in range(seeds):
        for unit in draw_sample(Stage(FRAME, COUNTS, method), seed).unit:
            times[unit] += 1
    pi, frequency = true_probabilities(method), np.array(list(times.values())) / seeds
    assert (np.abs(frequency - pi) <= 4.5 * np.sqrt(pi * (1 - pi) / seeds)).all()
    assert pi.sum() == pytest.approx(5, abs=1e-6)


@pytest.mark.parametrize(("method", "error"), [("pareto", 0.015), ("sequential_poisson", 0.07)])
def test_order_draws_miss_their_target_by_as_little_as_documented(method, error):
    target = draw_sample(Stage(FRAME, {"Xã A": 3, "Xã B": 2}, method, {"Xã A": 4, "Xã B": 3}), 1)
    stated = dict(zip(target.unit, target.inclusion_probability.tolist(), strict=True))
    missed = np.abs([stated[unit] for unit in UNITS] - true_probabilities(method))
    assert error / 2 < missed.max() < error


@pytest.mark.parametrize("method", METHODS)
def test_reserves_of_equal_units_are_drawn_equally_often(method):
    frame = SamplingFrame.from_columns(UNITS, size=[2] * 12)
    times = dict.fromkeys(UNITS, 0)
    for seed in range(1500):
        draw = draw_sample(Stage(frame, 4, method, reserve=3), seed)
        first = draw.units("reserve")[0]
        times[first] += 1
    # 99.99 % point of chi-square for 11 degrees of freedom: 37.4
    assert sum((count - 125) ** 2 / 125 for count in times.values()) < 37.4


def test_pairs_are_drawn_as_often_as_under_simple_random_sampling():
    # 3 of 6: each of 15 pairs has probability 0.2. 99.99 % point of chi-square, 14 degrees of freedom: 42.6;
    # counts of pairs vary less than such cells do.
    frame, seeds = SamplingFrame.from_columns(UNITS[:6]), 2000
    pairs: dict[tuple[str, str], int] = {}
    for seed in range(seeds):
        drawn = sorted(draw_sample(Stage(frame, 3), seed).unit)
        for i in range(3):
            for j in range(i):
                pairs[drawn[j], drawn[i]] = pairs.get((drawn[j], drawn[i]), 0) + 1
    assert len(pairs) == 15
    assert sum((count - 400) ** 2 / 400 for count in pairs.values()) < 42.6


def test_a_simple_draw_is_the_smallest_keyed_hashes():
    def number(unit):
        return hmac.new(b"draw 1 unit stage 1 seed s", unit.encode(), hashlib.sha256).digest()

    draw = draw_sample(Stage(FRAME, COUNTS, reserve=2), "s")
    assert draw.unit == (*sorted(UNITS[:7], key=number)[:5], *sorted(UNITS[7:], key=number)[:4])


def test_a_systematic_draw_takes_equal_steps_along_the_implicit_order():
    frame = SamplingFrame.from_columns([f"{i:02d}" for i in range(20)], order=[-i for i in range(20)])
    draw = draw_sample(Stage(frame, 5, "systematic"), "s")
    places = [19 - int(unit) for unit in draw.unit]
    assert np.diff(places).tolist() == [4, 4, 4, 4]


def test_another_frame_moves_systematic_starts_but_no_permanent_number():
    frames = [SamplingFrame.from_columns([f"{i:03d}" for i in range(n)]) for n in (999, 1000)]
    one, other = (draw_sample(Stage(frame, 900, "simple"), "s").unit for frame in frames)
    assert [unit for unit in other if unit != "999"][:890] == list(one)[:890]
    firsts = [[draw_sample(Stage(f, 10, "systematic"), s).unit[0] for s in range(20)] for f in frames]
    assert firsts[0] != firsts[1]


HASH = "aab2db146e51345fde92acef6b7193b8697ab2896c6fb02972252f28e4a3be25"
PINNED = {  # main list of A, its reserve of 2, main list of B, its reserve of 1; start of the checksum
    "simple": ("H06 H03 H00 H05 H01 H08 H07 H09", "0366fcd8a018940b"),
    "pareto": ("H03 H06 H01 H00 H05 H08 H07 H10", "7fabb5e642142415"),
    "sequential_poisson": ("H03 H06 H01 H04 H00 H08 H07 H10", "07f92345db4570a1"),
    "systematic": ("H03 H01 H02 H06 H05 H09 H10 H07", "defe183c25844e4c"),
    "pps_systematic": ("H03 H06 H04 H05 H01 H09 H10 H07", "cb388c6458d777d4"),
}


@pytest.mark.parametrize("method", METHODS)
def test_the_pinned_draw_is_drawn_again(method):
    """Any change here means that no stored draw can be replayed: bump DRAW_VERSION and keep the old way."""
    assert FRAME.frame_hash == HASH
    draw = draw_sample(Stage(FRAME, COUNTS, method, {"Xã A": 2, "Xã B": 1}), "2026-11-05")
    assert (" ".join(draw.unit), draw.checksum[:16]) == PINNED[method]


def test_a_systematic_draw_by_size_can_be_worked_out_from_its_description():
    # Stratum B in implicit order (i % 3, then id): H09, H07, H10, H08, H11 of sizes 4, 9, 7, 4, 1: two of 25.
    key, message = b"draw 1 main start stage 1 seed 2026-11-05", f"{HASH} Xã B".encode()
    start = int(hmac.new(key, message, hashlib.sha256).hexdigest(), 16) * 25 >> 256
    points = [Fraction(start + 25 * j, 2) for j in (0, 1)]
    ends = {"H09": 4, "H07": 13, "H10": 20, "H08": 24, "H11": 25}
    drawn = [next(unit for unit, end in ends.items() if point < end) for point in points]
    assert drawn == PINNED["pps_systematic"][0].split()[5:7]


def test_another_process_with_other_settings_draws_the_same():
    code = (
        "from tests.analysis.sampling.test_stages import *\n"
        "print(*(draw_sample(Stage(FRAME, COUNTS, method, 1), 'Đợt 1').checksum for method in METHODS))"
    )
    here = [draw_sample(Stage(FRAME, COUNTS, method, 1), "Đợt 1").checksum for method in METHODS]
    for settings_of_process in ({"PYTHONHASHSEED": "1", "LC_ALL": "C"}, {"PYTHONHASHSEED": "2"}):
        run = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, **settings_of_process},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            check=True,
            text=True,
        )
        assert run.stdout.split() == here


# --- several stages -----------------------------------------------------------------------------------------

N_DOSSIERS = {f"X{i}": 20 + 15 * i for i in range(6)}
COMMUNES = SamplingFrame.from_columns(
    list(N_DOSSIERS), ["Huyện 1"] * 3 + ["Huyện 2"] * 3, size=list(N_DOSSIERS.values())
)
DOSSIERS = SamplingFrame.from_columns(
    [f"{commune}-{i:03d}" for commune, n in N_DOSSIERS.items() for i in range(n)],
    [commune for commune, n in N_DOSSIERS.items() for _ in range(n)],
)


def test_two_stages_by_size_then_equal_weigh_all_dossiers_alike():
    communes, dossiers = draw_stages(
        [Stage(COMMUNES, 1, "pps_systematic", reserve=1), Stage(DOSSIERS, 10, reserve=5)], "s"
    )
    for district, total in (("Huyện 1", 105), ("Huyện 2", 240)):
        inside = np.array([stratum == district for stratum in dossiers.stratum])
        assert dossiers.weight[inside] == pytest.approx(total / 10, rel=1e-12)
    assert set(dossiers.psu) == set(communes.units("main"))
    assert dossiers.weight[dossiers.is_main].sum() == pytest.approx(345, rel=1e-12)
    assert dossiers.path[0] == (dossiers.stratum[0], dossiers.psu[0])
    assert (dossiers.n_stages, dossiers.methods) == (2, ("pps_systematic", "simple"))
    assert dossiers.frame_hashes == (COMMUNES.frame_hash, DOSSIERS.frame_hash)


def test_three_stages_multiply_their_probabilities():
    villages = SamplingFrame.from_columns(
        [f"X{i}/{v}" for i in range(6) for v in range(4)], [f"X{i}" for i in range(6) for v in range(4)]
    )
    people = SamplingFrame.from_columns(
        [f"{village}/{p}" for village in villages.unit for p in range(10)],
        [village for village in villages.unit for _ in range(10)],
    )
    plan = [Stage(COMMUNES, 2, "pps_systematic"), Stage(villages, 2, "systematic"), Stage(people, 3)]
    draws = draw_stages(plan, 7)
    first, last = draws[0], draws[-1]
    by_commune = dict(zip(first.unit, first.inclusion_probability.tolist(), strict=True))
    assert len(last.unit) == 4 * 2 * 3
    for row in last.to_rows():
        commune, village = row["parents"]
        assert row["unit"].startswith(f"{village}/")
        assert row["stage_probabilities"] == [by_commune[commune], 0.5, 0.3]
        assert row["inclusion_probability"] == by_commune[commune] * 0.5 * 0.3


@pytest.mark.parametrize("method", ["simple", "systematic"])
def test_two_stage_frequencies_match_their_probabilities(method):
    # the chance of a dossier of X0 is 20/105 · 2/20, of one of X5 95/240 · 2/95
    seeds, first, last = 1500, 0, 0
    for seed in range(seeds):
        units = draw_stages([Stage(COMMUNES, 1, "pps_systematic"), Stage(DOSSIERS, 2, method)], seed)[1].unit
        first += sum(unit.startswith("X0-") for unit in units)
        last += sum(unit.startswith("X5-") for unit in units)
    for count, share in ((first / 2, 20 / 105), (last / 2, 95 / 240)):
        assert abs(count - seeds * share) < 4.5 * np.sqrt(seeds * share * (1 - share))


@pytest.mark.parametrize("method", ["simple", "systematic"])
def test_a_reserve_commune_that_joins_leaves_the_lists_of_the_others_alone(method):
    communes = draw_sample(Stage(COMMUNES, 2, "pps_systematic", reserve=1), "s")
    before = draw_sample(Stage(DOSSIERS, 10, method), "s", within=communes)
    lost = communes.units("main")[0]
    after = draw_sample(Stage(DOSSIERS, 10, method), "s", within=communes.replace_lost([lost]))
    kept = [unit for unit, psu in zip(before.unit, before.psu, strict=True) if psu != lost]
    assert set(kept) < set(after.unit)
    assert len(after.unit) == len(before.unit)


def test_ids_that_stages_share_are_drawn_independently():
    # Every commune is one village of the same id. Were stages to share numbers, a drawn village would be the
    # first of its commune whenever its own number was small.
    ids = [f"{i}" for i in range(8)]
    communes = SamplingFrame.from_columns(ids)
    villages = SamplingFrame.from_columns([*ids, *(f"{i}b" for i in ids)], [*ids, *ids])
    same = 0
    for seed in range(1000):
        drawn = draw_stages([Stage(communes, 2), Stage(villages, 1)], seed)[1]
        same += sum(unit == psu for unit, psu in zip(drawn.unit, drawn.psu, strict=True))
    assert abs(same - 1000) < 4.5 * np.sqrt(2000 * 0.25)


def test_a_later_frame_may_list_drawn_parents_only():
    communes = draw_sample(Stage(COMMUNES, 1), "s")
    drawn = set(communes.unit)
    listed = [unit for unit in DOSSIERS.unit if unit[:2] in drawn]
    short = SamplingFrame.from_columns(listed, [unit[:2] for unit in listed])
    one, other = (draw_sample(Stage(frame, 5), "s", communes) for frame in (DOSSIERS, short))
    assert one.unit == other.unit


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: draw_sample(Stage(FRAME, {"Xã A": 1}), 1),
            "n must be given for every stratum .* got 'Xã B'",
        ),
        (
            lambda: draw_sample(Stage(FRAME, 1), -1),
            "seed must be text or a whole number of at least 0; got -1",
        ),
        (
            lambda: draw_sample(Stage(DOSSIERS, 1), "b", draw_sample(Stage(COMMUNES, 1), "a")),
            "seed must be that of the stage before, 'a'; got 'b'",
        ),
        (
            lambda: draw_stages([Stage(COMMUNES, 3), Stage(FRAME, 1)], 1),
            "frame must list the units of every drawn parent; got 'X0'",
        ),
        (lambda: draw_stages([], 1), "stages must hold at least one stage"),
    ],
)
def test_draws_that_cannot_be_made_are_refused(call, message):
    with pytest.raises(AnalysisError, match=message):
        call()

import hashlib
import json
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest

from analysis import AnalysisError, SurveyDesign
from analysis.sampling.draw import Draw
from analysis.sampling.frame import SamplingFrame
from analysis.sampling.plan import Stage
from analysis.sampling.stages import draw_sample, draw_stages

FRAME = SamplingFrame.from_columns([f"H{i}" for i in range(12)], ["A"] * 6 + ["B"] * 6)
DRAW = draw_sample(Stage(FRAME, {"A": 3, "B": 2}, reserve={"A": 2}), "s")


def of_list(draw, label, role):
    wanted = draw.units(role)
    return [
        unit
        for unit, stratum in zip(draw.unit, draw.stratum, strict=True)
        if stratum == label and unit in wanted
    ]


def test_rows_say_all_about_a_unit():
    row = DRAW.to_rows()[3]
    assert row == {
        "unit": DRAW.unit[3],
        "stratum": "A",
        "parents": [],
        "role": "reserve",
        "order": 4,
        "is_certainty": False,
        "stage_probabilities": [0.5],
        "inclusion_probability": 0.5,
        "weight": 2.0,
    }


def test_the_dictionary_goes_through_json_and_its_checksum_can_be_recomputed():
    content = json.loads(json.dumps(DRAW.to_dict()))
    checksum = content.pop("checksum")
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert checksum == DRAW.checksum == hashlib.sha256(text.encode()).hexdigest()
    assert (content["seed"], content["frame_hashes"], content["methods"], content["draw_version"]) == (
        "s",
        [FRAME.frame_hash],
        ["simple"],
        "1",
    )


def test_population_sizes_are_those_of_the_frames_lists():
    assert DRAW.population_sizes()[0].tolist() == [6] * 7
    assert DRAW.replace_lost([DRAW.unit[0]]).population_sizes()[0].tolist() == [6] * 6
    wards = SamplingFrame.from_columns([f"W{i}" for i in range(7)], ["A"] * 4 + ["B"] * 3)
    ward_of = [ward for ward in wards.unit for _ in range(5 + int(ward[1:]))]
    people = SamplingFrame.from_columns([f"p{i}" for i in range(len(ward_of))], ward_of)
    draw = draw_stages([Stage(wards, 2), Stage(people, 3, "systematic", reserve=1)], "s")[-1]
    in_stratum, in_ward = draw.population_sizes()
    assert in_stratum.tolist() == [{"A": 4, "B": 3}[stratum] for stratum in draw.stratum]
    assert in_ward.tolist() == [5 + int(ward[1:]) for ward in draw.psu]
    main = draw.is_main
    design = SurveyDesign.by_sizes(
        (in_stratum[main], in_ward[main]),
        np.array(draw.stratum)[main],
        np.array(draw.psu)[main],
    )
    assert design.weight == pytest.approx(draw.weight[main])
    assert design.table.is_two_stage


def test_sizes_say_nothing_of_a_draw_by_size():
    frame = SamplingFrame.from_columns(["a", "b", "c"], size=[1, 2, 3])
    draw = draw_sample(Stage(frame, 2, "pps_systematic"), "s")
    with pytest.raises(AnalysisError, match="methods must draw with equal chances for sizes to say"):
        draw.population_sizes()


def test_the_next_reserve_takes_the_place_of_a_lost_unit():
    main, reserve = of_list(DRAW, "A", "main"), of_list(DRAW, "A", "reserve")
    after = DRAW.replace_lost([main[1]])
    assert of_list(after, "A", "main") == [main[0], main[2], reserve[0]]
    assert of_list(after, "A", "reserve") == [reserve[1]]
    assert of_list(after, "B", "main") == of_list(DRAW, "B", "main")
    assert after.weight[after.is_main].sum() == pytest.approx(12)


def test_a_lost_reserve_is_passed_over():
    main, reserve = of_list(DRAW, "A", "main"), of_list(DRAW, "A", "reserve")
    together = DRAW.replace_lost([reserve[0], main[0]])
    assert of_list(together, "A", "main") == [main[1], main[2], reserve[1]]
    one_by_one = DRAW.replace_lost([reserve[0]]).replace_lost([main[0]])
    assert one_by_one.checksum == together.checksum


def test_a_list_without_reserve_can_lose_nobody():
    with pytest.raises(AnalysisError, match="lost must leave enough reserve units on each list; got 'B'"):
        DRAW.replace_lost([of_list(DRAW, "B", "main")[0]])


@pytest.mark.parametrize("lost", [["nobody"], [DRAW.unit[0], DRAW.unit[0]], []])
def test_only_units_of_the_draw_can_be_lost_and_once(lost):
    with pytest.raises(AnalysisError, match="lost must"):
        DRAW.replace_lost(lost)


def test_a_draw_is_frozen_through_and_through():
    with pytest.raises(FrozenInstanceError):
        DRAW.seed = "t"
    with pytest.raises(ValueError, match="read-only"):
        DRAW.order[0] = 5


def test_any_change_changes_the_checksum():
    others = [replace(DRAW, seed="t"), replace(DRAW, version="2"), replace(DRAW, is_main=~DRAW.is_main)]
    others.append(replace(DRAW, unit=DRAW.unit[::-1]))
    assert len({draw.checksum for draw in (DRAW, *others)}) == 5


def test_a_draw_says_what_it_holds():
    assert (
        repr(DRAW) == f"Draw(5 main and 2 reserve units of 2 lists, stage 1, checksum {DRAW.checksum[:12]}…)"
    )
    assert {field.name for field in fields(Draw)} >= {"seed", "frame_hashes", "methods", "version"}
    assert DRAW.psu == DRAW.unit


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"path": DRAW.path[1:]}, r"path and methods must have shapes \(7, 1\) and \(1,\)"),
        ({"methods": ()}, "path and methods must have shapes"),
        ({"order": DRAW.order[1:]}, r"order must have shape \(7,\)"),
        (
            {"stage_probability": DRAW.stage_probability * 0},
            "stage_probability must be above 0 and at most 1",
        ),
        (
            {"stage_probability": DRAW.stage_probability * 3},
            "stage_probability must be above 0 and at most 1",
        ),
    ],
)
def test_columns_that_do_not_fit_are_refused(change, message):
    with pytest.raises(AnalysisError, match=message):
        replace(DRAW, **change)

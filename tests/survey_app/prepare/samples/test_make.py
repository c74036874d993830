"""Lists of any design follow from design and file alone, and hold to its numbers and probabilities."""

import hashlib
import hmac
import json
from collections import Counter, defaultdict
from dataclasses import replace
from math import isclose

import pytest

from survey_app.models.canonical import canonical
from survey_app.prepare.samples.design import Design, DesignedOffice
from survey_app.prepare.samples.listed import list_text
from survey_app.prepare.samples.make import OtherFrame, OtherVersion, design_in, make_sample
from tests.survey_app.prepare.samples.conftest import (
    DOSSIERS,
    IN_CLUSTERS,
    IN_OFFICES,
    SIMPLE,
    SYSTEMATIC,
    dossiers,
    plan,
    write_frame,
)

ALL_CLUSTERS = (replace(IN_CLUSTERS[0], n_taken=99), IN_CLUSTERS[1])
N_MAIN = {"XA-B": 20, "XA-C": 50, "XA-D": 50}


def design(path, stages=SYSTEMATIC, within=None, **changes):
    document = plan(stages)
    offices = tuple(
        DesignedOffice(code, within or code, DOSSIERS[code], n, n // 4) for code, n in N_MAIN.items()
    )
    parts = {
        "frame_hash": path.stem,
        "plan_hash": document.hash,
        "seed": document.seed,
        "counted_for": "receives",
        "stages": stages,
        "reserve_share": 0.25,
        "weighting": ("sex",),
        "offices": offices,
        "left_out": (),
    }
    return Design(**parts | changes)


GOLDEN = {
    "simple": (SIMPLE, None, "3573141a036c322b2077cab91c82a6032fa9eacb679cebfc56ecd5d43f952fd8"),
    "systematic": (SYSTEMATIC, None, "1985df6a790147b1255ce8963d58f89a2250b9f5a92dccce9111f00fa09db1fd"),
    "clusters": (IN_CLUSTERS, None, "d1e235276720ec4fe359b883585458004cd5e85edc0fbd1e36388ad326f152f0"),
    "offices": (IN_OFFICES, "T", "98f259e44c6221d251196c7ef2b8689c98545369df9d37407e6d93b7e6e69f7e"),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_list_is_the_same_on_any_machine(name, frame_file):
    stages, within, checksum = GOLDEN[name]
    made = make_sample(design(frame_file, stages, within), frame_file)
    assert made.checksum == checksum
    assert hashlib.sha256(list_text(made.lines).encode()).hexdigest() == made.checksum


def test_a_simple_list_can_be_recomputed_by_hand(frame_file):
    """Sort ids by HMAC-SHA256, as any statistics program can, and compare."""
    one = design(frame_file, SIMPLE)
    key = f"draw 1 unit stage 1 seed {one.seed}".encode()
    ids = [row["unit"] for row in dossiers() if row["receives"] == "XA-B"]
    by_hand = sorted(ids, key=lambda unit: hmac.new(key, unit.encode(), hashlib.sha256).digest()[:8])
    assert [line.unit for line in make_sample(one, frame_file).lines if line.office == "XA-B"] == by_hand[:25]


def test_one_stage_takes_what_the_design_says(frame_file):
    made = make_sample(design(frame_file), frame_file)
    main = Counter(line.office for line in made.lines if line.is_main)
    reserve = Counter(line.office for line in made.lines if not line.is_main)
    assert main == N_MAIN
    assert reserve == {"XA-B": 5, "XA-C": 13, "XA-D": 13}
    assert [one.n_psus for one in made.found.offices] == [4, 10, 10]
    assert made.found.lone_strata == ()
    for line in made.lines:
        assert isclose(line.probability, N_MAIN[line.office] / DOSSIERS[line.office])
    positions = defaultdict(list)
    for line in made.lines:
        positions[line.list_name].append(line.position)
    assert all(found == list(range(1, len(found) + 1)) for found in positions.values())


def test_an_order_spreads_the_list_over_fields(frame_file):
    made = make_sample(design(frame_file, SYSTEMATIC), frame_file)
    fields = {row["unit"]: row["field"] for row in dossiers()}
    drawn = Counter(fields[line.unit] for line in made.lines if line.is_main and line.office == "XA-C")
    assert sorted(drawn.values()) == [16, 17, 17], "a third of its dossiers is of each field"


def test_weights_of_clusters_add_up_to_the_dossiers_of_the_office(frame_file):
    made = make_sample(design(frame_file, IN_CLUSTERS), frame_file)
    for code in ("XA-C", "XA-D"):
        main = [line for line in made.lines if line.office == code and line.is_main]
        assert len(main) == N_MAIN[code]
        assert len({line.list_name for line in main}) == 3
        # Clusters by size and equal numbers in each: all weights are nearly the same.
        assert isclose(sum(1 / line.probability for line in main), DOSSIERS[code], rel_tol=0.03)
    unknown = {line.list_name for line in make_sample(design(frame_file, ALL_CLUSTERS), frame_file).lines}
    assert "XA-D/-" in unknown, "dossiers of which no village is known are a cluster of their own"


def test_certain_clusters_become_strata(frame_file):
    made = make_sample(design(frame_file, ALL_CLUSTERS), frame_file)
    strata = {line.cell.stratum for line in made.lines if line.office == "XA-D"}
    assert all("/" in stratum for stratum in strata)
    assert all("#" in line.cell.psu for line in made.lines)


def test_drawn_offices_are_primary_units_and_others_stay_out(frame_file):
    made = make_sample(design(frame_file, IN_OFFICES, "T"), frame_file)
    assert len(made.found.offices) == 2
    for line in made.lines:
        assert line.cell.stratum in {"T", line.office, *(one.list_name for one in made.lines)}
        assert len(line.probabilities) == 3


def test_a_design_reads_back_and_another_version_is_refused(frame_file):
    one = design(frame_file, IN_CLUSTERS)
    assert Design.from_plain(one.as_plain()) == one
    made = make_sample(one, frame_file)
    assert made.document == canonical(json.loads(made.document))
    with pytest.raises(OtherVersion, match="this code has"):
        design_in({"versions": {"draw": "0", "cells": "0"}, "design": one.as_plain(), "found": {}})


def test_another_file_is_refused(frame_file, tmp_path):
    fewer = write_frame(tmp_path, dossiers()[:-1])
    with pytest.raises(OtherFrame, match="239 dossiers of XA-D, the frame had 240"):
        make_sample(design(frame_file), fewer)


def test_an_office_whose_drawn_clusters_hold_fewer_than_five_is_left_out_and_said(tmp_path):
    rows = dossiers({"XA-B": 40})
    for number, row in enumerate(rows):
        row["cluster"] = f"Thôn {number // 2}"
    path = write_frame(tmp_path, rows)
    small = (replace(IN_CLUSTERS[0], n_taken=2), IN_CLUSTERS[1])
    made = make_sample(design(path, small, offices=(DesignedOffice("XA-B", "XA-B", 40, 20, 5),)), path)
    assert made.lines == []
    assert [(one.code, one.n_main, one.why) for one in made.found.left_out] == [
        ("XA-B", 4, "clusters_too_small")
    ]

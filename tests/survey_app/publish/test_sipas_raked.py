"""The synthetic annual measurement published twice: with the weights it came with, then raked to totals.

R's standard errors of raked weights come from a regression without weights: they are met within 2 %.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from analysis import ComparedEstimates, compare_with_target, rank_sets, simultaneous_intervals
from survey_app.models.breakdown import WHOLE
from survey_app.models.office import Office
from survey_app.models.plan_document import PlanDocument, Publishing
from survey_app.models.publication import Change, Comparison, Figure, Publication
from survey_app.models.recipe import Recipe
from survey_app.models.snapshot import PublicationRecipe
from survey_app.models.weighting import WeightingStep
from survey_app.publish.counting.snapshot import Snapshot
from survey_app.publish.figures.estimates import estimate
from survey_app.publish.releasing.freeze import PublicationRefused, publish_wave, refuse_nothing_new
from survey_app.publish.releasing.sealed import Sealed
from survey_app.publish.releasing.verify import verify
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.publish import sipas

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class Published:
    figures: dict[tuple[str, str], Figure]
    steps: dict[str, WeightingStep]
    verdicts: dict[str, Comparison]
    recipe: Recipe
    row: Publication


def rows_of(name: str) -> list[dict[str, str]]:
    with (sipas.REFERENCE / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def published(app: Flask, number: int) -> Published:
    with app.extensions["database"].reading() as session:

        def of_office(table):
            query = select(Office.code, table).join(Office, Office.id == table.office_id)
            return session.execute(query.where(table.publication_id == number)).all()

        steps = session.scalars(select(WeightingStep).where(WeightingStep.publication_id == number))
        document = session.get_one(PublicationRecipe, number).document_json
        return Published(
            {(code, one.measure): one for code, one in of_office(Figure) if one.breakdown == WHOLE},
            {one.step: one for one in steps},
            dict(of_office(Comparison)),
            Recipe.from_json(document),
            session.get_one(Publication, number),
        )


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=list(arguments))


def test_two_weightings_of_the_same_answers_are_two_publications(
    app: Flask, tmp_path: Path, client: FlaskClient, staff_client: Callable[[str], FlaskClient]
) -> None:
    with app.extensions["database"].transaction() as session:
        plan = PlanDocument(publication=Publishing(tables=("group",)))
        factories.frozen_plan(session, plan, campaign_id=sipas.build(session).id)
    app.extensions["clock"] = lambda: MOMENT.replace(day=MOMENT.day + 3)
    publish = ("publication", "publish", "--campaign", "annual-2025")
    assert run(app, *publish).exit_code == 0
    totals = tmp_path / "tong.csv"
    totals.write_text(
        "variable;question;level;total\n"
        + "".join(
            f"{row['variable']};{row['variable']};{row['level']};{row['N']}\n"
            for row in rows_of("margins.csv")
        ),
        encoding="utf-8",
    )
    imported = run(app, "campaign", "margins", "annual-2025", str(totals))
    assert imported.exit_code == 0, imported.output
    second = run(app, *publish, "--reason", "Hiệu chỉnh theo tổng số hồ sơ.")
    assert second.exit_code == 0, second.output
    given, raked = published(app, 1), published(app, 2)
    app.extensions["clock"] = lambda: MOMENT  # when whoever looks signed in
    check_pages(client, staff_client("campaign_lead"))
    check_given(given)
    check_raked(raked)
    assert raked.row.what_changed == {
        "weighting": [[], ["raking:age", "raking:field", "raking:sex"]],
        "groups_withheld": True,
    }
    check_groups(app)
    check_that_groups_withheld_again_are_no_news(raked.recipe)
    assert given.row.data_hash != raked.row.data_hash
    for number in ("1", "2"):
        verified = run(app, "publication", "verify", number)
        assert (verified.exit_code, verified.output[:9]) == (0, "identical"), verified.output


def check_that_groups_withheld_again_are_no_news(recipe: Recipe) -> None:
    """A correction after this one, of which one office has a void that waits, would publish nothing else."""
    assert recipe.corrects is not None
    later = recipe.corrects._replace(changed={"groups_withheld": True, "offices_waiting": 1})
    with pytest.raises(PublicationRefused, match="Chưa có gì để đính chính"):
        refuse_nothing_new(replace(recipe, corrects=later), ["P01-O01"])


def check_pages(public: FlaskClient, lead: FlaskClient) -> None:
    """Anybody reads in a line what was done; the lead reads how much each step did, of either publication."""
    page = public.get("/results/annual-2025?lang=en").get_data(as_text=True)
    assert "fitted to known totals" in page
    assert "Weights: made in other steps." in page
    address = "/staff/campaigns/1/weights"
    assert address in lead.get("/staff/campaigns/1?lang=en").get_data(as_text=True)
    raked = lead.get(f"{address}?lang=en").get_data(as_text=True)
    for said in (
        "Without weights",
        "Fitting to known totals",
        "Field: Civil status",
        "80.88%",
        "291.3",
        "124,594",
    ):
        assert said in raked
    given = lead.get(f"{address}?publication=1&lang=en").get_data(as_text=True)
    assert "Fitting to known totals" not in given
    for other in ("?publication=3", "?publication=x"):
        assert lead.get(address + other).status_code == 404


def check_groups(app: Flask) -> None:
    """See R's groups and differences; raked ones are made for this test alone: a correction has none."""
    with app.extensions["database"].reading() as session:
        codes = dict(session.execute(select(Office.id, Office.code)).all())
        is_group = (Figure.publication_id == 1, Figure.breakdown.startswith("group:"))
        figures = session.scalars(select(Figure).where(*is_group)).all()
        given = {(codes[one.office_id], one.breakdown, ""): one for one in figures}
        of_first = select(Change).where(Change.publication_id == 1)
        given |= {(codes[one.office_id], one.later, one.earlier): one for one in session.scalars(of_first)}
        document = session.get_one(PublicationRecipe, 2).document_json
        recipe = replace(Recipe.from_json(document), corrects=None)
        frozen = Sealed(session).frozen(Snapshot.stored(session, 2), recipe)
        names = {number: code for code, number in frozen.number_of_office.items()}
        made = estimate("A", frozen.weighed("A").dataset, frozen.scope("A"), frozen.surroundings)
        is_there = select(Figure).where(Figure.publication_id == 2, Figure.breakdown.startswith("group:"))
        assert session.scalars(is_there).first() is None
    raked = {
        (names[row["office_id"]], row.get("breakdown") or row["later"], row.get("earlier", "")): row
        for row in (*made.figures, *made.changes)
        if row.get("breakdown") != ""
    }
    n = 0
    with (Path(__file__).parent / "reference" / "groups.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            against = row["against"] and f"group:{row['variable']}:{row['against']}"
            key = row["place"], f"group:{row['variable']}:{row['group']}", against
            found = vars(given[key]) if row["design"] == "wr" else raked[key]
            compare_with_r(found, row)
            n += 1
    assert n == 288


def compare_with_r(found: Mapping[str, Any], row: dict[str, str]) -> None:
    estimate, error, *limits = (float(row[name]) for name in ("estimate", "se", "low", "high"))
    near = 1e-6 if row["design"] == "rake" else 1e-9
    assert (found["value"], found["standard_error"]) == pytest.approx((estimate, error), rel=near)
    assert found["degrees_of_freedom"] == int(row["df"])
    low, high = ("low", "high") if row["against"] else ("t_low", "t_high")
    assert [found[low], found[high]] == pytest.approx(limits, rel=near, abs=near)


def check_given(found: Published) -> None:
    assert found.recipe.weighting is None
    assert set(found.steps) == {"unweighted", "base"}
    base = found.steps["base"]
    weights = [float(row["w"]) for row in rows_of("respondents.csv")]
    assert (base.n, base.weight_sum) == (len(weights), pytest.approx(sum(weights)))
    assert base.effective_n == pytest.approx(sum(weights) ** 2 / sum(w * w for w in weights))
    assert base.value == pytest.approx(0.80884954, abs=1e-8)
    targets, limits = rows_of("expected_below_target.csv"), rows_of("expected_simultaneous_and_ranks.csv")
    offices = [found.figures[row["office"], "index"] for row in targets]
    compared = ComparedEstimates(
        *(
            [getattr(one, name) for one in offices]
            for name in ("value", "standard_error", "degrees_of_freedom")
        )
    )
    tested = compare_with_target(compared, 0.85, adjustment="holm")
    assert tested.p_below == pytest.approx([float(row["p_below85"]) for row in targets], rel=1e-6)
    assert tested.adjusted_below == pytest.approx([float(row["holm"]) for row in targets], rel=1e-6)
    together = simultaneous_intervals(compared, 0.95, "sidak")
    assert 100 * together.low == pytest.approx([float(row["sidak_low"]) for row in limits], rel=1e-8)
    ranks = rank_sets(compared, method="klein_wright_wieczorek")
    assert ranks.best_rank.tolist() == [int(row["rank_best_kww"]) for row in limits]
    assert ranks.worst_rank.tolist() == [int(row["rank_worst_kww"]) for row in limits]
    n_ranked = [one.n_ranked for one in found.verdicts.values()]
    assert {n: n_ranked.count(n) for n in n_ranked} == {8: 8, 10: 10, 12: 12}  # of three provinces


def check_raked(found: Published) -> None:
    expected = [row for row in rows_of("expected_calibrated.csv") if row["design"] == "rake"]
    (of_weights,) = (row for row in expected if row["case"] == "K01")
    raking = found.steps["raking"]
    assert [raking.weight_sum, raking.minimum, raking.maximum] == pytest.approx(
        [float(of_weights[name]) for name in ("estimate", "ci_low", "ci_high")], rel=1e-6
    )
    compared = 0
    for row in expected:
        estimate, error = float(row["estimate"] or 0) / 100, float(row["se"] or 0) / 100
        if row["case"] == "K02" and row["variable"] == "all":
            assert raking.value == pytest.approx(estimate, rel=1e-6)
        elif row["case"] in ("K03", "K04"):
            figure = found.figures[row["domain"], "index"]
            assert figure.value == pytest.approx(estimate, rel=1e-6)
            assert figure.standard_error == pytest.approx(error, rel=0.02)
            compared += 1
    assert compared == 33
    for one in raking.details["margins"]:
        assert one["after"] == pytest.approx(one["total"])


def test_two_waves_that_share_wards_are_compared_as_r_does(app: Flask) -> None:
    database = app.extensions["database"]
    days = {"2025": DAY.replace(year=DAY.year - 1), "2026": DAY}
    for year, day in days.items():
        with database.transaction() as session:
            campaign_id = sipas.build_wave(session, year, day).id
        number = publish_wave(database, campaign_id, MOMENT + timedelta(days=3))
    with database.reading() as session:
        query = select(Office.code, Change).join(Office, Office.id == Change.office_id)
        changes = dict(session.execute(query.where(Change.publication_id == number)).all())
        assert verify(session, session.get_one(Publication, number)).difference is None
    expected = [row for row in rows_of("expected_two_waves.csv") if row["stat"] == "change"]
    assert len(expected) == len(changes) == 7
    for row in expected:
        found = changes[row["domain"]]
        assert [found.value, found.standard_error, found.low, found.high] == pytest.approx(
            [float(row[name]) / 100 for name in ("estimate", "se", "ci_low", "ci_high")], rel=1e-8
        )
        assert found.degrees_of_freedom == int(row["df"])

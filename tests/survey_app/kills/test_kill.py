"""Killed at any trace that it leaves and begun again, each step of a campaign ends as if undisturbed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from survey_app.models.job import CLAIM
from tests.soak import SOAK
from tests.survey_app.kills import steps
from tests.survey_app.kills.dying import Death, done, killed
from tests.survey_app.kills.place import Place, Stages

KILLS = 20  # of each step, in the long set; one of some steps in the gate
DATABASES = ("sqlite", "postgresql") if SOAK else ("sqlite",)
WALKS = [[step] for step in steps.STEPS] if SOAK else [steps.IN_THE_GATE]  # there in one process
LATER = CLAIM + timedelta(minutes=1)  # the claim of the killed process has run out


@pytest.fixture(scope="module", params=DATABASES)
def stages(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stages]:
    """Stages of a campaign, each what an undisturbed process makes of the one before."""
    server = None
    if request.param == "postgresql":
        request.getfixturevalue("postgresql_template")
        server = request.getfixturevalue("postgresql_server")
    stages = Stages(tmp_path_factory.mktemp("stages"), sqlite_template, server)
    steps.lay(stages.new("laid"))
    yield stages
    stages.drop()


@pytest.fixture(scope="module")
def walk(stages: Stages) -> "Walk":
    return Walk(stages)


class Walk:
    """Does steps undisturbed, once each, and remembers what they left."""

    def __init__(self, stages: Stages) -> None:
        self.stages = stages
        self._at = {"laid"}
        self._left: dict[str, tuple[int, dict[str, Any]]] = {}

    def undisturbed(self, step: steps.Step) -> tuple[int, dict[str, Any]]:
        """Give how many traces a step leaves that nobody kills, and what is there in the end."""
        if step.name not in self._left:
            place = self.asked(step, step.leads_to or "undisturbed")
            n, told = done(step.name, place, step.moment + LATER)
            found = left(place, step)
            assert told is True or told[0] == 0, told  # a job that was there, or a command that went well
            assert not any("'failed'" in job for job in found["job"]), found["job"]
            self._left[step.name] = n, found
        return self._left[step.name]

    def asked(self, step: steps.Step, name: str) -> Place:
        """Give a place at the stage of a step, where it is asked for."""
        self._reach(step.stage)
        place = self.stages.new(name, step.stage)
        if step.ask:
            step.ask(place)
        return place

    def _reach(self, stage: str) -> None:
        if stage in self._at:
            return
        if stage in steps.MADE_FROM:
            before, make = steps.MADE_FROM[stage]
            self._reach(before)
            make(self.stages.new(stage, before))
        else:
            self.undisturbed(steps.LEADING_TO[stage])
        self._at.add(stage)


def left(place: Place, step: steps.Step) -> dict[str, Any]:
    """Give all that is there, less the line in the audit log that rightly stands there for each run."""
    rows = place.rows()
    if step.notes_each_run:
        rows["audit_line"] = [line for line in rows["audit_line"] if step.notes_each_run not in line]
    return rows | {"files": place.files()}


def deaths(n: int) -> list[Death]:
    """Spread the kills over the traces of a step, its last one among them; every other comes from outside."""
    if not SOAK:
        return [Death(2 * n // 3)]
    several = sorted({1 + place * (n - 1) // (KILLS - 1) for place in range(KILLS)})
    return [Death(at, from_outside=number % 2 == 1) for number, at in enumerate(several)]


@pytest.mark.parametrize("several", WALKS, ids=lambda several: several[0].name if SOAK else "some")
def test_a_killed_step_begun_again_ends_as_if_nothing_had_been(walk: Walk, several: list[steps.Step]) -> None:
    for step in several:
        n, once = walk.undisturbed(step)
        for death in deaths(n):
            place = walk.asked(step, "killed")
            killed(step.name, place, step.moment, death)
            walk.stages.forget_gaps(place)
            done(step.name, place, step.moment + LATER)
            found = left(place, step)
            assert found == once, (step.name, death, n, _differences(once, found))


def _differences(wanted: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    return {name: (wanted[name], found[name]) for name in wanted if wanted[name] != found[name]}

"""Made-up people: some answer a letter, the others meet one of the usual fates of fieldwork."""

import math
import random
from collections.abc import Mapping
from typing import Protocol

from survey_app.models.aapor import CAME_BACK, REFUSED, SILENT
from survey_app.models.definition import Definition, Item
from survey_app.prepare.fieldwork.spent import Invitee

# Of those who do not answer; the rest stay silent.
FATES: Mapping[str, float] = {REFUSED: 0.15, CAME_BACK: 0.08, "4.1": 0.04}
SKIPS, NO_OPINION = 0.04, 0.03
SATISFIED, OFFICE_SPREAD, PERSON_SPREAD = 1.4, 0.5, 1.0  # on the logit scale


class People(Protocol):
    """Whoever is invited: what they answer, or why they do not."""

    def answers(self, one: Invitee) -> Mapping[str, str] | None:
        """Give the option chosen for each question, or None where no form comes."""

    def fate(self, one: Invitee) -> str:
        """Give the outcome of somebody from whom no form came."""


class MadeUpPeople:
    """More or less satisfied by office, willing at one rate everywhere; all of it from one stream of chance.

    `known` says, for drawn dossiers, what people tell of themselves, by question.
    """

    def __init__(
        self,
        definition: Definition,
        rate: float,
        known: Mapping[str, Mapping[str, str]],
        chance: random.Random,
    ) -> None:
        self._definition, self._rate, self._known, self._chance = definition, rate, known, chance
        self._office_level: dict[int, float] = {}

    def answers(self, one: Invitee) -> dict[str, str] | None:
        if self._chance.random() >= self._rate:
            return None
        if one.office_id not in self._office_level:
            self._office_level[one.office_id] = self._chance.gauss(SATISFIED, OFFICE_SPREAD)
        level = self._chance.gauss(self._office_level[one.office_id], PERSON_SPREAD)
        known, given = self._known.get(one.unit, {}), dict[str, str]()
        for item in self._definition.items:
            is_asked = item.branch is None or given.get(item.branch.item) in item.branch.options
            if is_asked and self._chance.random() >= SKIPS:
                given[item.code] = known.get(item.code) or self._answer(item, level)
        return given

    def fate(self, one: Invitee) -> str:
        left = self._chance.random()
        for outcome, share in FATES.items():
            if left < share:
                return outcome
            left -= share
        return SILENT

    def _answer(self, item: Item, level: float) -> str:
        favourable = self._definition.reading(item.code).favourable
        good, plain, others = list[str](), list[str](), list[str]()
        for option in item.options:
            is_good = item.positions[option.code] in favourable
            (good if is_good else plain if option.meaning == "answer" else others).append(option.code)
        if others and self._chance.random() < NO_OPINION:
            return self._chance.choice(others)
        is_satisfied = self._chance.random() < 1 / (1 + math.exp(-level))
        return self._chance.choice((good if is_satisfied else plain) or good or plain or others)

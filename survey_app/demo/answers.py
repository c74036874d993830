"""How the demo's respondents answer the short counter form: seeded, and consistent within one form."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass

from survey_app.models.definition import Definition

RATED = {  # item → how much easier (or harder) it is to satisfy, on the logit scale
    "overall": 0.25,
    "information": 0.2,
    "manner": 0.6,
    "on_time": 0.35,
    "feedback": -0.45,
}
SKIPS = {"overall": 0.01, "information": 0.03, "manner": 0.03, "on_time": 0.05, "feedback": 0.09}
NO_OPINION = {"overall": 0.01, "information": 0.02, "manner": 0.01, "on_time": 0.03, "feedback": 0.11}
NOT_APPLICABLE = {"overall": 0.0, "information": 0.03, "manner": 0.01, "on_time": 0.14, "feedback": 0.27}
SATISFIED, UNSATISFIED = ("4", "5"), ("3", "2", "1")
VISITS = ("1", "2", "3", "forgotten")
TELLS_ABOUT_SELF = 0.82
RESPONDENT = {
    "sex": (46, 53, 1),
    "age": (1, 11, 27, 33, 19, 9),
    "occupation": (26, 24, 15, 10, 5, 9, 9, 2),
    "education": (4, 10, 26, 31, 14, 15),
    "filing": (47, 21, 19, 3, 6, 4),
}
PERSON_SPREAD = 1.1


@dataclass(frozen=True)
class Moment:
    """Where and when somebody answers: what all answers of one counter and day share."""

    satisfaction: float  # of the office, a proportion
    shift: float  # of this counter on this day, on the logit scale
    is_urban: bool
    is_complete: bool = False  # every rating is given


class Respondents:
    """Draws one form after another from one stream of chance."""

    def __init__(self, definition: Definition, chance: random.Random) -> None:
        self._definition = definition
        self._chance = chance

    def packed(self, moment: Moment) -> bytes:
        return self._definition.pack(self.answers(moment))

    def answers(self, moment: Moment) -> dict[str, str]:
        # A spread of persons pulls the average towards one half; the factor keeps it where the office is.
        centre = _logit(moment.satisfaction) * math.sqrt(1 + 0.35 * PERSON_SPREAD**2)
        level = centre + moment.shift + self._chance.gauss(0, PERSON_SPREAD)
        given = {item: self._rating(item, level, moment.is_complete) for item in RATED}
        given.update(self._visits(level))
        given.update(self._about_self(moment))
        return {item: answer for item, answer in given.items() if answer}

    def _rating(self, item: str, level: float, is_given: bool) -> str:
        chance = 1.0 if is_given else self._chance.random()
        for answer, share in (
            ("", SKIPS[item]),
            ("no_opinion", NO_OPINION[item]),
            ("na", NOT_APPLICABLE[item]),
        ):
            if chance < share:
                return answer
            chance -= share
        share_satisfied = _expit(level + RATED[item])
        if self._chance.random() < share_satisfied:
            # The happier, the more often "very": a third of the content, two thirds of the delighted.
            return SATISFIED[self._chance.random() < 0.15 + 0.5 * share_satisfied]
        return self._chance.choices(UNSATISFIED, (64, 26, 10))[0]

    def _visits(self, level: float) -> Mapping[str, str]:
        chance = self._chance.random()
        if chance < 0.10:
            return {"came_back": "" if chance < 0.04 else "na"}
        if self._chance.random() < _expit(1.1 + 0.5 * level):
            return {"came_back": "no"}
        n_visits = self._chance.choices((*VISITS, ""), (56, 24, 9, 4, 7))[0]
        return {"came_back": "yes", "extra_visits": n_visits}

    def _about_self(self, moment: Moment) -> Mapping[str, str]:
        if self._chance.random() > TELLS_ABOUT_SELF:
            return {}
        told = {
            item: self._chance.choices([*self._definition.item(item).positions, ""], (*shares, 4))[0]
            for item, shares in RESPONDENT.items()
        }
        lives_here = self._chance.random() < 0.86
        return {**told, "residence": "1" if lives_here == moment.is_urban else "2"}


def _logit(share: float) -> float:
    return math.log(share / (1 - share))


def _expit(level: float) -> float:
    return 1 / (1 + math.exp(-level))

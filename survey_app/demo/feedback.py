"""The demo's counter feedback: its codes, and most of a year of seeded responses to the short form."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import cycle
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from survey_app.demo.accounts import MANAGED_OFFICE
from survey_app.demo.answers import Moment, Respondents
from survey_app.demo.comments import PRAISE, WISHES
from survey_app.demo.fields import FIELD_COLUMNS, UNEXPLAINED, Line, dossier_lines
from survey_app.demo.places import CENTRE_CODE, PROVINCE_CODE, csv_of
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.response import Comment, Response
from survey_app.prepare.dossiers.dossier_file import import_dossiers

SEED = 20250701
FEWEST_DAYS = 330
FIRST_CODES = date(2025, 7, 1)  # the offices of today began that day
VISITORS_BY_WEEKDAY = (24, 19, 18, 18, 17, 4, 0)  # Monday to Sunday; Saturday mornings only
COUNTER_SPREAD, DAY_SPREAD = 0.25, 0.45
SHARE_OF_COMMENTS, SHARE_GIVEN_UP = 1 / 280, 0.2
# How far offices move from the first day to the last, on the logit scale: most stay as they are.
DRIFT_SPREAD, MANAGED_DRIFT = 0.25, 0.9
# By place in the list of communes: those that show what happens where few answer, or all are content.
FEW_RESPONSES = {4: 0, 11: 4, 19: 8, 27: 9}
FEWEST_ORDINARY = 10
NEARLY_ALL_CONTENT = 33
ODD_TOTALS_AT = "MAU-X05"  # its latest dossier counts do not add up, as happens


@dataclass(frozen=True)
class Truth:
    """What is true of one office in the demo, and what no survey of it can know."""

    office: Office
    n_responses: int
    satisfaction: float
    coverage: float
    drift: float = 0.0

    @property
    def is_hardly_answered(self) -> bool:
        return self.n_responses < FEWEST_ORDINARY

    @property
    def is_urban(self) -> bool:
        return " phường " in self.office.name or self.office.code == CENTRE_CODE


def first_day(today: date) -> date:
    """Give the first of the month in which the demo's responses begin."""
    yesterday = today - timedelta(days=1)
    return max(FIRST_CODES, (yesterday - timedelta(days=FEWEST_DAYS)).replace(day=1))


def opening_day(today: date) -> date:
    return max(FIRST_CODES, first_day(today).replace(month=1, day=1))


def living_offices(session: Session) -> list[Office]:
    """List the offices of the made-up province that serve people today."""
    province = select(Office.id).where(Office.code == PROVINCE_CODE).scalar_subquery()
    return list(
        session.scalars(
            select(Office)
            .where(Office.parent_id == province, Office.valid_until.is_(None))
            .order_by(Office.code)
        )
    )


def fill_with_feedback(
    session: Session, campaign: Campaign, points: Sequence[AccessPoint], today: date
) -> None:
    """Store responses, comments, openings and dossier counts up to yesterday, as if people had sent them."""
    chance = random.Random(SEED)  # noqa: S311  # a demo to repeat, not a secret
    days = [first_day(today) + timedelta(days=n) for n in range((today - first_day(today)).days)]
    truths = list(_truths(living_offices(session), chance))
    _store_dossiers(session, truths, days, chance)
    version = session.get_one(InstrumentVersion, campaign.instrument_version_id)
    crowd = Crowd(version, days, chance)
    for truth in truths:
        crowd.answer(truth, [point.id for point in points if point.office_id == truth.office.id])
    crowd.store(session)


def _truths(offices: Sequence[Office], chance: random.Random) -> Iterator[Truth]:
    place = 0
    for office in offices:
        satisfaction = round(chance.uniform(0.62, 0.96), 3)
        coverage = chance.uniform(0.035, 0.14)
        if office.code == CENTRE_CODE:
            yield Truth(office, 1500, 0.86, 0.06)
            continue
        n_responses = FEW_RESPONSES.get(place, round(chance.triangular(100, 580, 190)))
        drift = chance.gauss(0, DRIFT_SPREAD)
        if place == NEARLY_ALL_CONTENT:
            n_responses, satisfaction = 210, 0.992
        if office.code == MANAGED_OFFICE:
            drift = MANAGED_DRIFT
        yield Truth(office, n_responses, satisfaction, coverage, drift)
        place += 1


class Crowd:
    """Those who answer, gathered as rows to be stored at once."""

    def __init__(self, version: InstrumentVersion, days: Sequence[date], chance: random.Random) -> None:
        self._version_id = version.id
        self._days = days
        self._chance = chance
        self._respondents = Respondents(version.definition, chance)
        # Each comment once before any comes again.
        self._praise = cycle(chance.sample(PRAISE, len(PRAISE)))
        self._wishes = cycle(chance.sample(WISHES, len(WISHES)))
        self.responses: list[dict[str, Any]] = []
        self.openings: list[dict[str, Any]] = []
        self.comments: list[dict[str, Any]] = []

    def answer(self, truth: Truth, point_ids: Sequence[int]) -> None:
        """Let an office's visitors answer: counters differ, and a day is good or bad for all at a counter."""
        chance = self._chance
        busy = [chance.uniform(0.5, 1.5) for _ in point_ids]
        good = [chance.gauss(0, COUNTER_SPREAD) for _ in point_ids]
        occasions = [(place, day) for place in range(len(point_ids)) for day in self._days]
        weights = [busy[place] * VISITORS_BY_WEEKDAY[day.weekday()] for place, day in occasions]
        if truth.is_hardly_answered:  # at one counter and completely: enough for a first figure inside
            weights = [place == 0 and weight for (place, _), weight in zip(occasions, weights, strict=True)]
        answered = Counter(chance.choices(occasions, weights, k=truth.n_responses))
        for (place, day), n in sorted(answered.items()):
            drift = truth.drift * ((day - self._days[0]) / (self._days[-1] - self._days[0]) - 0.5)
            shift = good[place] + chance.gauss(0, DAY_SPREAD) + drift
            moment = Moment(truth.satisfaction, shift, truth.is_urban, truth.is_hardly_answered)
            here = {"access_point_id": point_ids[place], "day": day}
            for _ in range(n):
                self._send(here, moment)
            n_given_up = sum(chance.random() < SHARE_GIVEN_UP for _ in range(n))
            self.openings.append({**here, "n_opened": n + n_given_up, "n_received": n})

    def store(self, session: Session) -> None:
        for row, gathered in (
            (Response, self.responses),
            (AccessPointDay, self.openings),
            (Comment, self.comments),
        ):
            if gathered:  # an insert of nothing would be one of defaults
                session.execute(insert(row), gathered)

    def _send(self, here: dict[str, Any], moment: Moment) -> None:
        response = {
            "instrument_version_id": self._version_id,
            "submission_key": self._chance.randbytes(16),
            "fingerprint": int.from_bytes(self._chance.randbytes(8), signed=True),
            "answers": self._respondents.packed(moment),
        }
        self.responses.append({**here, **response})
        if self._chance.random() < SHARE_OF_COMMENTS:
            is_praise = self._chance.random() < moment.satisfaction - 0.25
            text = next(self._praise if is_praise else self._wishes)
            self.comments.append({**here, "comment_key": self._chance.randbytes(16), "text": text})


def _store_dossiers(
    session: Session, truths: Sequence[Truth], days: Sequence[date], chance: random.Random
) -> None:
    """Give each office dossiers for the months of its responses, so many that its coverage comes out."""
    working_days = Counter(
        day.replace(day=1) for day in days for _ in range(VISITORS_BY_WEEKDAY[day.weekday()])
    )
    lines: list[Line] = []
    split = random.Random(SEED)  # noqa: S311  # of its own: what is drawn elsewhere stays as it was
    for truth in truths:
        n_dossiers = max(truth.n_responses, 12) / truth.coverage
        for month, n in sorted(working_days.items()):
            share = n / working_days.total() * chance.uniform(0.95, 1.05)
            is_odd = truth.office.code == ODD_TOTALS_AT and month == max(working_days)
            lines += dossier_lines(
                truth.office.code,
                f"{month:%Y-%m}",
                round(n_dossiers * share),
                split,
                unexplained=UNEXPLAINED if is_odd else 0,
            )
    import_dossiers(session, csv_of(FIELD_COLUMNS, lines), accepts_contradictions=True)

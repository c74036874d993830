"""Made-up fieldwork: some of the invited answer, the others get an outcome, reserves come for who cannot."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.collect.storing import Arrival, store_all
from survey_app.config import VIETNAM_TIME
from survey_app.models.aapor import SILENT
from survey_app.models.campaign import Campaign
from survey_app.models.definition import Item
from survey_app.models.frame import Frame, frame_path
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.invitation import InvitationBatch
from survey_app.models.invitation_token import InvitationToken, token_hash
from survey_app.models.levels import option_of
from survey_app.models.plan import plan_in_force
from survey_app.models.sample import Draw, SampledUnit
from survey_app.prepare.fieldwork.outcomes import Entry, enter
from survey_app.prepare.fieldwork.replace import replace_due
from survey_app.prepare.fieldwork.spent import Invitee, invitees_of
from survey_app.rehearsal.respondents import MadeUpPeople, People

AT_ONCE = 1000
EVENING = time(20, 0)  # of the last day, when all is entered


@dataclass(frozen=True, slots=True)
class Told:
    """What became of everybody who was invited."""

    n_invited: int
    n_answered: int
    n_replaced: int


class Fieldwork:
    """Sends invitations to people, and stores what comes of it as the service does, up to some day."""

    def __init__(
        self,
        campaign: Campaign,
        version: InstrumentVersion,
        people: People,
        secret: bytes,
        told_until: date | None = None,
        noted_by: int | None = None,
    ) -> None:
        self._version, self._people, self._secret = version, people, secret
        self._noted_by = noted_by
        self._chance = random.Random(campaign.code)  # noqa: S311  # to repeat, not a secret
        closes_on = campaign.closes_on or campaign.opens_on
        last = min(told_until or closes_on, closes_on)
        n_days = (last - campaign.opens_on).days + 1
        self._goes_on = last < closes_on
        self._days = [campaign.opens_on + timedelta(days=n) for n in range(n_days)]
        self._now = datetime.combine(last, EVENING, VIETNAM_TIME)

    def happen(self, session: Session, draw: Draw) -> Told:
        """Let the main lists answer, then the reserves that are called in for those who cannot.

        While it goes on, whoever is silent may still answer, and nobody has called in reserves yet.
        """
        main = invitees_of(session, draw.id)
        n_answered = self._answer(session, draw, main)
        if self._goes_on:
            return Told(len(main), n_answered, 0)
        called_in = replace_due(session, draw, [self._secret], self._now, self._noted_by)
        coming = {pair.coming for pair in called_in.pairs}
        reserve = [one for one in invitees_of(session, draw.id) if one.number in coming]
        n_answered += self._answer(session, draw, reserve)
        return Told(len(main) + len(reserve), n_answered, len(reserve))

    def _answer(self, session: Session, draw: Draw, invited: Sequence[Invitee]) -> int:
        points = _points(session, invited)
        arrivals: list[Arrival] = []
        entries: list[Entry] = []
        for one in invited:
            answers = self._people.answers(one)
            if answers is not None:
                arrivals.append(self._arrival(one, points[one.batch_id], answers))
            elif (fate := self._people.fate(one)) != SILENT or not self._goes_on:
                entries.append(Entry(one.number, one.office_id, fate, self._days[-1], is_new=True))
        for start in range(0, len(arrivals), AT_ONCE):
            store_all(session.connection(), arrivals[start : start + AT_ONCE])
        enter(session, draw, entries, self._now, self._noted_by)
        return len(arrivals)

    def _arrival(self, one: Invitee, point_id: int, answers: Mapping[str, str]) -> Arrival:
        token = InvitationToken(one.batch_id, one.serial).text(self._secret)
        return Arrival(
            fingerprint=int.from_bytes(self._chance.randbytes(8), signed=True),
            access_point_id=point_id,
            day=self._chance.choice(self._days),
            instrument_version_id=self._version.id,
            key=self._chance.randbytes(16),
            answers=self._version.definition.pack(answers),
            cell_id=one.cell_id,
            batch_id=one.batch_id,
            token_hash=token_hash(token),
        )


def _points(session: Session, invited: Sequence[Invitee]) -> dict[int, int]:
    batches = (session.get_one(InvitationBatch, batch_id) for batch_id in {one.batch_id for one in invited})
    return {batch.id: batch.access_point_id for batch in batches}


def people_of(
    session: Session, draw: Draw, data_dir: Path, rate: float, chance: random.Random
) -> MadeUpPeople:
    """Make up whoever is invited by a draw: what the frame knows of them, they tell of themselves."""
    campaign = session.get_one(Campaign, draw.campaign_id)
    form = session.get_one(InstrumentVersion, campaign.instrument_version_id).definition
    plan, frame = plan_in_force(session, campaign.id), session.get_one(Frame, draw.frame_id)
    raked = {one.variable: form.item(one.question) for one in plan.weighting.raked} if plan else {}
    known = _known_of(session, draw, frame_path(data_dir, frame.frame_hash), raked)
    return MadeUpPeople(form, rate, known, chance)


def _known_of(
    session: Session, draw: Draw, path: Path, raked: Mapping[str, Item]
) -> dict[str, dict[str, str]]:
    """Give what the frame knows of drawn units as answers to the questions that weights are raked by."""
    if not raked:
        return {}
    units = session.scalars(select(SampledUnit.unit).where(SampledUnit.draw_id == draw.id)).all()
    return {
        unit: {
            item.code: code
            for item, level in zip(raked.values(), levels, strict=True)
            if level is not None and (code := option_of(item, level)) is not None
        }
        for unit, *levels in _levels(path, units, list(raked))
    }


def _levels(path: Path, units: Sequence[str], variables: Sequence[str]) -> Iterator[tuple[str, ...]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["unit", *variables], filters=[("unit", "in", list(units))])
    yield from zip(*(table[name].to_pylist() for name in ("unit", *variables)), strict=True)

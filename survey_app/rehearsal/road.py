"""The road of a campaign, step by step, on a copy: what would go wrong in the year goes wrong here first."""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time as clock_time, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.db import Database
from survey_app.errors import SurveyError
from survey_app.models.campaign import Campaign
from survey_app.models.frame import FOLDER, frame_in_force, frame_path
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.plan import Plan, plan_in_force
from survey_app.models.publication import Publication
from survey_app.models.response import LATE_BY
from survey_app.models.sample import Draw
from survey_app.prepare.fieldwork.invite import invite
from survey_app.prepare.plans.keep import freeze
from survey_app.prepare.samples.found import in_one_cell
from survey_app.prepare.samples.keep import By, store
from survey_app.prepare.samples.make import make_sample
from survey_app.prepare.samples.ready import ready_of
from survey_app.publish.handover import make as handover
from survey_app.publish.handover.products import PRODUCTS
from survey_app.publish.releasing.freeze import prepare_wave
from survey_app.publish.releasing.verify import verify
from survey_app.rehearsal.fieldwork import Fieldwork, people_of
from survey_app.rehearsal.trial import copy_campaign

MORNING = clock_time(9, 0)
MARK = "tap-duot"  # in the names of the files
MOST_NAMED = 20  # offices in a line
USUAL_RATE = 0.5  # of response, where the plan expects none

Tell = Callable[[str], None]


class RehearsalStopped(SurveyError):
    """A step of the road cannot be taken; the message says which, and what to do."""


@dataclass(frozen=True)
class Trial:
    """Where a rehearsal happens: a database and a folder of its own, and the secret of its invitations."""

    database: Database
    data_dir: Path
    secret: bytes
    public_url: str


@dataclass(frozen=True)
class Asked:
    """Which campaign is rehearsed, where its files go, and from which number all chance follows."""

    code: str
    to: Path
    seed: int


def rehearse(real: Database, data_dir: Path, trial: Trial, asked: Asked, tell: Tell) -> None:
    """Take a campaign of the real database and folder along its road; both are only read."""
    with real.reading() as before, trial.database.transaction() as session:
        campaign = _campaign(before, asked.code)
        copy_campaign(before, session, campaign)
        _lend_frame(before, campaign, data_dir, trial.data_dir)
    walk = _Walk(trial, campaign.id, random.Random(asked.seed), tell)  # noqa: S311  # to repeat, not a secret
    walk.freeze()
    walk.draw()
    walk.answer()
    publication_id = walk.publish()
    walk.hand_over(publication_id, asked.to)


def _campaign(session: Session, code: str) -> Campaign:
    campaign = session.scalar(select(Campaign).where(Campaign.code == code))
    if campaign is None or campaign.kind != "annual" or campaign.closes_on is None:
        raise RehearsalStopped(
            f"{code!r} is no annual campaign with a last day: only such a road is rehearsed."
        )
    return campaign


def _lend_frame(session: Session, campaign: Campaign, real_data: Path, data_dir: Path) -> None:
    """Let the rehearsal read the frame's file where it lies; sealed contacts stay out of its reach."""
    frame = frame_in_force(session, campaign.id)
    if frame is None:
        raise RehearsalStopped(f"{campaign.code} has no frame yet: import the list of dossiers first.")
    (data_dir / FOLDER).mkdir(parents=True, exist_ok=True)
    os.symlink(frame_path(real_data, frame.frame_hash).resolve(), frame_path(data_dir, frame.frame_hash))


class _Walk:
    """The steps; each says what it did and how long it took."""

    def __init__(self, trial: Trial, campaign_id: int, chance: random.Random, tell: Tell) -> None:
        self._trial, self._campaign_id, self._chance, self._tell = trial, campaign_id, chance, tell
        with trial.database.reading() as session:
            campaign = session.get_one(Campaign, campaign_id)
            self._opens, self._closes = campaign.opens_on, campaign.closes_on or campaign.opens_on

    def freeze(self) -> None:
        with self._step() as said, self._trial.database.transaction() as session:
            plan = session.get_one(Plan, self._campaign_id)
            if plan.frozen_at is not None:
                said.append(f"plan: frozen before, {plan.hash}")
                return
            frozen = freeze(
                session, self._campaign(session), _at(self._opens - timedelta(days=1)), None, None
            )
            said.append(f"plan: it would freeze without a fault, {frozen.hash}")

    def draw(self) -> None:
        by = By(_at(self._opens), self._opens, None)
        with self._step() as said:
            with self._trial.database.reading() as session:
                ready = ready_of(session, self._campaign(session), self._trial.data_dir, by.today)
            made = make_sample(ready.design, ready.path)
            with self._trial.database.transaction() as session:
                drawn = store(session, self._campaign_id, made, self._trial.data_dir, by)
                invited = invite(session, drawn, "letter", by.today, self._trial.secret)
            n_out = len(made.design.left_out) + len(made.found.left_out) + len(invited.left_out)
            said.append(
                f"draw: {drawn.n_main:,} dossiers of {len(made.found.offices):,} offices and "
                f"{drawn.n_reserve:,} in reserve, {invited.n_batches:,} cells; {n_out:,} offices left out"
            )
            if joint := in_one_cell(made.design, made.found):
                said.append(
                    f"in {len(joint):,} offices all weighting cells are joined into one, so that no weight "
                    f"tells their groups apart: {', '.join(joint[:MOST_NAMED])}"
                    + (" …" if len(joint) > MOST_NAMED else "")
                )

    def answer(self) -> None:
        with self._step() as said, self._trial.database.transaction() as session:
            campaign = self._campaign(session)
            version = session.get_one(InstrumentVersion, campaign.instrument_version_id)
            plan = plan_in_force(session, campaign.id)
            draw = session.scalars(select(Draw).where(Draw.campaign_id == campaign.id)).one()
            if plan is None:
                raise RehearsalStopped(f"{campaign.code} has no plan.")
            rate = plan.precision.response_rate or USUAL_RATE
            people = people_of(session, draw, self._trial.data_dir, rate, self._chance)
            told = Fieldwork(campaign, version, people, self._trial.secret).happen(session, draw)
            said.append(
                f"fieldwork: {told.n_invited:,} invited, {told.n_answered:,} answered, "
                f"{told.n_replaced:,} from the reserve"
            )

    def publish(self) -> int:
        now = _at(self._closes + LATE_BY + timedelta(days=1))
        with self._step() as said:
            with self._trial.database.reading() as session:
                wave = prepare_wave(session, self._campaign(session), now)
            with self._trial.database.transaction() as session:
                publication_id = wave.write(session, now)
            with self._trial.database.reading() as session:
                found = verify(session, session.get_one(Publication, publication_id))
            if found.difference is not None:
                raise RehearsalStopped(f"the publication does not verify: {found.difference}")
            said.append(f"publication: {found.n_figures:,} figures, verified; recipe {wave.recipe.recipe_id}")
        return publication_id

    def hand_over(self, publication_id: int, to: Path) -> None:
        place = handover.Place(to, MARK, self._trial.public_url)
        for product in PRODUCTS.values():
            with self._step() as said, self._trial.database.reading() as session:
                name = handover.make(session, handover.Asked(publication_id, product), place, _say_nothing)
                said.append(f"handed over: {to / name}")

    def _campaign(self, session: Session) -> Campaign:
        return session.get_one(Campaign, self._campaign_id)

    @contextmanager
    def _step(self) -> Iterator[list[str]]:
        said: list[str] = []
        began = time.monotonic()
        yield said
        self._tell(f"{'; '.join(said)} ({time.monotonic() - began:.1f} s)")


def _at(day: date) -> datetime:
    return datetime.combine(day, MORNING, VIETNAM_TIME)


def _say_nothing(_done: int, _of: int) -> None:
    pass

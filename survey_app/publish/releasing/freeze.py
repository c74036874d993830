"""Freezes the figures of a whole campaign: a wave or a period, published once and never changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.db import Database
from survey_app.errors import SurveyError
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.publication import Publication
from survey_app.models.publishing import last_publication_id, may_be_published_from, received_and_voided
from survey_app.models.recipe import GROUPS_WITHHELD, Recipe
from survey_app.models.response import LATE_BY
from survey_app.models.snapshot import PublicationRecipe, SnapshotPart
from survey_app.publish.counting.snapshot import Snapshot, tally_rows
from survey_app.publish.counting.tallies import Recount
from survey_app.publish.releasing.corrected import ByClass, Corrected, ToldOf
from survey_app.publish.releasing.due import BATCH, Due
from survey_app.publish.releasing.frozen_figures import TABLES, Row, figures_of
from survey_app.publish.releasing.ingredients import (
    OFFICES_WAITING,
    Ingredients,
    correcting,
    made_with,
    recipe_of,
)
from survey_app.publish.releasing.kept import Kept
from survey_app.publish.releasing.sealed import Sealed
from survey_app.publish.releasing.taking import Taking, sealed_publications
from survey_app.publish.releasing.writing import Taken, note_releases
from survey_app.publish.terms import TERMS

STAGES = 4  # counting, snapshot and recipe, figures, what a correction gives away with the writing
Report = Callable[[int, int], None]
Compared = tuple[ByClass, ByClass]  # the publication before, and the new one


class PublicationRefused(SurveyError):
    """A campaign cannot be published now; the message says why."""


def publish_wave(database: Database, campaign_id: int, now: datetime, reason: str | None = None) -> int:
    """Take in all responses of a campaign and freeze what they say; give the publication's number.

    Counting and estimating take seconds in which nobody is kept waiting; only the writing locks. A campaign
    that was published before needs a reason, which stands beside the new publication.
    """
    with database.reading() as session:
        wave = prepare_wave(session, session.get_one(Campaign, campaign_id), now, reason)
    with database.transaction() as session:
        return wave.write(session, now)


@dataclass(frozen=True)
class Wave:
    """All that a frozen publication consists of, offices and parents alike, ready to be written at once."""

    campaign: Campaign
    last_publication_id: int | None  # when this was prepared: whether another came in between
    n_responses: tuple[int, int]  # received and voided, then, too
    recounted: Recount
    taken: Mapping[Due, Taken]
    recipe: Recipe
    snapshot: Snapshot
    tables: Mapping[str, list[Row]]
    compared: Compared | None  # a correction, as it was held against the publication that it corrects
    waiting: Sequence[str]  # names of offices that stand as they were published before

    def write(self, session: Session, now: datetime) -> int:
        """Write tallies, release counts, snapshot and figures together, and seal them."""
        campaign_id = self.campaign.id
        lock = select(Campaign).where(Campaign.id == campaign_id).with_for_update(key_share=True)
        campaign = session.scalars(lock.execution_options(populate_existing=True)).one()
        _refuse_unfinished(campaign, self.recipe.published_on)  # two people may have re-opened it meanwhile
        if last_publication_id(session, campaign_id) != self.last_publication_id:
            raise PublicationRefused("Vừa có một lần công bố khác của cuộc khảo sát này, hãy xem kết quả đó.")
        if received_and_voided(session, campaign_id) != self.n_responses:
            raise PublicationRefused(
                "Vừa có phiếu mới hoặc phiếu bị loại trong lúc tính số liệu, hãy công bố lại."
            )
        self.recounted.write(session)
        note_releases(session, campaign_id, self.taken, self.recipe.published_on)
        publication = self._publication(now)
        session.add(publication)
        session.flush()  # the figures name it
        self._write_what_it_is_made_of(session, publication.id)
        for name, rows in self.tables.items():
            if rows:
                found = [{"publication_id": publication.id, **row} for row in rows]
                session.execute(insert(TABLES[name]), found)
        publication.sealed_at = now
        session.flush()
        return publication.id

    def _write_what_it_is_made_of(self, session: Session, publication_id: int) -> None:
        text = self.recipe.to_json()
        recipe = PublicationRecipe(publication_id=publication_id, document_json=text, made_with=made_with())
        session.add(recipe)
        offices = dict(session.execute(select(Office.code, Office.id)).all())
        parts = [
            {
                "publication_id": publication_id,
                "office_id": offices[part.office],
                "provenance": part.provenance,
                "n_respondents": part.n_respondents,
                "content": part.content,
            }
            for part in self.snapshot.parts
        ]
        if parts:
            session.execute(insert(SnapshotPart), parts)

    def _publication(self, now: datetime) -> Publication:
        recipe, corrects = self.recipe, self.recipe.corrects
        return Publication(
            campaign_id=self.campaign.id,
            instrument_version_id=self.campaign.instrument_version_id,
            kind="wave",
            covers_from=recipe.covers_from,
            covers_until=recipe.covers_until,
            published_at=now,
            method_version=recipe.method_version,
            **{name: getattr(recipe.options, name) for name in TERMS},
            data_hash=recipe.data_hash,
            recipe_id=recipe.recipe_id,
            corrects_id=self.last_publication_id,
            correction_reason=corrects and corrects.reason,
            what_changed=corrects and corrects.changed,
        )


def prepare_wave(
    session: Session,
    campaign: Campaign,
    now: datetime,
    reason: str | None = None,
    report: Report = lambda _done, _of: None,
) -> Wave:
    """Count and estimate the whole campaign; refuse one that could still change, or give an answer away."""
    today, last_id = now.astimezone(VIETNAM_TIME).date(), last_publication_id(session, campaign.id)
    asked = _Asked(campaign, today, last_id, (reason or "").strip())
    _refuse_unfinished(campaign, today)
    _refuse_unreasoned(last_id, asked.reason)
    n_responses = received_and_voided(session, campaign.id)
    report(0, STAGES)
    earlier = sealed_publications(session, campaign.id)
    taking = Taking.of(session, campaign, earlier)
    report(1, STAGES)
    made = _telling_of_nobody(session, asked, taking, earlier, report)
    waiting = taking.names_waiting(session)
    refuse_nothing_new(made.recipe, waiting)
    return Wave(campaign, last_id, n_responses, taking.recount, taking.taken, *made, waiting)


@dataclass(frozen=True)
class _Asked:
    """What is to be published: a campaign, on a day; where it was before, as a correction for a reason."""

    campaign: Campaign
    today: date
    last_id: int | None
    reason: str


class _Made(NamedTuple):
    """What a wave is made into, and of a correction what it was compared by."""

    recipe: Recipe
    snapshot: Snapshot
    tables: dict[str, list[Row]]
    compared: Compared | None


def _telling_of_nobody(
    session: Session, asked: _Asked, taking: Taking, earlier: Sequence[int], report: Report
) -> _Made:
    """Make all tables, and let wait whom they tell of beside the earlier ones, until they tell of nobody."""
    corrected, sealed = Corrected(session, earlier), Sealed(session)
    while True:
        recipe, snapshot = _ingredients(session, asked, taking)
        # As whoever verifies it: read from what is stored.
        as_stored = Recipe.from_json(recipe.to_json())
        report(2, STAGES)
        frozen = sealed.frozen(snapshot, as_stored)
        tables = figures_of(frozen, as_stored, sealed)
        report(3, STAGES)
        if not earlier:
            return _Made(recipe, snapshot, tables, None)
        now = corrected.told(frozen, as_stored, tables["figure"])
        told = list(corrected.told_by(now))
        if not told:
            return _Made(recipe, snapshot, tables, (corrected.earlier[-1], now))
        if not taking.hold(session, told):
            _refuse_told_apart(session, told)


def _ingredients(session: Session, asked: _Asked, taking: Taking) -> tuple[Recipe, Snapshot]:
    """Count what is taken, and write the recipe of it."""
    campaign, today, last_id = asked.campaign, asked.today, asked.last_id
    rows = tally_rows(session, campaign.id, taking.recount)
    if last_id is None:
        ingredients = Ingredients.of(session, campaign, rows)
        snapshot = ingredients.count(session, campaign.id, rows)
        return recipe_of(session, campaign, snapshot, ingredients, today), snapshot
    kept = Kept.of(session, last_id, taking.waiting)
    ingredients = Ingredients.of(session, campaign, rows, kept.cells)
    snapshot = kept.count(ingredients, campaign.id, rows)
    recipe = recipe_of(session, campaign, snapshot, ingredients, today)
    return correcting(session, last_id, asked.reason, recipe, snapshot, taking.n_waiting), snapshot


def _refuse_unfinished(campaign: Campaign, today: date) -> None:
    if campaign.kind != "annual":
        raise PublicationRefused(
            f"Cuộc khảo sát “{campaign.code}” thu phiếu liên tục, số liệu tự cập nhật; "
            "chỉ chốt và công bố cuộc đo lường hằng năm."
        )
    first_day = may_be_published_from(campaign)
    if first_day is None:
        raise PublicationRefused(
            f"Cuộc khảo sát “{campaign.code}” không định ngày kết thúc, chưa công bố được."
        )
    if today < first_day:  # one late form after the publication would bar any correction
        raise PublicationRefused(
            f"Cuộc khảo sát “{campaign.code}” còn mở đến hết ngày {campaign.closes_on:%d/%m/%Y}; phiếu mở "
            f"vào ngày cuối còn được nhận thêm {LATE_BY.days} ngày. Chỉ công bố từ ngày "
            f"{first_day:%d/%m/%Y}."
        )


def _refuse_unreasoned(last_id: int | None, reason: str) -> None:
    if last_id is not None and not reason:
        raise PublicationRefused(
            "Cuộc khảo sát này đã được công bố. Công bố lại là đính chính, phải nêu lý do (--reason); "
            "lý do được đăng cùng kết quả."
        )
    if last_id is None and reason:
        raise PublicationRefused("Cuộc khảo sát này chưa công bố lần nào, không có gì để đính chính.")


def refuse_nothing_new(recipe: Recipe, waiting: Sequence[str]) -> None:
    """Refuse a correction that would have nothing but what waits; it names the offices, never a number."""
    said = recipe.corrects.changed.keys() if recipe.corrects is not None else set()
    if waiting and said - {GROUPS_WITHHELD} == {OFFICES_WAITING}:  # groups once withheld are so for good
        few = f"1–{BATCH - 1}"
        raise PublicationRefused(
            "Chưa có gì để đính chính. Các đơn vị sau phải chờ, vì so với những lần công bố trước thì có "
            f"thể suy ra câu trả lời của từng người: chỉ thêm hoặc bớt {few} phiếu ở một quầy, chỉ thêm "
            f"{few} câu trả lời cho một câu hỏi, chỉ thêm toàn câu trả lời không hài lòng, hoặc vừa thêm vừa "
            "bớt phiếu:\n" + "\n".join(waiting)
        )


def _refuse_told_apart(session: Session, told: Sequence[ToldOf]) -> None:
    """Refuse what stands beside earlier publications as a sum over other people, or with other weights."""
    by_office: dict[str, set[str]] = {}
    for _, office, few in told:
        by_office.setdefault(office, set()).update(few)
    offices = by_office.keys() | set().union(*by_office.values())
    names = dict(session.execute(select(Office.code, Office.name).where(Office.code.in_(offices))).all())
    lines = (
        f"{names[code]}: {', '.join(names[one] for one in sorted(few))}" for code, few in by_office.items()
    )
    raise PublicationRefused(
        "Từ lần công bố trước có đơn vị được chuyển, quầy đổi lĩnh vực hoặc quyền số đổi. So các lần công "
        f"bố thì số liệu của các đơn vị sau cho biết câu trả lời của 1–{BATCH - 1} người, hoặc cho biết "
        "không ai hài lòng, ở đơn vị nêu sau dấu hai chấm. Hãy đưa những điều ấy về như lần trước rồi công "
        "bố lại:\n" + "\n".join(lines)
    )

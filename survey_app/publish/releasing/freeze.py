"""Freezes the figures of a whole campaign: a wave or a period, published once and never changed."""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from survey_app.config import VIETNAM_TIME
from survey_app.db import Database
from survey_app.errors import SurveyError
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.publication import Publication
from survey_app.models.publishing import last_publication_id, may_be_published_from, received_and_voided
from survey_app.models.recipe import Recipe
from survey_app.models.response import LATE_BY
from survey_app.models.snapshot import PublicationRecipe, SnapshotPart
from survey_app.publish.counting.arrivals import find_arrivals
from survey_app.publish.counting.snapshot import Snapshot, tally_rows
from survey_app.publish.counting.tallies import Definitions, Recount
from survey_app.publish.figures.dataset import places_of
from survey_app.publish.releasing.batch import BatchRule
from survey_app.publish.releasing.corrected import Corrected
from survey_app.publish.releasing.due import BATCH, Due
from survey_app.publish.releasing.frozen_figures import TABLES, Row, figures_of
from survey_app.publish.releasing.ingredients import (
    Ingredients,
    correcting,
    made_with,
    recipe_of,
)
from survey_app.publish.releasing.sealed import Sealed
from survey_app.publish.releasing.writing import Taken, note_release, voided_at
from survey_app.publish.terms import TERMS

STAGES = 4  # counting, snapshot and recipe, figures, what a correction gives away with the writing
Report = Callable[[int, int], None]


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
        for due, taken in self.taken.items():
            note_release(session, due, taken, self.recipe.published_on)
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
    today = now.astimezone(VIETNAM_TIME).date()
    _refuse_unfinished(campaign, today)
    last_id = last_publication_id(session, campaign.id)
    reason = (reason or "").strip()
    _refuse_unreasoned(last_id, reason)
    n_responses = received_and_voided(session, campaign.id)
    report(0, STAGES)
    taken = _take_offices(session, campaign, last_id)
    report(1, STAGES)
    recounted = Recount()
    for one in taken.values():
        recounted.add(one.recount)
    rows = tally_rows(session, campaign.id, recounted)
    ingredients = Ingredients.of(session, campaign, rows)
    snapshot = ingredients.count(session, campaign.id, rows)
    recipe = recipe_of(session, campaign, snapshot, ingredients, today)
    if last_id is not None:
        recipe = correcting(session, last_id, reason, recipe, snapshot)
    # As whoever verifies it: read from what is stored.
    as_stored = Recipe.from_json(recipe.to_json())
    report(2, STAGES)
    tables = figures_of(snapshot, as_stored, Sealed(session))
    report(3, STAGES)
    if last_id is not None:
        told = Corrected(session, campaign.id).few_told_by(snapshot, as_stored, tables["figure"])
        _refuse_told_apart(session, told)
    return Wave(campaign, last_id, n_responses, recounted, taken, recipe, snapshot, tables)


def _take_offices(session: Session, campaign: Campaign, last_id: int | None) -> dict[Due, Taken]:
    definitions = Definitions(session)
    taken: dict[Due, Taken] = {}
    too_few = []
    for office in _offices_of(session, campaign):
        taken[office], is_batch = _take_all(session, campaign, office, definitions)
        if last_id and not is_batch:
            too_few.append(office)
    _refuse_few_more(session, too_few)
    return taken


def _take_all(
    session: Session, campaign: Campaign, office: Due, definitions: Definitions
) -> tuple[Taken, bool]:
    """Take all that came to an office, and say whether who compares it with the wave before learns nothing.

    Nothing, that is, about one to four people, or about all of a batch that was not satisfied.
    """
    points = places_of(session, campaign.id, office.provenance, {office.office_id})
    arrivals = find_arrivals(session, list(points), definitions)
    rule = BatchRule(points, definitions, campaign.instrument_version_id)
    recount = arrivals.recount(rule.find_all(arrivals))
    n_voided = voided_at(session, list(points))
    taken = Taken(recount, arrivals.n_live, arrivals.n_live, n_voided, n_voided)
    return taken, rule.is_batch(arrivals.more) and not arrivals.fallen


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


def _refuse_few_more(session: Session, offices: Sequence[Due]) -> None:
    if offices:
        names = session.scalars(
            select(Office.name)
            .where(Office.id.in_({office.office_id for office in offices}))
            .order_by(Office.sort_key, Office.id)
        )
        few = f"1–{BATCH - 1}"
        raise PublicationRefused(
            f"So với lần công bố trước, các đơn vị sau chỉ thêm hoặc bớt {few} phiếu ở một quầy, chỉ thêm "
            f"{few} câu trả lời cho một câu hỏi, hoặc chỉ thêm toàn câu trả lời không hài lòng, nên công bố "
            "thì có thể suy ra câu trả lời của từng người:\n" + "\n".join(names)
        )


def _refuse_told_apart(session: Session, told: Mapping[str, Set[str]]) -> None:
    """Refuse what stands beside an earlier publication as a sum over other people, or with other weights."""
    if told:
        offices = {code for code, few in told.items() for code in (code, *few)}
        names = dict(session.execute(select(Office.code, Office.name).where(Office.code.in_(offices))).all())
        lines = (
            f"{names[code]}: {', '.join(names[one] for one in sorted(few))}" for code, few in told.items()
        )
        raise PublicationRefused(
            "Từ lần công bố trước có đơn vị được chuyển, quầy đổi lĩnh vực hoặc quyền số đổi. So hai lần "
            f"công bố thì số liệu của các đơn vị sau cho biết câu trả lời của 1–{BATCH - 1} người ở đơn vị "
            "nêu sau dấu hai chấm. Hãy đưa những điều ấy về như lần trước rồi công bố lại:\n"
            + "\n".join(lines)
        )


def _offices_of(session: Session, campaign: Campaign) -> list[Due]:
    key = (AccessPoint.provenance, AccessPoint.office_id)
    query = select(*key).where(AccessPoint.campaign_id == campaign.id).distinct().order_by(*key)
    return [Due(campaign.id, office_id, provenance) for provenance, office_id in session.execute(query)]

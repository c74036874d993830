"""Drafts, freezing and addenda: what is refused, what the job process does by itself, what the log says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from survey_app.cli.jobs import Worker
from survey_app.models.audit import AuditLine
from survey_app.models.plan import Plan, plan_in_force
from survey_app.models.plan_document import Allocation, PlanDocument, Population
from survey_app.prepare.moment import Moment
from survey_app.prepare.plans import keep
from survey_app.prepare.plans.faults import faults_of
from survey_app.prepare.plans.keep import PlanRefused
from survey_app.prepare.plans.missed import tick_of
from survey_app.prepare.plans.populations import known_of
from survey_app.prepare.plans.sizes import sizes_of
from tests import factories
from tests.survey_app.prepare.plans.conftest import WHOLE

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
LATER = replace(WHOLE, calendar=replace(WHOLE.calendar, publication_by=date(2027, 3, 1)))


def at(session, day=factories.DAY):
    return Moment(datetime(day.year, day.month, day.day, 3, tzinfo=UTC), day, factories.staff(session).id)


def read(session, stage, revision):
    """Give what somebody had before him who ticks all that he is shown."""
    plan = session.get(Plan, stage.campaign.id)
    missed = keep.find_missed(session, stage.campaign, plan.document, factories.DAY)
    return keep.Read(revision, missed and tick_of(missed))


def lines(session, act):
    return session.execute(select(AuditLine.what, AuditLine.office_id).where(AuditLine.act == act)).all()


def test_draft_is_saved_frozen_and_changed_by_an_addendum_alone(database, stage):
    with database.transaction() as session:
        session.add(stage.campaign)
        moment = at(session)
        incomplete = replace(WHOLE, seed=None)
        plan = keep.save_draft(session, stage.campaign, incomplete, 0, moment)
        with pytest.raises(PlanRefused) as refused:
            keep.freeze(session, stage.campaign, moment.now, moment.staff_id, read(session, stage, 1))
        assert [(one.name, one.reason) for one in refused.value.faults] == [("seed", "missing")]
        target = replace(WHOLE, publication=replace(WHOLE.publication, target=0.9))
        keep.save_draft(session, stage.campaign, target, plan.revision, moment)
        assert stage.campaign.target == 0.9, "the campaign publishes on the plan's terms"
        frozen = keep.freeze(session, stage.campaign, moment.now, moment.staff_id, read(session, stage, 2))
        assert frozen.hash == target.hash
        for again in (
            lambda: keep.save_draft(session, stage.campaign, LATER, 2, moment),
            lambda: keep.freeze(
                session, stage.campaign, moment.now, moment.staff_id, read(session, stage, 2)
            ),
        ):
            with pytest.raises(PlanRefused, match="frozen"):
                again()
        keep.add_addendum(session, stage.campaign, LATER, "Bão", moment, 1)
        assert plan_in_force(session, stage.campaign.id) == LATER
        assert lines(session, "plans.freeze") == [(f"do-luong-2026: {target.hash}", stage.province.id)]
        assert lines(session, "plans.addendum")[0].what.endswith("Lý do: Bão")


@on_sqlite
def test_a_plan_that_misses_its_margins_is_frozen_by_who_ticks_that_alone_and_keeps_it(database, stage):
    precision = replace(WHOLE.precision, margin_office=0.05, margin_whole=0.01)
    document = replace(
        WHOLE, precision=precision, allocation=Allocation(method="equal", n_drawn=300, minimum=30)
    )
    with database.transaction() as session:
        plan = stage.plan(session, document)
        moment = at(session)
        missed = keep.find_missed(session, stage.campaign, document, moment.today)
        sizes = sizes_of(document, known_of(session, stage.campaign, document, moment.today).offices)
        widest = max(sizes.offices, key=lambda one: one.margin)
        assert missed["whole"] == {"asked": 0.01, "got": sizes.margin}
        assert missed["offices"] == {
            "n": sum(one.margin > 0.05 for one in sizes.offices),
            "of": 3,
            "asked": 0.05,
            "worst": widest.office.name,
            "got": widest.margin,
        }
        other = tick_of(missed | {"whole": {"asked": 0.01, "got": 0.02}})
        for tick in (None, "yes", other):
            with pytest.raises(PlanRefused, match="not_read"):
                keep.freeze(session, stage.campaign, moment.now, moment.staff_id, keep.Read(1, tick))
        assert plan.frozen_at is None
        keep.freeze(session, stage.campaign, moment.now, moment.staff_id, read(session, stage, 1))
        session.expire(plan)
        assert plan.missed == missed | {"is_read": True}


@on_sqlite
def test_second_of_two_people_is_told(database, stage):
    with database.transaction() as session:
        stage.plan(session)
        moment = at(session)
        keep.save_draft(session, stage.campaign, LATER, 1, moment)
        with pytest.raises(PlanRefused, match="saved_meanwhile"):
            keep.save_draft(session, stage.campaign, WHOLE, 1, moment)
        with pytest.raises(PlanRefused, match="saved_meanwhile"):
            keep.freeze(session, stage.campaign, moment.now, moment.staff_id, read(session, stage, 1))
        keep.freeze(session, stage.campaign, moment.now, moment.staff_id, read(session, stage, 2))
        with pytest.raises(PlanRefused, match="no_difference"):
            keep.add_addendum(session, stage.campaign, LATER, "x", moment, 1)
        with pytest.raises(PlanRefused, match="faulty"):
            keep.add_addendum(session, stage.campaign, PlanDocument(), "x", moment, 1)
        keep.add_addendum(session, stage.campaign, WHOLE, "x", moment, 1)
        with pytest.raises(PlanRefused, match="saved_meanwhile"):
            keep.add_addendum(session, stage.campaign, LATER, "x", moment, 1)


@on_sqlite
def test_terms_of_published_figures_take_no_addendum(database, stage):
    with database.transaction() as session:
        stage.plan(session, frozen_at=factories.MOMENT, hash=WHOLE.hash)
        moment = at(session)
        publication = factories.publication(session, campaign_id=stage.campaign.id, kind="wave")
        eased = replace(WHOLE, publication=replace(WHOLE.publication, target=0.6, minimum_n=5))
        session.add(stage.campaign)
        keep.add_addendum(session, stage.campaign, LATER, "Bão", moment, 1)
        publication.sealed_at = moment.now
        session.flush()
        with pytest.raises(PlanRefused) as refused:
            keep.add_addendum(session, stage.campaign, eased, "Dễ hơn", moment, 2)
        names = ["publication-minimum_n", "publication-target"]
        assert [(one.name, one.reason) for one in refused.value.faults] == [(n, "published") for n in names]
        assert stage.campaign.target == 0.85
        keep.add_addendum(session, stage.campaign, WHOLE, "Hết bão", moment, 2)


@on_sqlite
def test_once_people_answer_no_addendum_eases_the_terms(database, stage):
    def on(**terms):
        return replace(WHOLE, publication=replace(WHOLE.publication, **terms))

    with database.transaction() as session:
        stage.plan(session, on(minimum_n=20), frozen_at=factories.MOMENT, hash=on(minimum_n=20).hash)
        session.add(stage.campaign)
        before, since = at(session), at(session, stage.campaign.opens_on)
        keep.add_addendum(session, stage.campaign, on(minimum_n=15), "Ít đơn vị nhỏ", before, 1)
        for terms, name in (({"minimum_n": 12}, "minimum_n"), ({"minimum_n": 15, "target": 0.6}, "target")):
            with pytest.raises(PlanRefused) as refused:
                keep.add_addendum(session, stage.campaign, on(**terms), "Dễ hơn", since, 2)
            assert [(one.name, one.reason) for one in refused.value.faults] == [
                (f"publication-{name}", "begun")
            ]
        keep.add_addendum(session, stage.campaign, on(minimum_n=16), "Thận trọng", since, 2)
        assert (stage.campaign.minimum_n, stage.campaign.target) == (16, 0.85)


@on_sqlite
def test_draft_that_changes_the_terms_leaves_a_line(database, stage):
    with database.transaction() as session:
        session.add(stage.campaign)
        moment = at(session)
        keep.save_draft(session, stage.campaign, WHOLE, 0, moment)
        assert lines(session, "plans.terms") == []
        eased = replace(WHOLE, publication=replace(WHOLE.publication, target=0.605, minimum_n=5))
        keep.save_draft(session, stage.campaign, eased, 1, moment)
        words = "do-luong-2026: chỉ tiêu 85%, công bố từ 10 người → chỉ tiêu 60,5%, công bố từ 10 người"
        assert lines(session, "plans.terms") == [(words, stage.province.id)]
        assert [one.name for one in faults_of(session, stage.campaign, eased)] == ["publication-minimum_n"]


@on_sqlite
def test_draft_changes_no_more_once_the_campaign_has_begun(database, stage):
    with database.transaction() as session:
        stage.plan(session)
        moment = at(session, stage.campaign.opens_on)
        with pytest.raises(PlanRefused, match="begun"):
            keep.save_draft(session, stage.campaign, LATER, 1, moment)
        running = factories.campaign(session)
        with pytest.raises(PlanRefused, match="not_annual"):
            keep.save_draft(session, running, WHOLE, 0, moment)


def test_job_process_freezes_on_the_day_the_campaign_opens(database, settings, stage):
    with database.transaction() as session:
        stage.plan(session)
        draft = PlanDocument(population=Population(tops=("T",)))
        broken = factories.campaign_plan(session, document_json=draft.to_json()).campaign_id
        unplanned = factories.campaign(session, kind="annual", closes_on=date(2027, 1, 1))
    opening = datetime(2026, 12, 1, 1, tzinfo=UTC)
    for moment in (opening - timedelta(days=1), opening, opening + timedelta(days=1)):
        worker = Worker(database, settings, lambda moment=moment: moment)
        worker.step()
        with database.reading() as session:
            plan = session.get_one(Plan, stage.campaign.id)
            assert plan.frozen_at == (None if moment < opening else opening)
    with database.reading() as session:
        assert plan.hash == WHOLE.hash
        assert plan.frozen_by is None
        assert session.get_one(Plan, broken).frozen_at is None
        assert session.get(Plan, unplanned.id) is None
        ((_what, place),) = lines(session, "plans.not_frozen")  # said once, not every night
        assert place == stage.province.id

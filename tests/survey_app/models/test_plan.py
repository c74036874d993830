"""A plan's hash names its content; a frozen plan and its addenda stay as they are on both databases."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from survey_app.models.plan import Plan, plan_in_force
from survey_app.models.plan_document import (
    Calendar,
    PlanDocument,
    PlannedStage,
    Population,
    Publishing,
    Raked,
    Weighting,
)
from tests import factories
from tests.factories import MOMENT

DOCUMENT = PlanDocument(
    population=Population(described="Người nộp hồ sơ", tops=("P01",), settled_from=date(2025, 1, 1)),
    stages=(PlannedStage(unit="cluster", method="pps", n_taken=8), PlannedStage(unit="dossier")),
    weighting=Weighting(cells=("sex",), raked=(Raked(variable="sex", question="sex"),)),
    calendar=Calendar(publication_by=date(2026, 12, 1)),
)
CHANGES = (
    "UPDATE campaign_plan SET document_json = '{}' WHERE campaign_id = :id",
    "UPDATE campaign_plan SET hash = NULL, frozen_at = NULL WHERE campaign_id = :id",
    "DELETE FROM campaign_plan WHERE campaign_id = :id",
    "UPDATE plan_addendum SET reason = 'x' WHERE campaign_id = :id",
    "DELETE FROM plan_addendum WHERE campaign_id = :id",
)
REPLACEMENTS = (
    "INSERT OR REPLACE INTO campaign_plan (campaign_id, document_json, revision, saved_at)"
    " VALUES (:id, '{}', 1, '2026-01-01')",
    "REPLACE INTO campaign_plan (campaign_id, document_json, revision, saved_at)"
    " VALUES (:id, '{}', 1, '2026-01-01')",
    "UPDATE OR REPLACE campaign_plan SET campaign_id = :id WHERE campaign_id <> :id",
    "REPLACE INTO plan_addendum (campaign_id, number, written_at, reason, document_json, hash)"
    " VALUES (:id, 1, '2026-01-01', 'x', '{}', 'x')",
)


def test_canonical_form_leads_back_and_its_hash_is_of_composed_text():
    assert PlanDocument.from_json(DOCUMENT.to_json()) == DOCUMENT
    assert PlanDocument.from_json(PlanDocument().to_json()) == PlanDocument()
    decomposed = PlanDocument(seed="Xo\u0302\u0309 so\u0302\u0301")
    assert decomposed.hash == PlanDocument(seed="Xổ số").hash
    # Known by heart: another machine or version must find the same.
    assert DOCUMENT.hash == "7755a5c2b595bc5b01fdbe20d00c94bb73b5f4455ed532a2a36361c9110a5e47"


@pytest.mark.parametrize(
    "text",
    ["[]", '{"no_such": 1}', '{"domains": "sex"}', '{"seed": 5}', '{"precision": {"level": "0.9"}}', "{"],
)
def test_what_no_plan_can_hold_is_refused(text):
    with pytest.raises(ValueError, match=r"plan holds|no such part|Expecting"):
        PlanDocument.from_json(text)


def test_frozen_plan_and_addendum_stay(database):
    with database.transaction() as session:
        frozen = factories.plan_addendum(session)
        draft = factories.campaign_plan(session)
    for statement in CHANGES + (REPLACEMENTS if database.is_sqlite else ()):
        with pytest.raises(DBAPIError, match="frozen plan"), database.transaction() as session:
            session.execute(text(statement), {"id": frozen.campaign_id})
    with pytest.raises(DBAPIError, match="frozen plan"), database.transaction() as session:
        factories.plan_addendum(session, campaign_id=draft.campaign_id)
    with database.transaction() as session:
        session.get_one(Plan, draft.campaign_id).document_json = DOCUMENT.to_json()
    with database.reading() as session:
        assert session.get_one(Plan, frozen.campaign_id).document == PlanDocument()


PLANNED = {"opens_on": "2026-05-02", "instrument_version_id": 0, "kind": "continuous", "is_demo": True}


def test_campaign_keeps_to_its_frozen_plan(database):
    document = replace(DOCUMENT, publication=Publishing(minimum_n=10, target=0.85))
    with database.transaction() as session:
        campaign = factories.campaign(session, kind="annual", minimum_n=10, target=0.85)
        factories.frozen_plan(session, document, campaign_id=campaign.id)
    for column, value in (PLANNED | {"target": 0.851, "minimum_n": 11, "code": "khac"}).items():
        with pytest.raises(DBAPIError, match="frozen plan"), database.transaction() as session:
            session.execute(text(f"UPDATE campaign SET {column} = :value"), {"value": value})
    with database.transaction() as session:
        later = replace(document, publication=Publishing(minimum_n=12, target=0.873))
        factories.plan_addendum(session, campaign_id=campaign.id, document_json=later.to_json())
        session.execute(text("UPDATE campaign SET target = 0.873, minimum_n = 12, closes_on = opens_on"))
    with pytest.raises(DBAPIError, match="frozen plan"), database.transaction() as session:
        session.execute(text("UPDATE campaign SET target = 0.85"))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_last_addendum_is_in_force_and_a_draft_is_not(database):
    with database.transaction() as session:
        plan = factories.campaign_plan(
            session, document_json=DOCUMENT.to_json(), hash=DOCUMENT.hash, frozen_at=factories.MOMENT
        )
        assert plan_in_force(session, plan.campaign_id) == DOCUMENT
        factories.plan_addendum(session, campaign_id=plan.campaign_id)
        assert plan_in_force(session, plan.campaign_id) == PlanDocument()
        draft = factories.campaign_plan(session)
        assert plan_in_force(session, draft.campaign_id) is None
        assert plan_in_force(session, 999) is None


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_was_published_goes_on_saying_what_held_then(database):
    later = replace(DOCUMENT, population=replace(DOCUMENT.population, settled_from=date(2025, 2, 1)))
    with database.transaction() as session:
        plan = factories.frozen_plan(session, DOCUMENT)
        changed = {"document_json": later.to_json(), "hash": later.hash}
        factories.plan_addendum(
            session, campaign_id=plan.campaign_id, written_at=MOMENT + timedelta(days=2), **changed
        )
        assert plan_in_force(session, plan.campaign_id) == later
        assert plan_in_force(session, plan.campaign_id, MOMENT + timedelta(days=1)) == DOCUMENT
        assert plan_in_force(session, plan.campaign_id, MOMENT + timedelta(days=2)) == later

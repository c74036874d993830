"""A plan from the command line: shown so that its hash can be worked out, frozen, compared."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from survey_app.models.audit import AuditLine
from survey_app.models.plan import Plan
from survey_app.models.plan_document import PlanDocument
from tests import factories
from tests.survey_app.cli.test_prepare import run
from tests.survey_app.prepare.plans.conftest import WHOLE, stage as stage

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
CODE = "do-luong-2026"


def test_plan_is_shown_and_frozen_and_its_hash_can_be_worked_out(app, stage):
    with app.extensions["database"].transaction() as session:
        stage.plan(session)
    shown = run(app, "campaign", "plan", "show", CODE)
    assert shown.exit_code == 0
    assert "a draft" in shown.stdout
    assert "precision-margin_office: 0.05" in shown.stdout
    frozen = run(app, "campaign", "plan", "freeze", CODE)
    assert frozen.exit_code == 0
    canonical = run(app, "campaign", "plan", "show", CODE, "--canonical").stdout
    assert hashlib.sha256(canonical.encode()).hexdigest() == WHOLE.hash
    assert WHOLE.hash in frozen.stdout
    with app.extensions["database"].reading() as session:
        assert session.get_one(Plan, stage.campaign.id).hash == WHOLE.hash
        line = session.query(AuditLine).where(AuditLine.act == "plans.freeze").one()
        assert line.staff_id is None
        assert line.office_id == stage.province.id
    again = run(app, "campaign", "plan", "freeze", CODE)
    assert again.exit_code == 1
    assert "frozen" in again.stderr


def test_differences_of_addenda_and_of_the_campaign_before_are_said(app, stage):
    later = replace(WHOLE, precision=replace(WHOLE.precision, margin_office=0.04))
    with app.extensions["database"].transaction() as session:
        before = factories.campaign_plan(
            session,
            document_json=replace(WHOLE, seed="Năm trước").to_json(),
            hash=WHOLE.hash,
            frozen_at=datetime(2025, 1, 1, tzinfo=UTC),
        )
        session.merge(stage.campaign).previous_id = before.campaign_id
        stage.plan(session, WHOLE, frozen_at=factories.MOMENT, hash=WHOLE.hash)
        named = {"document_json": later.to_json(), "hash": later.hash, "reason": "Cần chính xác hơn"}
        factories.plan_addendum(session, campaign_id=stage.campaign.id, **named)
    said = run(app, "campaign", "plan", "differences", CODE).stdout
    assert "addendum 1, 2026-03-10: Cần chính xác hơn\n  precision-margin_office: 0.05 -> 0.04\n" in said
    assert "  seed: Năm trước -> " in said
    assert later.hash in run(app, "campaign", "plan", "show", CODE, "--addendum", "1").stdout
    assert run(app, "campaign", "plan", "show", CODE, "--addendum", "2").exit_code == 2


def test_missing_and_faulty_plans_are_said(app, stage):
    assert run(app, "campaign", "plan", "show", "no-such").exit_code == 2
    assert run(app, "campaign", "plan", "freeze", CODE).exit_code == 2
    with app.extensions["database"].transaction() as session:
        stage.plan(session, PlanDocument())
    refused = run(app, "campaign", "plan", "freeze", CODE)
    assert refused.exit_code == 1
    assert "seed: missing" in refused.stderr
    assert "to mend: seed: missing" in run(app, "campaign", "plan", "show", CODE).stderr

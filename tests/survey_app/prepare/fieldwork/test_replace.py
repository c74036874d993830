"""Replacement by rule."""

import pytest
from sqlalchemy import select

from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import InvitationBatch
from survey_app.models.sample import SampledUnit, draw_in_force
from survey_app.prepare.fieldwork.replace import FieldworkOver, replace_due
from tests.factories import DAY, MOMENT

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def replaced(fieldwork):
    with fieldwork.database.transaction() as session:
        draw = draw_in_force(session, fieldwork.campaign_id)
        return replace_due(session, draw, fieldwork.settings.secrets, MOMENT, None)


def test_next_reserve_of_the_list_takes_the_next_place_of_its_own_cell(fieldwork):
    fieldwork.run(delivery="message")
    fieldwork.spend(1)
    fieldwork.note("4.1", 1, 2)  # 1 has answered all the same
    fieldwork.note("2.1", 4)  # a refusal keeps its place
    made = replaced(fieldwork)
    assert [(pair.leaving, pair.coming) for pair in made.pairs] == [(2, 21)]
    assert fieldwork.units("serial", "replaces")[21] == (6, 2)  # the cell of women had six
    with fieldwork.database.reading() as session:
        assert sorted(session.scalars(select(InvitationBatch.n_issued))) == [5, 5, 7]
    assert replaced(fieldwork).pairs == []
    _outcome, files = fieldwork.run(delivery="message", which="called_in")
    assert "\r\n21,Trung tâm xã An," in files["danh-sach.csv"].decode("utf-8-sig")
    # Who was called in can be replaced in turn; then the list has nobody left.
    fieldwork.note("3.3", 21, 7)
    made = replaced(fieldwork)
    assert [(pair.leaving, pair.coming) for pair in made.pairs] == [(7, 22)]
    assert made.short_of == {"XA-1": 1}
    with fieldwork.database.reading() as session:
        lines = session.scalars(select(AuditLine.what).where(AuditLine.act == "fieldwork.replace")).all()
    assert len(lines) == 2


@on_sqlite
def test_nobody_is_called_in_after_the_last_day_or_before_letters(fieldwork):
    fieldwork.note("4.1", 2)
    assert replaced(fieldwork).pairs == []  # not invited yet
    fieldwork.run(delivery="message")
    with fieldwork.database.transaction() as session:
        session.get_one(Campaign, fieldwork.campaign_id).closes_on = DAY.replace(day=1)
    with pytest.raises(FieldworkOver):
        replaced(fieldwork)
    with fieldwork.database.reading() as session:
        assert (
            session.scalars(select(SampledUnit.replaces).where(SampledUnit.replaces.is_not(None))).all() == []
        )

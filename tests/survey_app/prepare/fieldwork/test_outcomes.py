"""Outcomes: what is taken, and what stands against a line."""

from datetime import date, timedelta

import pytest

from survey_app.models.sample import draw_in_force
from survey_app.prepare.fieldwork.forms import stated_in
from survey_app.prepare.fieldwork.outcomes import Fault, look_at
from tests.factories import DAY

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def looked(fieldwork, text):
    with fieldwork.database.reading() as session:
        draw = draw_in_force(session, fieldwork.campaign_id)
        return look_at(
            session, draw, stated_in(text.encode(), "ket-qua.csv"), DAY, fieldwork.settings.secrets
        )


def test_each_fault_is_listed_with_its_line(fieldwork):
    fieldwork.run(delivery="message")
    fieldwork.spend(5)
    tomorrow = DAY + timedelta(days=1)
    look = looked(
        fieldwork,
        "unit;outcome;day\n"
        f"H1;2.1;{DAY}\n"
        f'2;"2,2";{DAY:%d/%m/%Y}\n'  # by the number of the letter, as a spreadsheet writes it
        f"H99;2.1;{DAY}\n"
        f"H21;2.1;{DAY}\n"  # in reserve, not invited
        f"H4;5.5;{DAY}\n"
        f"H6;2.1;{tomorrow}\n"
        "H7;2.1;mai\n"
        f"H5;2.1;{DAY}\n"
        f"H8;2.1;{DAY}\nH8;2.2;{DAY}\n"
        f"H9;2.1;{DAY}\nH9;2.1;{DAY}\n",
    )
    assert [(entry.number, entry.outcome) for entry in look.entries] == [(1, "2.1"), (2, "2.2"), (9, "2.1")]
    assert [(line, fault) for line, _unit, fault in look.faults] == [
        (4, Fault.UNKNOWN_UNIT),
        (5, Fault.UNKNOWN_UNIT),
        (6, Fault.UNKNOWN_CODE),
        (7, Fault.IN_FUTURE),
        (8, Fault.BAD_DAY),
        (9, Fault.HAS_ANSWERED),
        (10, Fault.TWICE),
        (11, Fault.TWICE),
    ]
    together = [(fault, [line for line, _unit in lines]) for fault, lines in look.by_reason.items()]
    assert together[:2] == [(Fault.UNKNOWN_UNIT, [4, 5]), (Fault.TWICE, [10, 11])], "the most frequent first"
    assert sorted(line for _fault, lines in together for line in lines) == list(range(4, 12))
    assert all(entry.day == DAY and isinstance(entry.day, date) for entry in look.entries)


@on_sqlite
def test_nobody_is_found_before_invitations_are_issued(fieldwork):
    assert [fault for *_, fault in looked(fieldwork, f"unit,outcome,day\nH1,2.1,{DAY}\n").faults] == [
        Fault.UNKNOWN_UNIT
    ]

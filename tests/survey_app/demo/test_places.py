"""The made-up province: names of its own, in the house's spelling."""

import csv
import io
import unicodedata
from collections import Counter
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import aliased

from survey_app.db import Database
from survey_app.demo.places import REAL_PLACES, offices_csv
from survey_app.models.office import Office, OfficeSuccession


def lines() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(offices_csv().decode())))


def test_no_two_offices_have_one_name() -> None:
    names = Counter(line["name"] for line in lines())
    assert len(lines()) == 1 + 1 + 9 + 141 + 40
    assert names.most_common(1)[0][1] == 1


def test_no_name_is_that_of_a_known_place() -> None:
    assert not [line for line in lines() if line["name"].split(" ", 3)[-1].endswith(tuple(REAL_PLACES))]


def test_names_are_composed_and_the_same_every_time() -> None:
    text = offices_csv().decode()
    assert unicodedata.is_normalized("NFC", text)
    assert offices_csv().decode() == text


def test_units_are_called_as_the_law_of_their_time_calls_them() -> None:
    after = [line["name"] for line in lines() if line["valid_from"] == "2025-07-01"]
    before = [line["name"] for line in lines() if line["valid_until"]]
    assert all(" xã " in name or " phường " in name for name in after)
    assert sum(" phường " in name for name in after) == 7
    assert sum(" thị trấn " in name for name in before) == 7


def test_successors_take_over_the_day_after(demo: Database) -> None:
    before, after = aliased(Office), aliased(Office)
    with demo.reading() as session:
        links = session.execute(
            select(OfficeSuccession, before, after)
            .join(before, before.id == OfficeSuccession.predecessor_id)
            .join(after, after.id == OfficeSuccession.successor_id)
        ).all()
        communes = session.scalars(select(Office).where(Office.code.regexp_match(r"^MAU-H\d\d-X"))).all()
    assert {office.id for office in communes} == {old.id for _, old, _ in links}
    assert len({new.id for _, _, new in links}) == 40
    assert len(links) == 141 + 2  # two were split between neighbours
    for link, old, new in links:
        assert link.took_over_on == date(2025, 7, 1)
        assert old.exists_on(link.took_over_on - timedelta(days=1))
        assert not old.exists_on(link.took_over_on)
        assert new.exists_on(link.took_over_on)
        assert not new.exists_on(link.took_over_on - timedelta(days=1))


def test_parents_stand_while_their_offices_do(demo: Database) -> None:
    with demo.reading() as session:
        offices = {office.id: office for office in session.scalars(select(Office))}
    for office in offices.values():
        if office.parent_id is not None:
            parent = offices[office.parent_id]
            assert parent.exists_on(office.valid_from)
            assert parent.valid_until is None or parent.valid_until == office.valid_until
    assert len({office.sort_key for office in offices.values() if " huyện " in office.name}) == 7

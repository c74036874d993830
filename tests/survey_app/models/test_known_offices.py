"""What is kept of all offices is what stands in the database, whoever wrote it, and nobody else's state."""

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import delete, select, text, update

from survey_app.models import known_offices as module
from survey_app.models.known_offices import KnownOffice, known_offices
from survey_app.models.office import Office
from survey_app.models.staff import StaffGrant
from survey_app.models.vietnamese import Search, sort_key
from tests import factories
from tests.factories import DAY


def stored(session):
    columns = (getattr(Office, name) for name in KnownOffice._fields)
    return {row.id: tuple(row) for row in session.execute(select(*columns))}


def known(session):
    return {office_id: tuple(one) for office_id, one in known_offices(session).offices.items()}


def write_anything(session, rng, number):
    """Change an office in one of the ways in which anybody might, past the session too."""
    ids = list(session.scalars(select(Office.id)))
    if len(ids) < 4:
        return factories.office(session, code=f"O{number}", parent_id=rng.choice([None, *ids]))
    one, other = rng.sample(ids, 2)
    acts = (
        lambda: factories.office(session, code=f"O{number}", parent_id=one),
        lambda: session.execute(update(Office).where(Office.id == one).values(name=f"Tên {number}")),
        lambda: session.execute(text("UPDATE office SET sort_key = :key"), {"key": f"k{number}"}),
        lambda: session.execute(update(Office).where(Office.id == one).values(valid_until=DAY)),
        lambda: session.execute(update(Office).where(Office.id == max(ids)).values(parent_id=min(ids))),
        lambda: session.execute(
            delete(Office).where(
                Office.id == one,
                ~Office.id.in_(select(Office.parent_id).where(Office.parent_id.is_not(None))),
            )
        ),
        lambda: session.get(Office, other).__setattr__("kind", "commune_section"),
    )
    return rng.choice(acts)()


def test_what_is_known_is_what_is_stored_after_any_act(database):
    rng = random.Random(11)
    for number in range(60):
        with database.transaction() as session:
            write_anything(session, rng, number)
            session.flush()
            assert known(session) == stored(session)
        with database.reading() as session:
            assert known(session) == stored(session)


def test_offices_are_read_once_as_long_as_none_is_written(database):
    with database.transaction() as session:
        office = factories.office(session, name="Phường An Phú")
    with database.reading() as session:
        found = known_offices(session)
        assert known_offices(session) is found
    with database.transaction() as session:
        factories.counter(session, office_id=office.id)  # raises what the office counts, which is not kept
    with database.reading() as session:
        assert known_offices(session) is found
    with database.transaction() as session:
        session.get(Office, office.id).name = "Phường Tân Thành"
    with database.reading() as session:
        assert known_offices(session) is not found
        assert known_offices(session).offices[office.id].name == "Phường Tân Thành"


def test_what_was_taken_back_is_not_known_afterwards(database):
    with database.transaction() as session:
        office = factories.office(session, name="Phường An Phú")

    def rename_in_vain():
        with database.transaction() as session:
            session.get(Office, office.id).name = "Phường Tân Thành"
            assert known_offices(session).offices[office.id].name == "Phường Tân Thành"
            raise RuntimeError("in vain")

    with pytest.raises(RuntimeError, match="in vain"):
        rename_in_vain()
    with database.reading() as session:
        assert known_offices(session).offices[office.id].name == "Phường An Phú"


def test_a_snapshot_keeps_the_offices_that_it_began_with(database):
    with database.transaction() as session:
        office = factories.office(session, name="Phường An Phú")
    with database.reading() as session:
        assert known_offices(session).offices[office.id].name == "Phường An Phú"
        with database.transaction() as other:
            other.get(Office, office.id).name = "Phường Tân Thành"
        assert known_offices(session).offices[office.id].name == "Phường An Phú"
        assert known(session) == stored(session)
    with database.reading() as session:
        assert known_offices(session).offices[office.id].name == "Phường Tân Thành"


def test_an_empty_database_knows_no_office(database):
    with database.reading() as session:
        assert known_offices(session).offices == {}
        assert known_offices(session).tree.within([None]) == set()


def test_offices_stand_in_the_order_of_their_names_and_are_found_in_it(database):
    with database.transaction() as session:
        ids = [
            factories.office(session, code=code, name=name, sort_key=sort_key(name)).id
            for code, name in (
                ("B2", "Phường 10"),
                ("B1", "Phường 2"),
                ("B3", "Xã Hoà Bình"),
                ("B4", "Phường Hòa Bình"),
            )
        ]
    with database.reading() as session:
        offices = known_offices(session)
        assert [one.code for one in offices.offices.values()] == ["B1", "B2", "B4", "B3"]
        assert offices.find(Search("")) == [ids[1], ids[0], ids[3], ids[2]]
        assert offices.find(Search("hoa binh")) == [ids[3], ids[2]]
        assert offices.find(Search("hoà bình")) == [ids[2], ids[3]]
        assert offices.find(Search("b2")) == [ids[0]]


def test_offices_under_codes_are_those_that_bear_them_and_all_below(database):
    with database.transaction() as session:
        top = factories.office(session, code="T")
        below = factories.office(session, code="T1", parent_id=top.id)
        lowest = factories.office(session, code="T11", parent_id=below.id)
        other = factories.office(session, code="U")
    with database.reading() as session:
        offices = known_offices(session)
        assert offices.under(["T1"]) == {below.id, lowest.id}
        assert offices.under([]) == {top.id, below.id, lowest.id, other.id}
        assert offices.under(["no-such"]) == set()
        assert offices.tree.itself_and_above(lowest.id) == {top.id, below.id, lowest.id}
        assert offices.tree.itself_and_above(2**40) == set()
        assert [offices.tree.has_below(one.id) for one in (top, below, lowest, other)] == [
            True,
            True,
            False,
            False,
        ]


@pytest.mark.parametrize("n_offices", range(7))
def test_sql_holds_the_offices_that_are_meant_be_they_few_or_almost_all(database, n_offices):
    with database.transaction() as session:
        ids = {factories.office(session).id for _ in range(6)}
        meant = set(sorted(ids)[:n_offices])
        names_one = known_offices(session).holds(meant, Office.id)
        assert set(session.scalars(select(Office.id).where(names_one))) == meant


@pytest.mark.parametrize("n_offices", [1, 2, 3])
def test_what_is_of_no_office_is_of_none_that_are_meant(database, n_offices):
    with database.transaction() as session:
        ids = {factories.office(session).id for _ in range(3)}
        person = factories.staff(session, role="auditor", office_id=None)
        for office_id in ids:
            factories.staff_grant(session, staff_id=person.id, role="auditor", office_id=office_id)
        meant = set(sorted(ids)[:n_offices])
        of_these = known_offices(session).holds(meant, StaffGrant.office_id)
        assert set(session.scalars(select(StaffGrant.office_id).where(of_these))) == meant


def test_two_who_write_the_same_offices_at_once_take_turns(database):
    """Each would hold one office and wait for the other's, if they did not wait before."""
    with database.transaction() as session:
        ids = [factories.office(session).id for _ in range(2)]
    ready = Barrier(2)

    def rename(order, name):
        with database.transaction() as session:
            ready.wait()
            for office_id in order:
                session.execute(update(Office).where(Office.id == office_id).values(name=name))

    if database.is_sqlite:
        ready = Barrier(1)  # there, who writes at all has the whole database
    for _ in range(10):
        with ThreadPoolExecutor() as pool:
            done = [pool.submit(rename, ids, "Tên một"), pool.submit(rename, ids[::-1], "Tên hai")]
            for one in done:
                one.result()
        with database.reading() as session:
            assert known(session) == stored(session)
            assert len({one.name for one in known_offices(session).offices.values()}) == 1


@pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
def test_offices_that_another_commits_meanwhile_are_not_kept_as_those_of_before(database, monkeypatch):
    """A writer's transaction there sees with each statement what was committed by then."""
    with database.transaction() as session:
        office = factories.office(session, name="Phường An Phú")
    read = module._read

    def read_after_another(session):
        with database.transaction() as other:
            other.get(Office, office.id).name = "Phường Tân Thành"
        return read(session)

    with database.reading() as before:
        assert stored(before)[office.id][3] == "Phường An Phú"
        monkeypatch.setattr(module, "_read", read_after_another)
        with database.transaction() as session:
            assert known_offices(session).offices[office.id].name == "Phường Tân Thành"
        monkeypatch.undo()
        assert known(before) == stored(before)

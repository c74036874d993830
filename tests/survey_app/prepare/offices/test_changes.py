"""Offices begin, change and end: history is kept, and what contradicts it is refused."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import AuditLine
from survey_app.models.office import Counter, Office, OfficePast, OfficeSuccession
from survey_app.models.stale_office import StaleOffice, forget_stale, stale_offices
from survey_app.models.vietnamese import sort_key
from survey_app.prepare.offices.changes.acts import Create, End, Move, Rename, locked
from survey_app.prepare.offices.changes.aftermath import aftermath_of
from survey_app.prepare.offices.changes.rules import ChangeRefused
from survey_app.prepare.offices.changes.succession import HandOver, Heir
from survey_app.prepare.offices.counters import change_counter
from survey_app.prepare.offices.history import history_of
from tests import factories
from tests.factories import DAY

YESTERDAY = DAY - timedelta(days=1)
LAST = date(2026, 3, 8)


def carry_out(app, author, act):
    with app.extensions["database"].transaction() as session:
        return act.carry_out(session, author)


def read(app, query):
    with app.extensions["database"].reading() as session:
        return list(session.execute(query))


def refusal(app, author, act):
    """Give why an act is refused, and see that nothing of it is left behind."""
    before = read(app, select(Office.id, Office.name, Office.parent_id, Office.valid_until))
    with pytest.raises(ChangeRefused) as refused:
        carry_out(app, author, act)
    assert read(app, select(Office.id, Office.name, Office.parent_id, Office.valid_until)) == before
    assert read(app, select(AuditLine.id)) == []
    return refused.value.reason


def test_new_office_stands_under_its_parent_with_its_counters(app, land, author):
    act = Create(
        "T1-D", " Bộ phận  Một cửa xã D", "commune_section", land["province"], DAY, ("Quầy 1", "Quầy 2")
    )
    made = carry_out(app, author, act)
    assert (made.name, made.parent_id, made.sort_key) == (
        "Bộ phận Một cửa xã D",
        land["province"].id,
        sort_key("Bộ phận Một cửa xã D"),
    )
    labels = select(Counter.label).where(Counter.office_id == made.id).order_by(Counter.id)
    assert read(app, labels) == [("Quầy 1",), ("Quầy 2",)]
    assert read(app, select(AuditLine.act, AuditLine.staff_id, AuditLine.office_id)) == [
        ("offices.create", land["lead"].id, made.id)
    ]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"code": "T1-A"}, "code_taken"),
        ({"code": "a/b"}, "code_unusable"),
        ({"code": ""}, "code_unusable"),
        ({"name": " \u202e "}, "name_missing"),
        ({"name": "x" * 201}, "name_too_long"),
        ({"name": "bộ phận một cửa XÃ A"}, "name_taken"),
        ({"kind": "ministry"}, "kind_unknown"),
        ({"valid_from": date(2020, 1, 1)}, "parent_not_there"),
        ({"counters": ("Quầy 1", "quầy  1")}, "label_twice"),
        ({"counters": ("x" * 81,)}, "label_too_long"),
    ],
)
def test_new_office_that_contradicts_what_is_known_is_refused(app, land, author, changed, reason):
    act = Create("T1-D", "Bộ phận Một cửa xã D", "commune_section", land["province"], DAY)
    assert refusal(app, author, replace(act, **changed)) == reason


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nobody_begins_or_moves_an_office_where_the_right_does_not_reach(app, land, author):
    narrow = replace(author, office_ids={land["province"].id, land["a"].id}, is_everything=False)
    new = Create("T2-A", "Xã lạ", "commune_section", land["other"], DAY)
    assert refusal(app, narrow, new) == "parent_out_of_scope"
    assert refusal(app, narrow, replace(new, parent=None)) == "parent_out_of_scope"
    assert refusal(app, narrow, Move(land["a"], land["other"], DAY)) == "parent_out_of_scope"
    assert refusal(app, narrow, Move(land["province"], land["a"], DAY)) == "parent_out_of_scope"


def test_rename_keeps_the_old_name_until_the_day_before(app, land, author):
    carry_out(app, author, Rename(land["a"], "Trung tâm xã Mới", YESTERDAY))
    assert read(app, select(Office.name, Office.sort_key).where(Office.code == "T1-A")) == [
        ("Trung tâm xã Mới", sort_key("Trung tâm xã Mới"))
    ]
    assert read(app, select(OfficePast.until, OfficePast.name, OfficePast.parent_id)) == [
        (YESTERDAY - timedelta(days=1), "Bộ phận Một cửa xã A", land["province"].id)
    ]


def test_rename_and_move_of_one_day_leave_one_past_and_two_events(app, land, author):
    carry_out(app, author, Rename(land["a"], "Trung tâm xã Mới", DAY))
    carry_out(app, author, Move(land["a"], land["other"], DAY))
    assert len(read(app, select(OfficePast.until))) == 1
    with app.extensions["database"].reading() as session:
        events = history_of(session, session.get_one(Office, land["a"].id))
    assert sorted((event.day, event.kind, event.before, event.after) for event in events) == [
        (date(2024, 1, 1), "began", "", "Bộ phận Một cửa xã A"),
        (DAY, "moved", "Tỉnh Mẫu", "Tỉnh Khác"),
        (DAY, "renamed", "Bộ phận Một cửa xã A", "Trung tâm xã Mới"),
    ]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_rename_from_the_first_day_on_is_a_correction(app, land, author):
    carry_out(app, author, Rename(land["a"], "Tên đúng", land["a"].valid_from))
    assert read(app, select(OfficePast.until)) == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_change_of_a_wrong_day_is_refused(app, land, author):
    tomorrow = DAY + timedelta(days=1)
    assert refusal(app, author, Rename(land["a"], "Mới", tomorrow)) == "day_not_come"
    assert refusal(app, author, Rename(land["a"], "Mới", date(2023, 12, 31))) == "not_there"
    assert refusal(app, author, Rename(land["a"], "Bộ phận Một cửa xã A", DAY)) == "same_name"
    assert refusal(app, author, Rename(land["a"], "bộ phận một cửa xã B", DAY)) == "name_taken"
    assert refusal(app, author, Move(land["a"], land["province"], DAY)) == "same_parent"
    with app.extensions["database"].transaction() as session:
        factories.office_past(session, office_id=land["a"].id, until=YESTERDAY)
    assert refusal(app, author, Rename(land["a"], "Mới", YESTERDAY)) == "changed_later"
    assert refusal(app, author, End(land["a"], YESTERDAY)) == "changed_later"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_office_never_comes_to_stand_under_itself(app, land, author):
    carry_out(app, author, Move(land["b"], land["a"], DAY))
    assert refusal_of_move(app, author, land["a"], land["b"]) == "circle"
    assert refusal_of_move(app, author, land["a"], land["a"]) == "circle"
    with app.extensions["database"].transaction() as session:
        ended = factories.office(session, valid_until=YESTERDAY)
    assert refusal_of_move(app, author, land["a"], ended, all_reached=True) == "parent_not_there"


def refusal_of_move(app, author, office, parent, *, all_reached=False):
    with pytest.raises(ChangeRefused) as refused:
        carry_out(app, author, Move(office, parent, DAY))
    return refused.value.reason


def test_end_has_its_day_and_touches_no_code(app, land, author):
    carry_out(app, author, End(land["a"], LAST))
    carry_out(app, author, End(land["b"], DAY + timedelta(days=200)))
    ended = select(Office.code, Office.valid_until).where(Office.valid_until.is_not(None))
    assert sorted(read(app, ended)) == [("T1-A", LAST), ("T1-B", DAY + timedelta(days=200))]
    assert read(app, select(AccessPoint.id).where(AccessPoint.revoked_on.is_not(None))) == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_end_that_contradicts_what_is_known_is_refused(app, land, author):
    assert refusal(app, author, End(land["a"], date(2023, 12, 31))) == "ends_before_it_begins"
    assert refusal(app, author, End(land["a"], date(2026, 2, 28))) == "has_later_responses"
    assert refusal(app, author, End(land["province"], LAST)) == "has_offices_below"
    with app.extensions["database"].transaction() as session:
        gone = factories.office(session, valid_until=YESTERDAY)
    assert refusal(app, author, End(gone, LAST)) == "has_ended"


def merge(land, *heirs, of="ab", last_day=LAST, act="merge"):
    return HandOver(act, tuple(land[letter] for letter in of), heirs, last_day)


def successions(app):
    query = select(
        OfficeSuccession.predecessor_id, OfficeSuccession.successor_id, OfficeSuccession.took_over_on
    )
    return sorted(read(app, query))


def test_merge_into_a_new_office_ends_both_and_links_them(app, land, author):
    (heir,) = carry_out(app, author, merge(land, Heir("T1-N", "Bộ phận Một cửa xã A")))
    assert (heir.kind, heir.parent_id, heir.valid_from) == (
        "commune_section",
        land["province"].id,
        LAST + timedelta(1),
    )
    assert successions(app) == sorted((land[x].id, heir.id, LAST + timedelta(1)) for x in "ab")
    acts = {(act, office_id) for act, office_id in read(app, select(AuditLine.act, AuditLine.office_id))}
    assert acts == {("offices.create", heir.id)} | {
        ("offices.merge", office_id) for office_id in (land["a"].id, land["b"].id, heir.id)
    }
    with app.extensions["database"].reading() as session:
        events = history_of(session, session.get_one(Office, heir.id))
        assert [(event.kind, event.other and event.other.code) for event in events] == [
            ("began", None),
            ("took_over", "T1-A"),
            ("took_over", "T1-B"),
        ]


def test_merge_into_an_office_that_goes_on_ends_the_other_alone(app, land, author):
    carry_out(app, author, merge(land, Heir("T1-B", office=land["b"]), of="a"))
    assert successions(app) == [(land["a"].id, land["b"].id, LAST + timedelta(1))]
    assert read(app, select(Office.code).where(Office.valid_until.is_not(None))) == [("T1-A",)]


def test_what_a_change_moves_from_one_figure_to_another_is_noted_for_the_next_release(app, land, author):
    """Of each campaign whose figures run, and of a name or label nothing."""
    with app.extensions["database"].transaction() as session:
        running = factories.publication(session).campaign_id
        factories.publication(session, kind="wave")
        field = factories.service_field(session)

    def noted():
        rows = read(app, select(StaleOffice.campaign_id, StaleOffice.office_id))
        assert {campaign_id for campaign_id, _ in rows} <= {running}
        with app.extensions["database"].transaction() as session:
            forget_stale(session, stale_offices(session, running))
        return {office_id for _, office_id in rows}

    province, other, a, b, c = (land[name].id for name in ("province", "other", "a", "b", "c"))
    carry_out(app, author, Rename(land["b"], "Tên khác", DAY))
    assert noted() == set()
    carry_out(app, author, Move(land["c"], land["other"], DAY))
    assert noted() == {province, other}
    carry_out(app, author, merge(land, Heir("T1-B", office=land["b"]), of="a"))
    assert noted() == {a, b}
    heirs = Heir("T1-M", "Xã M"), Heir("T1-O", "Xã O")
    carry_out(app, author, merge(land, *heirs, of="c", last_day=DAY, act="split"))
    assert noted() == set(), "its day has not come"
    for label, its_field, expected in (("Quầy 2", None, set()), ("Quầy 2", field, {c})):
        with app.extensions["database"].transaction() as session:
            counter = session.get_one(Counter, land["counter_c"].id)
            change_counter(session, counter, label, its_field, author)
        assert noted() == expected


def test_split_makes_several_successors(app, land, author):
    heirs = (Heir("T1-N", "Xã N"), Heir("T1-C", office=land["c"]))
    made = carry_out(app, author, merge(land, *heirs, of="a", act="split"))
    assert successions(app) == sorted((land["a"].id, heir.id, LAST + timedelta(1)) for heir in made)


def test_offices_below_go_along_in_a_merge_that_has_come(app, land, author):
    carry_out(app, author, Move(land["c"], land["a"], date(2026, 3, 2)))
    (heir,) = carry_out(app, author, merge(land, Heir("T1-N", "Xã N")))
    assert read(app, select(Office.parent_id).where(Office.code == "T1-C")) == [(heir.id,)]
    untils = select(OfficePast.until, OfficePast.parent_id).order_by(OfficePast.until)
    assert read(app, untils) == [(date(2026, 3, 1), land["province"].id), (LAST, land["a"].id)]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_hand_over_that_contradicts_what_is_known_is_refused(app, land, author):
    new = Heir("T1-N", "Xã N")
    with app.extensions["database"].transaction() as session:
        gone = factories.office(session, code="GONE", valid_until=YESTERDAY - timedelta(days=5))
    land["gone"] = gone
    cases = [
        (merge(land, new, of=["a", "gone"]), "has_ended"),
        (merge(land, new, of="aa"), "named_twice"),
        (merge(land, new, of="a"), "merges_one_into_new"),
        (merge(land, new, Heir("T1-M", "Xã M")), "merges_into_one"),
        (merge(land, of="ab"), "merges_into_one"),
        (merge(land, new, of="a", act="split"), "splits_into_one"),
        (merge(land, new, Heir("T1-M", "XÃ N"), of="a", act="split"), "named_twice"),
        (merge(land, Heir("T1-A", office=land["a"])), "own_successor"),
        (merge(land, Heir("GONE", office=gone)), "heir_not_there"),
        (merge(land, Heir("T1-C", "Xã N")), "code_taken"),
        (merge(land, Heir("T1-N", "Bộ phận Một cửa xã C")), "name_taken"),
        (merge(land, new, last_day=date(2026, 2, 1)), "has_later_responses"),
    ]
    for act, reason in cases:
        assert refusal(app, author, act) == reason
    carry_out(app, author, Move(land["c"], land["a"], DAY))
    with pytest.raises(ChangeRefused, match="takes_along_later"):
        carry_out(app, author, merge(land, new, last_day=DAY + timedelta(days=20)))
    with pytest.raises(ChangeRefused, match="has_offices_below"):
        carry_out(app, author, merge(land, new, Heir("T1-M", "Xã M"), of="a", act="split"))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_merge_of_a_coming_day_is_known_ahead(app, land, author):
    (heir,) = carry_out(app, author, merge(land, Heir("T1-N", "Xã N"), last_day=date(2026, 6, 30)))
    assert not heir.exists_on(DAY)
    assert heir.exists_on(date(2026, 7, 1))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_aftermath_counts_what_hangs_on_an_office(app, land):
    with app.extensions["database"].transaction() as session:
        factories.staff_grant(session, role="operator", office_id=land["a"].id)
        factories.dossier_count(session, office_id=land["a"].id, month=date(2026, 4, 1))
        found = aftermath_of(session, [land["a"]], LAST, DAY)
    assert (found.n_codes, found.n_counters, found.n_grants, found.n_later_counts) == (1, 1, 1, 1)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_offices_are_locked_in_the_order_of_their_ids(app, land):
    with app.extensions["database"].transaction() as session:
        assert list(locked(session, [land["c"], land["province"], land["b"]])) == sorted(
            land[name].id for name in ("province", "b", "c")
        )


SOON = DAY + timedelta(days=10)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_parent_must_last_as_long_as_what_stands_under_it(app, land, author):
    with app.extensions["database"].transaction() as session:
        gone = factories.office(session, kind="province", valid_until=YESTERDAY)
        going = factories.office(session, kind="province", valid_until=SOON)
        short = factories.office(session, parent_id=land["province"].id, valid_until=SOON)
    last_week = DAY - timedelta(days=7)
    new = Create("T1-D", "Xã D", "commune_section", gone, last_week)
    for act in (
        new,
        replace(new, parent=going),
        Move(land["a"], gone, last_week),
        Move(land["a"], going, DAY),
    ):
        assert refusal(app, author, act) == "parent_ends"
    assert carry_out(app, author, Move(short, going, DAY)).parent_id == going.id


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_parent_that_ended_since_the_page_was_shown_is_refused(app, land, author):
    """`other` is read before its end is recorded, as by somebody who takes his time."""
    carry_out(app, author, End(land["other"], SOON))
    assert land["other"].valid_until is None
    for act in (
        Create("T2-A", "Xã lạ", "commune_section", land["other"], DAY),
        Move(land["a"], land["other"], DAY),
    ):
        with pytest.raises(ChangeRefused, match="parent_ends"):
            carry_out(app, author, act)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_kinds_of_offices_keep_their_order(app, land, author):
    under_commune = Create("T3", "Tỉnh mới", "province", land["a"], DAY)
    assert refusal(app, author, under_commune) == "parent_of_lower_kind"
    assert refusal(app, author, Move(land["other"], land["a"], DAY)) == "parent_of_lower_kind"
    into_province = merge(land, Heir("T1", office=land["province"]))
    assert refusal(app, author, into_province) == "heir_of_other_kind"
    mixed = merge(land, Heir("T1-N", "Xã N"), of=("a", "other"))
    assert refusal(app, author, mixed) == "heir_of_other_kind"
    (heir,) = carry_out(app, author, merge(land, Heir("T1", office=land["province"]), of=("other",)))
    assert heir.code == "T1"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_heir_cannot_have_ended_before_it_takes_over(app, land, author):
    carry_out(app, author, merge(land, Heir("T1-B", office=land["b"]), of="a", last_day=SOON))
    ends = select(Office.valid_until).where(Office.code == "T1-B")
    with pytest.raises(ChangeRefused, match="ends_before_it_takes_over"):
        carry_out(app, author, End(land["b"], SOON))
    assert read(app, ends) == [(None,)]
    carry_out(app, author, End(land["b"], SOON + timedelta(days=1)))


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_end_may_lie_before_the_answer_to_an_invitation(app, land, author):
    with app.extensions["database"].transaction() as session:
        letters = factories.access_point(session, office_id=land["a"].id, way_in="invitation")
        factories.access_point_day(session, access_point_id=letters.id, day=DAY)
        factories.invitation_batch(session, access_point_id=letters.id)
        found = aftermath_of(session, [land["a"]], LAST, DAY)
        assert (found.n_codes, [n for _title, n in found.batches]) == (1, [1])
    carry_out(app, author, End(land["a"], LAST))


def at_once(app, author, *acts):
    """Carry acts out side by side, each in a transaction of its own; give what became of each."""
    database, ready = (
        app.extensions["database"],
        Barrier(1 if app.extensions["database"].is_sqlite else len(acts)),
    )

    def run(act):
        with database.transaction() as session:
            session.execute(select(Office.id))
            ready.wait()
            try:
                act.carry_out(session, author)
            except ChangeRefused as refused:
                return refused.reason
            return "done"

    with ThreadPoolExecutor() as pool:
        return sorted(pool.map(run, acts))


def test_two_moves_at_once_make_no_circle(app, land, author):
    with app.extensions["database"].transaction() as session:
        below = [
            factories.office(session, kind="commune_section", parent_id=land[letter].id) for letter in "ab"
        ]
    crosswise = [Move(land["a"], below[1], DAY), Move(land["b"], below[0], DAY)]
    assert at_once(app, author, *crosswise) == ["circle", "done"]


def test_merge_and_rename_of_an_office_that_it_takes_along_take_turns(app, land, author):
    """The merge writes an office that it has not locked; the other holds it and waits for the merge."""
    for number in range(5):
        with app.extensions["database"].transaction() as session:
            old, heir = (
                factories.office(session, code=f"{name}{number}", parent_id=land["province"].id)
                for name in "XY"
            )
            taken_along = factories.office(session, code=f"C{number}", parent_id=old.id)
        merge = HandOver("merge", (old,), (Heir(heir.code, office=heir),), YESTERDAY)
        outcomes = at_once(app, author, merge, Rename(taken_along, f"Xã Đổi tên {number}", DAY))
        assert outcomes.count("done") >= 1
        found = dict(read(app, select(Office.id, Office.parent_id).where(Office.id == taken_along.id)))
        assert found[taken_along.id] in {old.id, heir.id}

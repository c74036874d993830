"""Nobody gives more than he has, nobody shuts himself out, somebody always administers."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from survey_app.accounts.people.create import create_account
from survey_app.accounts.people.grants import Deed, disable, enable, end_role, end_sessions, give_role
from survey_app.accounts.people.reach import Duty, Reach, all_grants
from survey_app.accounts.people.reset import find_link, make_link, use_link
from survey_app.errors import AccountRefused, LinkExpired, NotFound
from survey_app.models.audit import AuditLine
from survey_app.models.staff import ROLES, RecoveryCode, ResetLink, Staff, StaffGrant, StaffSession
from survey_app.web import access
from tests import factories
from tests.factories import DAY, MOMENT

TOMORROW, NEXT_YEAR = DAY + timedelta(days=1), DAY + timedelta(days=365)


@pytest.fixture
def session(database):
    with database.transaction() as session:
        yield session


@pytest.fixture
def province(session):
    return factories.office(session, kind="province")


@pytest.fixture
def commune(session, province):
    return factories.office(session, parent_id=province.id)


@pytest.fixture
def neighbour(session):
    return factories.office(session, kind="province")


def deed_of(session, staff, now=MOMENT):
    signed_in = access.SignedIn(
        staff.id,
        staff.username,
        staff.full_name,
        is_proven=True,
        grants=access.grants_on(session, staff.id, DAY),
    )
    return Deed(session, Reach(session, signed_in), now)


def administrator(session, office_id=None, **days):
    staff = factories.staff(session, role=None)
    factories.staff_grant(session, staff_id=staff.id, role="administrator", office_id=office_id, **days)
    return staff


def acts(session):
    return session.scalars(select(AuditLine.act).order_by(AuditLine.id)).all()


@pytest.mark.parametrize("role", ROLES)
def test_administrator_of_a_province_gives_every_role_inside_it_and_none_outside(
    session, province, commune, neighbour, role
):
    deed = deed_of(session, administrator(session, province.id))
    for office in (province, commune):
        person = factories.staff(session, role=None)
        assert give_role(deed, person, Duty(role, office.id, DAY)).granted_by == deed.reach.staff.id
    for office_id in (neighbour.id, None, 99999):
        with pytest.raises(AccountRefused) as refused:
            give_role(deed, person, Duty(role, office_id, DAY))
        assert refused.value.reason in {"beyond_own", "manager_without_office"}


@pytest.mark.parametrize("giver", [role for role in ROLES if role != "administrator"])
def test_nobody_but_an_administrator_gives_any_role(session, commune, giver):
    deed = deed_of(session, factories.staff(session, role=giver, office_id=commune.id))
    person = factories.staff(session, role=None)
    for role in ROLES:
        with pytest.raises(AccountRefused):
            give_role(deed, person, Duty(role, commune.id, DAY))
    assert acts(session) == []


def test_role_lasts_no_longer_than_the_givers_own(session, commune):
    deed = deed_of(session, administrator(session, valid_until=TOMORROW))
    person = factories.staff(session, role=None)
    for until in (None, TOMORROW + timedelta(days=1)):
        with pytest.raises(AccountRefused, match="longer"):
            give_role(deed, person, Duty("analyst", commune.id, DAY, until))
    assert give_role(deed, person, Duty("analyst", commune.id, DAY, TOMORROW))


def test_nobody_gives_himself_a_role_or_ends_his_own_or_disables_himself(session, commune):
    someone, _other = administrator(session), administrator(session)
    deed = deed_of(session, someone)
    with pytest.raises(AccountRefused, match="own account"):
        give_role(deed, someone, Duty("analyst", commune.id, DAY))
    with pytest.raises(NotFound):
        end_role(deed, someone, all_grants(session, someone.id)[0])
    for act in (disable, enable, end_sessions):
        with pytest.raises(AccountRefused, match="own account"):
            act(deed, someone)
    with pytest.raises(AccountRefused):
        make_link(deed, someone, clears_second_factor=True)


def test_change_of_roles_ends_every_session_of_the_account_and_no_other(session, commune):
    deed, person = deed_of(session, administrator(session)), factories.staff(session, role=None)
    bystander = factories.staff(session)
    for _ in range(2):
        factories.staff_session(session, staff_id=person.id)
    factories.staff_session(session, staff_id=bystander.id)
    grant = give_role(deed, person, Duty("analyst", commune.id, DAY))
    assert session.scalars(select(StaffSession.staff_id)).all() == [bystander.id]
    factories.staff_session(session, staff_id=person.id)
    end_role(deed, person, grant, TOMORROW)
    assert session.scalars(select(StaffSession.staff_id)).all() == [bystander.id]
    assert acts(session) == ["people.grant", "people.end_grant"]


def test_role_that_ends_at_once_holds_no_more_today(session, commune):
    deed, person = deed_of(session, administrator(session)), factories.staff(session, role=None)
    old = factories.staff_grant(session, staff_id=person.id, role="analyst", office_id=commune.id)
    new = give_role(deed, person, Duty("operator", commune.id, DAY))
    end_role(deed, person, old)
    end_role(deed, person, new)
    session.flush()
    assert access.grants_on(session, person.id, DAY) == ()
    assert old.valid_until == DAY - timedelta(days=1)
    assert session.get(StaffGrant, new.id) is None  # it never held for a whole day; the log has it


@pytest.mark.parametrize(
    ("first", "last", "reason"),
    [
        (DAY - timedelta(days=1), None, "begins_before"),
        (TOMORROW, DAY, "ends_before"),
    ],
)
def test_days_that_cannot_be_are_refused(session, commune, first, last, reason):
    deed, person = deed_of(session, administrator(session)), factories.staff(session, role=None)
    with pytest.raises(AccountRefused) as refused:
        give_role(deed, person, Duty("analyst", commune.id, first, last))
    assert refused.value.reason == reason


def test_last_day_of_a_role_lies_between_today_and_its_end(session, commune):
    deed, person = deed_of(session, administrator(session)), factories.staff(session, role=None)
    grant = give_role(deed, person, Duty("analyst", commune.id, TOMORROW, NEXT_YEAR))
    for day, reason in ((DAY, "ends_before"), (NEXT_YEAR + timedelta(days=1), "ends_later")):
        with pytest.raises(AccountRefused) as refused:
            end_role(deed, person, grant, day)
        assert refused.value.reason == reason


def test_same_role_twice_in_the_same_days_is_refused_and_one_after_the_other_is_not(session, commune):
    deed, person = deed_of(session, administrator(session)), factories.staff(session, role=None)
    give_role(deed, person, Duty("analyst", commune.id, DAY, TOMORROW))
    with pytest.raises(AccountRefused) as refused:
        give_role(deed, person, Duty("analyst", commune.id, TOMORROW))
    assert refused.value.reason == "has_it"
    give_role(deed, person, Duty("analyst", commune.id, TOMORROW + timedelta(days=1)))


def test_administrator_of_a_province_cannot_take_over_the_one_above(session, province, commune):
    """A link to a new password would otherwise be a way to rights that its maker lacks."""
    local = deed_of(session, administrator(session, province.id))
    boss = administrator(session)
    factories.staff_grant(session, staff_id=boss.id, role="operator", office_id=commune.id)
    assert local.reach.find(boss.id) is boss  # a role inside the province makes him seen there
    for act in (disable, end_sessions, enable):
        with pytest.raises(AccountRefused) as refused:
            act(local, boss)
        assert refused.value.reason == "beyond"
    with pytest.raises(AccountRefused):
        make_link(local, boss, clears_second_factor=False)


def test_account_without_a_role_in_ones_offices_looks_missing(session, province, neighbour):
    local = deed_of(session, administrator(session, province.id))
    stranger = factories.staff(session, role="operator", office_id=neighbour.id)
    for person_id in (stranger.id, 0, 424242):
        with pytest.raises(NotFound):
            local.reach.find(person_id)


def test_last_administrator_stays(session, province):
    first, second = administrator(session), administrator(session)
    deed = deed_of(session, first)
    grant = all_grants(session, second.id)[0]
    all_grants(session, first.id)[0].valid_until = TOMORROW  # his own role ends soon
    session.flush()
    with pytest.raises(AccountRefused) as refused:
        end_role(deed, second, grant, NEXT_YEAR)
    assert refused.value.reason == "last_administrator"
    all_grants(session, first.id)[0].valid_until = None
    session.flush()
    end_role(deed, second, grant, NEXT_YEAR)


def test_administrators_of_a_part_do_not_count_as_those_of_the_whole(session, province):
    first, second = administrator(session), administrator(session)
    deed = deed_of(session, first)
    administrator(session, province.id)
    all_grants(session, first.id)[0].valid_until = TOMORROW
    session.flush()
    with pytest.raises(AccountRefused) as refused:
        end_role(deed, second, all_grants(session, second.id)[0], TOMORROW)
    assert refused.value.reason == "last_administrator"


def test_account_that_is_woken_counts_as_new_where_two_people_decide(session):
    deed, person = deed_of(session, administrator(session)), factories.staff(session, role=None)
    enable(deed, person)
    assert person.secured_at is None  # it was awake: nobody keeps another from deciding that way
    disable(deed, person)
    enable(deed, person)
    assert (person.disabled_at, person.secured_at) == (None, MOMENT)


def test_disabled_administrator_does_not_count(session):
    first, second, third = (administrator(session) for _ in range(3))
    deed = deed_of(session, first)
    disable(deed, second)
    assert second.disabled_at == MOMENT
    all_grants(session, first.id)[0].valid_until = DAY
    session.flush()
    with pytest.raises(AccountRefused) as refused:
        disable(deed, third)
    assert refused.value.reason == "last_administrator"


def test_disabling_ends_sessions_and_links_and_enabling_gives_them_not_back(session, commune):
    deed = deed_of(session, administrator(session))
    person = factories.staff(session, role="operator", office_id=commune.id)
    factories.staff_session(session, staff_id=person.id)
    make_link(deed, person, clears_second_factor=False)
    disable(deed, person)
    enable(deed, person)
    assert session.query(StaffSession).count() == session.query(ResetLink).count() == 0
    assert person.disabled_at is None
    assert acts(session) == ["people.reset_link", "people.disable", "people.enable"]


@pytest.mark.parametrize("change", ["role given", "role ended"])
def test_link_ends_when_the_roles_of_its_account_change(session, province, commune, change):
    local, chief = deed_of(session, administrator(session, province.id)), administrator(session)
    person = factories.staff(session, role="operator", office_id=commune.id)
    grant = all_grants(session, person.id)[0]
    token = make_link(local, person, clears_second_factor=True)
    if change == "role given":
        give_role(deed_of(session, chief), person, Duty("administrator", None, DAY))
    else:
        end_role(deed_of(session, chief), person, grant, TOMORROW)
    with pytest.raises(LinkExpired):
        use_link(session, token, "new hash", MOMENT)
    assert person.password_hash == "!"


@pytest.mark.parametrize("change", ["disabled", "role ended", "account grew"])
def test_link_ends_with_what_allowed_its_maker_to_make_it(session, province, commune, change):
    maker, chief = administrator(session, province.id), administrator(session)
    person = factories.staff(session, role="operator", office_id=commune.id)
    token = make_link(deed_of(session, maker), person, clears_second_factor=False)
    session.flush()
    find_link(session, token, MOMENT)
    if change == "disabled":
        disable(deed_of(session, chief), maker)
        enable(deed_of(session, chief), maker)
    elif change == "role ended":
        all_grants(session, maker.id)[0].valid_until = DAY - timedelta(days=1)
    else:
        factories.staff_grant(session, staff_id=person.id, role="administrator")
    session.flush()
    with pytest.raises(LinkExpired):
        find_link(session, token, MOMENT)


def test_nobody_gives_a_role_to_whom_he_may_not_manage(session, province, commune):
    """Each new role signs the account out: a director could be kept out by roles that he does not want."""
    local = deed_of(session, administrator(session, commune.id))
    director = factories.staff(session, role="campaign_lead", office_id=province.id)
    ended = {"valid_from": DAY - timedelta(days=900), "valid_until": DAY - timedelta(days=800)}
    factories.staff_grant(session, staff_id=director.id, role="operator", office_id=commune.id, **ended)
    factories.staff_session(session, staff_id=director.id)
    assert local.reach.find(director.id) is director
    with pytest.raises(AccountRefused) as refused:
        give_role(local, director, Duty("operator", commune.id, DAY))
    assert refused.value.reason == "beyond"
    assert session.query(StaffSession).count() == 1


def test_what_concerns_an_account_is_written_where_its_roles_are(session, province, commune, neighbour):
    deed = deed_of(session, administrator(session))
    person = factories.staff(session, role="operator", office_id=commune.id)
    ended = {"valid_from": DAY - timedelta(days=900), "valid_until": DAY - timedelta(days=800)}
    factories.staff_grant(session, staff_id=person.id, role="auditor", office_id=neighbour.id, **ended)
    make_link(deed, person, clears_second_factor=False)
    factories.staff_grant(session, staff_id=person.id, role="auditor", office_id=province.id)
    end_sessions(deed, person)
    factories.staff_grant(session, staff_id=person.id, role="auditor", office_id=neighbour.id)
    disable(deed, person)
    enable(deed, factories.staff(session, role="auditor"))
    lines = session.execute(select(AuditLine.act, AuditLine.office_id).order_by(AuditLine.id))
    assert [tuple(line) for line in lines] == [
        ("people.reset_link", commune.id),
        ("people.sign_out", province.id),
        ("people.disable", province.id),
        ("people.disable", neighbour.id),
        ("people.enable", None),
    ]


def test_disabled_account_gets_no_link(session, commune):
    deed = deed_of(session, administrator(session))
    person = factories.staff(session, role="operator", office_id=commune.id, disabled_at=MOMENT)
    with pytest.raises(AccountRefused) as refused:
        make_link(deed, person, clears_second_factor=False)
    assert refused.value.reason == "disabled"


def test_link_works_once_within_a_day_and_the_newest_alone(session, commune):
    deed = deed_of(session, administrator(session))
    person = factories.staff(session, role="operator", office_id=commune.id, totp_secret=b"s", totp_step=1)
    factories.staff_session(session, staff_id=person.id)
    old, token = (make_link(deed, person, clears_second_factor=False) for _ in range(2))
    session.flush()
    for gone, now in ((old, MOMENT), (token, MOMENT + timedelta(hours=24)), ("nobody's", MOMENT)):
        with pytest.raises(LinkExpired):
            find_link(session, gone, now)
    use_link(session, token, "new hash", MOMENT + timedelta(hours=23))
    assert (person.password_hash, person.totp_secret) == ("new hash", b"s")
    assert person.secured_at == MOMENT + timedelta(hours=23)
    assert session.query(StaffSession).count() == 0
    with pytest.raises(LinkExpired):
        use_link(session, token, "newer hash", MOMENT)
    assert token.encode() not in {link.token_hash for link in session.query(ResetLink)}


def test_link_that_clears_takes_secret_step_and_recovery_codes(session, commune):
    deed = deed_of(session, administrator(session))
    person = factories.staff(session, role="campaign_lead", totp_secret=b"s", totp_step=1)
    factories.recovery_code(session, staff_id=person.id)
    token = make_link(deed, person, clears_second_factor=True)
    session.flush()
    use_link(session, token, "new hash", MOMENT)
    assert person.totp_secret is person.totp_step is None
    assert session.query(ResetLink).count() == session.query(RecoveryCode).count() == 0
    assert acts(session) == ["people.reset_link", "account.reset"]


@pytest.mark.parametrize("username", ["", " ", "an nguyen", "an\0nguyen", "a" * 101])
def test_account_needs_a_name_to_sign_in_by(session, username):
    with pytest.raises(AccountRefused):
        create_account(session, username, "Nguyễn Văn An", MOMENT)


def test_new_account_is_opened_by_no_password(session):
    from survey_app.accounts.sign_in import check_password

    made = create_account(session, "An.Nguyen", "  Nguyễn\u202e Văn\tAn ", MOMENT)
    assert (made.username, made.full_name) == ("an.nguyen", "Nguyễn Văn An")
    for password in ("", "!", made.password_hash):
        assert check_password(session, "an.nguyen", password) is None


def test_two_administrators_who_end_each_other_at_once_leave_one(database):
    with database.transaction() as session:
        both = [administrator(session, valid_until=None) for _ in range(2)]
    begun, refused = Barrier(2), []

    def end_the_other(actor, other):
        begun.wait()
        try:
            with database.transaction() as session:
                deed = deed_of(session, actor)
                disable(deed, session.get_one(Staff, other.id))
        except AccountRefused as error:
            refused.append(error.reason)

    threads = [Thread(target=end_the_other, args=pair) for pair in (both, both[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        disabled = session.scalars(select(Staff.disabled_at)).all()
    assert len([moment for moment in disabled if moment is None]) == 1
    assert refused == ["last_administrator"]

"""The demo goes as a whole, and takes nothing else with it."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.config import Settings
from survey_app.db import Database
from survey_app.demo.load import load_demo
from survey_app.demo.remove import DemoInUse, remove_demo
from survey_app.models.audit import AuditLine
from survey_app.models.base import Base
from survey_app.models.campaign import Campaign
from survey_app.models.case import Case
from survey_app.models.code_report import CodeReport
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.invitation import SpentInvitation
from survey_app.models.job import enqueue
from survey_app.models.known_offices import OfficesToken
from survey_app.models.office import Office
from survey_app.models.sample import UnitsToken
from survey_app.models.staff import Staff
from survey_app.prepare.frames.expire import forget_outlived_contacts
from survey_app.prepare.plans.keep import freeze_due
from tests import factories
from tests.soak import SOAK
from tests.survey_app.demo.conftest import Demo

TOKENS = {OfficesToken.__tablename__, UnitsToken.__tablename__}  # each state of the database has another
Rows = dict[str, set[tuple[object, ...]]]


def all_rows(session: Session) -> Rows:
    return {
        table.name: {tuple(map(str, row)) for row in session.execute(select(table))}
        for table in Base.metadata.sorted_tables
        if table.name not in TOKENS
    }


def id_of(session: Session, code: str) -> int:
    return session.scalars(select(Office.id).where(Office.code == code)).one()


def work_at_night(session: Session, settings: Settings) -> None:
    """Do what the service does by itself in a demo that nobody touches for a year."""
    a_year_later = factories.MOMENT + timedelta(days=365)
    forget_outlived_contacts(session, settings.data_dir, a_year_later, a_year_later.date())
    freeze_due(session, a_year_later.date(), a_year_later)


def test_nothing_is_left_of_the_demo(loaded: Demo) -> None:
    database, settings = loaded.database, loaded.settings
    with database.transaction() as session:
        lead = session.scalars(select(Staff).where(Staff.username == "demo-lead")).one()
        factories.staff_session(session, staff_id=lead.id)
        for name in ("posters.pdf", "deleted-after-a-week.pdf"):
            job = enqueue(session, "posters", {"access_point_ids": [1]}, factories.MOMENT, lead.id)
            job.file_name = name
        for table in (Case, CodeReport, SpentInvitation):
            assert session.scalars(select(table).limit(1)).all(), table
        work_at_night(session, settings)
    settings.files_dir.mkdir()
    (settings.files_dir / "posters.pdf").write_bytes(b"%PDF")
    remove_demo(database, settings)
    with database.reading() as session:
        assert {name for name, rows in all_rows(session).items() if rows} == {"audit_line"}
        # Nothing is ever taken out of the log; what nobody did stands there without an office.
        left = session.execute(select(AuditLine.act, AuditLine.staff_id, AuditLine.office_id)).all()
        acts = {"frames.contacts_deleted", "plans.not_frozen"}
        assert set(map(tuple, left)) == {(act, None, None) for act in acts}
    assert sorted(path.name for path in settings.data_dir.iterdir() if path.suffix != ".sqlite") == [
        "contact-keys",
        "files",
        "frame-keys",
        "secrets",
    ]
    assert list(settings.files_dir.iterdir()) == []
    if database.is_sqlite or SOAK:  # both are as empty as at first; half a minute each
        load_demo(database, settings, factories.MOMENT)


def add_real_rows(session: Session) -> None:
    """Let an installation begin its own work while the demo is still there."""
    used = select(InstrumentVersion.id).where(InstrumentVersion.code == "counter_short")
    version_id = session.scalars(used).one()
    office = factories.office(session, parent_id=factories.office(session, kind="province").id)
    factories.office_succession(session, successor_id=office.id)
    factories.dossier_count(session, office_id=office.id)
    factories.replaced_total(session, office_id=office.id)
    campaign = factories.campaign(session, instrument_version_id=version_id)
    counter = factories.counter(session, office_id=office.id)
    point = factories.access_point(
        session, campaign_id=campaign.id, office_id=office.id, counter_id=counter.id
    )
    factories.access_point_day(session, access_point_id=point.id)
    factories.seen_day(session, access_point_id=point.id)
    factories.response(session, access_point_id=point.id, answers={"overall": "5"})
    comment = factories.comment(session, access_point_id=point.id)
    case = factories.comment_case(session, comment_key=comment.comment_key)
    factories.contact(session, case_number=case.number)
    factories.code_report(session, access_point_id=point.id)
    factories.spent_invitation(session)
    factories.tally(session, access_point_id=point.id, instrument_version_id=version_id)
    factories.returned_tally(session, access_point_id=point.id, instrument_version_id=version_id)
    factories.office_release(session, campaign_id=campaign.id, office_id=office.id)
    publication = factories.publication(session, campaign_id=campaign.id)
    factories.stale_office(session, campaign_id=campaign.id, office_id=office.id)
    factories.figure(session, publication_id=publication.id, office_id=office.id)
    factories.distribution(session, publication_id=publication.id, office_id=office.id)
    factories.figure_change(session, publication_id=publication.id, office_id=office.id)
    factories.snapshot_part(session, publication_id=publication.id, office_id=office.id)
    factories.publication_recipe(session, publication_id=publication.id)
    factories.weighting_step(session, publication_id=publication.id)
    factories.campaign_margins(session)
    factories.comparison(
        session, publication_id=publication.id, office_id=office.id, parent_id=office.parent_id
    )
    factories.batched_comment(session, comment_key=comment.comment_key, office_id=office.id)
    factories.readable_comments(session, office_id=office.id)
    factories.sample_cell(session)
    factories.sampled_unit(session, office_id=office.id)
    factories.plan_addendum(session)
    factories.frame_office(session, office_id=office.id)
    factories.column_mapping(session)
    staff = factories.staff(session, role="office_manager", office_id=office.id)
    for belonging in (factories.staff_session, factories.recovery_code, factories.reset_link):
        belonging(session, staff_id=staff.id)
    factories.audit_line(session, staff_id=staff.id)
    factories.approval(session, campaign_id=campaign.id, asked_by=staff.id)
    factories.approval_office(session, office_id=office.id)
    factories.office_past(session, office_id=office.id)
    factories.service_field(session)
    enqueue(session, "release", {}, factories.MOMENT)
    enqueue(session, "posters", {}, factories.MOMENT, staff.id)


def test_everything_real_is_kept(loaded: Demo) -> None:
    database, settings = loaded.database, loaded.settings
    with database.reading() as session:
        of_demo = all_rows(session)
    with database.transaction() as session:
        add_real_rows(session)
        both = all_rows(session)
        table = InstrumentVersion.__table__
        asked = session.execute(select(table).where(table.c.code == "counter_short")).one()
    remove_demo(database, settings)
    expected = {name: rows - of_demo[name] for name, rows in both.items()}
    expected["instrument_version"].add(tuple(map(str, asked)))
    assert all(expected.values())
    with database.reading() as session:
        assert all_rows(session) == expected


def test_demo_that_something_real_rests_on_is_refused_with_a_list(loaded: Demo) -> None:
    database, settings = loaded.database, loaded.settings
    with database.transaction() as session:
        old, living = id_of(session, "MAU-H01-X01"), id_of(session, "MAU-X01")
        factories.office(session, code="REAL-1", parent_id=id_of(session, "MAU"))
        heir = factories.office(session, code="REAL-2")
        factories.office_succession(session, predecessor_id=old, successor_id=heir.id)
        campaign = factories.campaign(session, code="real")
        for _ in range(2):
            factories.access_point(session, campaign_id=campaign.id, office_id=living)
        factories.staff(session, username="lan", role="office_manager", office_id=living)
        before = all_rows(session)
    with pytest.raises(DemoInUse) as refused:
        remove_demo(database, settings)
    assert refused.value.reasons == [
        "office REAL-1 stands below MAU, which is of the demo",
        "office REAL-2 took over from MAU-H01-X01, and one of the two is of the demo",
        "campaign real has codes or forms at MAU-X01, an office of the demo",
        "the account lan is bound to MAU-X01, an office of the demo",
    ]
    with database.reading() as session:
        assert all_rows(session) == before
    assert (settings.data_dir / "demo-accounts.txt").exists()


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_what_came_in_under_the_demo_goes_with_it(loaded: Demo) -> None:
    database, settings = loaded.database, loaded.settings
    with database.transaction() as session:
        demo_campaign = session.scalars(select(Campaign).where(Campaign.kind == "continuous")).one()
        office = factories.office(session, code="REAL-1")
        point = factories.access_point(session, campaign_id=demo_campaign.id, office_id=office.id)
        factories.response(session, access_point_id=point.id, answers={"overall": "5"})
        comment = factories.comment(session, access_point_id=point.id)
        factories.batched_comment(session, comment_key=comment.comment_key, office_id=office.id)
        factories.readable_comments(session, office_id=office.id)
        followed = session.get_one(InstrumentVersion, demo_campaign.instrument_version_id)
        newer = factories.instrument_version(
            session, factories.definition(followed.code, 2), published_at=factories.MOMENT + timedelta(days=1)
        )
        demo_campaign.instrument_version_id = newer.id
    remove_demo(database, settings)
    with database.reading() as session:
        left = {name: len(rows) for name, rows in all_rows(session).items() if rows}
    # A version that somebody published after the demo's stays, and with it the one that it follows.
    assert left == {"office": 1, "instrument_version": 2}


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_removing_what_is_not_there_does_nothing(database: Database, settings: Settings) -> None:
    with database.transaction() as session:
        factories.response(session)
        before = all_rows(session)
    remove_demo(database, settings)
    with database.reading() as session:
        assert all_rows(session) == before


def test_real_campaign_that_began_as_a_clone_of_the_demo_stays(
    database: Database, settings: Settings
) -> None:
    with database.transaction() as session:
        demo = factories.campaign(session, code="mau", is_demo=True)
        factories.campaign(session, code="that", previous_id=demo.id)
    remove_demo(database, settings)
    with database.reading() as session:
        (left,) = session.scalars(select(Campaign))
        assert (left.code, left.previous_id) == ("that", None)


def test_what_demo_accounts_did_for_real_citizens_stays_done(loaded: Demo) -> None:
    database, settings = loaded.database, loaded.settings
    with database.transaction() as session:
        staff_id = session.scalars(select(Staff.id).where(Staff.username == "demo-lead")).one()
        done = {"answer": "Đã thêm ghế.", "answered_on": factories.DAY, "answered_by": staff_id}
        number = factories.comment_case(session, **done).number
        report_id = factories.code_report(session, settled_on=factories.DAY, settled_by=staff_id).id
    remove_demo(database, settings)
    with database.reading() as session:
        case, report = session.get_one(Case, number), session.get_one(CodeReport, report_id)
        assert (case.answer, case.answered_by) == ("Đã thêm ghế.", None)
        assert (report.settled_on, report.settled_by) == (factories.DAY, None)

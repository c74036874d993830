"""The demo with a little more, served in this process: all that a walk through the staff's pages needs."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from werkzeug.serving import WSGIRequestHandler, make_server

from survey_app import create_app
from survey_app.cli.jobs import Worker
from survey_app.config import SECRET_BYTES, VIETNAM_TIME, Settings
from survey_app.db import Database
from survey_app.demo.accounts import MANAGED_OFFICE
from survey_app.jobs.bound import bound_to
from survey_app.models.aapor import CAME_BACK
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.case import Case
from survey_app.models.frame import Frame
from survey_app.models.invitation import InvitationBatch
from survey_app.models.job import enqueue
from survey_app.models.office import Counter, Office
from survey_app.models.plan import Plan
from survey_app.models.publication import Figure, Publication
from survey_app.models.response import OVER_BUDGET, Response
from survey_app.models.sample import Draw, SampledUnit
from survey_app.models.staff import Staff, StaffGrant
from survey_app.prepare.codes.layouts import DEFAULT_LAYOUT
from survey_app.prepare.offices.changes import merging
from survey_app.prepare.offices.changes.rules import Author
from survey_app.prepare.offices.changes.succession import HandOver, Heir
from survey_app.web.access import hash_token
from tests import factories
from tests.loaded_demo import settings_in, sqlite_in
from tests.tour import frames

Words = dict[str, Any]
People = dict[str, tuple[Staff, bool]]  # by guest: the account, and whether its second factor is proven
PUBLIC_URL = "https://khaosat.example.vn"


@dataclass(frozen=True)
class House:
    """A served installation: its address, the words of its addresses, and a cookie for each guest."""

    url: str
    app: Flask
    words: Words
    cookies: dict[str, str]

    def path(self, address: str) -> str:
        return address.format(**self.words)


@contextmanager
def furnished(folder: Path, now: datetime) -> Iterator[House]:
    """Serve the demo in a folder as it stands at its moment, with what people do after it was loaded."""
    with _installed(folder, now) as (app, settings):
        with app.extensions["database"].transaction() as session:
            words, people = _add_deeds(session, now)
        frames.lay(app, settings, words, now)
        _do_jobs(app, settings, words, now)
        with _served(app) as url:
            yield House(url, app, words, _cookies(app, people, now))


@contextmanager
def bare(folder: Path, now: datetime) -> Iterator[House]:
    """Serve an installation on its first day: an administrator and one office, nothing else."""
    with _installed(folder, now) as (app, _settings):
        with app.extensions["database"].transaction() as session:
            office = factories.office(session, code="T1", name="Tỉnh Mới", kind="province")
            people = {"administrator": (factories.staff(session, full_name="Nguyễn Văn An"), True)}
            words = {"office": office.id}
        with _served(app) as url:
            yield House(url, app, words, _cookies(app, people, now))


@contextmanager
def _installed(folder: Path, now: datetime) -> Iterator[tuple[Flask, Settings]]:
    settings = replace(settings_in(folder, sqlite_in(folder)), public_url=PUBLIC_URL)
    app = create_app(settings, lambda: now)
    app.config["SESSION_COOKIE_SECURE"] = False  # the walk goes by plain HTTP, to this machine alone
    try:
        yield app, settings
    finally:
        app.extensions["desk"].writer.close()
        app.extensions["database"].engine.dispose()


class _Quiet(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@contextmanager
def _served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _cookies(app: Flask, people: People, now: datetime) -> dict[str, str]:
    """Sign everybody in, once; whoever has not proven the second factor is half in."""
    cookies = {}
    for guest, (person, is_proven) in people.items():
        token = secrets.token_urlsafe(SECRET_BYTES)
        with app.extensions["database"].transaction() as session:
            factories.staff_session(
                session,
                staff_id=person.id,
                token_hash=hash_token(token),
                is_proven=is_proven,
                expires_at=now + timedelta(hours=8),
            )
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["token"] = token
        found = client.get_cookie("session")
        assert found is not None
        cookies[guest] = found.value
    return cookies


def _add_deeds(session: Session, now: datetime) -> tuple[Words, People]:
    """Let the demo's people ask, hire and hand out links; name what the walk will open."""
    today = now.astimezone(VIETNAM_TIME).date()
    office = _office(session, MANAGED_OFFICE)
    of_demo, hired = _demo_people(session), _hire(session, office, today)
    words = _words_of(session, office, today)
    _rest(session, words, today)
    words["whole_id"] = _plan_wholly(session, words["planned_id"])
    words |= _ask_a_second_person(session, words, of_demo, now)
    words["merge"] = _ask_to_merge(session, office, of_demo["administrator"], now)
    token = secrets.token_urlsafe(SECRET_BYTES)
    deputy = hired["deputy"]
    given = {"token_hash": hash_token(token), "expires_at": now + timedelta(hours=20)}
    factories.reset_link(session, staff_id=deputy.id, **given)
    words |= {
        "token": token,
        "person": deputy.id,
        "grant": session.scalar(select(StaffGrant.id).where(StaffGrant.staff_id == deputy.id)),
        "manager": of_demo["office_manager"].id,
        "new_office": session.scalar(
            select(StaffGrant.office_id).where(StaffGrant.staff_id == hired["newcomer"].id)
        ),
    }
    people = {role: (person, True) for role, person in of_demo.items()}
    people |= {"newcomer": (hired["newcomer"], True), "half": (of_demo["campaign_lead"], False)}
    return words, people | {"beginner": (hired["beginner"], False)}


def _plan_wholly(session: Session, planned_id: int) -> int:
    """Make a campaign whose plan lacks nothing: that of the demo's next year, with a seed."""
    planned = session.get_one(Campaign, planned_id)
    document = replace(session.get_one(Plan, planned_id).document, seed="Xổ số ngày 01/10: 12345")
    kept = ("kind", "sampling_basis", "instrument_version_id", "opens_on", "closes_on", "previous_id")
    campaign = factories.campaign(
        session, title="Đo lường thử", is_demo=True, **{name: getattr(planned, name) for name in kept}
    )
    return factories.campaign_plan(
        session, campaign_id=campaign.id, document_json=document.to_json()
    ).campaign_id


def _demo_people(session: Session) -> dict[str, Staff]:
    found = session.execute(
        select(StaffGrant.role, Staff).join(Staff, Staff.id == StaffGrant.staff_id).where(Staff.is_demo)
    )
    return {row.role: row.Staff for row in found}


def _hire(session: Session, office: Office, today: date) -> dict[str, Staff]:
    """Begin an office, and three accounts: its manager, somebody's deputy, a lead without a phone yet."""
    new_office = factories.office(
        session,
        code="MAU-X99",
        name="Trung tâm Phục vụ hành chính công xã Suối Mới",
        parent_id=office.parent_id,
        valid_from=today - timedelta(days=3),
    )
    hired = (
        ("newcomer", "moi.lo", "Lò Văn Mới", "office_manager", new_office.id),
        ("deputy", "lan.tran", "Trần Thị Lan", "operator", office.id),
        ("beginner", "khoi.pham", "Phạm Minh Khôi", "campaign_lead", office.parent_id),
    )
    return {
        who: factories.staff(session, role, office_id, username=username, full_name=full_name)
        for who, username, full_name, role, office_id in hired
    }


def _ask_a_second_person(session: Session, words: Words, people: dict[str, Staff], now: datetime) -> Words:
    """Ask for a pause, for the busy day to be voided, and for an early end, which is refused."""
    asked = {
        "campaign_id": words["campaign_id"],
        "office_id": words["office"],
        "asked_by": people["office_manager"].id,
        "asked_at": now - timedelta(hours=2),
    }
    point, day = {"access_point_ids": [words["point"]]}, str(words["busy_day"])
    pause = factories.approval(
        session, **asked, reason="Tờ mã ở sảnh bị dán chồng, cần in lại", arguments=point
    )
    voiding = factories.approval(
        session,
        **asked,
        kind="void_responses",
        reason="Nhiều phiếu giống nhau, gửi lúc trung tâm đóng cửa",
        arguments=point | {"first_day": day, "last_day": day},
    )
    factories.approval(
        session,
        **asked,
        kind="pause_codes",
        reason="Sơn lại sảnh trong ba ngày",
        arguments=point,
        decided_by=people["campaign_lead"].id,
        decision="refused",
        decided_at=now - timedelta(hours=1),
    )
    return {"pause": pause.id, "voiding": voiding.id}


def _ask_to_merge(session: Session, heir: Office, asker: Staff, now: datetime) -> int:
    """Ask that an office beside one ends and hands over to it, in three weeks."""
    today = now.astimezone(VIETNAM_TIME).date()
    beside = select(Office).where(Office.parent_id == heir.parent_id, Office.id != heir.id)
    ends = session.scalars(beside.where(Office.valid_until.is_(None)).order_by(Office.id)).first()
    assert ends is not None
    author = Author(asker.id, now - timedelta(hours=2), today, {heir.id, ends.id}, is_everything=True)
    asked = HandOver("merge", (ends,), (Heir(heir.code, office=heir),), today + timedelta(days=20))
    return merging.ask(session, asked, "Sắp xếp lại hai trung tâm theo nghị quyết của tỉnh", author).id


def _rest(session: Session, words: Words, today: date) -> None:
    """Pause a code of another office and revoke one, so that lists have both."""
    elsewhere = session.scalars(
        select(AccessPoint)
        .where(AccessPoint.campaign_id == words["campaign_id"], AccessPoint.office_id != words["office"])
        .order_by(AccessPoint.id)
        .limit(2)
    ).all()
    elsewhere[0].paused_on, elsewhere[1].revoked_on = today, today


def _words_of(session: Session, office: Office, today: date) -> Words:
    """Name the rows of the demo that addresses ask for."""
    running = session.scalars(select(Campaign).where(Campaign.kind == "continuous")).one()
    annual = select(Campaign).where(Campaign.kind == "annual").order_by(Campaign.opens_on)
    measured, planned = session.scalars(annual.where(Campaign.code.startswith("do-luong-"))).all()
    drawn, fielded = session.scalars(annual.where(Campaign.code.startswith("chon-mau-"))).all()
    points = select(AccessPoint.id).where(AccessPoint.office_id == office.id).order_by(AccessPoint.id)
    measured_office = (
        select(Office.code)
        .join(AccessPoint, AccessPoint.office_id == Office.id)
        .where(AccessPoint.campaign_id == measured.id)
    )
    batches = select(InvitationBatch.id).join(AccessPoint).where(AccessPoint.office_id == office.id)
    queries = {
        "ended_office": select(Office.id).where(Office.valid_until.is_not(None)),
        "measured_office": measured_office,
        "sparse_office": _sparse_office(running),
        "point": points.where(AccessPoint.way_in == "poster"),
        "screen": points.where(AccessPoint.way_in == "screen"),
        "batch": batches.order_by(InvitationBatch.id),
        "case": select(Case.number).where(Case.answered_on.is_(None)),
        "answered_case": select(Case.number).where(Case.answered_on.is_not(None)),
        "counter": select(Counter.id).where(Counter.office_id == office.id).order_by(Counter.id),
        "wave": select(Publication.id).where(Publication.campaign_id == drawn.id),
        "frame": select(Frame.id).where(Frame.campaign_id == fielded.id),
        "came_back": select(SampledUnit.number)
        .join(Draw, Draw.id == SampledUnit.draw_id)
        .where(Draw.campaign_id == fielded.id, SampledUnit.outcome == CAME_BACK),
        "busy_day": select(func.max(Response.day)).where(Response.review_mark == OVER_BUDGET),
    }
    return {word: session.scalar(query.limit(1)) for word, query in queries.items()} | {
        "office": office.id,
        "office_code": office.code,
        "province": office.parent_id,
        "campaign": running.code,
        "campaign_id": running.id,
        "measured": measured.code,
        "measured_id": measured.id,
        "drawn": drawn.code,
        "drawn_id": drawn.id,
        "fielded_id": fielded.id,
        "planned_id": planned.id,
        "month": (today.replace(day=1) - timedelta(days=1)).isoformat()[:7],
    }


def _office(session: Session, code: str) -> Office:
    return session.scalars(select(Office).where(Office.code == code)).one()


def _sparse_office(campaign: Campaign) -> Select[Any]:
    """Find an office whose figures the public does not see."""
    hidden = Figure.hidden_in_public.is_not(None) & (Figure.measure == "index") & (Figure.breakdown == "")
    return (
        select(Office.code)
        .join(Figure, Figure.office_id == Office.id)
        .join(Publication, Publication.id == Figure.publication_id)
        .where(Publication.campaign_id == campaign.id, hidden)
    )


def _do_jobs(app: Flask, settings: Settings, words: Words, now: datetime) -> None:
    """Leave two jobs of the manager's: one that made its file, one that waits for its turn."""
    database = app.extensions["database"]
    arguments = {"access_point_ids": [words["point"]], "layout": DEFAULT_LAYOUT, "language": "vi"}
    arguments |= bound_to("codes", [])
    words["job"] = _asked_of(database, words, arguments, now)
    while Worker(database, settings, lambda: now).step():
        pass
    words["waiting_job"] = _asked_of(database, words, arguments, now)


def _asked_of(database: Database, words: Words, arguments: dict[str, Any], now: datetime) -> int:
    with database.transaction() as session:
        return enqueue(session, "posters", arguments, now, owner_id=words["manager"]).id

"""A country to measure pages on: offices, figures, what staff write; then responses by the million."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import case, cast, func, insert, select, text
from sqlalchemy.orm import Session

from benchmarks.annual import freeze, invite
from benchmarks.hall import Hall, today
from benchmarks.planned import plan_ahead
from benchmarks.spread import spread
from survey_app.jobs.bound import bound_to
from survey_app.models.access_point import AccessPoint
from survey_app.models.audit import AuditLine
from survey_app.models.base import EPOCH
from survey_app.models.breakdown import WHOLE, factor_name, item_name, month_name
from survey_app.models.code_report import CodeReport
from survey_app.models.office import Counter, Office
from survey_app.models.publication import Figure, Publication
from survey_app.models.response import BatchedComment, Comment
from survey_app.models.staff import Staff, StaffGrant
from survey_app.models.vietnamese import sort_key
from survey_app.prepare.codes.stock import note_openings
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.publish.exports.choice import JOB, RIGHT
from survey_app.web.access import hash_token
from tests import factories

N_OFFICES, N_PROVINCES, N_MONTHS, N_DAYS = 3_321, 34, 13, 360
N_AUDIT_LINES, N_APPROVALS, N_REPORTS, N_COMMENTS = 100_000, 100, 400, 100
N_FIELDS, OF_A_FIELD = 2, 200  # together an office's total
ODD_EVERY = 100  # of so many offices one has totals that its fields do not add up to
CLASS_OF_FIGURES = "C"
NAMES = ("An Phú", "Đồng Tâm", "Hòa Bình", "Tân Thành", "Vĩnh Lộc", "Ông Đình", "Yên Mỹ", "Thạch Hà")

# In the order of their keys. Who they belong to is known to be there, and checked nowhere.
SQLITE_ROWS = """
WITH RECURSIVE number(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM number WHERE i + 1 < :n)
INSERT INTO response (fingerprint, access_point_id, day, instrument_version_id, submission_key, answers)
SELECT i, :point + i * :points / :n, :day - i * :points * :days / :n % :days, :version,
       randomblob(16), randomblob(10)
FROM number
"""
POSTGRESQL_ROWS = """
INSERT INTO response (fingerprint, access_point_id, day, instrument_version_id, submission_key, answers)
SELECT i, :point + i * :points / :n, :day - i * :points * :days / :n % :days, :version,
       decode(md5(i::text), 'hex'), decode('11223344551122334455', 'hex')
FROM generate_series(0::bigint, :n - 1) AS i
"""
DAYS = """
INSERT INTO access_point_day (access_point_id, day, n_opened, n_received, n_voided)
SELECT access_point_id, day, count(*) + 1, count(*), 0 FROM response GROUP BY access_point_id, day
"""
READABLE = """
INSERT INTO readable_comments (office_id, n_batches, n_comments)
SELECT office_id, max(batch) + 1, count(*) FROM batched_comment GROUP BY office_id
"""
MARKED = """
UPDATE response SET review_mark = 1 WHERE fingerprint < 200 OR fingerprint % 1000 = 0
"""


@dataclass(frozen=True)
class Country:
    """Offices of provinces with their figures, an administrator, and ids that addresses of pages need."""

    hall: Hall
    token: str
    first_point: int
    n_points: int
    provinces: Sequence[Office]
    offices: Sequence[Office]
    ids: Mapping[str, Any]

    def fill(self, n_responses: int) -> None:
        """Store responses, evenly over ways in and days, and count their days."""
        database = self.hall.database
        values = {
            "n": n_responses,
            "point": self.first_point,
            "points": self.n_points,
            "day": (today() - EPOCH).days,
            "days": N_DAYS,
            "version": self.hall.version_id,
        }
        with database.transaction() as session:
            if not database.is_sqlite:
                session.execute(text("SET LOCAL session_replication_role = replica"))
            session.execute(text(SQLITE_ROWS if database.is_sqlite else POSTGRESQL_ROWS), values)
            session.execute(text(DAYS))
            session.execute(text(MARKED))
            self._comment(session, n_responses // 50)
            session.execute(text(READABLE))
            note_openings(session)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE")

    def _comment(self, session: Session, n: int) -> None:
        """Store comments in batches, of all offices but the one whose page is looked at."""
        comments, batched = [], []
        for number in range(n):
            place = 1 + number % (len(self.offices) - 1)
            key = number.to_bytes(16, "big")
            comments.append(_comment(key, self.first_point + place))
            batched.append(
                {"comment_key": key, "office_id": self.offices[place].id, "batch": number // 50_000}
            )
        if comments:
            session.execute(insert(Comment), comments)
            session.execute(insert(BatchedComment), batched)


def build(hall: Hall) -> Country:
    """Make all but the responses."""
    token = secrets.token_urlsafe(32)
    with hall.database.transaction() as session:
        opened = today() - timedelta(days=N_DAYS)
        campaign = factories.campaign(
            session, code="bench", instrument_version_id=hall.version_id, opens_on=opened
        )
        provinces, offices = _offices(session)
        points = _points(session, campaign.id, offices, opened)
        running = _figures(session, campaign.id, opened)
        person = _people(session, offices, token)
        ids = _work(session, campaign.id, person.id, offices, points)
        ids |= plan_ahead(session, hall, person.id, offices)
        ids |= invite(session, hall, ids["planned_id"], ids["draw_id"], offices)
        ids |= freeze(session, hall, running, offices)
        ids |= {"campaign_code": "bench", "campaign_id": campaign.id}
        ids |= {"office_id": offices[0].id, "office_code": offices[0].code}
        return Country(hall, token, points[0], len(points), provinces, offices, ids)


def _offices(session: Session) -> tuple[list[Office], list[Office]]:
    """Make a country of provinces of offices; all serve the same months."""
    top = _office(session, "Cả nước", kind="province")
    provinces = [
        _office(session, f"Tỉnh {NAMES[n % len(NAMES)]} {n}", kind="province", parent_id=top.id)
        for n in range(N_PROVINCES)
    ]
    offices = [
        _office(
            session,
            f"Trung tâm Phục vụ hành chính công xã {NAMES[n % len(NAMES)]} {n}",
            parent_id=provinces[n % N_PROVINCES].id,
        )
        for n in range(N_OFFICES)
    ]
    months = [date(m // 12, m % 12 + 1, 1) for m in _month_numbers()]
    fields = [factories.service_field(session).id for _ in range(N_FIELDS)]
    of_field = case((Office.id % ODD_EVERY == 0, OF_A_FIELD - 5), else_=OF_A_FIELD)
    for month in months:
        like = factories.dossier_count(session, office_id=offices[0].id, month=month)
        others = Office.id != offices[0].id
        spread(session, like, others, office_id=Office.id)
        for field_id in fields:
            like = factories.dossier_count(
                session, office_id=offices[0].id, month=month, field_id=field_id, n_settled=OF_A_FIELD
            )
            spread(session, like, others, office_id=Office.id, n_settled=of_field)
    return [top, *provinces], offices


def _office(session: Session, name: str, **given: Any) -> Office:
    return factories.office(session, name=name, sort_key=sort_key(name), **given)


def _month_numbers() -> list[int]:
    this = today().year * 12 + today().month - 1
    return [this - back for back in range(N_MONTHS)]


def _points(session: Session, campaign_id: int, offices: Sequence[Office], opened: date) -> list[int]:
    """Hang a poster at the one counter of each office."""
    for office in offices:
        counter = factories.counter(session, office_id=office.id, label="Quầy số 1")
        factories.access_point(
            session, campaign_id=campaign_id, office_id=office.id, counter_id=counter.id, issued_on=opened
        )
    found = select(AccessPoint.id).where(AccessPoint.campaign_id == campaign_id).order_by(AccessPoint.id)
    points = list(session.scalars(found))
    assert points == list(range(points[0], points[0] + N_OFFICES))
    return points


def _figures(session: Session, campaign_id: int, opened: date) -> Publication:
    """Give every office the figures of a year, spread around the target."""
    publication = factories.publication(
        session, campaign_id=campaign_id, covers_from=opened, covers_until=today()
    )
    of_publication = {"publication_id": publication.id, "provenance": CLASS_OF_FIGURES}
    first = session.scalars(select(Office).where(Office.name == "Cả nước")).one()
    others = (Office.id > first.id,)
    shift = cast(Office.id * 37 % 250, Figure.value.type) / 1000
    limits = {"value": 0.72 + shift, "low": 0.68 + shift, "high": 0.75 + shift}
    for measure, breakdown in _measures():
        named = {"measure": measure, "breakdown": breakdown}
        like = factories.figure(session, office_id=first.id, **of_publication, **named)
        spread(session, like, *others, office_id=Office.id, **limits)
    definition = shipped_definition("sipas_service_2022")
    counts = {item.code: {"4": 30, "5": 8, "2": 2} for item in definition.items if item.reported_as}
    like = factories.distribution(session, office_id=first.id, counts=counts, **of_publication)
    spread(session, like, *others, office_id=Office.id)
    later, earlier = (month_name(date(m // 12, m % 12 + 1, 1)) for m in _month_numbers()[1:3])
    change = {"later": later, "earlier": earlier}
    like = factories.figure_change(session, office_id=first.id, **change, **of_publication)
    spread(session, like, *others, office_id=Office.id)
    _compare(session, first, of_publication)
    like = factories.office_release(session, campaign_id=campaign_id, office_id=first.id, released_on=today())
    spread(session, like, *others, office_id=Office.id)
    return publication


def _compare(session: Session, top: Office, of_publication: Mapping[str, Any]) -> None:
    """Compare offices with the target, below their provinces and below the whole country."""
    last = session.scalars(select(Office).order_by(Office.id.desc()).limit(1)).one()
    verdict = case((Office.id % 3 == 0, "above"), (Office.id % 3 == 1, "below"), else_="not_decided")
    serves = Office.kind == "commune_section", Office.parent_id.is_not(None), Office.id != last.id
    for parent_id in (top.id, last.parent_id):
        like = factories.comparison(session, office_id=last.id, parent_id=parent_id, **of_publication)
        of_parent = () if parent_id == top.id else (Office.parent_id == parent_id,)
        spread(session, like, *serves, *of_parent, office_id=Office.id, verdict=verdict)


def _measures() -> list[tuple[str, str]]:
    """Name all figures of an office: whole ones, and the index of a year's months."""
    definition = shipped_definition("sipas_service_2022")
    items = [item_name(item.code) for item in definition.items if item.reported_as]
    factors = [factor_name(factor.code) for factor in definition.factors]
    by_month = [month_name(date(m // 12, m % 12 + 1, 1)) for m in _month_numbers()]
    return [(name, WHOLE) for name in ("index", *factors, *items)] + [("index", month) for month in by_month]


def _people(session: Session, offices: Sequence[Office], token: str) -> Staff:
    """Give each office its manager; the one who is signed in administers all."""
    person = factories.staff(session)
    lives = datetime.now(UTC) + timedelta(hours=8)
    factories.staff_session(session, staff_id=person.id, token_hash=hash_token(token), expires_at=lives)
    account = {"full_name": "Cán bộ Mẫu", "password_hash": "!", "created_at": datetime.now(UTC)}
    accounts = [account | {"username": f"manager{office.id}"} for office in offices]
    managers = session.scalars(insert(Staff).returning(Staff.id), accounts).all()
    role = {"role": "office_manager", "valid_from": today(), "granted_at": datetime.now(UTC)}
    roles = [
        role | {"staff_id": one, "office_id": office.id}
        for one, office in zip(managers, offices, strict=True)
    ]
    session.execute(insert(StaffGrant), roles)
    return person


def _work(
    session: Session, campaign_id: int, person_id: int, offices: Sequence[Office], points: Sequence[int]
) -> dict[str, Any]:
    """Leave what staff find to do and what they did; give the ids by which pages name some of it."""
    number = _leave_comments(session, person_id, offices, points)
    reports = [
        {"access_point_id": points[7 * n], "day": today(), "reason": "damaged"} for n in range(N_REPORTS)
    ]
    session.execute(insert(CodeReport), reports)
    line = {"at": datetime.now(UTC), "staff_id": person_id, "act": "comments.read", "what": "Đọc góp ý"}
    lines = [line | {"office_id": offices[n % N_OFFICES].id} for n in range(N_AUDIT_LINES)]
    session.execute(insert(AuditLine), lines)
    everywhere = bound_to(RIGHT, [office.id for office in offices])
    done = {"state": "done", "finished_at": datetime.now(UTC), "owner_id": person_id, "arguments": everywhere}
    jobs = [factories.job(session, name=JOB, file_name="x.csv", **done) for _ in range(10)]
    grant = session.scalars(select(StaffGrant).where(StaffGrant.role == "office_manager").limit(1)).one()
    counter_id = session.scalar(select(func.min(Counter.id)).where(Counter.office_id == offices[0].id))
    return {
        "number": number,
        "job_id": jobs[0].id,
        "person_id": grant.staff_id,
        "grant_id": grant.id,
        "counter_id": counter_id,
        "access_point_id": points[0],
        "month": f"{today():%Y-%m}",
        **_ask_and_invite(session, campaign_id, person_id, offices, points),
    }


def _leave_comments(
    session: Session, person_id: int, offices: Sequence[Office], points: Sequence[int]
) -> str:
    """Leave a batch of comments of the first office, and comments of many that ask for an answer."""
    keys = [secrets.token_bytes(16) for _ in range(N_COMMENTS)]
    session.execute(insert(Comment), [_comment(key, points[0]) for key in keys])
    batched = [{"comment_key": key, "office_id": offices[0].id, "batch": 1} for key in keys]
    session.execute(insert(BatchedComment), batched)
    number = ""
    for place in range(N_COMMENTS):
        comment = factories.comment(session, access_point_id=points[place], day=today())
        answer = {"answer": "Cảm ơn.", "answered_on": today(), "answered_by": person_id}
        case = factories.comment_case(
            session, comment_key=comment.comment_key, **(answer if place % 2 else {})
        )
        number = case.number
    return number


def _ask_and_invite(
    session: Session, campaign_id: int, person_id: int, offices: Sequence[Office], points: Sequence[int]
) -> dict[str, Any]:
    """Leave requests that wait for a second person, and batches of slips."""
    asked = {"campaign_id": campaign_id, "asked_by": person_id}
    for office in offices[:N_APPROVALS]:
        approval = factories.approval(session, office_id=office.id, **asked)
        point = factories.access_point(
            session, campaign_id=campaign_id, office_id=office.id, way_in="invitation", provenance="B"
        )
        batch = factories.invitation_batch(session, access_point_id=point.id)
    arguments = {"access_point_ids": [points[0]], "first_day": f"{today()}", "last_day": f"{today()}"}
    voiding = factories.approval(
        session, kind="void_responses", office_id=offices[0].id, arguments=arguments, **asked
    )
    screen = factories.access_point(
        session, campaign_id=campaign_id, office_id=offices[0].id, way_in="screen", mode="kiosk"
    )
    named = {"approval_id": approval.id, "voiding_id": voiding.id, "batch_id": batch.id}
    return {**named, "screen_id": screen.id}


def _comment(key: bytes, point_id: int) -> dict[str, Any]:
    return {
        "comment_key": key,
        "access_point_id": point_id,
        "day": today(),
        "text": "Cán bộ hướng dẫn rất rõ.",
    }

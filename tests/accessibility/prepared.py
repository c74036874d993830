"""A database in which every state of the citizens' pages can be reached, and the real server over it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy.orm import Session

from survey_app.collect.keys import SubmissionKey
from survey_app.config import VIETNAM_TIME, Settings
from survey_app.db import Database
from survey_app.models import rotating_code
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.invitation_token import InvitationToken, token_hash
from survey_app.prepare.instruments.definition_file import shipped_definition
from tests import factories, postgresql, running_server

UNKNOWN = "2222223D"  # well formed, and nobody's


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a visit needs: the server, and the name of each thing that was prepared."""

    url: str
    settings: Settings
    database: Database
    today: date
    points: dict[str, AccessPoint]
    words: dict[str, str]  # codes, tokens and numbers by what they are for

    def key(self, name: str, days_ago: int = 0) -> str:
        """Seal the key of a form, as if its page had been opened some days ago."""
        point = self.points[name]
        with self.database.reading() as session:
            version_id = session.get_one(Campaign, point.campaign_id).instrument_version_id
        issued_on = self.today - timedelta(days=days_ago)
        return SubmissionKey.issue(point.id, version_id, issued_on).sealed(self.settings.secrets[0])


@contextmanager
def prepared(template: Path, folder: Path) -> Iterator[Prepared]:
    """Start the real web server over a database of its own."""
    port, today = postgresql.free_port(), datetime.now(VIETNAM_TIME).date()
    with running_server.over_sqlite(template, folder, port) as (settings, database):
        with database.transaction() as session:
            points, words = _fill(session, settings.secrets[0], today)
        yield Prepared(f"http://127.0.0.1:{port}", settings, database, today, points, words)


def _fill(session: Session, secret: bytes, today: date) -> tuple[dict[str, AccessPoint], dict[str, str]]:
    short = factories.instrument_version(session, shipped_definition("counter_short"))
    long = factories.instrument_version(session, shipped_definition("sipas_service_2022"))
    days = timedelta(days=1)
    points = {
        "short": _point(session, short, today - 60 * days),
        "long": _point(session, long, today - 60 * days),
        "demo": _point(session, short, today - 60 * days, is_demo=True),
        "not_open": _point(session, short, today + 5 * days),
        "closed": _point(session, short, today - 60 * days, closes_on=today - 5 * days),
        "revoked": _point(session, short, today - 60 * days),
        "screen": _point(session, short, today - 60 * days, way_in="screen"),
        "invitation": _point(session, short, today - 60 * days, way_in="invitation"),
    }
    points["revoked"].revoked_on = today - 3 * days
    batch = factories.invitation_batch(session, access_point_id=points["invitation"].id)
    used = InvitationToken(batch.id, 1).text(secret)
    factories.spent_invitation(session, batch_id=batch.id, token_hash=token_hash(used))
    received = factories.comment_case(session)
    answered = factories.comment_case(
        session,
        answer="Cảm ơn Ông/Bà. Từ tuần sau quầy có thêm hai ghế.",
        answered_on=today,
        answered_by=factories.staff(session).id,
    )
    words = {name: str(point.code) for name, point in points.items()} | {
        "unknown": UNKNOWN,
        "token": InvitationToken(batch.id, 0).text(secret),
        "used_token": used,
        "received_case": received.number,
        "answered_case": answered.number,
        "screen_page": rotating_code.screen_path(str(points["screen"].code), secret),
    }
    session.expunge_all()
    return points, words


def _point(
    session: Session,
    version: InstrumentVersion,
    opens_on: date,
    way_in: str = "poster",
    **of_campaign: object,
) -> AccessPoint:
    office = factories.office(session, name="Trung tâm Phục vụ hành chính công xã An Phú")
    return factories.access_point(
        session,
        campaign_id=factories.campaign(
            session, instrument_version_id=version.id, opens_on=opens_on, **of_campaign
        ).id,
        office_id=office.id,
        counter_id=factories.counter(session, office_id=office.id, label="Quầy số 3").id,
        way_in=way_in,
        provenance="C" if way_in == "poster" else "B",
        issued_on=opens_on,
    )

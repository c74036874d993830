"""A house with everything that a page can show: the demo, one row of each kind, and people at its doors."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.accounts import passwords
from survey_app.accounts.second_factor import totp
from survey_app.collect.keys import SubmissionKey
from survey_app.config import Settings
from survey_app.models import rotating_code
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.case import Case
from survey_app.models.invitation_token import InvitationToken, secret_mark
from survey_app.models.office import Office
from survey_app.models.publication import Publication
from survey_app.models.response import Comment
from survey_app.web.access import hash_token
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.hostile.campaigns import pages_of_campaigns
from tests.survey_app.web.test_rights import plant

PASSWORD = "mat-khau-thu-2026"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HERE = "administrator of one office"
WHO = ("citizen", "administrator", "second administrator", "without phone", "half signed in")


@dataclass
class World:
    """Which rows the words of an address may name, and with which token each person comes."""

    words: dict[str, object] = field(default_factory=dict)
    foreign: dict[str, object] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    extra_pages: list[str] = field(default_factory=list)


def build(session: Session, settings: Settings, managed: str | None) -> World:
    """Make rows of an office (the demo's managed one, if there is a demo) and of one foreign to it."""
    world = World()
    office = _office(session, managed)
    staff = {who: _person(session, settings, world, who) for who in WHO[1:]}
    own = plant(session, office.id, staff["administrator"])
    apart = factories.office(session, kind="province", name="Tỉnh Khác")
    elsewhere = factories.office(session, parent_id=apart.id, name="Đơn vị khác")
    world.foreign = plant(
        session, elsewhere.id, factories.staff(session, role="operator", office_id=elsewhere.id).id
    )
    manager = factories.staff(session, role="office_manager", office_id=office.id)
    world.tokens["manager"] = _token(session, manager.id, is_proven=True)
    world.words = (
        own | _words_of_citizens(session, settings, own, manager.id) | _words_of_results(session, office)
    )
    here = factories.staff(session, role="administrator", office_id=office.id, username=HERE)
    world.tokens[HERE] = _token(session, here.id, is_proven=True)
    world.foreign |= {"office_code": elsewhere.code, "parent_id": apart.id, "parent_code": apart.code}
    world.words |= {
        "other_parent": apart.code,
        "heir": elsewhere.code,
        "own_secret": totp.secret_for(world.tokens["without phone"], settings.secrets[0]),
    }
    world.extra_pages = _pages_of_states(session, settings, own, office)
    world.extra_pages += pages_of_campaigns(session, settings, office, staff["administrator"])
    return world


def _office(session: Session, managed: str | None) -> Office:
    if managed is not None:
        return session.scalars(select(Office).where(Office.code == managed)).one()
    province = factories.office(session, kind="province")
    return factories.office(session, parent_id=province.id)


def _person(session: Session, settings: Settings, world: World, who: str) -> int:
    """Make an administrator; each comes as far through the door as `who` says."""
    person = factories.staff(
        session, username=who.replace(" ", "-"), password_hash=passwords.hashed(PASSWORD)
    )
    if who == "half signed in":
        totp.set_up(session, person, SECRET, totp.step_of(MOMENT) - 1, settings.contact_keys[0])
    world.tokens[who] = _token(session, person.id, is_proven=who in WHO[1:3])
    return person.id


def _token(session: Session, staff_id: int, *, is_proven: bool) -> str:
    token = secrets.token_urlsafe(16)
    factories.staff_session(
        session,
        staff_id=staff_id,
        token_hash=hash_token(token),
        is_proven=is_proven,
        expires_at=MOMENT + timedelta(hours=8),
    )
    return token


def _words_of_citizens(
    session: Session, settings: Settings, own: dict[str, object], staff_id: int
) -> dict[str, object]:
    secret = settings.secrets[0]
    poster, screen = (session.get_one(AccessPoint, own[name]) for name in ("access_point_id", "screen_id"))
    assert poster.code
    assert screen.code
    campaign = session.get_one(Campaign, poster.campaign_id)
    token = secrets.token_urlsafe(32)
    factories.reset_link(session, token_hash=hash_token(token), staff_id=staff_id)
    key = SubmissionKey.issue(poster.id, campaign.instrument_version_id, DAY)
    return {
        "code": poster.code,
        "ticket": rotating_code.ticket(screen.code, MOMENT, secret),
        "screen_code": screen.code,
        "address": rotating_code.screen_path(screen.code, secret).rpartition("/")[2],
        "token": token,
        "invitation": InvitationToken(int(str(own["batch_id"])), 0).text(secret),
        "key": key.sealed(secret),
    }


def _words_of_results(session: Session, office: Office) -> dict[str, object]:
    published = session.scalars(
        select(Publication).order_by(Publication.id)
    ).first() or factories.publication(
        session, campaign_id=factories.campaign(session, closes_on=DAY - timedelta(days=1)).id
    )
    if published.kind == "running":
        factories.office_release(session, campaign_id=published.campaign_id, office_id=office.id)
    running = session.scalars(select(Campaign).order_by(Campaign.id)).first()
    assert running is not None
    return {"campaign_code": running.code, "office_code": office.code, "publication_id": published.id}


def _pages_of_states(
    session: Session, settings: Settings, own: dict[str, object], office: Office
) -> list[str]:
    """Give addresses of pages that look otherwise with something in their address, or over another row."""
    campaign = session.scalars(select(Campaign).where(Campaign.code == own["campaign"])).one()
    at_counter = factories.access_point(
        session, campaign_id=campaign.id, office_id=office.id, counter_id=own["counter_id"]
    )
    slips = factories.access_point(
        session, campaign_id=campaign.id, office_id=office.id, way_in="invitation", provenance="B"
    )
    batch = factories.invitation_batch(
        session, access_point_id=slips.id, secret_mark=secret_mark(settings.secrets[0])
    )
    for _ in range(5):
        factories.response(session, access_point_id=own["access_point_id"], day=DAY - timedelta(days=1))
    factories.access_point_day(
        session, access_point_id=own["access_point_id"], day=DAY - timedelta(days=1), n_received=5
    )
    away = factories.staff(session, role="operator", office_id=office.id, disabled_at=MOMENT)
    factories.contact(session, case_number=own["number"])
    case = session.get_one(Case, own["number"])
    session.get_one(Comment, case.comment_key).text = "Gọi tôi số 0912 345 678."  # hidden until asked for
    factories.code_report(session, access_point_id=own["access_point_id"], reason="damaged")
    running = session.scalars(select(Campaign).order_by(Campaign.id)).first()
    assert running is not None
    kinds = ("pause_codes", "resume_codes", "close_early", "reopen")
    return [
        f"/staff/people/{away.id}",
        f"/staff/review/voiding/new?office={office.id}&campaign={campaign.code}",
        f"/staff/review/voiding/new?point={own['access_point_id']}",
        f"/staff/codes?campaign={campaign.code}&q={office.code}",
        f"/staff/codes/{at_counter.id}/replace",
        f"/staff/invitations/new/{office.id}?campaign={campaign.code}",
        f"/staff/invitations/{batch.id}",
        f"/staff/offices?open={office.parent_id}",
        f"/staff/exports?campaign={running.code}",
        "/staff/review/reports",
        "/staff/review/comments?answered=yes",
        *(f"/staff/approvals/new?kind={kind}&office={office.id}&campaign={campaign.code}" for kind in kinds),
    ]

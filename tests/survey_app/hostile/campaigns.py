"""Campaigns in every state that a page changes: a plan to freeze, one frozen, a dossier list looked at."""

from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from survey_app.config import Settings
from survey_app.jobs.bound import bound_to
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.prepare.frames import uploads
from survey_app.prepare.frames.look import look_at, read_known
from survey_app.prepare.frames.mapping import proposed
from tests import factories
from tests.factories import DAY, MOMENT
from tests.survey_app.prepare.plans.conftest import WHOLE

DOSSIERS = "Mã hồ sơ,Mã đơn vị tiếp nhận,Ngày giải quyết xong,Họ và tên\nH1,{office_code},2026-02-10,Lê Kín\n"


def pages_of_campaigns(session: Session, settings: Settings, office: Office, owner_id: int) -> list[str]:
    """Make them, and give the addresses of their forms."""
    draft, frozen = (_planned(session, office, is_frozen=is_frozen) for is_frozen in (False, True))
    return [
        f"/staff/campaigns/{draft.id}/plan/edit",
        f"/staff/campaigns/{draft.id}/plan/freeze",
        f"/staff/campaigns/{frozen.id}/plan/addendum",
        f"/staff/campaigns/{frozen.id}/frame/looks/{_look(session, settings, frozen, office, owner_id)}",
        f"/staff/campaigns/{frozen.id}/frame",
    ]


def _planned(session: Session, office: Office, *, is_frozen: bool) -> Campaign:
    document = replace(
        WHOLE,
        population=replace(WHOLE.population, tops=(office.code,)),
        stages=(replace(WHOLE.stages[0], method="systematic"),),
    )
    campaign = factories.campaign(
        session,
        kind="annual",
        sampling_basis="probability",
        opens_on=date(2026, 12, 1),
        closes_on=date(2026, 12, 31),
    )
    said = {"frozen_at": MOMENT, "hash": document.hash} if is_frozen else {}
    factories.campaign_plan(session, campaign_id=campaign.id, document_json=document.to_json(), **said)
    return campaign


def _look(session: Session, settings: Settings, campaign: Campaign, office: Office, owner_id: int) -> int:
    """Look at one list, and lay another ready."""
    content = DOSSIERS.format(office_code=office.code).encode()
    incoming = settings.data_dir / uploads.INCOMING
    incoming.mkdir(exist_ok=True)
    (incoming / "lon.csv").write_bytes(content)
    upload = uploads.keep(settings.data_dir, campaign.id, "ho-so.csv", content)
    mapping, _is_known = proposed(session, upload.source.header)
    known = read_known(session, campaign.id, mapping, DAY)
    outcome = look_at(upload, known, settings, lambda _share: None)
    arguments = {"ticket": upload.ticket, "campaign_id": campaign.id, "mapping": mapping}
    arguments |= {"last_day": "2026-12-31"} | bound_to("samples", [office.id])
    job = factories.job(
        session,
        name="frame",
        owner_id=owner_id,
        state="done",
        arguments=arguments,
        outcome=outcome,
        finished_at=MOMENT,
    )
    return job.id

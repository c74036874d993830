"""A frame of the demo's measured campaign and a sample of it, lists that wait to be accepted or mapped."""

from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.cli.jobs import Worker
from survey_app.config import VIETNAM_TIME, Settings
from survey_app.jobs.bound import bound_to
from survey_app.models.campaign import Campaign
from survey_app.models.frame import Frame, frame_path
from survey_app.models.job import Job, enqueue
from survey_app.models.office import Office
from survey_app.models.plan_document import PlannedStage
from survey_app.models.staff import Staff, StaffGrant
from survey_app.prepare.frames import uploads
from survey_app.prepare.frames.columns import guess
from survey_app.prepare.frames.looks.accept import Acceptance, accept
from survey_app.prepare.frames.looks.outcome import Outcome
from survey_app.prepare.samples.design import Design, DesignedOffice
from survey_app.prepare.samples.make import make_sample
from tests import factories

HEADER = (
    "Số biên nhận,Mã đơn vị tiếp nhận,Lĩnh vực,Tên thủ tục,Hình thức nộp,Ngày tiếp nhận,Ngày giải quyết xong,"
    "Tình trạng,Giới tính,Năm sinh,Người nộp,Địa chỉ,Ghi chú\n"
)
CONTENT = ("Đất đai,Cấp giấy chứng nhận,Trực tuyến", "Hộ tịch,Đăng ký khai sinh,Trực tiếp")
N_DOSSIERS = 240


def lay(app: Flask, settings: Settings, words: dict[str, Any], now: datetime) -> None:
    """Do what an administrator does: import one list, look at a second, send a third."""
    database = app.extensions["database"]
    today = now.astimezone(VIETNAM_TIME).date()
    with database.reading() as session:
        campaign = session.get_one(Campaign, words["measured_id"])
        codes = session.scalars(select(Office.code).where(Office.code.like("P0%-%")).order_by(Office.code))
        offices = [code for code in codes if code.startswith(("P01", "P02", "P03"))][:6] or ["P01-S01"]
        who = select(Staff.id).join(StaffGrant, StaffGrant.staff_id == Staff.id)
        owner = session.scalars(who.where(StaffGrant.role == "administrator", Staff.is_demo)).one()
    list_of = _list(offices, f"{campaign.opens_on:%Y-%m}")

    def looked(content: str) -> tuple[uploads.Upload, Job]:
        sent = content.encode()
        upload = uploads.keep(settings.data_dir, campaign.id, "ho-so-thang-11.csv", sent)
        arguments = {"ticket": upload.ticket, "campaign_id": campaign.id, "last_day": today.isoformat()}
        arguments |= {"mapping": guess(upload.source.header)} | bound_to("samples", [])
        with database.transaction() as session:
            job_id = enqueue(session, "frame", arguments, now, owner).id
        while Worker(database, settings, lambda: now).step():
            pass
        with database.reading() as session:
            return upload, session.get_one(Job, job_id)

    upload, job = looked(list_of)
    with database.transaction() as session:
        found = Outcome.from_json(job.outcome).found
        frame = accept(session, settings.data_dir, upload, found, Acceptance(now, owner, today))
        _draw(session, settings, frame, offices, owner)
    uploads.forget(upload)
    words["frame"], words["look"] = frame.id, looked(list_of + "X9," + "," * 11 + "\n")[1].id
    words["file"] = uploads.keep(settings.data_dir, campaign.id, "ho-so.csv", list_of.encode()).ticket


def _draw(session: Session, settings: Settings, frame: Frame, offices: list[str], owner: int) -> None:
    """Draw half of the dossiers of each office; its units stay out of the rows, since no page shows them."""
    n = N_DOSSIERS // len(offices)
    design = Design(
        frame_hash=frame.frame_hash,
        plan_hash="0" * 64,
        seed="Xổ số kiến thiết 05/01/2026: 48291",
        counted_for="receives",
        stages=(PlannedStage(unit="dossier", method="systematic", order=("field", "settled_on")),),
        reserve_share=0.2,
        weighting=("sex",),
        offices=tuple(DesignedOffice(code, code, n, n // 2, n // 10) for code in sorted(offices)),
        left_out=(),
    )
    made = make_sample(design, frame_path(settings.data_dir, frame.frame_hash))
    factories.draw(
        session,
        campaign_id=frame.campaign_id,
        frame_id=frame.id,
        plan_hash=design.plan_hash,
        document_json=made.document,
        checksum=made.checksum,
        n_main=made.n_main,
        n_reserve=made.n_reserve,
        drawn_by=owner,
    )


def _list(offices: list[str], month: str) -> str:
    lines = [
        f"H{n:05},{offices[n % len(offices)]},{CONTENT[n % 2]},{month}-03,{month}-{4 + n % 20:02},Đúng hạn,"
        f"Nữ,{1950 + n % 50},Nguyễn Văn {n},Thôn {n % 9},\n"
        for n in range(N_DOSSIERS)
    ]
    wrong = "H00001,P99-X1,Đất đai,Cấp,Trực tuyến,,,,,,,,\n" + f",{offices[0]}" + "," * 11 + "\n"
    return HEADER + "".join(lines) + wrong

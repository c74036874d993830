"""A frame of the demo's measured campaign, a list that waits to be accepted, one that waits to be mapped."""

from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select

from survey_app.cli.jobs import Worker
from survey_app.config import VIETNAM_TIME, Settings
from survey_app.jobs.bound import bound_to
from survey_app.models.campaign import Campaign
from survey_app.models.job import Job, enqueue
from survey_app.models.office import Office
from survey_app.models.staff import Staff, StaffGrant
from survey_app.prepare.frames import uploads
from survey_app.prepare.frames.accept import Acceptance, accept
from survey_app.prepare.frames.columns import guess

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
        acceptance = Acceptance(now, owner, today)
        frame = accept(session, settings.data_dir, upload, job.outcome or {}, acceptance)
    uploads.forget(upload)
    words["frame"], words["look"] = frame.id, looked(list_of + "X9," + "," * 11 + "\n")[1].id
    words["file"] = uploads.keep(settings.data_dir, campaign.id, "ho-so.csv", list_of.encode()).ticket


def _list(offices: list[str], month: str) -> str:
    lines = [
        f"H{n:05},{offices[n % len(offices)]},{CONTENT[n % 2]},{month}-03,{month}-{4 + n % 20:02},Đúng hạn,"
        f"Nữ,{1950 + n % 50},Nguyễn Văn {n},Thôn {n % 9},\n"
        for n in range(N_DOSSIERS)
    ]
    wrong = "H00001,P99-X1,Đất đai,Cấp,Trực tuyến,,,,,,,,\n" + f",{offices[0]}" + "," * 11 + "\n"
    return HEADER + "".join(lines) + wrong

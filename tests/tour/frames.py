"""Lists of dossiers that wait: one was looked at, the columns of the other are to be mapped."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select

from survey_app.config import VIETNAM_TIME, Settings
from survey_app.jobs.bound import bound_to
from survey_app.models.campaign import Campaign
from survey_app.models.job import enqueue
from survey_app.models.office import Office
from survey_app.models.staff import Staff, StaffGrant
from survey_app.prepare.frames import uploads
from survey_app.prepare.frames.columns import guess

HEADER = (
    "Số biên nhận,Mã đơn vị tiếp nhận,Lĩnh vực,Tên thủ tục,Hình thức nộp,Ngày tiếp nhận,Ngày giải quyết xong,"
    "Tình trạng,Giới tính,Năm sinh,Người nộp,Địa chỉ,Ghi chú\n"
)
CONTENT = ("Đất đai,Cấp giấy chứng nhận,Trực tuyến", "Hộ tịch,Đăng ký khai sinh,Trực tiếp")
N_DOSSIERS = 240


def lay(app: Flask, settings: Settings, words: dict[str, Any], now: datetime) -> None:
    """Do what an administrator does for a campaign without a frame: let one list be read, send another."""
    database = app.extensions["database"]
    today = now.astimezone(VIETNAM_TIME).date()
    with database.reading() as session:
        campaign = session.get_one(Campaign, words["measured_id"])
        measured = select(Office.code).where(Office.code.like("P01-%")).order_by(Office.code)
        offices = session.scalars(measured.limit(6)).all()
        who = select(Staff.id).join(StaffGrant, StaffGrant.staff_id == Staff.id)
        owner = session.scalars(who.where(StaffGrant.role == "administrator", Staff.is_demo)).one()
    list_of = _list(offices, f"{campaign.opens_on:%Y-%m}")
    sent = (list_of + "X9," + "," * 11 + "\n").encode()
    upload = uploads.keep(settings.data_dir, campaign.id, "ho-so-thang-11.csv", sent)
    arguments = {"ticket": upload.ticket, "campaign_id": campaign.id, "last_day": today.isoformat()}
    arguments |= {"mapping": guess(upload.source.header)} | bound_to("samples", [])
    with database.transaction() as session:
        words["look"] = enqueue(session, "frame", arguments, now, owner).id
    words["file"] = uploads.keep(settings.data_dir, campaign.id, "ho-so.csv", list_of.encode()).ticket


def _list(offices: Sequence[str], month: str) -> str:
    lines = [
        f"H{n:05},{offices[n % len(offices)]},{CONTENT[n % 2]},{month}-03,{month}-{4 + n % 20:02},Đúng hạn,"
        f"Nữ,{1950 + n % 50},Nguyễn Văn {n},Thôn {n % 9},\n"
        for n in range(N_DOSSIERS)
    ]
    wrong = "H00001,P99-X1,Đất đai,Cấp,Trực tuyến,,,,,,,,\n" + f",{offices[0]}" + "," * 11 + "\n"
    return HEADER + "".join(lines) + wrong

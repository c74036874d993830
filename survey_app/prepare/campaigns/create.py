"""Creates campaigns: what is asked for is right as a whole, or every reason against it is told."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models.campaign import (
    CAMPAIGN_KINDS,
    SAMPLING_BASES,
    SMALLEST_MINIMUM,
    TARGET_DIGITS,
    USUAL_TARGET,
    Campaign,
)
from survey_app.models.days import FIRST_DAY, LAST_DAY, is_within_bounds
from survey_app.models.instrument import InstrumentVersion

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)  # it stands in addresses
MOST_YEARS = 70
TEXTS = ("title", "title_en", "controller_name", "controller_address", "controller_phone")


@dataclass(frozen=True, kw_only=True)
class NewCampaign:
    """The campaign that somebody wants, before it has been checked."""

    code: str
    title: str
    title_en: str
    kind: str
    sampling_basis: str
    instrument_code: str
    instrument_version: int | None = None  # none: the newest
    opens_on: date
    closes_on: date | None = None
    minimum_n: int = SMALLEST_MINIMUM
    target: float = USUAL_TARGET
    controller_name: str
    controller_address: str
    controller_phone: str
    retention_years: int
    after: str | None = None  # code of the campaign whose wave it follows; none: the latest with its offices
    is_demo: bool = False


class CampaignRefused(SurveyError):
    """A campaign cannot be as planned; `faults` lists every reason as (field, what)."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("\n".join(f"{field}: {what}" for field, what in faults))
        self.faults = faults


def create_campaign(session: Session, asked: NewCampaign) -> Campaign:
    asked = _tidied(asked)
    version = _find_version(session, asked)
    faults = list(_faults(asked))
    if session.scalar(select(Campaign.id).where(Campaign.code == asked.code)) is not None:
        faults.append(("code", f"mã “{asked.code}” đã dùng cho một cuộc khảo sát khác"))
    if version is None:
        wanted = f" phiên bản {asked.instrument_version}" if asked.instrument_version else ""
        faults.append(("instrument", f"chưa công bố bộ câu hỏi “{asked.instrument_code}”{wanted}"))
    previous = session.scalar(select(Campaign).where(Campaign.code == asked.after)) if asked.after else None
    faults.extend(_faults_of_previous(asked, previous))
    if faults or version is None:
        raise CampaignRefused(faults)
    stated = asdict(asked)
    del stated["instrument_code"], stated["instrument_version"], stated["after"]
    previous_id = previous.id if previous else None
    campaign = Campaign(**stated, instrument_version_id=version.id, previous_id=previous_id)
    session.add(campaign)
    session.flush()  # gives the id by which access points name it
    return campaign


def _tidied(asked: NewCampaign) -> NewCampaign:
    stated = asdict(asked)
    texts = {name: unicodedata.normalize("NFC", stated[name]).strip() for name in TEXTS}
    return NewCampaign(**{**stated, **texts})


def _find_version(session: Session, asked: NewCampaign) -> InstrumentVersion | None:
    published = select(InstrumentVersion).where(InstrumentVersion.code == asked.instrument_code)
    if asked.instrument_version is not None:
        published = published.where(InstrumentVersion.version == asked.instrument_version)
    return session.scalar(published.order_by(InstrumentVersion.version.desc()).limit(1))


def _faults(asked: NewCampaign) -> Iterator[tuple[str, str]]:
    if not CODE.fullmatch(asked.code):
        yield "code", "mã gồm a–z, 0–9 và dấu - (1–40 ký tự), bắt đầu bằng chữ hoặc số"
    stated = asdict(asked)
    for field in TEXTS:
        if not stated[field]:
            yield field, "chưa điền"
        elif not stated[field].isprintable():
            yield field, "có ký tự không đọc được; hãy xóa phần đó"
    for field, words in (("kind", CAMPAIGN_KINDS), ("sampling_basis", SAMPLING_BASES)):
        if stated[field] not in words:
            yield field, f"chỉ dùng: {', '.join(words)}"
    yield from _faults_of_numbers(asked)


def _faults_of_previous(asked: NewCampaign, previous: Campaign | None) -> Iterator[tuple[str, str]]:
    if not asked.after:
        return
    if asked.kind != "annual":
        yield "after", "chỉ cuộc đo lường hằng năm mới nối tiếp một cuộc trước"
    elif previous is None:
        yield "after", f"chưa có cuộc khảo sát nào mang mã “{asked.after}”"
    elif previous.kind != asked.kind or previous.closes_on is None or previous.closes_on >= asked.opens_on:
        yield "after", f"“{asked.after}” phải là cuộc đo lường hằng năm đã kết thúc trước ngày mở cuộc này"
    elif asked.is_demo and not previous.is_demo:  # the other way round, plans alone are compared
        yield "after", "dữ liệu mẫu không nối tiếp dữ liệu thật"


def _faults_of_numbers(asked: NewCampaign) -> Iterator[tuple[str, str]]:
    for field, day in (("opens_on", asked.opens_on), ("closes_on", asked.closes_on)):
        if day is not None and not is_within_bounds(day):
            yield field, f"phải từ năm {FIRST_DAY.year} đến năm {LAST_DAY.year}"
    if asked.kind == "annual" and asked.closes_on is None:
        yield "closes_on", "cuộc khảo sát hằng năm phải có ngày kết thúc"
    if asked.closes_on is not None and asked.closes_on < asked.opens_on:
        yield "closes_on", "kết thúc trước khi bắt đầu"
    if asked.minimum_n < SMALLEST_MINIMUM:
        yield (
            "minimum_n",
            f"ít nhất là {SMALLEST_MINIMUM}: số liệu của ít người hơn có thể làm lộ câu trả lời",
        )
    if fault := fault_of_target(asked.target):
        yield "target", fault
    if not 1 <= asked.retention_years <= MOST_YEARS:
        yield "retention_years", f"từ 1 đến {MOST_YEARS} năm"


def fault_of_target(target: float) -> str | None:
    """Say what is wrong with a target."""
    if 0 < target < 1 and round(target, TARGET_DIGITS) == target:
        return None
    return "từ 0,1% đến 99,9%, nhiều nhất một chữ số thập phân"

"""Creates campaigns: a plan is right as a whole, or every reason against it is told."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import SurveyError
from survey_app.models.campaign import CAMPAIGN_KINDS, SAMPLING_BASES, TARGET_DIGITS, USUAL_TARGET, Campaign
from survey_app.models.days import FIRST_DAY, LAST_DAY, is_within_bounds
from survey_app.models.instrument import InstrumentVersion

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)  # it stands in addresses
SMALLEST_MINIMUM = 5
MOST_YEARS = 70
TEXTS = ("title", "title_en", "controller_name", "controller_address", "controller_phone")


@dataclass(frozen=True, kw_only=True)
class CampaignPlan:
    """What somebody wants to ask, before it has been checked."""

    code: str
    title: str
    title_en: str
    kind: str
    sampling_basis: str
    instrument_code: str
    instrument_version: int | None = None  # none: the newest
    opens_on: date
    closes_on: date | None = None
    minimum_n: int = 10
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


def create_campaign(session: Session, plan: CampaignPlan) -> Campaign:
    plan = _tidied(plan)
    version = _find_version(session, plan)
    faults = list(_faults(plan))
    if session.scalar(select(Campaign.id).where(Campaign.code == plan.code)) is not None:
        faults.append(("code", f"mã “{plan.code}” đã dùng cho một cuộc khảo sát khác"))
    if version is None:
        wanted = f" phiên bản {plan.instrument_version}" if plan.instrument_version else ""
        faults.append(("instrument", f"chưa công bố bộ câu hỏi “{plan.instrument_code}”{wanted}"))
    previous = session.scalar(select(Campaign).where(Campaign.code == plan.after)) if plan.after else None
    faults.extend(_faults_of_previous(plan, previous))
    if faults or version is None:
        raise CampaignRefused(faults)
    stated = asdict(plan)
    del stated["instrument_code"], stated["instrument_version"], stated["after"]
    previous_id = previous.id if previous else None
    campaign = Campaign(**stated, instrument_version_id=version.id, previous_id=previous_id)
    session.add(campaign)
    session.flush()  # gives the id by which access points name it
    return campaign


def _tidied(plan: CampaignPlan) -> CampaignPlan:
    stated = asdict(plan)
    texts = {name: unicodedata.normalize("NFC", stated[name]).strip() for name in TEXTS}
    return CampaignPlan(**{**stated, **texts})


def _find_version(session: Session, plan: CampaignPlan) -> InstrumentVersion | None:
    published = select(InstrumentVersion).where(InstrumentVersion.code == plan.instrument_code)
    if plan.instrument_version is not None:
        published = published.where(InstrumentVersion.version == plan.instrument_version)
    return session.scalar(published.order_by(InstrumentVersion.version.desc()).limit(1))


def _faults(plan: CampaignPlan) -> Iterator[tuple[str, str]]:
    if not CODE.fullmatch(plan.code):
        yield "code", "mã gồm a–z, 0–9 và dấu - (1–40 ký tự), bắt đầu bằng chữ hoặc số"
    stated = asdict(plan)
    for field in TEXTS:
        if not stated[field]:
            yield field, "chưa điền"
        elif not stated[field].isprintable():
            yield field, "có ký tự không đọc được; hãy xóa phần đó"
    for field, words in (("kind", CAMPAIGN_KINDS), ("sampling_basis", SAMPLING_BASES)):
        if stated[field] not in words:
            yield field, f"chỉ dùng: {', '.join(words)}"
    yield from _faults_of_numbers(plan)


def _faults_of_previous(plan: CampaignPlan, previous: Campaign | None) -> Iterator[tuple[str, str]]:
    if not plan.after:
        return
    if plan.kind != "annual":
        yield "after", "chỉ cuộc đo lường hằng năm mới nối tiếp một cuộc trước"
    elif previous is None:
        yield "after", f"chưa có cuộc khảo sát nào mang mã “{plan.after}”"
    elif previous.kind != plan.kind or previous.closes_on is None or previous.closes_on >= plan.opens_on:
        yield "after", f"“{plan.after}” phải là cuộc đo lường hằng năm đã kết thúc trước ngày mở cuộc này"
    elif previous.is_demo != plan.is_demo:
        yield "after", "dữ liệu mẫu và dữ liệu thật không nối tiếp nhau"


def _faults_of_numbers(plan: CampaignPlan) -> Iterator[tuple[str, str]]:
    for field, day in (("opens_on", plan.opens_on), ("closes_on", plan.closes_on)):
        if day is not None and not is_within_bounds(day):
            yield field, f"phải từ năm {FIRST_DAY.year} đến năm {LAST_DAY.year}"
    if plan.kind == "annual" and plan.closes_on is None:
        yield "closes_on", "cuộc khảo sát hằng năm phải có ngày kết thúc"
    if plan.closes_on is not None and plan.closes_on < plan.opens_on:
        yield "closes_on", "kết thúc trước khi bắt đầu"
    if plan.minimum_n < SMALLEST_MINIMUM:
        yield (
            "minimum_n",
            f"ít nhất là {SMALLEST_MINIMUM}: số liệu của ít người hơn có thể làm lộ câu trả lời",
        )
    if fault := fault_of_target(plan.target):
        yield "target", fault
    if not 1 <= plan.retention_years <= MOST_YEARS:
        yield "retention_years", f"từ 1 đến {MOST_YEARS} năm"


def fault_of_target(target: float) -> str | None:
    """Say what is wrong with a target."""
    if 0 < target < 1 and round(target, TARGET_DIGITS) == target:
        return None
    return "từ 0,1% đến 99,9%, nhiều nhất một chữ số thập phân"

"""Letters to drawn units: one A4 page each, for envelopes with a window. For jobs only, for typst's sake.

The sentences are C3 to C6, C7, C25 and C31 of the wording, told in a letter; a job has no request to take a
language from, so they stand here. The one about codes says more than C4: a letter's code is known to be used.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from survey_app.jobs.typesetting import LONGEST_ADDRESS, WORDS, printable, typeset
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import SMALLEST_BATCH
from survey_app.models.invitation_token import printed, token_path
from survey_app.prepare.codes.address import plain_address, qr_address
from survey_app.prepare.codes.qr import qr_svg

_TEMPLATE = Path(__file__).with_name("letter.typ")


@dataclass(frozen=True, slots=True)
class Letter:
    """One drawn unit to write to; `number` is the unit's, by which a letter that comes back is noted."""

    number: int
    name: str
    address: str
    office: str
    token: str


@dataclass(frozen=True, slots=True)
class Sender:
    """What all letters of a campaign say alike."""

    public_url: str
    campaign: Campaign
    n_questions: int
    minutes: int
    contacts_until: date | None
    is_reminder: bool = False


def render_letters(letters: Sequence[Letter], sender: Sender) -> bytes:
    """Set a page for each letter, in their order."""
    offices = {letter.office: {"asked": _asked(letter.office, sender)} for letter in letters}
    data = {
        "words": _words(sender),
        "offices": offices,
        "letters": [_as_data(letter, sender) for letter in letters],
    }
    return typeset(_TEMPLATE, "vi", data, tagged=False)


def _as_data(letter: Letter, sender: Sender) -> dict[str, str]:
    return {
        "mark": f"{printable(sender.campaign.controller_name)} · thư số {letter.number}",
        "name": printable(letter.name),
        "address": printable(letter.address),
        "office": letter.office,
        "code": printed(letter.token),
        "qr": qr_svg(qr_address(sender.public_url, token_path(letter.token))),
    }


def _words(sender: Sender) -> Mapping[str, object]:
    campaign = sender.campaign
    domain = printable(plain_address(sender.public_url), LONGEST_ADDRESS)
    phone = printable(campaign.controller_phone)
    english = WORDS["en"]
    return {
        "heading": WORDS["vi"]["slip_question"],
        "controller": printable(campaign.controller_name),
        "controller-at": f"{printable(campaign.controller_address)} · Điện thoại: {phone}",
        "demo": WORDS["vi"]["demo"] if campaign.is_demo else None,
        "reminder": "Thư nhắc: nếu Ông/Bà đã trả lời rồi thì xin bỏ qua thư này."
        if sender.is_reminder
        else None,
        "scan": "Quét mã này bằng điện thoại",
        "type": "Không quét được: vào",
        "domain": domain,
        "code": "rồi gõ mã",
        "once": _once(sender),
        "privacy": _privacy(sender),
        "trust": f"{WORDS['vi']['trust']}.",
        "questions": f"Hỏi về thư này hoặc về dữ liệu cá nhân: {phone}; "
        "yêu cầu được phản hồi trong 2 ngày làm việc.",
        "other": f"{english['slip_question']} Scan the code, or go to {domain} and type it. "
        f"No name is asked in the form; each code works once. {english['trust']}. Questions: {phone}.",
    }


def _asked(office: str, sender: Sender) -> str:
    return (
        f"{printable(sender.campaign.controller_name)} hỏi ý kiến để việc phục vụ tốt hơn. Ông/Bà được chọn "
        f"ngẫu nhiên trong số những người có hồ sơ đã được giải quyết tại {printable(office)}, nên câu trả "
        f"lời của Ông/Bà nói thay cả cho nhiều người không được hỏi. Phiếu có {sender.n_questions} câu, "
        f"khoảng {sender.minutes} phút. Câu nào không muốn trả lời thì bỏ qua."
    )


def _once(sender: Sender) -> str:
    last = sender.campaign.closes_on
    until = f", đến hết ngày {last:%d/%m/%Y}" if last is not None else ""
    return f"{WORDS['vi']['once']}{until}."


def _privacy(sender: Sender) -> list[str]:
    until = sender.contacts_until
    deleted = f" và được xóa sau ngày {until:%d/%m/%Y}" if until is not None else ""
    return [
        "Phiếu không hỏi tên, số điện thoại hay số căn cước, và cán bộ tại quầy không biết ai trả lời "
        f"thế nào. Mã mời cho biết nhóm người được mời (ít nhất {SMALLEST_BATCH} người), không cho biết "
        "phiếu nào là của ai; cơ quan khảo sát chỉ biết mã nào đã dùng, để khỏi gửi thư nhắc.",
        "Trả lời hay không đều không ảnh hưởng đến hồ sơ. Tên và địa chỉ trên thư lấy từ danh sách hồ sơ, "
        f"chỉ dùng để gửi thư mời{deleted}.",
    ]

"""Invitations on paper: eight slips (A7) on each A4 page, to be cut apart. For jobs only."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from survey_app.jobs.typesetting import LONGEST_ADDRESS, printable, typeset
from survey_app.models.invitation_token import printed, token_path
from survey_app.prepare.codes.address import plain_address, qr_address
from survey_app.prepare.codes.qr import qr_svg

SLIPS_A_PAGE = 8
_TEMPLATE = Path(__file__).with_name("slips.typ")


@dataclass(frozen=True, slots=True)
class Stack:
    """What all slips of a batch say alike."""

    office: str
    counter: str
    public_url: str
    is_demo: bool


def render_slips(stack: Stack, tokens: Sequence[str], language: str = "vi") -> bytes:
    """Set a slip for each token, in this main language with a small line in the other one below."""
    data = {
        "office": printable(stack.office),
        "counter": printable(stack.counter),
        "domain": printable(plain_address(stack.public_url), LONGEST_ADDRESS),
        "is_demo": stack.is_demo,
        "slips": [
            {"code": printed(token), "qr": qr_svg(qr_address(stack.public_url, token_path(token)))}
            for token in tokens
        ],
    }
    return typeset(_TEMPLATE, language, data, tagged=False)  # nobody reads a thousand slips aloud

"""Addresses as people type them, and as the picture holds them."""

import pytest

from survey_app.models.invitation_token import token_path
from survey_app.models.rotating_code import ticket_path
from survey_app.models.short_code import form_path
from survey_app.prepare.codes.address import plain_code_address, qr_address

CODE, TOKEN = "7KQM2X9P", "23456789CDFGHJKMNPQR"


@pytest.mark.parametrize(
    ("path", "in_the_picture"),
    [
        (form_path(CODE), "S/7KQM2X9P"),
        (ticket_path(CODE, "23456789CD"), "S/7KQM2X9P/23456789CD"),
        (token_path(TOKEN), "I/23456789CDFGHJKMNPQR"),
    ],
)
def test_each_way_in_stands_in_capitals_in_the_picture(path, in_the_picture):
    for public_url in ("https://khaosat.example.vn", "https://khaosat.example.vn/"):
        assert qr_address(public_url, path) == f"HTTPS://KHAOSAT.EXAMPLE.VN/{in_the_picture}"
    assert qr_address("http://127.0.0.1:8000", path) == f"HTTP://127.0.0.1:8000/{in_the_picture}"


def test_people_type_no_scheme():
    assert plain_code_address("https://khaosat.example.vn", CODE) == "khaosat.example.vn/s/7KQM2X9P"

"""Slips in print: eight on a page, each with its own code, whatever the names are."""

import re
import time
from contextlib import contextmanager
from dataclasses import replace

import pypdfium2
import pytest
import zxingcpp

from survey_app.models.invitation_token import InvitationToken, printed, token_path
from survey_app.prepare.codes.address import qr_address
from survey_app.prepare.invitations.slips import Stack, render_slips

STACK = Stack(
    office="Trung tâm Phục vụ hành chính công phường Nguyễn Trãi",
    counter="Quầy số 3 – Đất đai, xây dựng",
    public_url="https://khaosat.example.vn",
    is_demo=False,
)
TOKENS = [InvitationToken(7, serial).text(b"s" * 32) for serial in range(1_000)]
A4 = (595.28, 841.89)
A7 = (A4[0] / 2, A4[1] / 4)
LONG_NAME = (
    "Bộ phận Tiếp nhận và Trả kết quả giải quyết thủ tục hành chính của Ủy ban nhân dân "
    "phường Nguyễn Trãi, tỉnh Mẫu mở rộng 2"
)


@contextmanager
def opened(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        yield document
    finally:
        document.close()


def texts(pdf):
    with opened(pdf) as document:
        raw = [page.get_textpage().get_text_range() for page in document]
    return [" ".join(re.sub("[\u200b\ufffe\x02]", "", text).split()) for text in raw]


def codes_on(page):
    return {barcode.text for barcode in zxingcpp.read_barcodes(page.render(scale=3).to_pil())}


def test_eight_slips_stand_on_each_page_of_a4():
    with opened(render_slips(STACK, TOKENS[:17])) as document:
        assert [page.get_size() for page in document] == [pytest.approx(A4, abs=0.02)] * 3
        assert [len(codes_on(page)) for page in document] == [8, 8, 1]


@pytest.mark.parametrize("public_url", ["http://127.0.0.1:8000", "https://khaosat.sonoivu.tinhmau.gov.vn"])
def test_each_slip_opens_and_says_its_own_token(public_url):
    pdf = render_slips(replace(STACK, public_url=public_url), TOKENS[:8])
    with opened(pdf) as document:
        assert codes_on(document[0]) == {qr_address(public_url, token_path(token)) for token in TOKENS[:8]}
    assert all(printed(token) in texts(pdf)[0] for token in TOKENS[:8])


def test_pictures_are_drawn_not_painted():
    assert b"/Subtype/Image" not in render_slips(STACK, TOKENS[:8]).replace(b" ", b"")


def test_a_slip_says_where_it_is_from_and_what_to_do_word_for_word():
    (text,) = texts(render_slips(STACK, TOKENS[:1]))
    for words in (
        STACK.office,
        STACK.counter,
        "Ông/Bà đã được phục vụ thế nào?",
        "Quét mã, chưa đến 1 phút, không hỏi tên",
        "Mỗi mã dùng một lần",
        f"Không quét được: vào khaosat.example.vn, gõ {printed(TOKENS[0])}",
        "Không hỏi tiền, mật khẩu, mã OTP",
        "How were you served? Scan, under a minute, no name asked. Each code works once. "
        "Never asks for money, password, OTP.",
    ):
        assert words in text
    assert "minh họa" not in text
    assert "Hôm nay" not in text  # it may be opened on another day


def test_a_slip_in_english_keeps_a_small_vietnamese_line():
    (text,) = texts(render_slips(STACK, TOKENS[:1], "en"))
    assert text.index("Cannot scan: go to khaosat.example.vn, type") < text.index("Mỗi mã dùng một lần")


def test_slips_of_the_demo_say_so_in_both_languages():
    (text,) = texts(render_slips(replace(STACK, is_demo=True), TOKENS[:1]))
    assert "Dữ liệu minh họa, không phải đơn vị thật" in text
    assert "Demonstration data, not a real office" in text


@pytest.mark.parametrize("demo", [False, True])
@pytest.mark.parametrize("name", [LONG_NAME, "W" * 120, "Ữ" * 120, "#sys.inputs.data *x* = $y$"])
def test_names_of_any_kind_stay_on_their_slip_as_they_stand(name, demo):
    stack = Stack(name, name, "https://" + "khaosat." * 7 + "vn", demo)
    pdf = render_slips(stack, TOKENS[:1])
    assert texts(pdf)[0].replace(" ", "").count(name.replace(" ", "")) == 2
    with opened(pdf) as document:
        assert len(document) == 1
        assert codes_on(document[0]) == {qr_address(stack.public_url, token_path(TOKENS[0]))}
        text = document[0].get_textpage()
        for left, bottom, right, top in (text.get_rect(i) for i in range(text.count_rects())):
            assert 12 < left < right < A7[0] - 12
            assert A4[1] - A7[1] + 8 < bottom < top < A4[1] - 8


def test_a_thousand_slips_take_at_most_ten_seconds_of_work():
    started = time.process_time()
    pdf = render_slips(STACK, TOKENS)
    assert time.process_time() - started <= 10
    assert len(pdf) <= 2_000_000
    with opened(pdf) as document:
        assert len(document) == 125

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pypdfium2
import pypdfium2.raw
import pytest
import zxingcpp

from survey_app.models.short_code import form_path, new_code
from survey_app.prepare.codes.address import qr_address
from survey_app.prepare.codes.poster import Poster, render_posters

PUBLIC_URL = "http://khaosat.example.vn"
POSTER = Poster(
    office="Trung tâm Phục vụ hành chính công phường Nguyễn Trãi",
    counter="Quầy số 3 – Đất đai, xây dựng",
    address="khaosat.example.vn",
    code="7KQM2X9P",
    qr_address=qr_address(PUBLIC_URL, form_path("7KQM2X9P")),
    office_parent="Ủy ban nhân dân tỉnh Mẫu",
)
TEST_LINE = "Ằ Ẫ Ễ Ộ Ữ Ỵ ặ ệ ợ ự ỹ Đ đ"
LONG_NAME = (
    "Bộ phận Tiếp nhận và Trả kết quả giải quyết thủ tục hành chính của Ủy ban nhân dân "
    "phường Nguyễn Trãi, tỉnh Mẫu mở rộng 2"
)
NASTY = [
    "#sys.inputs.data",
    "*x* _y_ `z` $w$",
    "<a>@b</a> {{7*7}} {domain} {CODE}",
    "= Tiêu đề",
    "- một // hai /* ba */ \\u{41} \\",
    '#image("/etc/passwd") ] } )',
    "~ -- --- ... 'a' \"b\"",
    "=HYPERLINK(1)",
]
A5 = (419.53, 595.28)


@contextmanager
def opened(pdf: bytes) -> Iterator[pypdfium2.PdfDocument]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        yield document
    finally:
        document.close()


def texts(pdf: bytes) -> list[str]:
    """Each page's text on one line, as it was typed but for the kinds of blank."""
    with opened(pdf) as document:
        raw = [page.get_textpage().get_text_range() for page in document]
    return [" ".join(re.sub("[\u200b\ufffe\x02]", "", text).split()) for text in raw]


def text_of(poster: Poster, language: str = "vi") -> str:
    (text,) = texts(render_posters([poster], language))
    return text


def boxes(page: pypdfium2.PdfPage) -> list[tuple[float, float, float, float]]:
    text = page.get_textpage()
    return [text.get_rect(i) for i in range(text.count_rects())]


def test_each_poster_is_one_a5_page() -> None:
    with opened(render_posters([POSTER] * 3)) as document:
        assert [page.get_size() for page in document] == [pytest.approx(A5, abs=0.01)] * 3


@pytest.mark.parametrize(
    "public_url", [PUBLIC_URL, "http://127.0.0.1:8000", "https://ks.vn", "http://" + "khaosat." * 6 + "vn"]
)
def test_picture_on_the_page_decodes_to_exactly_the_address_and_is_seven_centimetres_wide(
    public_url: str,
) -> None:
    code = new_code()
    poster = replace(POSTER, code=code, qr_address=qr_address(public_url, form_path(code)), demo=True)
    with opened(render_posters([poster])) as document:
        image = document[0].render(scale=2).to_pil()
    (barcode,) = zxingcpp.read_barcodes(image)
    assert barcode.text == poster.qr_address
    width = barcode.position.top_right.x - barcode.position.top_left.x
    assert width / 2 / 72 * 25.4 >= 69.5  # the reader's corners are whole pixels


def test_picture_is_drawn_not_painted() -> None:
    assert b"/Subtype/Image" not in render_posters([POSTER]).replace(b" ", b"")


def test_poster_says_where_it_hangs_and_what_to_do_word_for_word() -> None:
    text = text_of(POSTER)
    for words in (
        POSTER.office,
        POSTER.counter,
        "Ủy ban nhân dân tỉnh Mẫu",
        "Hôm nay Ông/Bà được phục vụ thế nào?",
        "Quét mã, chưa đến 1 phút, không hỏi tên",
        "Không quét được: vào khaosat.example.vn, gõ 7KQM-2X9P",
        "Không hỏi tiền, mật khẩu, mã OTP",
        "How were you served today? Scan, under a minute, no name asked. "
        "Cannot scan: go to khaosat.example.vn, type 7KQM-2X9P. Never asks for money, password, OTP.",
    ):
        assert words in text


def test_poster_in_english_keeps_a_small_vietnamese_line() -> None:
    text = text_of(POSTER, "en")
    assert text.index("Cannot scan: go to khaosat.example.vn, type 7KQM-2X9P") < text.index("Hôm nay Ông/Bà")
    assert "vào khaosat.example.vn, gõ 7KQM-2X9P. Không hỏi tiền, mật khẩu, mã OTP." in text


def test_only_demonstration_posters_say_that_they_are() -> None:
    words = "Dữ liệu minh họa, không phải đơn vị thật"
    assert words not in text_of(POSTER)
    demo = text_of(replace(POSTER, demo=True))
    assert words in demo
    assert "Demonstration data, not a real office" in demo


def test_vietnamese_letters_come_out_of_the_file_intact() -> None:
    text = text_of(replace(POSTER, office=unicodedata.normalize("NFD", TEST_LINE), counter=TEST_LINE.lower()))
    assert TEST_LINE in text
    assert TEST_LINE.lower() in text
    assert text == unicodedata.normalize("NFC", text)


def test_only_source_sans_pro_is_embedded() -> None:
    pdf = render_posters(
        [replace(POSTER, office=TEST_LINE, demo=True), replace(POSTER, office="漢字 ✿ 🙂 عربي")]
    )
    names = set(re.findall(rb"/(?:BaseFont|FontName)\s*/([^\s/<>\[\]]+)", pdf))
    assert names
    assert all(re.fullmatch(rb"[A-Z]{6}\+SourceSansPro-.*", name) for name in names)


@pytest.mark.parametrize("demo", [False, True])
@pytest.mark.parametrize("name", [LONG_NAME, "W" * 120, "Ữ" * 120, "a " * 60, LONG_NAME * 4])
def test_long_names_shrink_and_wrap_but_never_leave_the_page(name: str, demo: bool) -> None:
    poster = replace(
        POSTER, office=name, counter=name, office_parent=name, demo=demo, address="khaosat." * 8 + "vn"
    )
    pdf = render_posters([poster])
    assert texts(pdf)[0].replace(" ", "").count(name.replace(" ", "")) == 3
    with opened(pdf) as document:
        assert len(document) == 1
        for left, bottom, right, top in boxes(document[0]):
            assert 30 < left < right < A5[0] - 30
            assert 22 < bottom < top < A5[1] - 25
        (barcode,) = zxingcpp.read_barcodes(document[0].render(scale=2).to_pil())
    assert barcode.text == poster.qr_address


def test_names_of_a_hundred_and_twenty_letters_stay_readable() -> None:
    assert len(LONG_NAME) > 120
    with opened(render_posters([replace(POSTER, office=LONG_NAME, demo=True)])) as document:
        text = document[0].get_textpage()
        start = text.get_text_range().index("Bộ phận")
        assert pypdfium2.raw.FPDFText_GetFontSize(text.raw, start) >= 12


@pytest.mark.parametrize("name", NASTY)
def test_markup_in_a_name_is_printed_as_it_stands(name: str) -> None:
    text = text_of(replace(POSTER, office=name, counter=f"Quầy {name}", office_parent=name))
    assert text.count(name) == 3


@pytest.mark.parametrize("blank", ["\x00", "\ud800", "\u202e", "\x1b", "\ufeff"])
def test_invisible_characters_are_left_out(blank: str) -> None:
    assert "Quầy số 3" in text_of(replace(POSTER, counter=f"Quầy{blank} số 3{blank}"))


def test_line_breaks_in_a_name_become_blanks() -> None:
    assert "Quầy số 3" in text_of(replace(POSTER, counter="Quầy\r\n\tsố\u2028 3"))


def test_names_may_be_empty() -> None:
    assert "7KQM-2X9P" in text_of(replace(POSTER, office="", counter="", office_parent=None))


def test_unknown_language_and_no_poster_are_refused() -> None:
    with pytest.raises(ValueError, match="language must be one of vi, en, got 'fr'"):
        render_posters([POSTER], "fr")
    with pytest.raises(ValueError, match="posters must not be empty"):
        render_posters([])


def test_a_print_run_stays_within_three_kilobytes_a_page() -> None:
    """3,321 posters in 10 MB."""
    run = [
        replace(
            POSTER,
            code=code,
            qr_address=qr_address(PUBLIC_URL, form_path(code)),
            counter=f"Quầy số {i}",
            demo=True,
        )
        for i, code in enumerate(new_code() for _ in range(300))
    ]
    per_page = (len(render_posters(run)) - len(render_posters(run[:100]))) / 200
    assert per_page <= 10_000_000 / 3321


A4 = (595.28, 841.89)


def codes_of(n: int) -> list[Poster]:
    made = []
    for number in range(n):
        code = new_code()
        address = qr_address(PUBLIC_URL, form_path(code))
        made.append(replace(POSTER, code=code, qr_address=address, counter=f"Quầy số {number}"))
    return made


@pytest.mark.parametrize(
    ("layout", "size", "n_pages"), [("a5", A5, 20), ("a4", A4, 20), ("tent", A5, 20), ("labels", A4, 2)]
)
def test_each_layout_has_its_paper_and_its_number_of_pages(
    layout: str, size: tuple[float, float], n_pages: int
) -> None:
    with opened(render_posters(codes_of(20), "vi", layout)) as document:
        sizes = [page.get_size() for page in document]
    assert sizes == [pytest.approx(size, abs=0.01)] * n_pages


@pytest.mark.parametrize(("layout", "times", "width"), [("a4", 1, 98), ("tent", 2, 46), ("labels", 1, 26)])
def test_every_picture_of_every_layout_decodes(layout: str, times: int, width: int) -> None:
    posters = codes_of(18)
    found: list[str] = []
    with opened(render_posters(posters, "vi", layout)) as document:
        for page in document:
            for barcode in zxingcpp.read_barcodes(page.render(scale=3).to_pil()):
                found.append(barcode.text)
                corners = barcode.position
                side = abs(corners.top_right.x - corners.top_left.x) / 3 / 72 * 25.4
                assert side >= width
    assert sorted(found) == sorted([poster.qr_address for poster in posters] * times)


def test_tent_shows_the_same_to_both_sides() -> None:
    with opened(render_posters([POSTER], "vi", "tent")) as document:
        image = document[0].render(scale=2).to_pil()
    upper, lower = sorted(zxingcpp.read_barcodes(image), key=lambda one: one.position.top_left.y)
    assert abs(upper.orientation) == 180
    assert lower.orientation == 0
    middle = image.height / 2
    assert upper.position.top_left.y < middle < lower.position.top_left.y


SMALL_PAPER = [("tent", LONG_NAME * 4)]  # on a label so long a name is cut off
SMALL_PAPER += [(one, name) for one in ("tent", "labels") for name in (POSTER.office, LONG_NAME, "Ữ" * 120)]


@pytest.mark.parametrize(("layout", "name"), SMALL_PAPER)
def test_names_on_small_paper_shrink_and_stay_on_it(layout: str, name: str) -> None:
    poster = replace(POSTER, office=name, counter=name, demo=True)
    pdf = render_posters([poster] * 18, "vi", layout)
    (words, *_rest) = texts(pdf)
    assert words.replace(" ", "").count(name.replace(" ", "")) >= 2
    assert "7KQM-2X9P" in words
    with opened(pdf) as document:
        assert len(document) == (18 if layout == "tent" else 1)
        width, height = document[0].get_size()
        for left, bottom, right, top in boxes(document[0]):
            assert 10 < left < right < width - 10
            assert 10 < bottom < top < height - 10
        found = zxingcpp.read_barcodes(document[0].render(scale=3).to_pil())
    assert len(found) == (2 if layout == "tent" else 18)


def test_code_on_small_paper_says_where_to_type_it() -> None:
    for layout in ("tent", "labels"):
        (words,) = texts(render_posters([POSTER], "vi", layout))
        assert "khaosat.example.vn" in words
        assert "7KQM-2X9P" in words
        assert "Không hỏi tiền, mật khẩu, mã OTP" in words

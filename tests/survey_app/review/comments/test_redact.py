"""What a comment may name its writer by is hidden, however it is spelt; the rest stays as it was written."""

import time

import pytest
from hypothesis import given, strategies as st

from survey_app.review.comments.redact import HIDDEN, redacted

PHONES = (
    *("0912345678", "0912 345 678", "0912.345.678", "0912-345-678", "09 12 34 56 78", "0 9 1 2 3 4 5 6 7 8"),
    *("+84912345678", "+84 912 345 678", "(+84) 912-345-678", "84912345678", "0084 912 345 678"),
    *("(024) 3825 1234", "024.3825.1234", "0235 3 851 234", "1900 1234", "O912345678", "o9l2 345 678 90"),
    *("0912\N{NO-BREAK SPACE}345\N{NO-BREAK SPACE}678", "0912–345–678", "0912/345/678", "0912, 345, 678"),
    *(
        "０９１２３４５６７８",
        "không chín một hai ba bốn năm sáu bảy tám",
        "khong chin mot hai ba bon nam sau bay tam",
    ),
    "Không, chín, một, hai, ba, bốn, năm, sáu, bảy, tám",
    *(f"0912{mark}345{mark}678" for mark in ":|•*;+=~'_\\\"#&\n\t"),
    *(f"0912{unseen}345{unseen}678" for unseen in "\u200b\u200d\u00ad\u2060\ufeff"),
    *("0912      345      678", "0912 ba bốn năm 678", "chín một hai 345678", "0912 .. 345 .. 678"),
    *("𝟎𝟗𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖", "⓪⑨①②③④⑤⑥⑦⑧", "0️⃣9️⃣1️⃣2️⃣3️⃣4️⃣5️⃣6️⃣7️⃣8️⃣", "٠٩١٢٣٤٥٦٧٨"),
)
PAPERS = (
    *("123456789", "123 456 789", "123.456.789", "001099012345", "001 099 012 345", "0010-9901-2345"),
    *("B1234567", "C 12345678", "000.12.34.H25-260315-0012", "001:099:012:345"),
)
ADDRESSES = (
    *("an@gmail.com", "an.nguyen+hoso@mau.gov.vn", "AN@GMAIL.COM", "an @ gmail . com", "an@gmail"),
    *("an [at] gmail.com", "an(at)gmail.com", "an a còng gmail chấm com", "an a cong gmail cham com"),
    "nguyễn.an@công-ty.vn",
    *("an＠gmail.com", "an at gmail dot com", "an (a còng) gmail.com", "an[at]gmail[dot]com"),
    *("an at congty dot vn", "an@gmail。com"),
)
PLATES = (
    *("29A-123.45", "29A-12345", "29A 123.45", "29a12345", "51F1-234.56", "51F1 234.56", "29-A1 234.56"),
    *("29A1-2345", "59-X1 123.45", "59X1-12345", "30E-123.45", "80-NG-123-45", "43MĐ1-234.56", "TM 12-34"),
    *("29A–123.45", "30G1 – 123.45", "29A - 123 . 45", "29 - A1 - 123.45", "59X3 123 . 45", "29/A 12345"),
    *("29a_12345", "NN-123-45", "80NG-123-45", "29A\u200b12345", "29A•123.45"),
)

PIECES = (
    *("0", "1", "12", "345", "2025", " ", ".", "/", ":", "-", "…", HIDDEN, "a", "A", "29A", "@", "gmail"),
    *("ba", "năm ", " đồng", "o", "l", "x", "đ", "(", ")", "\u200d", "ﬁ", "①", "NN", "at ", "dot ", ","),
)
HOSTILE = (
    *("a", "1.", "a@", "a.", "0 ", "không ", "29A-", "o", "12/", "1.500", "12/3 ", "12/3, ", "12/3 12/3,"),
    *("8:30-", " ", "a  ", "năm 2025, ", "2025 ", "1.500 ", "150.000 + ", "0o", "ooa ", "\u200d", "a@a."),
    *(
        "a (a còng) ",
        "ba bốn năm ",
        "0912 ba ",
        "1, ",
        "1       ",
        "x" * 63 + " ",
        "a at a dot ",
        HIDDEN,
        "+(",
    ),
)


@pytest.mark.parametrize("number", [*PHONES, *PAPERS, *ADDRESSES, *PLATES])
@pytest.mark.parametrize("around", ["{}", "Gọi {} nhé.", "xe/số({})", "abc: {}; cảm ơn", "Tôi là An\n{}\n"])
def test_whatever_names_a_person_is_hidden(number: str, around: str) -> None:
    before, after = around.split("{}")
    found = redacted(before + number + after)
    assert found.startswith(before)
    assert found.endswith(after)
    assert HIDDEN in found
    left = found.removeprefix(before).removesuffix(after).replace(HIDDEN, "")
    assert not any(symbol.isdigit() for symbol in left)
    assert "@" not in left
    assert redacted(found) == found


@pytest.mark.parametrize(
    "text",
    [
        "Tôi đến ngày 12/03/2026, chờ 45 phút ở Quầy số 3.",
        "Từ 8h00 đến 11h30, lúc 15:30, ngày 5/2.",
        "Nộp 1.500.000 đồng, hai lần 250.000đ, tổng 15000000 VND.",
        "Theo Nghị định 61/2018/NĐ-CP, Luật số 91/2025/QH15.",
        "Năm 2025 đi 3 lần, năm 2026 đi 1 lần; điểm 4,5/5.",
        "Một hai lần thì được, ba bốn lần thì không.",
        "Lâu quá ooooooooooo!!! Không hài lòng……",
        "Cán bộ Nguyễn Văn An ở Bộ phận Một cửa xã Mẫu rất tốt.",
        "Có 10 người, 20 ghế.",
    ],
)
def test_what_a_comment_says_stays(text: str) -> None:
    assert redacted(text) == text


def test_letters_and_marks_that_come_apart_are_read_as_one() -> None:
    assert (
        redacted("kho\u0302ng chi\u0301n mo\u0323\u0302t hai ba bo\u0302\u0301n na\u0306m sa\u0301u")
        == HIDDEN
    )


@given(st.text(max_size=300))
def test_any_text_is_taken_and_a_second_time_changes_nothing(text: str) -> None:
    once = redacted(text)
    assert redacted(once) == once


@given(st.from_regex(r"\A0[35789][0-9]{8}\Z"), st.sampled_from(["", " ", ".", "-", " - "]), st.integers(1, 4))
def test_a_telephone_number_is_hidden_wherever_it_is_parted(number: str, mark: str, step: int) -> None:
    spelt = mark.join(number[place : place + step] for place in range(0, len(number), step))
    assert redacted(f"gọi {spelt} nhé") == f"gọi {HIDDEN} nhé"


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_what_is_left_holds_nothing_to_hide(text: str) -> None:
    once = redacted(text)
    assert redacted(once) == once


@pytest.mark.parametrize("piece", HOSTILE)
def test_time_grows_as_the_text_does(piece: str) -> None:
    """Times of a thousand and of sixteen thousand symbols: what is squared would take 256 times as long."""

    def seconds(n: int) -> float:
        text = (piece * n)[:n] + ".4x"
        began = time.process_time()
        redacted(text)
        return time.process_time() - began

    short = min(seconds(1_000) for _ in range(3))
    assert min(seconds(16_000) for _ in range(2)) < 64 * max(short, 0.0005)

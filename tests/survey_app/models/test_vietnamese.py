"""How Vietnamese names are found and sorted."""

import random
import unicodedata

import pytest

from survey_app.models.vietnamese import Search, name_key, search_key, sort_key


@pytest.mark.parametrize("typed", ["hoà", "hòa", "HOA", "xã Hoà", "X. Hòa", "UBND xã Hòa", "ho\u0061\u0300"])
def test_marks_case_spelling_and_type_words_do_not_matter_to_a_search(typed):
    assert search_key(typed) == "hoa"
    assert Search(typed).finds("Bộ phận Một cửa xã Hòa")


def test_a_name_is_found_by_the_beginning_of_any_of_its_words():
    name = "Trung tâm Phục vụ hành chính công phường Điện Biên Phủ"
    assert Search("dien b").finds(name)
    assert Search("Phủ").finds(name)
    assert not Search("ien").finds(name)


@pytest.mark.parametrize("typed", ["trung tam", "trung tâm phục vụ hành chính công", "xã", "một c"])
def test_a_kind_of_unit_alone_finds_the_units_of_that_kind(typed):
    names = ["Trung tâm Phục vụ hành chính công tỉnh Mẫu", "Bộ phận Một cửa xã An Phú"]
    assert [Search(typed).finds(name) for name in names].count(True) == 1


def test_i_and_y_are_one_letter_to_a_search():
    assert search_key("Kì Anh") == name_key("Kỳ Anh")


def test_a_number_is_found_whole_and_without_its_zeros():
    assert Search("1").finds("Phường 01")
    assert not Search("1").finds("Phường 10")


def test_a_name_that_repeats_its_type_word_is_still_found():
    assert Search("xa luong").finds("Bộ phận Một cửa xã Xá Lượng")
    assert Search("xá").finds("Bộ phận Một cửa xã Xá Lượng")


def test_an_empty_query_finds_everything():
    assert Search("  ").finds("xã An Phú")


def test_a_code_is_found_whole_in_any_case_and_signs_alone_find_nothing_else():
    assert Search(" h01-x01 ").finds("xã An Phú", "H01-X01")
    assert not Search("H01-X").finds("xã An Phú", "H01-X01")
    assert not Search("?").finds("xã An Phú", "H01-X01")


def test_a_name_that_has_the_marks_that_were_typed_is_told_from_others():
    assert [Search(" Hòa  b").stands_in(name) for name in ("xã Hòa Bình", "xã Hoa Bình")] == [True, False]


IN_ORDER = [
    "An",
    "An Khê",
    "An Phú",
    "Ánh",
    "Ăn",
    "Ân Thi",
    "Ba",
    "Bà",
    "Bả",
    "Bã",
    "Bá",
    "Bạ",
    "Bà Rịa",
    "Dương",
    "Đa",
    "Em",
    "Ê",
    "Hòa",
    "Hóa",
    "Mơ",
    "Mua",
    "Mưa",
    "Ya",
]


def test_names_stand_in_the_order_of_the_vietnamese_alphabet_then_of_the_tones():
    shuffled = random.Random(1).sample(IN_ORDER, len(IN_ORDER))
    assert sorted(shuffled, key=sort_key) == IN_ORDER


def test_numbers_stand_in_their_own_order():
    names = ["Phường 2", "Phường 10", "Phường 12", "Phường 100", "Phường An Lạc"]
    shuffled = random.Random(1).sample(names, len(names))
    assert sorted(shuffled, key=sort_key) == names


def test_offices_sort_by_name_without_the_type_word():
    assert sort_key("Bộ phận Một cửa xã An Phú") == sort_key("Phường An Phú") == sort_key("an phú")
    assert sort_key("xã Xá Lượng") == sort_key("Xá Lượng")


def test_composed_and_decomposed_letters_have_one_key():
    name = "Nguyễn Thị Ẩn Đặng"
    assert sort_key(name) == sort_key(unicodedata.normalize("NFD", name))
    assert search_key(name) == search_key(unicodedata.normalize("NFD", name))


def test_a_sort_key_holds_only_digits_and_small_letters_so_that_every_collation_agrees():
    assert all(symbol in "0123456789abcdefghijklmnopqrstuvwxyz" for symbol in sort_key("Ẳ Ỡ Đ, É (2) – Ω"))

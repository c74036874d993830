"""A recorded question is offered while the form asks the sentence it reads, and from its folders alone."""

from dataclasses import replace

import pytest

from survey_app.collect.form.clips import (
    LARGEST_CLIP,
    SAMPLES,
    ClipRefused,
    as_read,
    find_clip,
    folders,
    is_mp3,
    keep_clip,
    read_clip,
)
from survey_app.models.definition import Text
from survey_app.prepare.instruments.definition_file import shipped_definition
from tests import factories

RECORDING = b"\xff\xf3\x30\xc4" + bytes(400)
DEFINITION = factories.definition()
FIRST = DEFINITION.item("q1")


@pytest.fixture
def place(tmp_path):
    """A folder with one clip: q1 of the small form, read in Vietnamese."""
    keep_clip(tmp_path, DEFINITION, "q1", "vi", "Lò Thị Mẫu", RECORDING)
    return tmp_path


def found(place, item=FIRST, language="vi"):
    return find_clip([place], "small", item, language)


def test_a_clip_that_fits_is_found_with_its_reader(place):
    clip = found(place)
    assert (clip.instrument, clip.language, clip.item, clip.reader) == ("small", "vi", "q1", "Lò Thị Mẫu")
    assert read_clip([place], ("small", "vi", "q1"), clip.digest) == RECORDING


def test_a_question_in_other_words_has_no_clip(place):
    reworded = replace(FIRST, text=Text.of({"vi": "Câu 1 mới?", "en": "Question 1?"}))
    assert found(place, reworded) is None


def test_other_items_languages_and_instruments_have_no_clip(place):
    assert found(place, DEFINITION.item("q2")) is None
    assert found(place, language="en") is None
    assert find_clip([place], "other", FIRST, "vi") is None


def test_a_question_that_falls_back_to_vietnamese_is_read_in_vietnamese(place):
    assert found(place, language="km").language == "vi"


def test_readers_say_ong_ba_where_the_form_writes_a_stroke(tmp_path):
    item = replace(FIRST, text=Text.of({"vi": "Ông/Bà hài lòng thế nào?"}))
    definition = replace(DEFINITION, items=(item, *DEFINITION.items[1:]))
    assert keep_clip(tmp_path, definition, "q1", "vi", "machine", RECORDING) == "ông bà hài lòng thế nào?"
    assert found(tmp_path, item).reader == "machine"


def test_the_digest_changes_with_the_content(place):
    before = found(place).digest
    keep_clip(place, DEFINITION, "q1", "vi", "Lò Thị Mẫu", RECORDING + b"\x00")
    after = found(place).digest
    assert before != after
    assert read_clip([place], ("small", "vi", "q1"), before) is None


def test_the_offices_own_clip_wins_while_it_fits(place, tmp_path_factory):
    own = tmp_path_factory.mktemp("own")
    keep_clip(own, DEFINITION, "q1", "vi", "Vàng A Mẫu", RECORDING + b"own")
    assert find_clip([own, place], "small", FIRST, "vi").reader == "Vàng A Mẫu"
    (own / "small/vi/q1.txt").write_text("Vàng A Mẫu\nCâu một cũ?\n", "utf-8")
    assert find_clip([own, place], "small", FIRST, "vi").reader == "Lò Thị Mẫu"


@pytest.mark.parametrize("beside", [None, "", "Lò Thị Mẫu", "Lò Thị Mẫu\n", "\nCâu 1?", "Lò Thị Mẫu\nCâu 1"])
def test_a_clip_without_reader_and_sentence_is_not_offered(place, beside):
    sidecar = place / "small/vi/q1.txt"
    if beside is None:
        sidecar.unlink()
    else:
        sidecar.write_text(beside, "utf-8")
    assert found(place) is None


def test_a_sentence_written_by_hand_may_be_decomposed_or_wrapped(place):
    (place / "small/vi/q1.txt").write_text("Lò Thị Mẫu\nCa\u0302u   1?\n\n", "utf-8")
    assert found(place) is not None


def test_a_clip_that_is_no_text_or_too_large_is_not_offered(place):
    (place / "small/vi/q1.txt").write_bytes(b"\xff\xfe")
    assert found(place) is None
    keep_clip(place, DEFINITION, "q1", "vi", "Lò Thị Mẫu", RECORDING)
    (place / "small/vi/q1.mp3").write_bytes(RECORDING + bytes(LARGEST_CLIP))
    assert found(place) is None


@pytest.mark.parametrize(
    "words",
    [
        ("..", "vi", "q1"),
        ("small", "..", "q1"),
        ("small", "vi", "../vi/q1"),
        ("small", "vi", "../../../secrets"),
        ("", "vi", "q1"),
        ("small/vi", "", "q1"),
        ("small", "vi", "q1\0"),
        ("small", "vi", "q1\n"),
        ("/etc", "vi", "q1"),
        ("small", "vi", "Q1"),
        ("small", "vi", "q" * 21),
        ("small", "ví", "q1"),
    ],
)
def test_no_words_lead_out_of_the_folder(place, words):
    digest = found(place).digest
    (place.parent / "q1.mp3").write_bytes(RECORDING)
    assert read_clip([place], words, digest) is None


def test_a_link_out_of_the_folder_is_not_followed(place, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    digest = found(place).digest
    (place / "small/vi/q1.mp3").rename(elsewhere / "q1.mp3")
    (place / "small/vi/q1.mp3").symlink_to(elsewhere / "q1.mp3")
    assert read_clip([place], ("small", "vi", "q1"), digest) is None
    assert found(place) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"item_code": "q9"}, "asks no item"),
        ({"language": "km"}, "no words in language"),
        ({"language": "../vi"}, "no words in language"),
        ({"reader": "  "}, "name the reader"),
        ({"reader": "x" * 61}, "name the reader"),
        ({"reader": "a\u202eb"}, "name the reader"),
        ({"content": b"RIFF....WAVE"}, "no MP3"),
        ({"content": b""}, "no MP3"),
        ({"content": RECORDING + bytes(LARGEST_CLIP)}, "at most"),
    ],
)
def test_what_is_no_clip_is_refused_with_its_reason_and_nothing_is_written(tmp_path, changed, reason):
    given = {"item_code": "q1", "language": "vi", "reader": "Lò Thị Mẫu", "content": RECORDING, **changed}
    with pytest.raises(ClipRefused, match=reason):
        keep_clip(tmp_path, DEFINITION, **given)
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize(
    ("content", "is_one"),
    [(b"ID3\x04", True), (RECORDING, True), (b"\xff", False), (b"OggS", False), (b"\xff\xd8\xff", False)],
)
def test_an_mp3_is_known_by_its_first_bytes(content, is_one):
    assert is_mp3(content) is is_one


def shipped_clips():
    return sorted(SAMPLES.rglob("*.mp3"))


@pytest.mark.parametrize("path", shipped_clips(), ids=lambda path: "/".join(path.parts[-3:]))
def test_each_shipped_clip_reads_a_shipped_question_and_is_labelled_as_a_machine(path):
    instrument, language, item = *path.parts[-3:-1], path.stem
    definition = shipped_definition(instrument)
    assert language in definition.languages
    clip = find_clip([SAMPLES], instrument, definition.item(item), language)
    assert (clip.language, clip.reader) == (language, "machine")
    assert is_mp3(path.read_bytes())
    assert path.stat().st_size < 40_000


def test_the_overall_question_of_the_short_form_is_shipped_in_two_languages():
    assert [path.parts[-3:] for path in shipped_clips()] == [
        ("counter_short", language, "overall.mp3") for language in ("en", "vi")
    ]
    assert sorted(path.with_suffix(".mp3") for path in SAMPLES.rglob("*.txt")) == shipped_clips()


def test_an_installation_looks_into_its_own_folder_first(tmp_path):
    assert folders(tmp_path) == (tmp_path / "audio", SAMPLES)


def test_only_the_address_is_said_otherwise():
    assert as_read("Nói chung, Ông/Bà hài lòng?") == "Nói chung, ông bà hài lòng?"
    assert as_read("Overall, are you satisfied?") == "Overall, are you satisfied?"

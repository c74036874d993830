"""The inspector finds each fault that it promises to find: a blind one would let every page pass."""

import pytest

from tests.page_inspector import Page, find_faults

SOUND = """<!doctype html><html lang="vi"><head><title>Phiếu</title></head><body><h1>Phiếu</h1>
<svg><title>Hình</title></svg>
<form method="post"><input type="hidden" name="key" value="k1">
<label for="name">Tên</label><input id="name" name="name" aria-describedby="hint"><p id="hint">Gợi ý</p>
<label><input type="radio" name="q1" value="1"> Một</label><textarea aria-label="Ý kiến"></textarea>
<button>Gửi</button></form></body></html>"""
POLICY = "default-src 'none'"
# sha256 of "p{color:red}", made with: printf 'p{color:red}' | openssl dgst -sha256 -binary | base64
STYLE_HASH = "'sha256-p0bF+un5yUb9MBO6xRb8kPHlY2BdpHVtLiFkDrZPF64='"


def test_a_sound_page_has_no_fault() -> None:
    assert find_faults(SOUND, POLICY) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (' lang="vi"', "", "language"),
        ("<title>Phiếu</title>", "", "no title"),
        ("<title>Phiếu</title>", "<title> </title>", "no title"),
        ("<h1>Phiếu</h1>", "", "0 h1"),
        ("<h1>Phiếu</h1>", "<h1>Phiếu</h1><h1>Hai</h1>", "2 h1"),
        ("<h1>Phiếu</h1>", "<h1></h1>", "empty h1"),
        ('id="hint"', 'id="name"', "'name' stands 2 times"),
        ('<label for="name">Tên</label>', "", "no label"),
        ("<label><input", "<input", "no label"),
        (' aria-label="Ý kiến"', "", "no label"),
        ('for="name"', 'for="nome"', "for names 'nome'"),
        (' id="hint"', "", "aria-describedby names 'hint'"),
        ("Gửi", "", "button without words"),
        ("<h1>", "<img src='a.png'><h1>", "without alt"),
        ("<h1>", "<script>1</script><h1>", "inline script"),
        ("<h1>", "<script src='//elsewhere.vn/a.js'></script><h1>", "script from elsewhere"),
        ("<h1>", "<h1 style='color:red'>", "<h1> has style"),
        ("<h1>", "<h1 onclick='go()'>", "<h1> has onclick"),
        ("<h1>", "<a href='javascript:go()'>x</a><h1>", "script address"),
        ("<h1>", "<a href='#main'>x</a><h1>", "jumps to 'main'"),
        ("<h1>", "<style>p{color:red}</style><h1>", "inline style"),
    ],
)
def test_a_fault_is_found(old: str, new: str, fault: str) -> None:
    assert old in SOUND
    assert fault in "; ".join(find_faults(SOUND.replace(old, new), POLICY))


def test_a_missing_policy_is_found() -> None:
    assert find_faults(SOUND, None) == ["no Content-Security-Policy"]


def test_a_style_block_that_the_policy_names_is_let_through() -> None:
    page = SOUND.replace("<h1>", "<style>p{color:red}</style><h1>")
    assert find_faults(page, f"style-src {STYLE_HASH}") == []


def test_hidden_fields_are_read() -> None:
    assert Page(SOUND).hidden_fields() == {"key": "k1"}

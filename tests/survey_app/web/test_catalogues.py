"""What a half-translated catalogue gives a page, and how the page says which words are Vietnamese."""

import pytest

from survey_app.web.catalogues import ITS_END, LACKING, lang_attributes, read_partial

LACKED = f"{LACKING}Gửi{ITS_END}"


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("<p>Send</p>", "<p>Send</p>"),
        (f"<p>{LACKED}</p>", '<p><bdi lang="vi">Gửi</bdi></p>'),
        (f'<a title="{LACKED}">{LACKED}</a>', '<a title="Gửi"><bdi lang="vi">Gửi</bdi></a>'),
        (
            f"<title>{LACKED} – 1</title><p>{LACKED}</p>",
            '<title>Gửi – 1</title><p><bdi lang="vi">Gửi</bdi></p>',
        ),
        (f"<p>{LACKED}, {LACKED}", '<p><bdi lang="vi">Gửi</bdi>, <bdi lang="vi">Gửi</bdi>'),
        (f"<p>a &lt; b {LACKED}</p>", '<p>a &lt; b <bdi lang="vi">Gửi</bdi></p>'),
    ],
)
def test_vietnamese_is_marked_where_an_element_may_stand(markup, shown):
    assert lang_attributes(markup) == shown


@pytest.mark.parametrize("language", ["km", "hmn", "rad"])
def test_a_partial_catalogue_holds_what_is_finished(tmp_path, language):
    """Languages that Babel does not know are read as well; a blank plural must not come back as English."""
    path = tmp_path / "collect.po"
    path.write_text(
        f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'
        'msgid "done"\nmsgstr "xong"\n\n'
        'msgid "blank"\nmsgstr ""\n\n'
        '#, fuzzy\nmsgid "unsure"\nmsgstr "?"\n\n'
        'msgid "with %(n)s"\nmsgstr "%(m)s"\n\n'
        'msgid "%(num)s thing"\nmsgid_plural "%(num)s things"\nmsgstr[0] "%(num)s việc"\n\n'
        'msgid "%(num)s form"\nmsgid_plural "%(num)s forms"\nmsgstr[0] ""\n',
        "utf-8",
    )
    found = read_partial(path)
    assert found.ugettext("done") == "xong"
    assert found.ungettext("%(num)s thing", "%(num)s things", 2) == "%(num)s việc"
    held = ["done", "%(num)s thing"]
    lacking = ["blank", "unsure", "with %(n)s", "%(num)s form"]
    assert [text for text in (*held, *lacking) if found.holds(text)] == held

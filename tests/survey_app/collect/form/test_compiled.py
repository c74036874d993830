"""A page rendered once: filled in for each place, given a key each time, packed to the same text."""

import gzip

import pytest

from survey_app.collect.form import compiled
from survey_app.collect.form.compiled import CompiledPage, cut_mark

RENDERED = f"<p>{cut_mark('place')}</p>{cut_mark('key')}<i>{cut_mark('place')}</i>"
VISITS = [("a & b", "k1"), ("c", "k2"), ("a & b", "k3"), ("", "k4")]


@pytest.mark.parametrize("most_kept", [1, 128])
def test_each_place_gets_its_page_and_each_visit_its_key(monkeypatch, most_kept):
    monkeypatch.setattr(compiled, "MOST_KEPT", most_kept)
    page = CompiledPage(RENDERED)
    for place, key in VISITS:
        values = {"place": place, "key": key}
        said = place.replace("&", "&amp;")
        assert page.plain(values).decode() == f"<p>{said}</p>{key}<i>{said}</i>"
        assert gzip.decompress(page.gzipped(values)) == page.plain(values)


def test_a_page_is_packed_once_for_each_place(monkeypatch):
    packed = []
    deflate = compiled._deflate
    monkeypatch.setattr(compiled, "_deflate", lambda text: packed.append(text) or deflate(text))
    page = CompiledPage(RENDERED)
    for place, key in VISITS:
        page.gzipped({"place": place, "key": key})
    assert len(packed) == 2 * len({place for place, _ in VISITS})

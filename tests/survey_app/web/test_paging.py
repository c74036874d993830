"""A list in pages: the arithmetic of its edges."""

import pytest

from survey_app.web.paging import PageAsked, page_of, read_page


@pytest.mark.parametrize(
    ("asked", "number", "previous", "following", "rows"),
    [
        (-7, 1, None, 2, range(20)),
        (1, 1, None, 2, range(20)),
        (2, 2, 1, 3, range(20, 40)),
        (3, 3, 2, None, range(40, 45)),
        (99, 3, 2, None, range(40, 45)),
    ],
)
def test_page_that_does_not_exist_gives_the_nearest(asked, number, previous, following, rows):
    page = page_of(range(45), PageAsked(asked))
    assert (page.number, page.previous, page.next, page.rows) == (number, previous, following, rows)
    assert (page.n_rows, page.n_pages) == (45, 3)


@pytest.mark.parametrize(("n_rows", "n_pages"), [(0, 1), (1, 1), (5, 1), (6, 2), (10, 2), (11, 3)])
def test_last_page_is_there_for_the_rows_that_are_left(n_rows, n_pages):
    page = page_of(range(n_rows), PageAsked(n_rows=5))
    assert (page.number, page.n_pages) == (1, n_pages)
    assert list(page.rows) == list(range(min(n_rows, 5)))


def test_list_of_nothing_is_one_empty_page():
    page = page_of([], PageAsked())
    assert (page.rows, page.number, page.n_pages, page.previous, page.next) == ([], 1, 1, None, None)


def test_rows_of_other_pages_are_not_read():
    asked_for = []

    def read(shown):
        asked_for.append(shown)
        return ["row"]

    assert read_page(41, read, PageAsked(2)).rows == ["row"]
    assert asked_for == [slice(20, 40)]

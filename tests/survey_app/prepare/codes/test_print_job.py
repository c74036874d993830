"""The job that prints posters."""

import io
import re
import zipfile

import pypdfium2
import pytest

from survey_app.models.job import Work
from survey_app.prepare.codes import print_job
from survey_app.prepare.codes.print_job import run
from tests import factories
from tests.factories import DAY, MOMENT


@pytest.fixture
def offices(database):
    with database.transaction() as session:
        return [
            factories.office(session, name="Bộ phận Một cửa xã Ân", sort_key="2"),
            factories.office(session, name="Bộ phận Một cửa xã An", sort_key="1"),
        ]


def point(database, office, **given):
    with database.transaction() as session:
        return factories.access_point(session, office_id=office.id, **given)


@pytest.fixture
def print_codes(database, settings):
    reports = []

    def run_job(*ids):
        arguments = {"access_point_ids": list(ids), "language": "vi", "layout": "a5"}
        work = Work(7, arguments, database, settings, MOMENT, lambda *counts: reports.append(counts))
        name = run(work)
        return name, name and (settings.files_dir / name).read_bytes(), reports

    return run_job


def texts(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [re.sub(r"\s+", " ", page.get_textpage().get_text_range()) for page in document]
    finally:
        document.close()


def test_each_code_is_one_page_in_the_order_of_the_offices(database, offices, print_codes):
    points = [point(database, office) for office in offices]
    name, pdf, reports = print_codes(*(one.id for one in points))
    assert name == "to-ma-qr-7.pdf"
    second, first = texts(pdf)[1], texts(pdf)[0]
    assert "xã An" in first
    assert "xã Ân" in second
    assert f"{points[0].code[:4]}-{points[0].code[4:]}" in second
    assert reports == [(0, 2), (2, 2)]


def test_address_in_print_has_no_scheme(database, offices, print_codes, settings):
    _, pdf, _ = print_codes(point(database, offices[0]).id)
    (page,) = texts(pdf)
    assert settings.public_url.removeprefix("http://") in page
    assert "http://" not in page.lower()


def test_code_revoked_meanwhile_is_left_out(database, offices, print_codes):
    revoked, kept = point(database, offices[0], revoked_on=DAY), point(database, offices[1])
    _, pdf, _ = print_codes(revoked.id, kept.id)
    assert len(texts(pdf)) == 1


def test_job_makes_no_file_when_no_code_works_any_more(database, offices, print_codes, settings):
    name, _, reports = print_codes(point(database, offices[0], revoked_on=DAY).id)
    assert (name, reports) == (None, [])
    assert not settings.files_dir.exists()


def test_more_pages_than_one_part_become_an_archive(database, offices, print_codes, monkeypatch):
    monkeypatch.setattr(print_job, "CODES_A_PART", 2)
    ids = [point(database, offices[0]).id for _ in range(3)]
    name, content, reports = print_codes(*ids)
    assert name == "to-ma-qr-7.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert [len(texts(archive.read(part))) for part in archive.namelist()] == [2, 1]
        assert archive.namelist() == ["01.pdf", "02.pdf"]
    assert reports == [(0, 3), (2, 3), (3, 3)]


def test_no_half_of_a_file_is_left_behind(database, offices, print_codes, settings):
    print_codes(point(database, offices[0]).id)
    assert [path.name for path in settings.files_dir.iterdir()] == ["to-ma-qr-7.pdf"]

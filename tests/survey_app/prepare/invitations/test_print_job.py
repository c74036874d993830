"""The job that prints slips."""

import io
import zipfile

import pypdfium2
import pytest

from survey_app.models.invitation_token import secret_mark
from survey_app.models.job import Work
from survey_app.prepare.invitations import print_job
from survey_app.prepare.invitations.tokens import SecretGone
from tests import factories
from tests.factories import MOMENT


@pytest.fixture
def print_batch(database, settings):
    reports = []

    def run_job(secret=settings.secrets[0], **given):
        with database.transaction() as session:
            office = factories.office(session, name="Bộ phận Một cửa xã An")
            campaign = factories.campaign(session, **given)
            point = factories.access_point(
                session, office_id=office.id, campaign_id=campaign.id, way_in="invitation", provenance="B"
            )
            batch = factories.invitation_batch(
                session, access_point_id=point.id, secret_mark=secret_mark(secret)
            )
        arguments = {"batch_id": batch.id, "language": "vi"}
        name = print_job.run(Work(7, arguments, database, settings, MOMENT, lambda *n: reports.append(n)))
        return name, (settings.files_dir / name).read_bytes(), reports

    return run_job


def pages(pdf):
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.get_textpage().get_text_range() for page in document]
    finally:
        document.close()


def test_a_batch_of_twenty_takes_three_pages(print_batch):
    name, pdf, reports = print_batch()
    assert name == "phieu-moi-lo-1-7.pdf"
    found = pages(pdf)
    assert [page.count("xã An") for page in found] == [8, 8, 4]
    assert "minh họa" not in found[0]
    assert reports == [(0, 20), (20, 20)]


def test_slips_of_a_demo_campaign_say_so(print_batch):
    assert "minh họa" in pages(print_batch(is_demo=True)[1])[0]


def test_a_large_batch_becomes_an_archive(print_batch, monkeypatch):
    monkeypatch.setattr(print_job, "SLIPS_A_PART", 8)
    name, content, reports = print_batch()
    assert name == "phieu-moi-lo-1-7.zip"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.namelist() == ["01.pdf", "02.pdf", "03.pdf"]
        assert [len(pages(archive.read(part))) for part in archive.namelist()] == [1, 1, 1]
    assert reports == [(0, 20), (8, 20), (16, 20), (20, 20)]


def test_a_batch_whose_secret_is_gone_leaves_no_file(print_batch, settings):
    with pytest.raises(SecretGone):
        print_batch(secret=b"another" * 8)
    assert not settings.files_dir.exists()

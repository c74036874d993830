"""The accessibility statement in short: what it says, and whom it names."""

import pytest

from tests import factories

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

OFFICE = {"controller_name": "Sở Nội vụ Tỉnh Mẫu", "controller_phone": "0200 123 456"}


@pytest.fixture
def code(app):
    with app.extensions["database"].transaction() as session:
        campaign = factories.campaign(session, **OFFICE)
        return factories.access_point(session, campaign_id=campaign.id).code


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("vi", ("WCAG 2.2", "26/2020/TT-BTTTT", "TalkBack", "Những điều còn thiếu", "22/11/2026")),
        ("en", ("WCAG 2.2", "26/2020/TT-BTTTT", "TalkBack", "Known gaps", "22 November 2026")),
    ],
)
def test_the_statement_has_its_aim_its_gaps_and_its_date(client, language, words):
    page = client.get(f"/accessibility?lang={language}").text
    assert [word for word in words if word not in page] == []


def test_whoever_comes_from_a_form_reads_which_office_to_tell(client, code):
    page = client.get(f"/accessibility?code={code.lower()}").text
    assert "Sở Nội vụ Tỉnh Mẫu" in page
    assert "0200 123 456" in page
    assert f"/report?code={code}" in page


@pytest.mark.parametrize("typed", ["", "22222222", "<b>", "x" * 500])
def test_without_a_code_of_ours_the_form_is_named_as_the_place_to_look(client, code, typed):
    page = client.get("/accessibility", query_string={"code": typed}).text
    assert "“Dữ liệu của phiếu này”" in page
    assert "0200 123 456" not in page


def test_the_form_leads_to_the_statement_of_its_office(client, code):
    assert f'href="/accessibility?code={code}"' in client.get(f"/s/{code}").text

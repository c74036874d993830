"""What became of an address that is nearly right."""

import pytest
from flask import Flask

from tests.page_inspector import InspectingClient

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

WORDS = {"kind": "csv", "act": "merge", "form": "csv", "month": "2026-03", "receipt": "r", "proof": "p"}


def test_a_slash_too_many_leads_to_every_page(app: Flask, client: InspectingClient) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    doors = app.url_map.bind("localhost")
    for rule in rules:
        values = {
            name: 1 if type(converter).__name__ == "RowId" else WORDS.get(name, "x")
            for name, converter in rule._converters.items()
        }
        address = doors.build(rule.endpoint, values)
        if address == "/":
            continue
        answer = client.get(f"{address}/?lang=en", headers={"Host": "elsewhere.example"})
        assert (answer.status_code, answer.headers["Location"]) == (308, f"{address}?lang=en"), rule
    assert len(rules) > 60


@pytest.mark.parametrize("path", ["/nothing/", "//elsewhere.example/", "/staff/nothing/", "/staff//people/"])
def test_a_slash_too_many_leads_to_no_page_that_is_not_there(client: InspectingClient, path: str) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": path})
    assert answer.status_code == 404
    assert "Location" not in answer.headers


def test_what_is_sent_is_not_led_elsewhere(client: InspectingClient) -> None:
    assert client.post("/results/").status_code == 404


def test_a_reader_of_results_is_told_nothing_of_accounts(client: InspectingClient) -> None:
    assert "Không có trang này. Có thể địa chỉ gõ nhầm một ký tự." in client.get("/results/nothing").text
    assert "tài khoản không có quyền xem" in client.get("/staff/nothing").text

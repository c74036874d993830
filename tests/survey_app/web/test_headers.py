"""Every answer carries the protecting headers, errors included."""

import dataclasses

import pytest
from flask import Flask

from survey_app import create_app
from survey_app.collect import shell
from survey_app.config import Settings
from survey_app.web.headers import ALWAYS, POLICY
from tests.page_inspector import InspectingClient

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


@pytest.mark.parametrize(
    "path",
    ["/", "/no-such-page", "/s/ZZZZZZZZ", "/static/style.css", "/static/nothing.css", "/staff", "/healthz"],
)
def test_every_answer_is_protected(client: InspectingClient, path: str) -> None:
    headers = client.get(path).headers
    assert {name: headers.getlist(name) for name in ALWAYS} == {name: [ALWAYS[name]] for name in ALWAYS}
    (policy,) = headers.getlist("Content-Security-Policy")
    is_citizens = path == "/" or path.startswith("/s/")
    assert policy == (shell.POLICY if is_citizens else POLICY)


def test_wrong_method_is_protected(client: InspectingClient) -> None:
    response = client.delete("/")
    assert response.status_code == 405
    assert response.headers["Content-Security-Policy"] == POLICY


def test_fault_of_ours_is_protected_and_tells_nothing(app: Flask, client: InspectingClient) -> None:
    def fail() -> str:
        raise ZeroDivisionError("the secret detail")

    fail.access = "public"  # type: ignore[attr-defined]  # as access.public marks it
    app.add_url_rule("/t/fail", "fail", fail)
    response = client.get("/t/fail")
    assert response.status_code == 500
    assert "secret detail" not in response.text
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_not_kept_and_static_files_are(client: InspectingClient) -> None:
    assert client.get("/").headers["Cache-Control"] == "no-store"
    assert "max-age=86400" in client.get("/static/style.css").headers["Cache-Control"]


def test_no_answer_leads_to_the_host_that_a_request_names(client: InspectingClient) -> None:
    for path in ("/s//ZZZZZZZZ", "/results//x", "/staff//sign-in"):
        answer = client.get(path, headers={"Host": "elsewhere.example"})
        assert answer.status_code == 404
        assert "Location" not in answer.headers


def test_policy_allows_no_inline_script_or_style(client: InspectingClient) -> None:
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "unsafe-inline" not in policy
    assert policy.startswith("default-src 'none'")


def test_plain_http_promises_nothing_about_https(client: InspectingClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/").headers


def test_https_is_remembered_and_guards_the_cookie(settings: Settings) -> None:
    app = create_app(dataclasses.replace(settings, public_url="https://khaosat.example.vn"))
    assert app.config["SESSION_COOKIE_SECURE"]
    response = app.test_client().get("/healthz")
    assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
    app.extensions["database"].engine.dispose()


def test_session_cookie_is_out_of_reach_for_scripts_and_other_sites(app: Flask) -> None:
    assert app.config["SESSION_COOKIE_HTTPONLY"]
    assert app.config["SESSION_COOKIE_SAMESITE"] == "Lax"

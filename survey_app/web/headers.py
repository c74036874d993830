"""Headers that every answer carries, errors included."""

import hashlib
from base64 import b64encode

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from survey_app.web.context import settings

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def hash_source(text: str) -> str:
    """Name a style or script that stands in a page, for the page's policy."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def add_headers(response: Response) -> Response:
    """Add what the route did not set itself (the citizen page brings a policy with its style's hash)."""
    headers = response.headers
    headers.extend(ALWAYS)
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = POLICY
    is_kept = request.endpoint == "static" and response.status_code == 200
    if not is_kept and "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    if settings().uses_https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


class RareSessions(SecureCookieSessionInterface):
    """Flask's signed cookie; where none came there is nothing to unseal, so citizens' pages skip the work."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


def protect(app: Flask) -> None:
    app.session_interface = RareSessions()
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=app.extensions["settings"].uses_https,
        SEND_FILE_MAX_AGE_DEFAULT=86400,
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a page left open over lunch still works
        WTF_CSRF_SSL_STRICT=False,  # it would ask for the Referer that no-referrer, above, holds back
    )
    app.url_map.merge_slashes = False  # its redirect would name the host that the request named
    app.after_request(add_headers)

"""Headers that every answer carries, errors included."""

from flask import Flask, Response, request

from survey_app.web.context import settings

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
COMMON = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def add_headers(response: Response) -> Response:
    """Add what the route did not set itself (the citizen page brings a policy with its style's hash)."""
    for name, value in COMMON.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    if settings().uses_https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def protect(app: Flask) -> None:
    app.config.update(
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=app.extensions["settings"].uses_https,
        SEND_FILE_MAX_AGE_DEFAULT=86400,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session: a page left open over lunch still works
        WTF_CSRF_SSL_STRICT=False,  # it would ask for the Referer that no-referrer, above, holds back
    )
    app.after_request(add_headers)

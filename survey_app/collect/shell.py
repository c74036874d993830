"""What stands around every page that a citizen meets: one style, one script, one policy, no other request."""

import gzip
import hashlib
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from flask import Response, render_template, request

from survey_app.web.i18n import LANGUAGES, chosen_language

NO_VALUES: Mapping[str, str] = MappingProxyType({})
FOLDER = Path(__file__).parents[1] / "templates" / "collect"


def _without_indents(name: str) -> str:
    """Read a file that goes into every page: indents and comment lines stay behind, the lines remain."""
    lines = (line.strip() for line in (FOLDER / name).read_text("utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def _hash(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


STYLE = _without_indents("citizen.css")
SCRIPT = _without_indents("citizen.js")
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_hash(STYLE)}'; script-src 'sha256-{_hash(SCRIPT)}'; "
    "connect-src 'self'; media-src 'self'; img-src data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def render(template: str, language: str, **values: Any) -> str:
    """Render a citizen's page; `values` are what its template names."""
    return render_template(
        template,
        lang=language,
        other_language=next(code for code in LANGUAGES if code != language),
        style=STYLE,
        script=SCRIPT,
        **values,
    )


def page(template: str, status: int = 200, values: Mapping[str, str] = NO_VALUES, **more: Any) -> Response:
    """Send a page that was made for this one request."""
    body = render(template, chosen_language(), **values, **more).encode()
    return sent(gzip.compress(body, 6), True, status) if takes_gzip() else sent(body, False, status)


def takes_gzip() -> bool:
    accepted = request.headers.get("Accept-Encoding", "")
    return "gzip" in accepted and "gzip;q=0" not in accepted.replace(" ", "")


def sent(body: bytes, is_packed: bool, status: int = 200) -> Response:
    response = Response(body, status, mimetype="text/html")
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Content-Security-Policy"] = POLICY
    return response

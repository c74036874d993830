"""What stands around every page that a citizen meets: one look, one policy, and one script.

The style stands in the page, so that its first answer paints it. The script comes after it, once a phone: its
address changes with its content, and it may be kept for a year. Without it every page works.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from flask import Response, render_template, request

from survey_app.models import case
from survey_app.models.language import ENDONYMS
from survey_app.web.catalogues import lang_attributes
from survey_app.web.context import settings
from survey_app.web.headers import hash_source
from survey_app.web.i18n import DEFAULT_LANGUAGE, chosen_language, offered_languages

NO_VALUES: Mapping[str, str] = MappingProxyType({})
FOLDER = Path(__file__).parents[1] / "templates" / "collect"


def _lines(name: str) -> list[str]:
    """Read a file that goes to every phone: indents and comments of one line stay behind."""
    lines = (line.strip() for line in (FOLDER / name).read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("//", "/*"))]


def _policy(style: str) -> str:
    """Allow a page this one style that stands in it, and otherwise only what comes from here."""
    return (
        f"default-src 'none'; style-src {hash_source(style)}; script-src 'self'; "
        "connect-src 'self'; media-src 'self'; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


# What a script does without, outside its strings (which hold none: a test sees to it).
BLANKS = re.compile(r" ?(=>|[!=]==?|&&|\|\||[=?:,{}]) ?")
STYLE = "".join(_lines("citizen.css"))
POLICY = _policy(STYLE)
# The pages that ask questions have more to style; without it every other is 600 B lighter.
ASKING = ("collect/form.html", "collect/report.html")
ASKING_STYLE = STYLE + "".join(_lines("questions.css"))
ASKING_POLICY = _policy(ASKING_STYLE)
SCRIPT = BLANKS.sub(r"\1", "\n".join(_lines("citizen.js"))).encode()
SCRIPT_ADDRESS = f"/citizen-{hashlib.sha256(SCRIPT).hexdigest()[:12]}.js"
PACKED_SCRIPT = gzip.compress(SCRIPT, 9, mtime=0)
KEPT_FOR_A_YEAR = "public, max-age=31536000, immutable"
SCRIPT_POLICY = "default-src 'none'"  # every answer has a policy, but a script runs under that of its page


def render(template: str, language: str, **values: Any) -> str:
    """Render a citizen's page; `values` are what its template names."""
    markup = render_template(
        template,
        lang=language,
        link=partial(in_language, language),
        style=ASKING_STYLE if template in ASKING else STYLE,
        script_address=SCRIPT_ADDRESS,
        site=settings().public_url.partition("://")[2],
        case_prefix=f"{case.PREFIX}-",
        **values,
    )
    return lang_attributes(markup)


def in_language(language: str, path: str) -> str:
    """Carry the page's language into a path of ours (`url_for` would quote the cut marks in it)."""
    if language == DEFAULT_LANGUAGE:
        return path
    return f"{path}{'&' if '?' in path else '?'}lang={language}"


def in_other_languages(path: str) -> list[tuple[str, str, str]]:
    """List code, name and address of a path of ours in the other languages of this request's page."""
    others = (code for code in offered_languages() if code != chosen_language())
    return [(code, ENDONYMS[code], in_language(code, path)) for code in others]


def page(template: str, status: int = 200, values: Mapping[str, str] = NO_VALUES, **more: Any) -> Response:
    """Send a page that was made for this one request."""
    body = render(template, chosen_language(), **values, **more).encode()
    policy = ASKING_POLICY if template in ASKING else POLICY
    if takes_gzip():
        return sent(gzip.compress(body, 9), True, status, policy)
    return sent(body, False, status, policy)


def script() -> Response:
    """Send the script, to be kept."""
    response = sent(PACKED_SCRIPT, True) if takes_gzip() else sent(SCRIPT, False)
    response.mimetype = "text/javascript"
    response.headers["Cache-Control"] = KEPT_FOR_A_YEAR
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Content-Security-Policy"] = SCRIPT_POLICY
    return response


def takes_gzip() -> bool:
    accepted = request.headers.get("Accept-Encoding", "")
    return "gzip" in accepted and "gzip;q=0" not in accepted.replace(" ", "")


def sent(body: bytes, is_packed: bool, status: int = 200, policy: str = ASKING_POLICY) -> Response:
    """Send a page; the forms, which are most of them, come ready made."""
    response = Response(body, status, mimetype="text/html")
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Security-Policy"] = policy
    return response

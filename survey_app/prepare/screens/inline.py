"""The style and the script of the screen's page: inside it, so that one answer brings all that it needs."""

from pathlib import Path

from survey_app.web.headers import hash_source

_FOLDER = Path(__file__).parents[2] / "templates" / "prepare"

STYLE = (_FOLDER / "screen.css").read_text("utf-8")
SCRIPT = (_FOLDER / "screen.js").read_text("utf-8")
POLICY = (
    f"default-src 'none'; style-src {hash_source(STYLE)}; script-src {hash_source(SCRIPT)}; "
    "connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

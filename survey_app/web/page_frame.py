"""What stands around every staff and public page: the demo line, the other language, the stylesheet."""

import zlib
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask, g, request, url_for
from sqlalchemy import select

from survey_app.models.campaign import is_any_made_up
from survey_app.web.access import SignedIn
from survey_app.web.context import database
from survey_app.web.i18n import DEFAULT_LANGUAGE, LANGUAGES, chosen_language

STYLESHEET = "style.css"


def shows_demo() -> bool:
    """Whether made-up rows are about, so that every page says so; asked together with who is signed in."""
    staff = staff_on_page()
    if staff is not None:
        return staff.is_amid_demo
    with database().reading() as session:
        return bool(session.scalar(select(is_any_made_up())))


def staff_on_page() -> SignedIn | None:
    """Give whom this request was checked for; a public page asks nobody who they are."""
    found: SignedIn | None = g.get("staff")
    return found


def other_language() -> str:
    return next(language for language in LANGUAGES if language != chosen_language())


def other_language_link() -> str:
    """Point to this same page in the other language, whichever page it is."""
    wanted = request.args.to_dict(flat=False)
    wanted["lang"] = [other_language()]
    if other_language() == DEFAULT_LANGUAGE:
        del wanted["lang"]
    return "?" + urlencode(wanted, doseq=True)


def teach(app: Flask) -> None:
    """Give the templates these, and an address of the stylesheet that changes with its content."""
    content = (Path(app.static_folder or "") / STYLESHEET).read_bytes()
    checksum = f"{zlib.crc32(content):08x}"

    def style_address() -> str:
        return url_for("static", filename=STYLESHEET, v=checksum)

    app.jinja_env.globals.update(
        shows_demo=shows_demo,
        staff_on_page=staff_on_page,
        other_language=other_language,
        other_language_link=other_language_link,
        style_address=style_address,
    )

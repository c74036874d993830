"""The doors of screens: the page that a screen shows, and where staff get its address."""

from collections.abc import Callable
from typing import TypeVar

from flask import (
    Blueprint,
    Response,
    jsonify,
    make_response,
    redirect,
    render_template,
    request,
    session as cookie,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import NotFound
from survey_app.models import rotating_code
from survey_app.models.campaign import Campaign
from survey_app.models.office import Counter, Office
from survey_app.prepare.codes import issue
from survey_app.prepare.codes.address import plain_address
from survey_app.prepare.codes.listing import campaigns_to_prepare
from survey_app.prepare.codes.qr import qr_svg
from survey_app.prepare.forms import CodesRequest, read_places
from survey_app.prepare.moment import Moment
from survey_app.prepare.reach import taking_part
from survey_app.prepare.screens import inline
from survey_app.prepare.screens.screen import Screen, find_screen, show_code
from survey_app.web import access
from survey_app.web.access import current_staff, offices_in_scope, signed_in_staff
from survey_app.web.context import database, now, settings, today
from survey_app.web.formatting import day_text
from survey_app.web.i18n import LANGUAGES, speaking

T = TypeVar("T")

blueprint = Blueprint("screens", __name__)

ASKS_AGAIN_SECONDS = 60  # while there is no code to show


@blueprint.get("/screen/<address>")
@access.public
def screen(address: str) -> Response:
    """Fill a screen with the code of this moment; its script asks for the next one, or the page reloads."""
    found = _find(address)
    staff = signed_in_staff()
    if staff is not None:  # whoever passes and presses Back would be in this account
        plain = plain_address(settings().public_url) + url_for("screens.screen", address=address)
        return make_response(
            render_template("prepare/screen_signed_in.html", address=address, staff=staff, plain=plain)
        )
    status, told = _told(found)
    page = render_template(
        "prepare/screen.html",
        screen=found,
        told=told,
        words=_in_both_languages(_words),
        ask_at=url_for("screens.code_of_now", address=address),
        style=inline.STYLE,
        script=inline.SCRIPT,
    )
    response = make_response(page, status)
    response.headers["Content-Security-Policy"] = inline.POLICY
    return response


@blueprint.post("/screen/<address>")
@access.public
def sign_out_first(address: str) -> AnyResponse:
    """End the session that this browser may have, and show the screen in it."""
    _find(address)
    with database().transaction() as session:
        access.end_session(session, cookie.get("token", ""))  # it is to show a screen to everybody
    cookie.clear()
    return redirect(url_for("screens.screen", address=address), 303)


@blueprint.get("/screen/<address>/now")
@access.public
def code_of_now(address: str) -> Response:
    """Tell the screen's script what to show now, and for how long."""
    status, told = _told(_find(address))
    return make_response(jsonify(told), status)


def _find(address: str) -> Screen:
    with database().reading() as session:
        return find_screen(session, address, settings().secrets, today())


def _told(found: Screen) -> tuple[int, dict[str, object]]:
    """Give the code and its times; or, in both languages, why there is none."""
    reasons = _in_both_languages(lambda: _reason_for_none(found))
    if reasons[0] is not None:
        return 410, {"problem": reasons, "seconds": ASKS_AGAIN_SECONDS}
    return 200, show_code(found.code, now(), settings().secrets[0], settings().public_url)


def _reason_for_none(found: Screen) -> str | None:
    if found.revoked_on is not None:
        return _("This screen is out of use since %(date)s.", date=day_text(found.revoked_on))
    if today() < found.opens_on and found.waits_for_office:
        return _("This office begins on %(date)s.", date=day_text(found.opens_on))
    if today() < found.opens_on:
        return _("The survey opens on %(date)s.", date=day_text(found.opens_on))
    if found.closes_on is not None and today() > found.closes_on:
        return _("The survey ended on %(date)s.", date=day_text(found.closes_on))
    if found.paused_on is not None:
        return _("This screen is paused since %(date)s.", date=day_text(found.paused_on))
    return None


def _words() -> dict[str, str]:
    return {
        "title": _("Satisfaction survey"),
        # Letters as large as these leave three words a line: no-break spaces keep together what belongs so.
        "question": _("How were you\N{NO-BREAK SPACE}served today?"),
        "scan": _("Scan, under a minute, no name asked"),
        "cannot_scan": _("Cannot scan: go to %(domain)s, type", domain=plain_address(settings().public_url)),
        "trust": _("Never asks for money, password, OTP"),
        "changes": _("The code changes every %(n)s seconds", n=rotating_code.STEP_SECONDS),
        "new_code_in": _("New code in %(n)s seconds", n="{n}"),
        "fetching": _("Fetching the new code"),
        "waiting": _("The screen waits for the network. The code comes back with it."),
        "demo": _("Demonstration data, not a real office"),
    }


def _in_both_languages(say: Callable[[], T]) -> list[T]:
    """Say it in Vietnamese and in English: who passes a screen cannot choose."""
    said = []
    for language in LANGUAGES:
        with speaking(language, LANGUAGES):
            said.append(say())
    return said


@blueprint.post("/staff/screens")
@access.staff_only("codes")
def issue_screen() -> AnyResponse:
    """Give a place its screen, and lead to its address."""
    asked = CodesRequest.read(request.form)
    with database().transaction() as session:
        parts = taking_part(session, current_staff(), campaigns_to_prepare(session, today()))
        campaign = asked.exactly(list(parts))
        places = read_places(request.form.getlist("place"))
        if not parts[campaign].issuperset(place.office_id for place in places):
            raise NotFound
        moment = Moment(now(), today(), current_staff().id)
        points, _n_new = issue.issue_as_asked(session, campaign, places, moment, "screen")
        if len(points) != 1:
            raise NotFound
        return redirect(url_for("screens.address", access_point_id=points[0].id), 303)


@blueprint.get("/staff/screens/<int:access_point_id>")
@access.staff_only("codes")
def address(access_point_id: int) -> str | AnyResponse:
    """Show the address that a tablet or a TV opens once, as picture, link and letters."""
    with database().reading() as session:
        scope = offices_in_scope(session, current_staff())
        point = issue.issued_code(session, access_point_id, scope, ("screen",))
        office = session.get_one(Office, point.office_id)
        counter = session.get(Counter, point.counter_id) if point.counter_id else None
        campaign = session.get_one(Campaign, point.campaign_id)
    if point.revoked_on is not None:
        return redirect(url_for("prepare.ask_revoke", access_point_id=point.id))
    path = rotating_code.screen_path(point.code or "", settings().secrets[0])
    return render_template(
        "prepare/screen_address.html",
        point=point,
        office=office,
        counter=counter,
        campaign=campaign,
        path=path,
        plain=plain_address(settings().public_url) + path,
        picture=qr_svg(settings().public_url + path),
    )

"""The doors of codes and their posters."""

from collections.abc import Callable, Sequence

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import NotFound
from survey_app.jobs.bound import bound_to
from survey_app.models import short_code
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.job import enqueue
from survey_app.models.office import Counter, Office
from survey_app.prepare.codes import issue, listing, replace, stock
from survey_app.prepare.codes.address import plain_code_address, qr_address
from survey_app.prepare.codes.layouts import DEFAULT_LAYOUT, LAYOUTS
from survey_app.prepare.codes.qr import qr_png, qr_svg
from survey_app.prepare.forms import CodesRequest, place_value, read_places
from survey_app.prepare.moment import Moment
from survey_app.prepare.reach import taking_part
from survey_app.web import access
from survey_app.web.access import current_staff, offices_in_scope
from survey_app.web.context import database, now, settings, today
from survey_app.web.formatting import count_text
from survey_app.web.i18n import chosen_language

blueprint = Blueprint("prepare", __name__)
blueprint.add_app_template_filter(short_code.printed, "printed")
blueprint.add_app_template_filter(place_value, "place_value")

PIXELS_A_MODULE = 20


@blueprint.app_template_filter("plain_code_address")
def code_address(code: str) -> str:
    return plain_code_address(settings().public_url, code)


@blueprint.get("/staff/codes")
@access.staff_only("codes")
def codes() -> str:
    """Say which codes need a look; list offices, their counters and the codes that hang there."""
    asked = CodesRequest.read(request.args)
    with database().reading() as session:
        parts = _campaigns(session)
        campaign = asked.choose(list(parts))
        if campaign is None:
            return render_template("prepare/no_campaign.html")
        found = listing.offices_with_codes(session, campaign, parts[campaign], asked.search, today())
        page = listing.list_codes(session, campaign, found, asked.page, today(), asked.narrowed)
    return render_template(
        "prepare/codes.html",
        campaigns=list(parts),
        campaign=campaign,
        page=page,
        stock=listing.Stock.of(found),
        asked=asked,
        search=asked.search,
        ends_soon=stock.ends_soon(campaign, today()),
        today=today(),
        quiet_after=stock.QUIET_AFTER_DAYS,
        may_decide=current_staff().may("decide"),
    )


@blueprint.post("/staff/codes/issue")
@access.staff_only("codes")
def issue_new() -> AnyResponse:
    """Give every chosen place a code."""
    with database().transaction() as session:
        campaign, places = _chosen(session)
        points, n_new = issue.issue_as_asked(session, campaign, places, _moment())
    if not points:
        flash(_("No counter is ticked."))
    else:
        flash(
            ngettext("%(n)s new code made.", "%(n)s new codes made.", n_new, n=count_text(n_new))
            if n_new
            else _("Each of these counters has its code already.")
        )
    return redirect(_back_to_list(campaign), 303)


@blueprint.post("/staff/codes/posters")
@access.staff_only("codes")
def print_posters() -> AnyResponse:
    """Ask for one file with the posters of all chosen places that have a code."""
    with database().transaction() as session:
        campaign, places = _chosen(session)
        active = issue.active_codes(session, campaign, {place.office_id for place in places})
        printed = [point for place, point in active.items() if place in places]
        if printed:
            return _to_posters(session, printed, request.form.get("layout", ""))
    flash(
        _("These counters have no code yet: make the codes first.") if places else _("No counter is ticked.")
    )
    return redirect(_back_to_list(campaign), 303)


def _to_posters(session: Session, points: Sequence[AccessPoint], layout: str, **told: str) -> AnyResponse:
    """Ask for the file, and lead to the page that has it when it is ready, and tells what else was done."""
    arguments = {
        "access_point_ids": [point.id for point in points],
        "language": chosen_language(),
        "layout": layout if layout in LAYOUTS else DEFAULT_LAYOUT,
        **told,
        **bound_to("codes", {point.office_id for point in points}),
    }
    job = enqueue(session, "posters", arguments, now(), owner_id=current_staff().id)
    return redirect(url_for("jobs.job", job_id=job.id), 303)


def _chosen(session: Session) -> tuple[Campaign, set[issue.Place]]:
    """Read which places a button was pressed for: those ticked, or all that the search finds."""
    asked = CodesRequest.read(request.form)
    parts = _campaigns(session)
    campaign = asked.exactly(list(parts))
    scope = parts[campaign]
    if request.form.get("reach") == "all":
        found = listing.offices_with_codes(session, campaign, scope, asked.search, today())
        offices = {office.id for office in found if office.fits(asked.narrowed)}
        return campaign, set(issue.places_in(session, offices, today()))
    places = read_places(request.form.getlist("place"))
    if not scope.issuperset(place.office_id for place in places):
        raise NotFound
    return campaign, places


def _campaigns(session: Session) -> dict[Campaign, frozenset[int]]:
    return taking_part(session, current_staff(), listing.campaigns_to_prepare(session, today()))


def _back_to_list(campaign: Campaign) -> str:
    asked = CodesRequest.read(request.form)
    return url_for(
        "prepare.codes",
        campaign=campaign.code,
        q=asked.search or None,
        show=asked.narrowed or None,
        page=asked.page,
    )


@blueprint.get("/staff/codes/<int:access_point_id>.svg")
@access.staff_only("codes")
def code_svg(access_point_id: int) -> Response:
    def draw(code: str) -> Response:
        return _picture(qr_svg(_scanned(code)), "image/svg+xml", f"qr-{short_code.printed(code)}.svg")

    return _drawn_in_use(access_point_id, draw)


@blueprint.get("/staff/codes/<int:access_point_id>.png")
@access.staff_only("codes")
def code_png(access_point_id: int) -> Response:
    def draw(code: str) -> Response:
        picture = qr_png(_scanned(code), PIXELS_A_MODULE)
        return _picture(picture, "image/png", f"qr-{short_code.printed(code)}.png")

    return _drawn_in_use(access_point_id, draw)


def _scanned(code: str) -> str:
    return qr_address(settings().public_url, short_code.form_path(code))


def _drawn_in_use(access_point_id: int, draw: Callable[[str], Response]) -> Response:
    """Draw a poster's code; of a revoked one say since when instead: hung up, it would lead nobody on."""
    with database().reading() as session:
        scope = offices_in_scope(session, current_staff())
        point = issue.issued_code(session, access_point_id, scope, ("poster",))
        if point.revoked_on is None:
            return draw(point.code or "")
        page = render_template("prepare/revoke.html", **_one_code(session, access_point_id))
    return Response(page, status=410, mimetype="text/html")


def _picture(content: str | bytes, mimetype: str, name: str) -> Response:
    response = Response(content, mimetype=mimetype)
    response.headers.set("Content-Disposition", "inline", filename=name)
    return response


@blueprint.get("/staff/codes/<int:access_point_id>/revoke")
@access.staff_only("codes")
def ask_revoke(access_point_id: int) -> str:
    """Show what would be revoked, and ask once more."""
    with database().reading() as session:
        return render_template("prepare/revoke.html", **_one_code(session, access_point_id))


@blueprint.post("/staff/codes/<int:access_point_id>/revoke")
@access.staff_only("codes")
def revoke(access_point_id: int) -> AnyResponse:
    with database().transaction() as session:
        point = issue.issued_code(session, access_point_id, offices_in_scope(session, current_staff()))
        replace.withdraw_code(session, point, _moment())
        campaign = session.get_one(Campaign, point.campaign_id)
        office = session.get_one(Office, point.office_id)
    flash(_("Code %(code)s is out of use.", code=short_code.printed(point.code or "")))
    return redirect(url_for("prepare.codes", campaign=campaign.code, q=office.name), 303)


@blueprint.get("/staff/codes/<int:access_point_id>/replace")
@access.staff_only("codes")
def ask_replace(access_point_id: int) -> str:
    """Ask why a code is replaced; the next tap does it, and makes the new poster."""
    with database().reading() as session:
        reason = replace.likely_reason(session, access_point_id)
        return render_template("prepare/replace.html", **_one_code(session, access_point_id), reason=reason)


@blueprint.post("/staff/codes/<int:access_point_id>/replace")
@access.staff_only("codes")
def replace_one(access_point_id: int) -> AnyResponse:
    """Put the old code out of use and a new one in its place, at once, and print it."""
    with database().transaction() as session:
        point = issue.issued_code(session, access_point_id, offices_in_scope(session, current_staff()))
        new = replace.replace_code(session, point, request.form.get("reason", ""), _moment())
        old = short_code.printed(point.code or "")
        if new.way_in == "screen":
            flash(_("Code %(code)s is out of use.", code=old))
            return redirect(url_for("screens.address", access_point_id=new.id), 303)
        return _to_posters(session, [new], request.form.get("layout", ""), replaced=old)


def _one_code(session: Session, access_point_id: int) -> dict[str, object]:
    point = issue.issued_code(session, access_point_id, offices_in_scope(session, current_staff()))
    return {
        "point": point,
        "office": session.get_one(Office, point.office_id),
        "counter": session.get(Counter, point.counter_id) if point.counter_id else None,
        "campaign": session.get_one(Campaign, point.campaign_id),
        "can_be_replaced": replace.can_be_replaced(session, point, _moment()),
    }


def _moment() -> Moment:
    return Moment(now(), today(), current_staff().id)

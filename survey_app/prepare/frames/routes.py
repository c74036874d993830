"""The doors of a campaign's frame: what is in force and was before, its contacts, the table to fill in."""

from pathlib import Path

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import NotFound
from survey_app.models.frame import faults_path, frame_path
from survey_app.models.office import ServiceField
from survey_app.models.plan import plan_as_it_stands
from survey_app.prepare.frames import forms, listing, template_file, uploads
from survey_app.prepare.frames.expire import delete_contacts
from survey_app.prepare.frames.looks.accept import is_in_use
from survey_app.prepare.frames.looks.outcome import Remains, Totals
from survey_app.prepare.reach import Reach, Reached
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.context import database, now, settings
from survey_app.web.i18n import chosen_language
from survey_app.web.paging import PageAsked, typed_page, typed_search
from survey_app.web.uploads import LARGEST_UPLOAD, MEGABYTE

blueprint = Blueprint("frames", __name__, url_prefix="/staff/campaigns/<int:campaign_id>/frame")
blueprint.add_app_template_filter(forms.label_name, "frame_label")
blueprint.add_app_template_filter(forms.group_name, "group_name")
blueprint.add_app_template_filter(forms.group_names, "group_names")

RIGHT = "samples"
MOST_LABELS_SHOWN = 12
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blueprint.get("")
@access.staff_only(RIGHT)
def overview(campaign_id: int) -> str:
    """Show the frame in force, or an older one; take a dossier list."""
    return overview_page(campaign_id)


@blueprint.get("/template.<any(csv, xlsx):kind>")
@access.staff_only(RIGHT)
def template(campaign_id: int, kind: str) -> Response:
    """Give the table to fill in, with what belongs under each heading."""
    with database().reading() as session:
        reached = _reached(session, campaign_id)
        made = template_file.as_csv() if kind == "csv" else template_file.as_sheet(session, reached.offices)
    response = Response(made, mimetype="text/csv" if kind == "csv" else SHEET)
    name = f"danh-sach-ho-so-{reached.campaign.code}.{kind}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@blueprint.get("/<int:frame_id>/faults.csv")
@access.staff_only(RIGHT)
def frame_faults(campaign_id: int, frame_id: int) -> Response:
    """Give the whole list of what an import left out."""
    reached_to_change(campaign_id)
    with database().reading() as session:
        frame = listing.frame_of(session, campaign_id, frame_id)
    return faults_file(faults_path(settings().data_dir, frame.ticket))


@blueprint.get("/<int:frame_id>/contacts")
@access.staff_only(RIGHT)
def ask_contacts(campaign_id: int, frame_id: int) -> str | AnyResponse:
    """Ask once more before the contacts of a frame are deleted."""
    reached = reached_to_change(campaign_id)
    with database().reading() as session:
        frame = listing.frame_of(session, campaign_id, frame_id)
    if not frame.has_contacts:
        return redirect(url_for("frames.overview", campaign_id=campaign_id), 303)
    return render_template("prepare/frame_contacts.html", campaign=reached.campaign, frame=frame)


@blueprint.post("/<int:frame_id>/contacts")
@access.staff_only(RIGHT)
def remove_contacts(campaign_id: int, frame_id: int) -> AnyResponse:
    """Delete the contacts of a frame before their day."""
    reached_to_change(campaign_id)
    with database().transaction() as session:
        frame = listing.frame_of(session, campaign_id, frame_id)
        if frame.has_contacts:
            delete_contacts(session, settings().data_dir, frame, now(), current_staff().id, "trước hạn")
    flash(_("The contacts are deleted. The frame stays."))
    return redirect(url_for("frames.overview", campaign_id=campaign_id), 303)


def overview_page(campaign_id: int, faults: list[str] | None = None) -> str:
    """Render the page of a frame, with what is wrong with a list that was just sent."""
    order = request.args.get("order", "")
    asked = listing.OfficesAsked(typed_search(request.args), order, PageAsked(typed_page(request.args)))
    with database().reading() as session:
        reach = Reach(session, current_staff())
        reached = _reached(session, campaign_id, reach)
        imports = listing.imports_of(session, campaign_id)
        shown = listing.chosen(imports, request.args.get("frame", type=int))
        page = listing.offices_of(session, shown.frame, reach.scope, asked) if shown else None
        n_offices = listing.n_offices(session, shown.frame) if shown else 0
        in_use = is_in_use(session, campaign_id)
        plan = plan_as_it_stands(session, campaign_id)
        fields = {one.code: one.name_in(chosen_language()) for one in session.scalars(select(ServiceField))}
    data_dir = settings().data_dir
    remains = Remains.from_json(shown.frame.found) if shown else None
    return render_template(
        "prepare/frame.html",
        campaign=reached.campaign,
        may_change=reached.may_change,
        imports=imports,
        shown=shown,
        is_in_force=shown is not None and shown is imports[0],
        has_file=shown is not None and frame_path(data_dir, shown.frame.frame_hash).is_file(),
        page=page,
        n_offices=n_offices,
        asked=asked,
        orders=listing.ORDERS,
        plan=plan,
        is_in_use=in_use,
        remains=remains,
        plan_has_changed=remains is not None and remains.plan_hash != (plan.hash if plan else None),
        rules=forms.rule_lines(remains.rules) if remains else [],
        n_left_out=forms.n_left_out(remains.rules) if remains else 0,
        totals=_totals(remains.totals, fields) if remains else [],
        faults=faults or [],
        incoming=uploads.incoming_files(data_dir) if reached.may_change else [],
        largest=LARGEST_UPLOAD // MEGABYTE,
        heading_of=forms.heading_of,
    )


def _totals(totals: Totals, fields: dict[str, str]) -> list[tuple[str, object]]:
    """Give what a frame holds by column, with the names of fields in the place of their codes."""
    named: list[tuple[str, object]] = []
    for column, several in totals.items():
        words = [(fields.get(label or "", forms.label_name(label)), n) for label, n in several]
        shown, rest = words[:MOST_LABELS_SHOWN], words[MOST_LABELS_SHOWN:]
        if rest:
            shown.append((_("all others"), sum(n for _label, n in rest)))
        named.append((forms.total_name(column), shown))
    return named


def faults_file(path: Path) -> Response:
    """Give a list of faults; it is kept nowhere on the way."""
    if not path.is_file():
        raise NotFound
    response = send_file(path, mimetype="text/csv", as_attachment=True, download_name="loi-danh-sach.csv")
    response.headers["Cache-Control"] = "no-store"
    return response


def reached_to_change(campaign_id: int) -> Reached:
    with database().reading() as session:
        return _reached(session, campaign_id, to_change=True)


def _reached(
    session: Session, campaign_id: int, reach: Reach | None = None, *, to_change: bool = False
) -> Reached:
    """Give an annual campaign to who may see it; only one that is measured once has a frame."""
    reached = (reach or Reach(session, current_staff())).campaign(campaign_id, to_change=to_change)
    if reached.campaign.kind != "annual":
        raise NotFound
    return reached

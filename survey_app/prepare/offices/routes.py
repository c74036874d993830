"""The doors of offices: the tree, one office with its history and counters, the fields of procedures."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import NotFound
from survey_app.models.office import Counter, Office
from survey_app.prepare.dossiers.listing import list_fields
from survey_app.prepare.offices import counters
from survey_app.prepare.offices.changes.forms import refusal_words
from survey_app.prepare.offices.changes.routes import author_of_today
from survey_app.prepare.offices.changes.rules import ChangeRefused
from survey_app.prepare.offices.forms import TreeRequest, chosen_field
from survey_app.prepare.offices.history import history_of
from survey_app.prepare.offices.tree import Branch, OpenBranch, open_branch, search_offices
from survey_app.web import access
from survey_app.web.access import current_staff, office_in_scope, offices_in_scope
from survey_app.web.context import database, today

blueprint = Blueprint("offices", __name__)


@blueprint.get("/staff/offices")
@access.staff_only("offices")
def overview() -> str:
    """Show the tree with one branch open, or what a search finds."""
    asked = TreeRequest.read(request.args)
    with database().reading() as session:
        staff = current_staff()
        scope = offices_in_scope(session, staff)
        if asked.open_id is not None and asked.open_id not in scope:
            raise NotFound
        branch = Branch(scope, staff.roots("offices"), today(), with_ended=asked.with_ended)
        office = session.get_one(Office, asked.open_id) if asked.open_id is not None else None
        if asked.search:
            shown = OpenBranch([], search_offices(session, branch, asked.search, asked.page))
        else:
            shown = open_branch(session, branch, office, asked.page)
    return render_template(
        "prepare/offices.html",
        asked=asked,
        open=office,
        path=shown.path,
        page=shown.below,
        today=today(),
        reaches_all=access.reaches_all(staff),
    )


@blueprint.get("/staff/offices/<int:office_id>/history")
@access.staff_only("offices")
def office(office_id: int) -> str:
    """Show one office: where it stands, what happened to it, its counters, what can be done."""
    with database().reading() as session:
        return _office_page(session, office_id)


@blueprint.post("/staff/offices/<int:office_id>/counters")
@access.staff_only("offices")
def add_counter(office_id: int) -> AnyResponse | tuple[str, int]:
    try:
        with database().transaction() as session:
            found = office_in_scope(session, current_staff(), office_id)
            field = chosen_field(request.form, list_fields(session))
            label = request.form.get("label", "")
            counters.add_counter(session, found, label, field, author_of_today(session))
    except ChangeRefused as refused:
        with database().reading() as session:
            return _office_page(session, office_id, refused), 422
    flash(_("The counter is added. Next: make its code."))
    return redirect(url_for("offices.office", office_id=office_id, _anchor="counters"), 303)


@blueprint.route("/staff/offices/<int:office_id>/counters/<int:counter_id>", methods=["GET", "POST"])
@access.staff_only("offices")
def counter(office_id: int, counter_id: int) -> str | AnyResponse | tuple[str, int]:
    """Change what hangs above a counter, or the field that it serves."""
    refused = None
    if request.method == "POST":
        try:
            _change_counter(office_id, counter_id)
        except ChangeRefused as found:
            refused = found
        else:
            flash(_("The counter is changed. Posters that hang keep what was printed on them."))
            return redirect(url_for("offices.office", office_id=office_id, _anchor="counters"), 303)
    with database().reading() as session:
        page = _counter_page(session, *_counter(session, office_id, counter_id), refused)
    return (page, 422) if refused else page


def _change_counter(office_id: int, counter_id: int) -> None:
    with database().transaction() as session:
        _found, one = _counter(session, office_id, counter_id)
        field = chosen_field(request.form, list_fields(session))
        label = request.form.get("label", "")
        counters.change_counter(session, one, label, field, author_of_today(session))


@blueprint.route("/staff/offices/fields", methods=["GET", "POST"])
@access.staff_only("offices")
def fields() -> str | AnyResponse | tuple[str, int]:
    """List the fields of procedures, and add one; they are the same for all offices."""
    refused = None
    if request.method == "POST":
        if not access.reaches_all(current_staff()):
            raise NotFound
        code, name, name_en = (request.form.get(box, "").strip() for box in ("code", "name", "name_en"))
        try:
            with database().transaction() as session:
                counters.add_field(session, code, name, name_en, author_of_today(session))
        except ChangeRefused as found:
            refused = found
        else:
            flash(_("The field is added."))
            return redirect(url_for("offices.fields"), 303)
    with database().reading() as session:
        page = render_template(
            "prepare/office_fields.html",
            fields=list_fields(session),
            may_add=access.reaches_all(current_staff()),
            faults=[("", refusal_words(refused))] if refused else [],
            sent=request.form,
        )
    return (page, 422) if refused else page


def _office_page(session: Session, office_id: int, refused: ChangeRefused | None = None) -> str:
    scope = offices_in_scope(session, current_staff())
    if office_id not in scope:
        raise NotFound
    found = session.get_one(Office, office_id)
    parent = session.get(Office, found.parent_id) if found.parent_id else None
    branch = Branch(scope, (), today())
    return render_template(
        "prepare/office.html",
        office=found,
        parent=parent,
        scope=scope,
        n_below=open_branch(session, branch, found, 1).below.n_rows,
        history=history_of(session, found),
        counters=counters.list_counters(session, found),
        fields=list_fields(session),
        today=today(),
        rights=current_staff().rights,
        faults=[(_field_of(refused), refusal_words(refused))] if refused else [],
        sent=request.form,
    )


def _field_of(refused: ChangeRefused) -> str:
    """Name the field to mend; an office that has ended or serves nobody shows none."""
    return "" if refused.reason in {"has_ended", "serves_nobody"} else "label"


def _counter_page(session: Session, found: Office, one: Counter, refused: ChangeRefused | None = None) -> str:
    return render_template(
        "prepare/office_counter.html",
        office=found,
        counter=one,
        fields=list_fields(session),
        faults=[("label", refusal_words(refused))] if refused else [],
        sent=request.form,
    )


def _counter(session: Session, office_id: int, counter_id: int) -> tuple[Office, Counter]:
    found = office_in_scope(session, current_staff(), office_id)
    one = session.get(Counter, counter_id)
    if one is None or one.office_id != found.id:
        raise NotFound
    return found, one

"""The doors of dossier counts: who lacks them, one office's, its form, and a file of many."""

import hashlib
from datetime import date

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _, ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import ApprovalRefused, ImportRefused, NotFound
from survey_app.models.approval import read_reason
from survey_app.models.days import first_of, month_after, month_before, read_month
from survey_app.models.office import ALL_FIELDS, Office, ServiceField
from survey_app.models.plain_text import one_line
from survey_app.prepare.dossiers import forms, listing
from survey_app.prepare.dossiers.contradictions import Contradiction
from survey_app.prepare.dossiers.counts import NAMES, Counts, rates_of
from survey_app.prepare.dossiers.dossier_file import HEADINGS, Intake, Sender, look_at, rows_of
from survey_app.prepare.dossiers.forms import CountsForm
from survey_app.prepare.dossiers.record import (
    Withdrawal,
    contradictions_of,
    fingerprint,
    record_file,
    record_typed,
    record_withdrawal,
    wait_for_turn,
)
from survey_app.prepare.dossiers.template_file import as_csv, as_sheet, lines_of
from survey_app.prepare.tables import waiting
from survey_app.web import access
from survey_app.web.access import current_staff, office_in_scope, offices_in_scope
from survey_app.web.context import database, now, settings, today
from survey_app.web.formatting import count_text, month_text
from survey_app.web.i18n import chosen_language
from survey_app.web.paging import PageAsked, typed_page, typed_search
from survey_app.web.uploads import sent_file, takes_file

blueprint = Blueprint("dossiers", __name__)
blueprint.add_app_template_filter(forms.contradiction_words, "contradiction_words")
blueprint.add_app_template_filter(forms.recomputed, "recomputed")
blueprint.add_app_template_filter(forms.count_name, "count_name")

MOST_FAULTS_SHOWN = MOST_CONTRADICTIONS_SHOWN = 40
KINDS = {
    "csv": ("text/csv", as_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_sheet),
}


@blueprint.get("/staff/dossiers")
@access.staff_only("dossiers")
def overview() -> str:
    """Say which offices lack the counts of a month, and take a file."""
    return _overview()


@blueprint.get("/staff/dossiers/template.<any(csv, xlsx):kind>")
@access.staff_only("dossiers")
def template(kind: str) -> Response:
    """Give the table of a month to fill in, with what is known already."""
    month = forms.asked_month(request.args, _last_full_month(), today())
    with database().reading() as session:
        offices = listing.offices_of_month(session, offices_in_scope(session, current_staff()), month)
        fields = listing.list_fields(session)
    mimetype, write = KINDS[kind]
    response = Response(write(lines_of(month, offices), fields), mimetype=mimetype)
    name = f"so-ho-so-{month:%Y-%m}.{kind}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@blueprint.post("/staff/dossiers/file")
@access.staff_only("dossiers")
@takes_file
def check_file() -> tuple[str, int]:
    """Read a file and show what would be stored, and what in it does not add up; store nothing yet."""
    name, content = sent_file()
    if not content:
        return _overview([(0, "", _("Choose a file first."))]), 422
    try:
        rows = rows_of(content, name)
        with database().reading() as session:
            intake = look_at(session, rows, _sender(session))
            page = _intake_page(session, intake, _shown_name(name), _keep(content))
    except ImportRefused as refused:
        return _overview(refused.faults), 422
    return page, 200


@blueprint.post("/staff/dossiers/file/accept")
@access.staff_only("dossiers")
def accept_file() -> AnyResponse | tuple[str, int]:
    """Store a file that was looked at, if what does not add up in it is accepted."""
    ticket, name = request.form.get("ticket", ""), _shown_name(request.form.get("name", ""))
    staff = current_staff()
    content = waiting.find(settings().data_dir, staff.id, ticket)
    if content is None:
        return _overview([(0, "", _("This file is no longer here. Send it again."))]), 410
    try:
        rows = rows_of(content)
        with database().transaction() as session:
            wait_for_turn(session, offices_in_scope(session, staff))
            intake = look_at(session, rows, _sender(session))
            if not _is_accepted(intake):
                return _intake_page(session, intake, name, ticket, was_refused=True), 422
            record_file(session, intake, name, now(), staff.id)
    except ImportRefused as refused:  # an office ended meanwhile, or the like
        return _overview(refused.faults), 422
    waiting.forget(settings().data_dir, staff.id, ticket)
    n = len(intake.given)
    _say_done(ngettext("%(n)s line is stored.", "%(n)s lines are stored.", n, n=count_text(n)))
    month = intake.months[-1] if intake.months else _last_full_month()
    return redirect(url_for("dossiers.overview", month=f"{month:%Y-%m}"), 303)


@blueprint.get("/staff/dossiers/<int:office_id>")
@access.staff_only("dossiers")
def office(office_id: int) -> str:
    """Show one office's months: dossiers, what does not add up, coverage."""
    with database().reading() as session:
        found = _serving_office(session, office_id)
        months = listing.months_of(session, found, today())
        replaced = listing.replaced_totals(session, office_id)
    return render_template("prepare/dossiers_office.html", office=found, months=months, replaced=replaced)


@blueprint.route("/staff/dossiers/<int:office_id>/<month>", methods=["GET", "POST"])
@access.staff_only("dossiers")
def month(office_id: int, month: str) -> str | AnyResponse | tuple[str, int]:
    """Type in the counts of an office and month; what does not add up is asked about once more."""
    with database().reading() as session:
        found, day = _serving_office(session, office_id), _month_of_office(session, office_id, month)
        fields = listing.list_fields(session)
        stored = listing.counts_of_month(session, office_id, day)
    if request.method == "GET":
        return _form_page(found, day, fields, CountsForm.of_stored(stored), [], is_stored=bool(stored))
    form = CountsForm.of_sent(request.form, fields)
    if form.faults:
        return _form_page(found, day, fields, form, []), 422
    typed = form.typed(found, day)
    with database().reading() as session:
        contradictions = contradictions_of(session, typed)
    if contradictions and request.form.get("accepted") != _checksum(contradictions):
        return _form_page(found, day, fields, form, contradictions), 422
    with database().transaction() as session:
        record_typed(session, typed, now(), current_staff().id)
    _say_done(_("The dossiers of %(month)s are stored.", month=month_text(day)))
    return redirect(url_for("dossiers.office", office_id=office_id), 303)


@blueprint.route("/staff/dossiers/<int:office_id>/<month>/withdraw", methods=["GET", "POST"])
@access.staff_only("dossiers")
def withdraw(office_id: int, month: str) -> str | AnyResponse | tuple[str, int]:
    """Take back what was entered for a wrong month, with a reason; what it was stays readable."""
    with database().reading() as session:
        found, day = _serving_office(session, office_id), _month_of_office(session, office_id, month)
        stored = listing.counts_of_month(session, office_id, day)
    if not stored:
        flash(_("There is no count of %(month)s.", month=month_text(day)))
        return redirect(url_for("dossiers.office", office_id=office_id), 303)
    if request.method == "GET":
        return _withdraw_page(found, day, stored)
    try:
        reason = read_reason(request.form.get("reason", ""))
    except ApprovalRefused as refused:
        return _withdraw_page(found, day, stored, refused.reason), 422
    asked = Withdrawal(found, day, request.form.get("seen", ""), reason)
    with database().transaction() as session:
        is_done = record_withdrawal(session, asked, now(), current_staff().id)
    if not is_done:
        return _withdraw_page(found, day, stored, "counts_changed"), 409
    _say_done(_("The count of %(month)s is withdrawn.", month=month_text(day)))
    return redirect(url_for("dossiers.office", office_id=office_id), 303)


def _say_done(what: str) -> None:
    """Say what was done, and that figures follow: until the next release they have the coverage of before."""
    follows = _("On the pages of results coverage is made anew within minutes.")
    flash(f"{what} {follows}")


def _overview(faults: list[tuple[int, str, str]] | None = None) -> str:
    month = forms.asked_month(request.args, _last_full_month(), today())
    search = typed_search(request.args)
    asked = PageAsked(typed_page(request.args))
    with database().reading() as session:
        scope = offices_in_scope(session, current_staff())
        found = listing.list_month(session, scope, month, search, asked)
        fields = listing.list_fields(session)
    return render_template(
        "prepare/dossiers.html",
        found=found,
        page=found.offices,
        fields=fields,
        month=month,
        before=month_before(month),
        after=month_after(month) if month_after(month) <= today() else None,
        search=search,
        faults=[forms.placed(one) for one in (faults or [])[:MOST_FAULTS_SHOWN]],
        n_faults=len(faults or []),
    )


def _intake_page(
    session: Session, intake: Intake, name: str, ticket: str, *, was_refused: bool = False
) -> str:
    shown = intake.contradictions[:MOST_CONTRADICTIONS_SHOWN]
    office_ids = {one.place[0] for one in shown}
    names = {one.id: one.name for one in session.scalars(select(Office).where(Office.id.in_(office_ids)))}
    fields = {one.id: one.name_in(chosen_language()) for one in listing.list_fields(session)}
    return render_template(
        "prepare/dossiers_file.html",
        intake=intake,
        shown=shown,
        names=names,
        fields=fields,
        rates=rates_of(intake.total),
        name=name,
        ticket=ticket,
        checksum=_checksum(intake.contradictions),
        unused=[HEADINGS[column][0] for column in intake.unused_columns],
        includes_early=request.form.get("includes_early"),
        was_refused=was_refused,
    )


def _form_page(
    office: Office,
    month: date,
    fields: list[ServiceField],
    form: CountsForm,
    contradictions: list[Contradiction],
    *,
    is_stored: bool = False,
) -> str:
    return render_template(
        "prepare/dossiers_month.html",
        is_stored=is_stored,
        office=office,
        month=month,
        fields=fields,
        names=NAMES,
        form=form,
        box=forms.box,
        contradictions=contradictions,
        field_names={one.id: one.name_in(chosen_language()) for one in fields},
        checksum=_checksum(contradictions),
    )


def _withdraw_page(office: Office, month: date, stored: dict[int, Counts], refused: str = "") -> str:
    return render_template(
        "prepare/dossiers_withdraw.html",
        office=office,
        month=month,
        total=stored[ALL_FIELDS],
        n_fields=len(stored) - 1,
        seen=fingerprint(stored),
        reason=request.form.get("reason", ""),
        refused=refused,
    )


def _sender(session: Session) -> Sender:
    return Sender(
        offices_in_scope(session, current_staff()), today(), bool(request.form.get("includes_early"))
    )


def _keep(content: bytes) -> str:
    return waiting.keep(settings().data_dir, current_staff().id, content)


def _is_accepted(intake: Intake) -> bool:
    """Whether exactly what does not add up now was shown and ticked."""
    return not intake.contradictions or request.form.get("accepted") == _checksum(intake.contradictions)


def _checksum(contradictions: list[Contradiction]) -> str:
    said = [(one.place, one.kind, one.count, one.stated, one.found) for one in contradictions]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _serving_office(session: Session, office_id: int) -> Office:
    office = office_in_scope(session, current_staff(), office_id)
    if office.kind == "province":
        raise NotFound  # it only sums its offices up
    return office


def _month_of_office(session: Session, office_id: int, text: str) -> date:
    month = read_month(text)
    if month is None or month > today() or not session.get_one(Office, office_id).exists_in_month(month):
        raise NotFound
    return month


def _last_full_month() -> date:
    return month_before(first_of(today()))


def _shown_name(name: str) -> str:
    return one_line(name)[:100] or "–"

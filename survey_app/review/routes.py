"""The doors of the review: three lists, and what to do about each row."""

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _, ngettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.models.audit import note
from survey_app.review.busy_days import count_busy_days, list_busy_days, mark_seen
from survey_app.review.cases import (
    ListedCase,
    answer_case,
    count_waiting_cases,
    find_case,
    list_cases,
    note_reading,
    open_contact,
    read_whole,
)
from survey_app.review.comments.marks import HIDDEN
from survey_app.review.forms import AnswerForm, read_look
from survey_app.review.reports import (
    count_open_reports,
    list_reports,
    settle_report,
    settle_reports_of_code,
)
from survey_app.review.scope import Scope
from survey_app.web import access
from survey_app.web.access import SignedIn, current_staff, offices_in_scope, offices_overseen
from survey_app.web.addresses import row_id
from survey_app.web.context import database, now, settings, today
from survey_app.web.formatting import count_text
from survey_app.web.paging import PageAsked, typed_page

blueprint = Blueprint("review", __name__)

FIRST_FEW = PageAsked(n_rows=5)  # of each list on the overview


def waiting_for_review(session: Session, staff: SignedIn) -> list[tuple[str, str]]:
    """Say on the first page of the staff what waits for somebody who may answer it, each with its address."""
    if not staff.may("answer"):
        return []
    scope = _scope_of_days(session, "answer")
    n_cases = count_waiting_cases(session, scope, today())
    n_reports = count_open_reports(session, scope)
    n_days = count_busy_days(session, scope)
    said = (
        (
            n_cases,
            ngettext("%(n)s comment to answer", "%(n)s comments to answer", n_cases, n=count_text(n_cases)),
            "review.comments",
        ),
        (
            n_reports,
            ngettext("%(n)s report of a code", "%(n)s reports of codes", n_reports, n=count_text(n_reports)),
            "review.reports",
        ),
        (
            n_days,
            ngettext(
                "%(n)s day with many responses",
                "%(n)s days with many responses",
                n_days,
                n=count_text(n_days),
            ),
            "review.days",
        ),
    )
    return [(words, url_for(endpoint)) for n, words, endpoint in said if n]


@blueprint.get("/staff/review")
@access.staff_only("review")
def overview() -> str:
    """Say what waits for somebody to look at it."""
    with database().reading() as session:
        scope = _scope_of_days(session, "review")
        cases = list_cases(session, scope, today(), FIRST_FEW)
        reports = list_reports(session, scope, FIRST_FEW)
        days = list_busy_days(session, scope, FIRST_FEW)
    _note_reading(cases.rows)
    return render_template("review/overview.html", cases=cases, reports=reports, days=days)


@blueprint.get("/staff/review/comments")
@access.staff_only("review")
def comments() -> str:
    """List the comments that wait for an answer, or those that have one."""
    answered = "answered" in request.args
    with database().reading() as session:
        page = list_cases(session, _scope(session), today(), _page_asked(), answered=answered)
    _note_reading(page.rows)
    return render_template("review/comments.html", cases=page, answered=answered)


@blueprint.get("/staff/review/reports")
@access.staff_only("review")
def reports() -> str:
    with database().reading() as session:
        page = list_reports(session, _scope(session), _page_asked())
    return render_template("review/reports.html", reports=page)


@blueprint.get("/staff/review/days")
@access.staff_only("review")
def days() -> str:
    """List the days that want a look, or those at which somebody has looked."""
    seen = "seen" in request.args
    with database().reading() as session:
        page = list_busy_days(session, _scope_of_days(session, "review"), _page_asked(), seen=seen)
    return render_template("review/days.html", days=page, seen=seen)


@blueprint.post("/staff/review/days/<int:access_point_id>/seen")
@access.staff_only("answer")
def see_day(access_point_id: int) -> AnyResponse:
    """Take a day off the list; who has looked, and the note, stay to be found."""
    look = read_look(access_point_id, request.form)
    with database().transaction() as session:
        mark_seen(session, _scope_of_days(session, "answer"), look, current_staff().id, now())
    flash(_("The day is off the list. It stays among the days looked at."))
    return redirect(url_for("review.days"), 303)


@blueprint.get("/staff/review/comments/<number>")
@access.staff_only("review")
def comment(number: str) -> str:
    """Show one comment with its answer, or the form for it."""
    with database().reading() as session:
        found = find_case(session, _scope(session), number, today())
    _note_reading([found])
    return _case_page(found, AnswerForm())


@blueprint.post("/staff/review/comments/<number>/whole")
@access.staff_only("answer")
def whole(number: str) -> str:
    """Show a comment with nothing hidden, where it cannot be answered otherwise; the audit log says so."""
    with database().transaction() as session:
        found = find_case(session, _scope(session), number, today())
        text = read_whole(session, found.number)
        note(session, now(), current_staff().id, "case.whole", found.office, found.office_id)
    return _case_page(replace(found, text=text, is_whole=True), AnswerForm(formdata=None))


@blueprint.post("/staff/review/comments/<number>/answer")
@access.staff_only("answer")
def answer(number: str) -> AnyResponse | tuple[str, int]:
    """Answer a comment, for its writer to read; once."""
    form = AnswerForm()
    with database().reading() as session:
        found = find_case(session, _scope(session), number, today())
    # Where somebody was quicker, the page has no form in which anything could be mended.
    if not form.validate_on_submit() and found.answer is None:
        return _case_page(found, form), 422
    number = found.number
    with database().transaction() as session:
        is_first = answer_case(session, number, form.answer.data, current_staff().id, today())
    if is_first:
        flash(_("Comment %(number)s is answered.", number=number))
    else:
        flash(_("Comment %(number)s was answered before; the first answer stands.", number=number))
    return redirect(url_for("review.comment", number=number), 303)


@blueprint.post("/staff/review/comments/<number>/contact")
@access.staff_only("answer")
def contact(number: str) -> str:
    """Show how the writer can be reached; the audit log says that somebody looked, not what he saw."""
    with database().reading() as session:
        found = find_case(session, _scope(session), number, today())
        opened = open_contact(session, found.number, today(), settings().contact_keys)
    with database().transaction() as session:
        note(session, now(), current_staff().id, "case.contact", found.office, found.office_id)
    return _case_page(found, AnswerForm(formdata=None), opened=opened, was_asked=True)


@blueprint.post("/staff/review/reports/<int:report_id>/settle")
@access.staff_only("answer")
def settle(report_id: int) -> AnyResponse:
    with database().transaction() as session:
        settle_report(session, _scope(session), report_id, current_staff().id, today())
    flash(_("The report is off the list."))
    return redirect(url_for("review.overview"), 303)


@blueprint.post("/staff/review/reports/of-code/<int:access_point_id>/settle")
@access.staff_only("answer")
def settle_code(access_point_id: int) -> AnyResponse:
    """Settle what the list showed of a code; what came since stays open."""
    newest = row_id(request.form.get("newest", ""))
    settled = current_staff().id, today()
    with database().transaction() as session:
        n = settle_reports_of_code(session, _scope(session), access_point_id, newest, settled)
    flash(ngettext("%(n)s report is off the list.", "%(n)s reports are off the list.", n, n=count_text(n)))
    return redirect(url_for("review.reports"), 303)


def _scope(session: Session, right: str | None = None) -> Scope:
    staff = current_staff()
    everything = access.reaches_all(staff, right)
    return Scope(set() if everything else offices_in_scope(session, staff, right), is_everything=everything)


def _scope_of_days(session: Session, right: str) -> Scope:
    """Tell the offices that this person oversees from his own, whose looks hide nothing from those above."""
    scope = _scope(session, right)
    if scope.is_everything:
        return scope
    overseen = offices_overseen(session, current_staff(), right)
    return replace(scope, own=set(scope.office_ids) - overseen)


def _note_reading(cases: Sequence[ListedCase]) -> None:
    """Write a line after the reading and before the page: the database is not held while lists are made."""
    if cases:
        with database().transaction() as session:
            note_reading(session, now(), current_staff().id, cases)


def _page_asked() -> PageAsked:
    return PageAsked(typed_page(request.args))


def _case_page(
    found: ListedCase, form: AnswerForm, *, opened: str | None = None, was_asked: bool = False
) -> str:
    return render_template(
        "review/comment.html", case=found, form=form, contact=opened, was_asked=was_asked, hidden=HIDDEN
    )

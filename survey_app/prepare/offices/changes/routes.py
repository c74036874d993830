"""The doors of changes: each asks what is to happen, then says what will follow, then does it."""

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import ApprovalRefused, NotFound
from survey_app.models.approval import read_reason
from survey_app.models.office import Office
from survey_app.prepare.offices.changes import forms, heirs, merging
from survey_app.prepare.offices.changes.acts import Create, End
from survey_app.prepare.offices.changes.aftermath import Aftermath, aftermath_of
from survey_app.prepare.offices.changes.forms import Act
from survey_app.prepare.offices.changes.rules import Author, ChangeRefused
from survey_app.prepare.offices.changes.succession import HandOver
from survey_app.prepare.offices.tree import Branch, open_branch
from survey_app.web import access
from survey_app.web.access import current_staff, office_in_scope, offices_in_scope
from survey_app.web.context import database, now, today
from survey_app.web.paging import typed_search

blueprint = Blueprint("office_changes", __name__)
blueprint.add_app_template_filter(forms.kind_name, "kind_name")

TYPED_ONCE_MORE = ("merge", "split")  # acts that no page undoes
STAYS = {"more", "find"}  # buttons that give the form again, with what was typed
KEPT = {"name", "code", "kind", "parent", "day", "counters"} | heirs.FIELDS
BOXES = {
    "new": {"code", "name", "day", "label"},
    "rename": {"name", "day"},
    "move": {"parent", "day"},
    "end": {"day"},
    "merge": {"heir", "new_name", "new_code", "day"},
    "split": {"heir_code-0", "day"},
}


@blueprint.route("/staff/offices/new", methods=["GET", "POST"])
@access.staff_only("offices")
def new_top() -> str | AnyResponse | tuple[str, int]:
    """Begin an office under no other, for whoever reaches all of them."""
    if not access.reaches_all(current_staff()):
        raise NotFound
    return _new(None)


@blueprint.route("/staff/offices/<int:office_id>/new", methods=["GET", "POST"])
@access.staff_only("offices")
def new(office_id: int) -> str | AnyResponse | tuple[str, int]:
    """Begin an office under another."""
    with database().reading() as session:
        parent = office_in_scope(session, current_staff(), office_id)
    return _new(parent)


@blueprint.route(
    "/staff/offices/<int:office_id>/<any(rename, move, end, merge, split):act>", methods=["GET", "POST"]
)
@access.staff_only("offices")
def change(office_id: int, act: str) -> str | AnyResponse | tuple[str, int]:
    """Change one office, or let several hand over to others."""
    is_last_step = request.method == "POST" and "confirmed" in request.form
    with database().reading() as session:
        author = author_of_today(session)
        office = office_in_scope(session, current_staff(), office_id)
        if request.method == "GET" or STAYS & request.args.keys():
            return _form_page(session, act, office, author)
        try:
            asked = forms.read_act(session, act, office, request.form, author)
            asked.check(session, author)
        except ChangeRefused as refused:
            return _form_page(session, act, office, author, refused), 422
        is_typed = act not in TYPED_ONCE_MORE or forms.is_confirmed(office, request.form)
        if not (is_last_step and is_typed):
            page = _confirm_page(session, act, office, asked, is_wrong=is_last_step)
            return (page, 422) if is_last_step else page
    return _ask_second_person(office_id) if act == "merge" else _carry_out(office_id, act)


def _confirm_page(
    session: Session, act: str, office: Office, asked: Act, *, is_wrong: bool = False, refusal: str = ""
) -> str:
    """Say in words what will follow; what cannot be undone wants the code typed."""
    return render_template(
        "prepare/office_confirm.html",
        act=act,
        office=office,
        asked=asked,
        after=_aftermath(session, asked, office),
        fields=_kept_fields(),
        types_code=act in TYPED_ONCE_MORE,
        faults=[("typed", _("Type the code %(code)s as it stands here.", code=office.code))]
        if is_wrong
        else [],
        refusal=refusal,
    )


def author_of_today(session: Session) -> Author:
    staff = current_staff()
    scope = offices_in_scope(session, staff)
    return Author(staff.id, now(), today(), scope, access.reaches_all(staff))


def _carry_out(office_id: int, act: str) -> AnyResponse | tuple[str, int]:
    try:
        with database().transaction() as session:
            author = author_of_today(session)
            office = office_in_scope(session, current_staff(), office_id)
            forms.read_act(session, act, office, request.form, author).carry_out(session, author)
    except ChangeRefused as refused:  # somebody else was quicker, or the page is old
        with database().reading() as session:
            office = office_in_scope(session, current_staff(), office_id)
            return _form_page(session, act, office, author_of_today(session), refused), 422
    flash(_("Done. It stands in the office's history and in the audit log."))
    return redirect(url_for("offices.office", office_id=office_id), 303)


def _ask_second_person(office_id: int) -> AnyResponse | tuple[str, int]:
    """Let two people merge: it pools the answers of several offices for good."""
    try:
        with database().transaction() as session:
            author = author_of_today(session)
            office = office_in_scope(session, current_staff(), office_id)
            asked = heirs.read_merge(session, office, request.form, author)
            approval = merging.ask(session, asked, read_reason(request.form.get("reason", "")), author)
    except ChangeRefused as refused:  # somebody else was quicker, or the page is old
        with database().reading() as session:
            office = office_in_scope(session, current_staff(), office_id)
            return _form_page(session, "merge", office, author_of_today(session), refused), 422
    except ApprovalRefused as refused:
        with database().reading() as session:
            office, author = office_in_scope(session, current_staff(), office_id), author_of_today(session)
            asked = heirs.read_merge(session, office, request.form, author)
            return _confirm_page(session, "merge", office, asked, refusal=refused.reason), 422
    flash(_("The request is written down."))
    return redirect(url_for("approvals.show", approval_id=approval.id), 303)


def _new(parent: Office | None) -> str | AnyResponse | tuple[str, int]:
    def page(refused: ChangeRefused | None = None, asked: Create | None = None) -> str:
        return render_template(
            "prepare/office_new.html",
            parent=parent,
            asked=asked,
            kinds=forms.kind_choices(),
            today=today(),
            faults=_faults(refused, "new"),
            fields=_kept_fields(),
        )

    if request.method == "GET":
        return page()
    try:
        asked = forms.read_create(request.form, parent)
        if "confirmed" in request.form:
            with database().transaction() as session:
                made = asked.carry_out(session, author_of_today(session))
            flash(_("“%(name)s” is begun. Next: add its counters, then make their codes.", name=made.name))
            return redirect(url_for("offices.office", office_id=made.id), 303)
        with database().reading() as session:
            asked.check(session, author_of_today(session))
    except ChangeRefused as refused:
        return page(refused), 422
    return page(asked=asked)


def _form_page(
    session: Session, act: str, office: Office, author: Author, refused: ChangeRefused | None = None
) -> str:
    branch = Branch(author.office_ids, current_staff().roots("offices"), author.today)
    parent = session.get(Office, office.parent_id) if office.parent_id else None
    return render_template(
        "prepare/office_act.html",
        act=act,
        office=office,
        parent=parent,
        tops=open_branch(session, branch, None, 1).below.rows if act == "move" else [],
        today=author.today,
        faults=_faults(refused, act),
        fields=_kept_fields(),
        offered=_offered(session, office, author) if act == "merge" else None,
        ticked=request.form.getlist("other"),
        rows=heirs.rows_to_fill(request.form, wants_more="more" in request.args) if act == "split" else [],
    )


def _offered(session: Session, office: Office, author: Author) -> heirs.Offered:
    ticked = {*request.form.getlist("other"), request.form.get("heir", "")}
    return heirs.offered(session, office, author, typed_search(request.form), ticked)


def _faults(refused: ChangeRefused | None, act: str) -> list[tuple[str, str]]:
    return [] if refused is None else [(forms.box_of(refused, BOXES[act]), forms.refusal_words(refused))]


def _aftermath(session: Session, asked: Act, office: Office) -> Aftermath:
    if isinstance(asked, HandOver):
        return aftermath_of(session, asked.predecessors, asked.last_day, today())
    last_day = asked.last_day if isinstance(asked, End) else date.max
    return aftermath_of(session, [office], last_day, today())


def _kept_fields() -> MultiDict[str, str]:
    """Give what was typed, for the page that comes next to hold it."""
    return MultiDict((name, value) for name, value in request.form.items(multi=True) if name in KEPT)

"""The doors of people: who has an account, what each may do, since when and until when."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from survey_app.accounts.forms import faults_of, refusal
from survey_app.accounts.people import grants as acts, listing
from survey_app.accounts.people.create import create_account
from survey_app.accounts.people.forms import EndForm, LinkForm, PersonForm, RoleForm, days_of_a_new_role
from survey_app.accounts.people.grants import Deed
from survey_app.accounts.people.reach import Duty, Reach, has_ended
from survey_app.accounts.people.reset import make_link
from survey_app.errors import AccountRefused, NotFound
from survey_app.models.office import Office
from survey_app.models.staff import ROLES, Staff, StaffGrant
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.context import database, now, settings, today
from survey_app.web.office_search import find_offices
from survey_app.web.paging import PageAsked, page_of, typed_page, typed_search

blueprint = Blueprint("people", __name__)

Answer = str | Response | tuple[str, int]
# The field in which a refused account can be mended; all else is about its role.
FIELDS = {
    "full_name_missing": "full_name",
    "name_long": "username",
    "username_taken": "username",
    "username_unreadable": "username",
    "begins_before": "valid_from",
    "ends_before": "valid_until",
}


@blueprint.get("/staff/people")
@access.staff_only("people")
def overview() -> str:
    """List the accounts with a role in this person's offices."""
    with database().reading() as session:
        page = listing.list_people(session, current_staff(), _search(), _page_asked(), today())
    return render_template("accounts/people.html", page=page, search=_search())


@blueprint.get("/staff/people/new")
@access.staff_only("people")
def choose_first_office() -> str:
    """Ask over which office the new account's first role reaches."""
    return _choose_office(None)


@blueprint.route("/staff/people/new/all", methods=["GET", "POST"], defaults={"office_id": None})
@blueprint.route("/staff/people/new/<int:office_id>", methods=["GET", "POST"])
@access.staff_only("people")
def new(office_id: int | None) -> Answer:
    """Make an account with its first role; then its owner needs a link."""
    form, faults = PersonForm(), []
    with database().reading() as session:
        office, _reach = _place(session, form, office_id)
    days_of_a_new_role(form, today())
    if form.validate_on_submit():
        try:
            with database().transaction() as session:
                deed = _deed(session)
                person = create_account(session, form.username.data, form.full_name.data, now())
                deed.write("people.create", f"{person.username}: {person.full_name}", office_id)
                acts.give_role(deed, person, form.duty(office_id))
        except AccountRefused as error:
            faults = [(_field_of(error), refusal(error))]
        else:
            flash(_("The account %(name)s is made. Now make a link for its owner.", name=person.username))
            return redirect(url_for("people.person", person_id=person.id), 303)
    return _shown("accounts/person_new.html", form=form, faults=faults or faults_of(form), office=office)


@blueprint.get("/staff/people/<int:person_id>")
@access.staff_only("people")
def person(person_id: int) -> str:
    """Show one account: its roles now, before and to come, and what can be done with it."""
    with database().reading() as session:
        reach = Reach(session, current_staff())
        found = reach.find(person_id)
        (listed,) = listing.listed_people(session, [found.id], today())
        may_manage = reach.may_manage(found, today())
        may_end = {one.grant.id for one in listed.grants if not one.has_ended and reach.may_end(one.grant)}
    return render_template(
        "accounts/person.html",
        listed=listed,
        may_manage=may_manage,
        may_end=may_end,
        is_oneself=found.id == current_staff().id,
        form=LinkForm(formdata=None),
    )


@blueprint.get("/staff/people/<int:person_id>/roles/new")
@access.staff_only("people")
def choose_office(person_id: int) -> str:
    with database().reading() as session:
        found = Reach(session, current_staff()).find(person_id)
    return _choose_office(found)


@blueprint.route(
    "/staff/people/<int:person_id>/roles/new/all", methods=["GET", "POST"], defaults={"office_id": None}
)
@blueprint.route("/staff/people/<int:person_id>/roles/new/<int:office_id>", methods=["GET", "POST"])
@access.staff_only("people")
def give(person_id: int, office_id: int | None) -> Answer:
    """Give an account a further role."""
    form, faults = RoleForm(), []
    with database().reading() as session:
        office, reach = _place(session, form, office_id)
        found = reach.find(person_id)
    days_of_a_new_role(form, today())
    if form.validate_on_submit():
        refused = _do(person_id, lambda deed, who: acts.give_role(deed, who, form.duty(office_id)))
        if refused is None:
            flash(_("The role is given. Whoever was signed in with this account signs in anew."))
            return redirect(url_for("people.person", person_id=person_id), 303)
        faults = [("role", refused)]
    return _shown(
        "accounts/role_new.html", form=form, faults=faults or faults_of(form), office=office, person=found
    )


@blueprint.route("/staff/people/<int:person_id>/roles/<int:grant_id>/end", methods=["GET", "POST"])
@access.staff_only("people")
def end_role(person_id: int, grant_id: int) -> Answer:
    """Ask until when a role is to last, and let it end."""
    form, faults = EndForm(), []
    with database().reading() as session:
        reach = Reach(session, current_staff())
        found = reach.find(person_id)
        grant = _grant(session, found, grant_id)
        if has_ended(grant, today()) or not reach.may_end(grant):
            raise NotFound
        office = session.get(Office, grant.office_id) if grant.office_id else None
    if form.validate_on_submit():
        refused = _do(
            person_id,
            lambda deed, who: acts.end_role(
                deed, who, _grant(deed.session, who, grant_id), form.last_day.data
            ),
        )
        if refused is None:
            flash(_("The role ends. Whoever was signed in with this account signs in anew."))
            return redirect(url_for("people.person", person_id=person_id), 303)
        faults = [("last_day", refused)]
    return _shown(
        "accounts/role_end.html",
        form=form,
        faults=faults or faults_of(form),
        person=found,
        grant=grant,
        office=office,
    )


@blueprint.route("/staff/people/<int:person_id>/disable", methods=["GET", "POST"])
@access.staff_only("people")
def disable(person_id: int) -> Answer:
    """Ask once more, then shut an account."""
    refused = None
    if request.method == "POST":
        refused = _do(person_id, acts.disable)
        if refused is None:
            flash(_("The account is disabled. It is signed out everywhere."))
            return redirect(url_for("people.person", person_id=person_id), 303)
    with database().reading() as session:
        found = Reach(session, current_staff()).find(person_id)
    return _shown("accounts/disable.html", person=found, faults=[("", refused)] if refused else [])


@blueprint.post("/staff/people/<int:person_id>/enable")
@access.staff_only("people")
def enable(person_id: int) -> Response:
    return _back(person_id, _do(person_id, acts.enable), _("The account is enabled again."))


@blueprint.post("/staff/people/<int:person_id>/sign-out")
@access.staff_only("people")
def sign_out(person_id: int) -> Response:
    return _back(
        person_id, _do(person_id, acts.end_sessions), _("The account is signed out on all its devices.")
    )


@blueprint.post("/staff/people/<int:person_id>/reset-link")
@access.staff_only("people")
def reset_link(person_id: int) -> Answer:
    """Make a link and show it this once, to be handed over."""
    form = LinkForm()
    clears = bool(form.clears.data)
    try:
        with database().transaction() as session:
            deed = _deed(session)
            found = deed.reach.find(person_id)
            token = make_link(deed, found, clears_second_factor=clears)
    except AccountRefused as error:
        return _back(person_id, refusal(error), "")
    address = settings().public_url + url_for("accounts.reset", token=token)
    return render_template("accounts/reset_link.html", person=found, address=address, clears=clears)


def _choose_office(found: Staff | None) -> str:
    staff = current_staff()
    with database().reading() as session:
        within = access.offices_in_scope(session, staff, "people")
        offices = find_offices(session, _search(), within)
        page = page_of([one for one in offices if not one.has_ended(today())], _page_asked())
    return render_template(
        "accounts/choose_office.html",
        page=page,
        search=_search(),
        person=found,
        all=access.reaches_all(staff, "people"),
    )


def _place(session: Session, form: RoleForm, office_id: int | None) -> tuple[Office | None, Reach]:
    """Find the office that a role is to reach, and offer the roles that may be given there."""
    staff = current_staff()
    reach = Reach(session, staff)
    office = None if office_id is None else access.office_in_scope(session, staff, office_id, "people")
    roles = [role for role in ROLES if _may_offer(reach, role, office_id)]
    if not roles:
        raise NotFound
    form.offer(roles)
    return office, reach


def _may_offer(reach: Reach, role: str, office_id: int | None) -> bool:
    if role == "office_manager" and office_id is None:
        return False
    return reach.may_give(Duty(role, office_id, today(), today()))


def _do(person_id: int, act: Callable[[Deed, Staff], object]) -> str | None:
    """Do something to an account in one transaction; give the reason if it is refused."""
    try:
        with database().transaction() as session:
            deed = _deed(session)
            act(deed, deed.reach.find(person_id))
    except AccountRefused as error:
        return refusal(error)
    return None


def _deed(session: Session) -> Deed:
    return Deed(session, Reach(session, current_staff()), now())


def _grant(session: Session, found: Staff, grant_id: int) -> StaffGrant:
    grant = session.get(StaffGrant, grant_id)
    if grant is None or grant.staff_id != found.id:
        raise NotFound
    return grant


def _back(person_id: int, refused: str | None, done: str) -> Response:
    flash(refused or done)
    return redirect(url_for("people.person", person_id=person_id), 303)


def _field_of(error: AccountRefused) -> str:
    return FIELDS.get(error.reason, "role")


def _shown(template: str, **values: object) -> Answer:
    page = render_template(template, **values)
    return page if request.method == "GET" else (page, 422)


def _search() -> str:
    return typed_search(request.args)


def _page_asked() -> PageAsked:
    return PageAsked(typed_page(request.args))

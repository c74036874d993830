"""The page of one's own account, and the acts that ask for the password once more."""

from flask import Blueprint, flash, redirect, render_template, request, session as cookie, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from survey_app.accounts import passwords, sign_in as accounts
from survey_app.accounts.forms import ChangePasswordForm, OwnPasswordForm, faults_of
from survey_app.accounts.routes import keep_token, new_password_faults, present_password
from survey_app.accounts.second_factor import recovery
from survey_app.accounts.second_factor.prove import clear
from survey_app.models.audit import note
from survey_app.models.staff import Staff
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.context import database, now

blueprint = Blueprint("oneself", __name__)

Answer = str | Response | tuple[str, int]


@blueprint.get("/staff/account")
@access.staff_only("home")
def account() -> str:
    """Say how well the account is protected, and what can be done."""
    staff = current_staff()
    with database().reading() as session:
        person = session.get_one(Staff, staff.id)
        n_codes = recovery.n_left(session, staff.id)
        must = accounts.must_have_second_factor(session, staff.id, now())
    return render_template("accounts/account.html", person=person, n_codes=n_codes, must=must)


@blueprint.route("/staff/account/password", methods=["GET", "POST"])
@access.staff_only("home")
def password() -> Answer:
    """Change the password; every session but this one ends."""
    form, faults = ChangePasswordForm(), []
    if form.validate_on_submit():
        faults = new_password_faults(form, current_staff().username)
        proof = None if faults else present_password(form)
        if proof is not None:
            new_hash = passwords.hashed(form.password.data)
            with database().transaction() as session:
                accounts.owner_of(session, proof).password_hash = new_hash
                token = _only_this_session(session, "account.password")
            keep_token(token)
            flash(_("Your new password holds. All other devices are signed out."))
            return redirect(url_for("oneself.account"), 303)
    return _shown("accounts/password.html", form=form, faults=faults or faults_of(form))


@blueprint.route("/staff/account/recovery-codes", methods=["GET", "POST"])
@access.staff_only("home")
def recovery_codes() -> Answer:
    """Make ten new codes, which end the old ones."""
    form = OwnPasswordForm()
    if form.validate_on_submit():
        proof = present_password(form)
        if proof is not None:
            with database().transaction() as session:
                staff = accounts.owner_of(session, proof)
                codes = recovery.new_codes(session, staff.id)
                note(session, now(), staff.id, "account.recovery_codes", staff.username)
            return render_template(
                "accounts/recovery_codes.html", codes=codes, next=None, username=staff.username
            )
    return _shown("accounts/recovery_codes_new.html", form=form, faults=faults_of(form))


@blueprint.route("/staff/account/phone", methods=["GET", "POST"])
@access.staff_only("home")
def phone() -> Answer:
    """Take the second factor off the old phone, and lead on to setting up the new one."""
    form = OwnPasswordForm()
    if form.validate_on_submit():
        proof = present_password(form)
        if proof is not None:
            with database().transaction() as session:
                staff = accounts.owner_of(session, proof)
                clear(session, staff, now())
                must = accounts.must_have_second_factor(session, staff.id, now())
                accounts.leave_session(session, cookie["token"])
                accounts.end_ways_in(session, staff.id)
                token = accounts.open_session(session, staff.id, now(), is_proven=not must)
                note(session, now(), staff.id, "account.phone", staff.username)
            keep_token(token)
            return redirect(url_for("second_factor.set_up"), 303)
    return _shown("accounts/phone.html", form=form, faults=faults_of(form))


@blueprint.post("/staff/account/sign-out-everywhere")
@access.staff_only("home")
def sign_out_everywhere() -> Response:
    staff = current_staff()
    with database().transaction() as session:
        accounts.end_ways_in(session, staff.id)
        note(session, now(), staff.id, "account.sign_out", staff.username)
    cookie.clear()
    flash(_("You are signed out on all devices."))
    return redirect(url_for("accounts.sign_in"), 303)


def _only_this_session(session: Session, act: str) -> str:
    staff = current_staff()
    accounts.leave_session(session, cookie["token"])
    accounts.end_ways_in(session, staff.id)
    note(session, now(), staff.id, act, staff.username)
    return accounts.open_session(session, staff.id, now(), is_proven=True)


def _shown(template: str, **values: object) -> Answer:
    page = render_template(template, **values)
    return page if request.method == "GET" else (page, 422)

"""The doors of the second factor: prove it, set it up on a phone, keep its recovery codes."""

from flask import Blueprint, redirect, render_template, request, session as cookie, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from survey_app.accounts import sign_in as accounts
from survey_app.accounts.forms import CodeForm, OwnPhoneForm, faults_of
from survey_app.accounts.routes import attempts, let_in, local_path, present_password, this_attempt
from survey_app.accounts.second_factor import recovery, totp
from survey_app.accounts.second_factor.prove import is_proven_by, plain_code
from survey_app.accounts.second_factor.qr import qr_path
from survey_app.models.audit import note
from survey_app.models.staff import Staff
from survey_app.web import access
from survey_app.web.access import current_staff
from survey_app.web.context import database, now, settings

blueprint = Blueprint("second_factor", __name__)

Answer = str | Response | tuple[str, int]


@blueprint.route("/staff/second-factor", methods=["GET", "POST"])
@access.staff_only(access.PROVE)
def prove() -> Answer:
    """Ask for the six digits of the phone, or for a recovery code."""
    staff, wanted = current_staff(), local_path(request.args.get("next", ""))
    if staff.is_proven:
        return render_template("accounts/signed_in.html", next=wanted)
    if not _has_second_factor(staff.id):
        return redirect(url_for("second_factor.set_up", next=wanted), 303)
    form, faults = CodeForm(), []
    if form.validate_on_submit():
        attempt = this_attempt(staff.username, "code")
        attempts().begin(attempt, now())
        token = _proven_session(staff.id, form.code.data)
        if token is not None:
            return let_in(attempt, token, redirect(wanted or url_for("accounts.home"), 303))
        faults = [(form.code.id, _("This code is not right, or was used before. Wait for the next one."))]
    return _shown("accounts/second_factor.html", form=form, faults=faults or faults_of(form), next=wanted)


def _has_second_factor(staff_id: int) -> bool:
    with database().reading() as session:
        return session.get_one(Staff, staff_id).totp_secret is not None


def _proven_session(staff_id: int, code: str) -> str | None:
    with database().transaction() as session:
        person = session.get_one(Staff, staff_id, with_for_update=True)
        if not is_proven_by(session, person, code, now(), settings().contact_keys):
            return None
        return _next_session(session, staff_id)


def _next_session(session: Session, staff_id: int) -> str:
    """Open a proven session in place of this one: a token that was about before the proof opens nothing."""
    accounts.leave_session(session, cookie["token"])
    return accounts.open_session(session, staff_id, now(), is_proven=True)


@blueprint.route("/staff/second-factor/new", methods=["GET", "POST"])
@access.staff_only(access.PROVE)
def set_up() -> Answer:
    """Show the secret for the phone, and take the first code that the phone makes of it."""
    staff, wanted = current_staff(), local_path(request.args.get("next", ""))
    if _has_second_factor(staff.id):
        # Another phone takes the place of this one from the page of one's own account, by password.
        return redirect(url_for("oneself.account" if staff.is_proven else "second_factor.prove"), 303)
    secret = totp.secret_for(cookie["token"], settings().secrets[0])
    # Whoever has just given the password at the sign-in is not asked for it again.
    form = OwnPhoneForm() if staff.is_proven else CodeForm()
    if form.validate_on_submit() and (not staff.is_proven or present_password(form)):
        attempt = this_attempt(staff.username, "code")
        attempts().begin(attempt, now())
        confirmed = _set_up(staff.id, secret, form.code.data)
        if confirmed is not None:
            token, codes = confirmed
            page = render_template(
                "accounts/recovery_codes.html", codes=codes, next=wanted, username=staff.username
            )
            return let_in(attempt, token, Response(page, mimetype="text/html"))
        form.code.errors = [_("This code is not right. Wait for the next one and type it.")]
    address = totp.address_for_app(secret, staff.username)
    return _shown(
        "accounts/second_factor_new.html",
        form=form,
        faults=faults_of(form),
        next=wanted,
        address=address,
        picture=qr_path(address),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        must=not staff.is_proven,
    )


def _set_up(staff_id: int, secret: str, code: str) -> tuple[str, list[str]] | None:
    step = totp.matching_step(secret, plain_code(code), now())
    if step is None:
        return None
    with database().transaction() as session:
        person = session.get_one(Staff, staff_id, with_for_update=True)
        if person.totp_secret is not None:
            return None  # another window was faster
        totp.set_up(session, person, secret, step, settings().contact_keys[0])
        codes = recovery.new_codes(session, staff_id)
        note(session, now(), staff_id, "account.second_factor", person.username)
        accounts.leave_session(session, cookie["token"])
        accounts.sign_out_everywhere(session, staff_id)
        return accounts.open_session(session, staff_id, now(), is_proven=True), codes


def _shown(template: str, **values: object) -> Answer:
    page = render_template(template, **values)
    return page if request.method == "GET" else (page, 422)

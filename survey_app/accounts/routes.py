"""The staff's door: sign in, first page, sign out; and a new password by a link."""

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session as cookie,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from survey_app.accounts import device, passwords, sign_in as accounts
from survey_app.accounts.attempts import Attempt, Attempts, Stage, place_of
from survey_app.accounts.forms import NewPasswordForm, OwnPasswordForm, SignInForm, faults_of, refusal
from survey_app.accounts.home import FirstPage, is_searched, starting_offices
from survey_app.accounts.people.reset import find_link, use_link
from survey_app.errors import AccountRefused
from survey_app.models.office import Office
from survey_app.web import access
from survey_app.web.context import database, now, settings, today

blueprint = Blueprint("accounts", __name__)


@blueprint.record_once
def _count_attempts(state: object) -> None:
    state.app.extensions["attempts"] = Attempts()  # type: ignore[attr-defined]  # Flask's setup state has it


@blueprint.route("/staff/sign-in", methods=["GET", "POST"])
@access.public
def sign_in() -> str | Response | tuple[str, int]:
    """Ask for name and password; a wrong name and a wrong password meet the same words."""
    form = SignInForm()
    wanted = local_path(request.args.get("next", ""))
    if request.method != "POST":
        return render_template("accounts/sign_in.html", form=form, next=wanted, faults=[])
    if not form.validate_on_submit():
        return render_template("accounts/sign_in.html", form=form, next=wanted, faults=faults_of(form)), 422
    attempt = this_attempt(form.username.data)
    attempts().begin(attempt, now())
    with database().reading() as session:
        proof = accounts.check_password(session, form.username.data, form.password.data)
    if proof is None:
        faults = [(form.username.id, _("Username or password is not right. Check both and try again."))]
        return render_template("accounts/sign_in.html", form=form, next=wanted, faults=faults), 422
    with database().transaction() as session:
        access.end_session(session, cookie.get("token", ""))
        opened = accounts.sign_in(session, proof, now())
    if opened.is_proven:
        return let_in(attempt, opened.token, redirect(wanted or url_for("accounts.home"), 303))
    attempts().succeeded(attempt, is_signed_in=False)
    keep_token(opened.token)
    return redirect(url_for("second_factor.prove", next=wanted), 303)


def attempts() -> Attempts:
    found: Attempts = current_app.extensions["attempts"]
    return found


def this_attempt(username: str, stage: Stage = "password") -> Attempt:
    """Tell as whom, from where and from which browser this request tries something."""
    account = accounts.plain_name(username)
    known = device.device_of(request.cookies.get(device.COOKIE), account, settings().secrets)
    place = place_of(request.remote_addr, request.headers.get("X-Forwarded-For"))
    return Attempt(account, place, known, stage)


def let_in(attempt: Attempt, token: str, response: Response) -> Response:
    """Give the browser its session, and the mark by which it is no stranger next time."""
    attempts().succeeded(attempt, is_signed_in=True)
    keep_token(token)
    if attempt.device is None:
        response.set_cookie(
            device.COOKIE,
            device.new_mark(attempt.account, settings().secrets),
            max_age=device.LASTS,
            path="/staff",
            secure=settings().uses_https,
            httponly=True,
            samesite="Lax",
        )
    return response


def keep_token(token: str) -> None:
    cookie.clear()  # nothing that somebody put there before the sign-in lives on
    cookie["token"] = token


@blueprint.post("/staff/sign-out")
@access.staff_only(access.PROVE)
def sign_out() -> Response:
    with database().transaction() as session:
        access.end_session(session, cookie["token"])
    cookie.clear()
    return redirect(url_for("accounts.sign_in"), 303)


@blueprint.route("/staff/reset/<token>", methods=["GET", "POST"])
@access.public
def reset(token: str) -> str | Response | tuple[str, int]:
    """Let the holder of a link choose a new password, once."""
    form = NewPasswordForm()
    with database().reading() as session:
        link, owner = find_link(session, token, now())
    is_whole = form.validate_on_submit()
    faults = faults_of(form) or (new_password_faults(form, owner.username) if is_whole else [])
    if not is_whole or faults:
        page = render_template("accounts/reset.html", form=form, owner=owner, link=link, faults=faults)
        return page if request.method == "GET" else (page, 422)
    new_hash = passwords.hashed(form.password.data)
    with database().transaction() as session:
        use_link(session, token, new_hash, now())
    cookie.clear()
    flash(_("The new password holds. Sign in with it."))
    return redirect(url_for("accounts.sign_in"), 303)


def present_password(form: OwnPasswordForm) -> accounts.Proof | None:
    """Check the present password, as slowly and as rarely as a sign-in; a wrong one is said in the form."""
    staff = access.current_staff()
    attempt = this_attempt(staff.username)
    attempts().begin(attempt, now())
    with database().reading() as session:
        proof = accounts.check_password(session, staff.username, form.current.data)
    if proof is None:
        form.current.errors = [_("This is not your present password.")]
        return None
    attempts().succeeded(attempt, is_signed_in=False)
    return proof


def new_password_faults(form: NewPasswordForm, username: str) -> list[tuple[str, str]]:
    if form.password.data != form.again.data:
        return [(form.again.id, _("The two new passwords differ. Type both again."))]
    try:
        passwords.check_new(form.password.data, username)
    except AccountRefused as error:
        return [(form.password.id, refusal(error))]
    return []


@blueprint.get("/staff")
@access.staff_only("home")
def home() -> str:
    """Show what this person can do next."""
    staff = access.current_staff()
    of_rooms: FirstPage = current_app.extensions["first_page"]
    with database().reading() as session:
        offices = starting_offices(session, staff, today())
        is_search = is_searched(offices)
        shown = offices[:1] if is_search else offices
        lines = of_rooms.indices(session, [office.id for office in shown], today())
        waiting = [line for say in of_rooms.waiting for line in say(session, staff)]
        duties = [
            (role_name(grant.role), session.get(Office, grant.office_id) if grant.office_id else None)
            for grant in staff.grants
        ]
    return render_template(
        "accounts/home.html",
        staff=staff,
        duties=duties,
        rights=staff.rights,
        waiting=waiting,
        offices=shown,
        lines=lines,
        is_search=is_search,
    )


@blueprint.app_template_filter("role_name")
def role_name(role: str) -> str:
    names = {
        "administrator": _("system administrator"),
        "campaign_lead": _("campaign lead"),
        "analyst": _("analyst"),
        "office_manager": _("office manager"),
        "operator": _("operator"),
        "auditor": _("auditor"),
    }
    return names[role]


def local_path(path: str) -> str | None:
    """Let a sign-in lead on to pages of this service only (a browser takes //x for another host)."""
    leads_away = not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable()
    return None if leads_away else path

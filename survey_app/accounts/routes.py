"""The staff's door: sign in, first page, sign out."""

from flask import Blueprint, redirect, render_template, request, session as cookie, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from survey_app.accounts import sign_in as accounts
from survey_app.accounts.forms import SignInForm
from survey_app.accounts.home import starting_offices
from survey_app.models.office import Office
from survey_app.web import access
from survey_app.web.context import database, now, today

blueprint = Blueprint("accounts", __name__)


@blueprint.route("/staff/sign-in", methods=["GET", "POST"])
@access.public
def sign_in() -> str | Response | tuple[str, int]:
    """Ask for name and password; a wrong name and a wrong password meet the same words."""
    form = SignInForm()
    wanted = local_path(request.args.get("next", ""))
    if request.method != "POST":
        return render_template("accounts/sign_in.html", form=form, next=wanted, faults=[])
    if not form.validate_on_submit():
        faults = [(field.id, field.errors[0]) for field in form if field.errors]
        return render_template("accounts/sign_in.html", form=form, next=wanted, faults=faults), 422
    with database().reading() as session:
        proof = accounts.check_password(session, form.username.data, form.password.data)
    if proof is None:
        faults = [(form.username.id, _("Username or password is not right. Check both and try again."))]
        return render_template("accounts/sign_in.html", form=form, next=wanted, faults=faults), 422
    _start_session(proof)
    return redirect(wanted or url_for("accounts.home"), 303)


def _start_session(proof: accounts.Proof) -> None:
    with database().transaction() as session:
        accounts.sign_out(session, cookie.get("token", ""))
        token = accounts.sign_in(session, proof, now())
    cookie.clear()  # nothing that somebody put there before the sign-in lives on
    cookie["token"] = token


@blueprint.post("/staff/sign-out")
@access.staff_only("home")
def sign_out() -> Response:
    with database().transaction() as session:
        accounts.sign_out(session, cookie["token"])
    cookie.clear()
    return redirect(url_for("accounts.sign_in"), 303)


@blueprint.get("/staff")
@access.staff_only("home")
def home() -> str:
    """Show what this person can do next."""
    staff = access.current_staff()
    with database().reading() as session:
        offices = starting_offices(session, staff, today())
        duties = [
            (role_name(grant.role), session.get(Office, grant.office_id) if grant.office_id else None)
            for grant in staff.grants
        ]
    return render_template(
        "accounts/home.html",
        staff=staff,
        duties=duties,
        rights=staff.rights,
        offices=offices,
    )


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

"""The door of exports: which responses, in what kind of file, and what was asked for before."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Self

from flask import Blueprint, Response, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import NotFound
from survey_app.jobs.bound import job_of
from survey_app.models.campaign import Campaign
from survey_app.models.known_offices import known_offices
from survey_app.models.office import Office
from survey_app.models.publication import OfficeRelease
from survey_app.publish.exports import choice as choices
from survey_app.publish.exports.ask import ask_for_export, exports_of
from survey_app.publish.exports.choice import JOB, RIGHT, RIGHT_TO_RESPONDENTS, Choice
from survey_app.publish.exports.csv_file import legend_as_text
from survey_app.publish.exports.forms import ExportForm
from survey_app.publish.exports.rows import legend_of
from survey_app.web import access
from survey_app.web.access import current_staff, office_in_scope, offices_in_scope
from survey_app.web.addresses import row_id
from survey_app.web.context import database, now, today
from survey_app.web.i18n import chosen_language
from survey_app.web.office_search import find_offices
from survey_app.web.paging import PageAsked, page_of, typed_page, typed_search

blueprint = Blueprint("exports", __name__)


@dataclass(frozen=True)
class Target:
    """Which survey and offices the address names, as far as the right reaches."""

    campaigns: list[Campaign]
    campaign: Campaign | None
    office: Office | None  # none: all that the right reaches
    reached: set[int]
    reached_with_respondents: set[int]
    office_ids: set[int]

    @property
    def with_respondents(self) -> bool:
        return self.office_ids <= self.reached_with_respondents

    @classmethod
    def read(cls, session: Session) -> Self:
        reached = offices_in_scope(session, current_staff())
        with_respondents = _reached_with_respondents(session, reached)
        office = _office(session)
        within = reached if office is None else known_offices(session).tree.subtree(office.id) & reached
        if len(within) == 1 and office is None:
            office = session.get_one(Office, *within)
        campaigns = choices.campaigns_to_export(session, today())
        campaign = _campaign(session, campaigns, within)
        return cls(campaigns, campaign, office, reached, with_respondents, within)


@blueprint.route("/staff/exports", methods=["GET", "POST"])
@access.staff_only(RIGHT)
def overview() -> str | AnyResponse | tuple[str, int]:
    """Ask which responses are wanted; make a job of it."""
    form = ExportForm()
    with database().reading() as session:
        target = Target.read(session)
        if target.campaign is None:
            return render_template("publish/export_no_campaign.html")
        form.offer(choices.count_released(session, target.campaign.id, _releases(session, target.office_ids)))
    if form.validate_on_submit():
        return _asked(form, target, target.campaign)
    page = _page(form, target)
    return (page, 422) if form.is_submitted() else page


@blueprint.get("/staff/exports/<int:job_id>/dictionary.csv")
@access.staff_only("exports")
def dictionary(job_id: int) -> Response:
    """Give what the columns and codes of a file mean, as a file of its own: it holds no answer."""
    with database().reading() as session:
        job = job_of(session, job_id, current_staff())
        if job.name != JOB or not job.file_name:
            raise NotFound
        text = legend_as_text(legend_of(session, job))
    response = Response(text, mimetype="text/csv")
    name = f"tu-dien-phieu-tra-loi-{job_id}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _asked(form: ExportForm, target: Target, campaign: Campaign) -> AnyResponse:
    choice = Choice(
        campaign_id=campaign.id,
        office_ids=sorted(target.office_ids),
        provenances=sorted(set(form.provenances.data)),
        first=form.first.data,
        last=form.last.data,
        file_format=form.file_format.data,
        answers=form.answers.data,
        language=chosen_language(),
        with_respondents=target.with_respondents,
    )
    with database().transaction() as session:
        job = ask_for_export(session, choice, current_staff().id, now())
    return redirect(url_for("jobs.job", job_id=job.id), 303)


def _page(form: ExportForm, target: Target) -> str:
    search = typed_search(request.args)
    with database().reading() as session:
        found = find_offices(session, search, target.reached) if search else []
        page = page_of(found, PageAsked(typed_page(request.args)))
        reached = {RIGHT: target.reached, RIGHT_TO_RESPONDENTS: target.reached_with_respondents}
        asked_before = exports_of(session, current_staff().id, reached)
    return render_template(
        "publish/export.html",
        form=form,
        target=target,
        n_released=sum(form.n_released.values()),
        search=search,
        page=page,
        faults=[(field.id, field.errors[0]) for field in form if field.errors],
        asked_before=asked_before,
    )


def _campaign(session: Session, campaigns: list[Campaign], within: Set[int]) -> Campaign | None:
    code = request.args.get("campaign", "")
    if not code:
        return choices.campaign_to_begin_with(session, campaigns, _releases(session, within))
    for campaign in campaigns:
        if campaign.code == code:
            return campaign
    raise NotFound


def _releases(session: Session, office_ids: Set[int]) -> ColumnElement[bool]:
    """Say in SQL what was released of these offices."""
    return known_offices(session).holds(office_ids, OfficeRelease.office_id)


def _office(session: Session) -> Office | None:
    asked = request.args.get("office", "")
    if not asked:
        return None
    return office_in_scope(session, current_staff(), row_id(asked))


def _reached_with_respondents(session: Session, reached: set[int]) -> set[int]:
    """List the offices of which this person gets what respondents said of themselves."""
    staff = current_staff()
    if staff.roots(RIGHT_TO_RESPONDENTS) == staff.roots(RIGHT):
        return reached
    return offices_in_scope(session, staff, RIGHT_TO_RESPONDENTS)

"""Pages of results: for everybody, and for the staff of an office."""

from collections.abc import Sequence
from dataclasses import replace

from flask import Blueprint, render_template, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models.weighting import response_of, steps_of_weights
from survey_app.publish.shown import campaign as campaigns, office as offices
from survey_app.publish.shown.behind import Behind, offices_behind
from survey_app.publish.shown.campaign import Filters, OfficeFigure, Standing, find_standing
from survey_app.publish.shown.corrected import corrections_of
from survey_app.publish.shown.gaps import gaps_of
from survey_app.publish.shown.manager import Asked, manager_view
from survey_app.publish.shown.measured import MOST_NAMED, measured_by
from survey_app.publish.shown.office import ClassResults
from survey_app.publish.shown.public import count_voided, ending_of, public_trends
from survey_app.publish.shown.respondents import groups_of_respondents
from survey_app.publish.shown.trend import Trend
from survey_app.web import access
from survey_app.web.charts import Chart, TrendChart, draw, draw_trend
from survey_app.web.context import database, today
from survey_app.web.i18n import chosen_language
from survey_app.web.paging import typed_page, typed_search

MOST_TOGETHER = 5  # figures of provinces in words; more are a table alone

blueprint = Blueprint("publish", __name__)
blueprint.add_app_template_filter(offices.lowest_first)


@blueprint.get("/results")
@access.public
def results() -> str:
    """List the campaigns with what was asked, when, and on what basis."""
    with database().reading() as session:
        standings = campaigns.list_standings(session, today())
    return render_template("publish/results.html", standings=standings)


@blueprint.get("/results/<campaign_code>")
@access.public
def campaign_results(campaign_code: str) -> str:
    """Show the figures of provinces, and of offices by name."""
    filters = _filters()
    with database().reading() as session:
        standing = find_standing(session, campaign_code, today())
        found = campaigns.campaign_results(session, standing, filters, today())
        together = found.parents.rows if found.page == 1 and not filters.is_narrowed else ()
        behind = _behind(session, standing, together if len(together) <= MOST_TOGETHER else ())
        weighting = steps_of_weights(session, standing.publication)
        response = response_of(session, standing.publication)
        measured = measured_by(session, standing, chosen_language())
        corrections = corrections_of(session, standing.publication)
    return render_template(
        "publish/campaign.html",
        found=found,
        standing=standing,
        filters=filters,
        behind=behind,
        weighting=weighting,
        response=response,
        measured=measured,
        most_named=MOST_NAMED,
        corrections=corrections,
    )


def _behind(
    session: Session, standing: Standing, together: Sequence[OfficeFigure]
) -> list[tuple[OfficeFigure, Behind | None]]:
    """Give the few figures that the page begins with, each with the offices behind it."""
    if standing.publication is None:
        return []
    minimum = standing.publication.minimum_n
    offices_of = {
        office_id: offices_behind(session, standing.publication, office_id, minimum)
        for office_id in {row.office_id for row in together}
    }
    return [(row, offices_of[row.office_id].get(row.figure.provenance)) for row in together]


@blueprint.get("/results/<campaign_code>/<office_code>")
@access.public
def office_results(campaign_code: str, office_code: str) -> str:
    """Show what the responses of one office say, each provenance class apart."""
    with database().reading() as session:
        standing = find_standing(session, campaign_code, today())
        office = offices.find_office(session, office_code)
        if standing.publication is None:
            raise NotFound
        classes = offices.office_results(session, standing.publication, office.id, chosen_language())
        if not classes:
            raise NotFound
        trends = public_trends(session, standing, office.id, today())
        n_voided = count_voided(session, standing.campaign.id, office.id)
        ending = ending_of(session, standing, office, today())
        minimum = standing.publication.minimum_n
        behind = offices_behind(session, standing.publication, office.id, minimum)
        groups = groups_of_respondents(session, standing.publication, office.id, minimum, chosen_language())
        has_dossiers = any(found.index.population for found in classes) or any(
            one.coverage for one in behind.values()
        )
        gaps = gaps_of(session, office.id, standing.publication) if has_dossiers else None
    return render_template(
        "publish/office.html",
        standing=standing,
        office=office,
        results=_with_pictures(classes),
        trends={letter: (trend, _drawn(trend)) for letter, trend in trends.items()},
        n_voided=n_voided,
        behind=behind,
        ending=ending,
        gaps=gaps,
        groups=groups,
    )


@blueprint.get("/staff/offices/<int:office_id>")
@access.staff_only("results")
def office_page(office_id: int) -> str:
    """Answer an office manager: how are we doing, how sure is that, what to look at first."""
    asked = Asked(request.args.get("campaign", ""), request.args.get("class", ""), chosen_language())
    with database().reading() as session:
        office = access.office_in_scope(session, access.current_staff(), office_id)
        view = manager_view(session, office, asked, today())
    detail = view.detail
    trend = detail.trend if detail else None
    return render_template(
        "publish/manager.html",
        view=view,
        standing=view.standing,
        detail=detail,
        chart=_inside_picture(detail.results) if detail and detail.results.index.limits else None,
        trend_chart=_drawn(trend) if trend else None,
    )


def _filters() -> Filters:
    return Filters(
        parent_code=request.args.get("parent", "")[:64],
        name=typed_search(request.args),
        page=typed_page(request.args),
    )


def _with_pictures(classes: list[ClassResults]) -> list[tuple[ClassResults, Chart | None]]:
    return [(found, _picture(found) if found.index.limits else None) for found in classes]


def _drawn(trend: Trend) -> TrendChart:
    return draw_trend(_("Satisfaction index by month"), trend.moments, trend.scale)


def _inside_picture(found: ClassResults) -> Chart:
    """Draw what to mend first on top."""
    return _picture(replace(found, factors=offices.lowest_first(found.factors)))


def _picture(found: ClassResults) -> Chart:
    index = found.index.measured(_("Satisfaction index"))
    factors = [part.figure.measured(part.label) for part in found.factors]
    return draw(_("Satisfaction with its range, as a dot on a line"), [index, *factors], found.scale)

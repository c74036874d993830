"""Pages of a parent: all offices below it in one table and one picture, on paper, and as a file."""

import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, render_template, request, url_for
from sqlalchemy.orm import Session

from survey_app.models import audit
from survey_app.publish.parents.below import Below, offices_below
from survey_app.publish.parents.caterpillar import draw_caterpillar
from survey_app.publish.parents.changes import with_changes
from survey_app.publish.parents.chosen import ROWS_A_PAGE, Asked, choose
from survey_app.publish.parents.csv_file import as_csv
from survey_app.web import access
from survey_app.web.context import database, now, today
from survey_app.web.paging import PageAsked, page_of

blueprint = Blueprint("parents", __name__)

EXPORTED = "figures.export"  # in the audit log


@blueprint.get("/staff/offices/<int:office_id>/below")
@access.staff_only("results")
def below(office_id: int) -> str:
    """Answer a head of many offices: which are shown above or below the target, and which are not decided."""
    asked = _asked()
    with database().reading() as session:
        found = _found(session, office_id)
        chosen = choose(found, asked)
        n_rows = max(1, len(chosen)) if asked.shows_all else ROWS_A_PAGE
        page = page_of(chosen, PageAsked(asked.page, n_rows))
        lines = with_changes(session, found, page.rows)
    return render_template(
        "publish/parent.html",
        below=found,
        behind=found.behind,
        standing=found.standing,
        asked=asked,
        page=page,
        lines=lines,
        picture=draw_caterpillar(lines, found.scale, found.target),
        same=_same(found),
        at=_address(found, asked),
        made_on=today(),
    )


@blueprint.get("/staff/offices/<int:office_id>/below.csv")
@access.staff_only("results")
def below_csv(office_id: int) -> Response:
    """Send the whole table as it is filtered and sorted, and note who took it."""
    asked = _asked()
    with database().reading() as session:
        found = _found(session, office_id)
        lines = with_changes(session, found, choose(found, asked))
    with database().transaction() as session:
        campaign = found.standing.campaign.code if found.standing else ""
        of_what = f"{campaign}, phiếu loại {found.provenance}: " if campaign else ""
        what = f"{of_what}bảng {len(lines)} đơn vị"
        audit.note(session, now(), access.current_staff().id, EXPORTED, what, found.parent.id)
        response = Response(as_csv(found, lines), content_type="text/csv; charset=utf-8")
    filters = ["-".join(re.findall(r"\w+", value)) for value in asked.filters.values()]
    name = "-".join((found.parent.code, campaign, found.provenance, *filters))
    response.headers.set("Content-Disposition", "attachment", filename=f"{name}.csv")
    return response


def _found(session: Session, office_id: int) -> Below:
    parent = access.office_in_scope(session, access.current_staff(), office_id)
    return offices_below(
        session, parent, request.args.get("campaign", ""), request.args.get("class", ""), today()
    )


def _asked() -> Asked:
    return Asked.of(request.args)


def _address(found: Below, asked: Asked) -> Callable[..., str]:
    """Give what writes the address of the same table, with something else in it."""

    def address(endpoint: str = "parents.below", **other: Any) -> str:
        said: dict[str, Any] = {**_same(found), **asked.said(**other)}
        return url_for(endpoint, office_id=found.parent.id, **said)

    return address


def _same(found: Below) -> dict[str, str]:
    """Give what keeps an address at this campaign and class, where there is a choice."""
    said = {}
    if found.standing and len(found.campaigns) > 1:
        said["campaign"] = found.standing.campaign.code
    if len(found.indices) > 1:
        said["class"] = found.provenance
    return said

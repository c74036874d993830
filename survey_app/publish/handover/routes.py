"""The door of the hand-over: what can be made of a frozen publication, and what was made."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from survey_app.errors import NotFound
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.publication import Publication
from survey_app.publish.handover import ask
from survey_app.publish.handover.forms import LONGEST_CODE, HandOverForm, product_name
from survey_app.publish.handover.products import PRODUCTS, RIGHT, RIGHT_TO_SUMS, Product
from survey_app.web import access
from survey_app.web.access import current_staff, offices_in_scope
from survey_app.web.context import database, now

blueprint = Blueprint("handover", __name__)


@dataclass(frozen=True)
class Target:
    """A publication, and of which of its offices the person who asks may have files."""

    publication: Publication
    campaign: Campaign
    replaced_by: Publication | None
    offices: set[int]
    reached: dict[str, set[int]]  # by right

    @classmethod
    def read(cls, session: Session, publication_id: int) -> "Target":
        publication = ask.find_wave(session, publication_id)
        offices, staff = ask.offices_of(session, publication_id), current_staff()
        scopes = {right: offices_in_scope(session, staff, right) for right in (RIGHT, RIGHT_TO_SUMS)}
        if not offices & scopes[RIGHT]:
            raise NotFound
        campaign = session.get_one(Campaign, publication.campaign_id)
        return cls(publication, campaign, ask.replaced_by(session, publication), offices, scopes)

    def offices_for(self, product: Product) -> set[int]:
        """Give the offices that a file would speak of: some for sheets, else all or none."""
        within = self.offices & self.reached[product.right]
        return within if product.by_office or within == self.offices else set()

    @property
    def products(self) -> list[Product]:
        return [one for one in PRODUCTS.values() if self.offices_for(one)]


@blueprint.route("/staff/publications/<int:publication_id>", methods=["GET", "POST"])
@access.staff_only("exports")
def overview(publication_id: int) -> str | AnyResponse | tuple[str, int]:
    """Show what can be handed over; make a job of what is asked for."""
    form = HandOverForm()
    with database().reading() as session:
        target = Target.read(session, publication_id)
    form.offer(target.products)
    if not form.is_submitted():
        form.office_code.data = request.args.get("office", "")[:LONGEST_CODE]
        if form.office_code.data:
            form.product.data = "sheets"
    elif form.validate():
        asked = _asked(form, target)
        if asked is not None:
            return asked
    page = _page(form, target)
    return (page, 422) if form.is_submitted() else page


def _asked(form: HandOverForm, target: Target) -> AnyResponse | None:
    product = PRODUCTS[form.product.data]
    wanted, code = target.offices_for(product), (form.office_code.data or "").strip()
    with database().transaction() as session:
        if code and product.by_office:
            # PostgreSQL refuses to look for a NUL at all.
            found = (
                session.scalar(select(Office.id).where(Office.code == code)) if code.isprintable() else None
            )
            wanted = wanted & {found}
        if not wanted:
            form.office_code.errors = [_("No office of this publication that you may see has this code.")]
            return None
        job = ask.ask_for(session, target.publication, product, wanted, current_staff().id, now())
    return redirect(url_for("jobs.job", job_id=job.id), 303)


def _page(form: HandOverForm, target: Target) -> str:
    with database().reading() as session:
        before = ask.asked_before(session, target.publication.id, current_staff().id, target.reached)
    return render_template(
        "publish/handover.html",
        form=form,
        target=target,
        publication=target.publication,
        campaign=target.campaign,
        asked_before=[(job, product_name(job.arguments["product"])) for job in before],
        faults=[(field.id, field.errors[0]) for field in form if field.errors],
    )

"""What a campaign measures: by which form, and over which dossiers."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from survey_app.models.definition import Definition
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.plan import plan_in_force
from survey_app.models.plan_document import PlanDocument
from survey_app.publish.shown.campaign import Standing

MOST_NAMED = 3  # places in one line; of more, the others are counted


@dataclass(frozen=True)
class Measured:
    """The form, and the days between which the dossiers were settled, where the plan sets them."""

    form: str
    version: int
    settled: tuple[date, date] | None

    @classmethod
    def of(cls, definition: Definition, plan: PlanDocument | None, language: str) -> "Measured":
        first, last = (plan.population.settled_from, plan.population.settled_until) if plan else (None, None)
        settled = (first, last) if first and last else None
        return cls(definition.title.in_language(language), definition.version, settled)


def measured_by(session: Session, standing: Standing, language: str) -> Measured:
    campaign = standing.campaign
    asked_by = standing.publication or campaign
    definition = session.get_one(InstrumentVersion, asked_by.instrument_version_id).definition
    then = standing.publication.published_at if standing.publication else None
    plan = plan_in_force(session, campaign.id, then) if campaign.kind == "annual" else None
    return Measured.of(definition, plan, language)

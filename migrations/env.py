"""Alembic's door: runs migrations over the connection that the caller gives."""

from alembic import context

from survey_app.models import (
    access_point,
    approval,
    audit,
    campaign,
    case,
    code_report,
    instrument,
    invitation,
    job,
    known_offices,
    office,
    plan,
    publication,
    response,
    staff,
    stale_office,
)
from survey_app.models.base import Base

FAMILIES = (
    access_point,
    approval,
    audit,
    campaign,
    case,
    code_report,
    instrument,
    invitation,
    job,
    known_offices,
    office,
    plan,
    publication,
    response,
    staff,
    stale_office,
)

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    transaction_per_migration=False,
)
context.run_migrations()

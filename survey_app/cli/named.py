"""Finds what a command names by its code; a code that nothing bears is a fault of the option."""

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.publication import Publication


def find_campaign(session: Session, code: str, hint: str = "--campaign") -> Campaign:
    campaign = session.scalar(select(Campaign).where(Campaign.code == code))
    if campaign is None:
        raise click.BadParameter(f"no campaign has the code {code!r}", param_hint=hint)
    return campaign


def find_office(session: Session, code: str) -> Office:
    office = session.scalar(select(Office).where(Office.code == code))
    if office is None:
        raise click.BadParameter(f"no office has the code {code!r}", param_hint="--office")
    return office


def find_publication(session: Session, number: int) -> Publication:
    publication = session.get(Publication, number)
    if publication is None:
        raise click.BadParameter(f"there is no publication {number}", param_hint="ID")
    return publication


def newest_version(session: Session, code: str) -> InstrumentVersion:
    published = select(InstrumentVersion).where(InstrumentVersion.code == code)
    version = session.scalar(published.order_by(InstrumentVersion.version.desc()).limit(1))
    if version is None:
        raise click.BadParameter(f"no published instrument has the code {code!r}", param_hint="--instrument")
    return version

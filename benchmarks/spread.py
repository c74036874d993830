"""Rows made by the database from one of their kind, so that a country stands in seconds."""

from typing import Any

from sqlalchemy import ColumnElement, insert, literal, select
from sqlalchemy.orm import Session

from survey_app.models.base import Base
from survey_app.models.office import Office


def spread(session: Session, like: Base, *of_offices: ColumnElement[bool], **other: Any) -> None:
    """Make a row like this one for each of some offices, with something else in it."""
    table = type(like).__table__
    its_key = [column == getattr(like, column.key) for column in table.primary_key]
    chosen = [other.get(column.key, column) for column in table.columns]
    rows = select(*chosen).join_from(table, Office, literal(True)).where(*its_key, *of_offices)
    session.execute(insert(type(like)).from_select(table.columns, rows))


def copied(session: Session, kind: type[Base], of_publication: int, **other: Any) -> None:
    """Copy all rows of a kind that a publication has, with something else in them."""
    table = kind.__table__
    chosen = [other.get(column.key, column) for column in table.columns]
    rows = select(*chosen).where(table.c.publication_id == of_publication)
    session.execute(insert(kind).from_select(table.columns, rows))

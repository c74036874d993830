"""One page of what a query finds."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import Session

from survey_app.web.paging import Page, PageAsked, read_page

Item = TypeVar("Item")


def find_page(
    session: Session, query: Select[*tuple[Any, ...]], of: Callable[..., Item], asked: PageAsked
) -> Page[Item]:
    """Read one page of a sorted query, each row as an item."""

    def read(shown: slice) -> list[Item]:
        return [of(**row._asdict()) for row in session.execute(query.slice(shown.start, shown.stop))]

    return read_page(count_rows(session, query), read, asked)


def count_rows(session: Session, query: Select[*tuple[Any, ...]]) -> int:
    """Count what a query finds, without its columns: databases leave out joins that only fill these."""
    bare = query.with_only_columns(literal(1), maintain_column_froms=True).order_by(None)
    return session.scalar(select(func.count()).select_from(bare.subquery())) or 0

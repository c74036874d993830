"""One page of what a query finds."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from survey_app.web.paging import Page, PageAsked, read_page

Item = TypeVar("Item")


def find_page(
    session: Session, query: Select[*tuple[Any, ...]], of: Callable[..., Item], asked: PageAsked
) -> Page[Item]:
    """Read one page of a sorted query, each row as an item."""

    def read(shown: slice) -> list[Item]:
        return [of(**row._asdict()) for row in session.execute(query.slice(shown.start, shown.stop))]

    n_rows = session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    return read_page(n_rows, read, asked)

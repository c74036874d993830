"""Every builder makes a valid row by itself, on both databases."""

import inspect

import pytest

from survey_app.db import Database
from survey_app.models.base import Base
from tests import factories

BUILDERS = {
    name: builder
    for name, builder in inspect.getmembers(factories, inspect.isfunction)
    if builder.__module__ == factories.__name__ and name in Base.metadata.tables
}


@pytest.mark.parametrize("name", BUILDERS)
def test_defaults_make_a_valid_row(name: str, database: Database) -> None:
    with database.transaction() as session:
        row = BUILDERS[name](session)
        assert row.__tablename__ == name


def test_each_table_has_its_builder() -> None:
    assert set(Base.metadata.tables) == set(BUILDERS)

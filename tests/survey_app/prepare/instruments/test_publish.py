"""A published version is never changed, only followed by the next one."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from survey_app.db import Database
from survey_app.errors import VersionIsPublished
from survey_app.models.instrument import InstrumentVersion
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.prepare.instruments.publish import VersionOutOfOrder, publish_version
from tests import factories


def test_published_version_gives_its_definition_back(database: Database) -> None:
    definition = shipped_definition("counter_short")
    with database.transaction() as session:
        publish_version(session, definition, factories.MOMENT)
    with database.reading() as session:
        version = session.scalars(select(InstrumentVersion)).one()
        assert version.definition == definition
        assert version.checksum == definition.checksum
        assert version.published_at == factories.MOMENT


def test_same_content_published_again_is_the_same_version(database: Database) -> None:
    definition = factories.definition()
    with database.transaction() as session:
        first = publish_version(session, definition, factories.MOMENT)
        again = publish_version(session, definition, factories.MOMENT)
        assert again.id == first.id
        assert session.scalar(select(func.count(InstrumentVersion.id))) == 1


def test_other_content_under_a_published_version_is_refused(database: Database) -> None:
    definition = factories.definition()
    with database.transaction() as session:
        publish_version(session, definition, factories.MOMENT)
        with pytest.raises(VersionIsPublished, match="phiên bản 1"):
            publish_version(session, replace(definition, minutes=9), factories.MOMENT)


@pytest.mark.parametrize(("published", "wanted"), [((), 2), ((1,), 3), ((1, 2), 4)])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_no_version_is_left_out(database: Database, published: tuple[int, ...], wanted: int) -> None:
    with database.transaction() as session:
        for number in published:
            publish_version(session, factories.definition(version=number), factories.MOMENT)
        with pytest.raises(VersionOutOfOrder, match=f"phải là {len(published) + 1}"):
            publish_version(session, factories.definition(version=wanted), factories.MOMENT)


def test_the_database_itself_refuses_to_change_a_published_version(database: Database) -> None:
    with database.transaction() as session:
        version = factories.instrument_version(session)
    with pytest.raises(DBAPIError, match="cannot be changed"), database.transaction() as session:
        session.get_one(InstrumentVersion, version.id).checksum = "0" * 64

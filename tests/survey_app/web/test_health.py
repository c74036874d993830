"""/healthz: the number is for a supervisor, the word for a monitor."""

from contextlib import suppress

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from survey_app.collect.storing import Arrival
from survey_app.errors import StorageFailed
from tests import factories


@pytest.fixture
def send(app):
    """Give `send()`: a response on its way, whatever becomes of it."""
    with app.extensions["database"].transaction() as session:
        point_id, version_id = factories.access_point(session).id, factories.instrument_version(session).id
    keys = iter(range(1, 100))

    def sent():
        key = next(keys).to_bytes(16)
        with suppress(StorageFailed):
            app.extensions["desk"].writer.store(
                Arrival(1, point_id, factories.DAY, version_id, key, b"\x11\x10")
            )

    return sent


def health(client):
    answer = client.get("/healthz")
    assert answer.status_code == 200
    return answer.json["status"]


def test_an_idle_service_is_ready(client):
    assert health(client) == "ready"


def test_a_failed_write_is_said_until_one_succeeds(app, client, send):
    is_full = True

    @event.listens_for(app.extensions["database"].engine, "commit")
    def refuse(_connection):
        if is_full:
            raise OSError("no space left on device")

    send()
    assert health(client) == "not storing"
    is_full = False
    send()
    assert health(client) == "ready"


def test_a_database_that_is_gone_is_said(app, client, monkeypatch):
    def gone():
        raise OperationalError("connect", None, ConnectionRefusedError())

    monkeypatch.setattr(app.extensions["database"].engine, "connect", gone)
    assert health(client) == "no database"

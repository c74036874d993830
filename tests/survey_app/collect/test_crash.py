"""Kill -9 of the server under load, again and again: what was acknowledged is there, once and whole."""

import contextlib
import http.client
import random
import re
import signal
import subprocess
import threading
import time
from itertools import count, repeat
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from survey_app.models.access_point import AccessPointDay
from survey_app.models.case import Case
from survey_app.models.invitation import SpentInvitation
from survey_app.models.invitation_token import InvitationToken
from survey_app.models.response import Comment, Response
from survey_app.web.context import system_clock
from tests import factories, running_server
from tests.soak import SOAK

CRASHES = 20 if SOAK else 5
PHONES = 6  # half of them come by the poster, half by invitations
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def hall(database, settings):
    """A poster and a batch of invitations, open today by the real clock, which the server goes by."""
    with database.transaction() as session:
        version = factories.instrument_version(session)
        campaign = factories.campaign(
            session, instrument_version_id=version.id, opens_on=system_clock().date().replace(day=1)
        )
        poster = factories.access_point(session, campaign_id=campaign.id)
        invited = factories.access_point(
            session, campaign_id=campaign.id, way_in="invitation", provenance="B"
        )
        batch = factories.invitation_batch(session, access_point_id=invited.id, n_issued=100_000)

    def token(serial):
        return InvitationToken(batch.id, serial).text(settings.secrets[0])

    return SimpleNamespace(poster=poster, invited=invited, token=token)


class Phone(threading.Thread):
    """Fills in one form after the other, and sends a form again until it is acknowledged."""

    def __init__(self, port, hall, number):
        super().__init__(daemon=True)
        self.port, self.rng = port, random.Random(number)
        if number % 2:
            self.code = hall.invited.code
            self.pages = (f"/i/{hall.token(serial)}" for serial in count(number, PHONES))
        else:
            self.code = hall.poster.code
            self.pages = repeat(f"/s/{self.code}")
        self.acknowledged = {}  # sealed key → where its thank-you page is
        self.goes_on = True

    def run(self):
        while self.goes_on:
            body = self.ask("GET", next(self.pages))
            key = re.search(rb'name="form-key" value="([^"]+)"', body)[1].decode()
            said = {"form-key": key, "q1": self.rng.choice("12345"), "form-comment": "Tốt"}
            wish = self.rng.choice([{}, {"form-answer": "1"}])
            form = urlencode({**said, **wish, "form-end": "1"})
            self.acknowledged[key] = self.ask("POST", f"/s/{self.code}", form)

    def ask(self, method, path, form=None):
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
            try:
                with contextlib.closing(connection):
                    connection.request(method, path, form, FORM)
                    answer = connection.getresponse()
                    body = answer.read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)  # the server is down: as a phone does, try again
                continue
            if answer.status in (200, 303):
                return answer.headers["Location"] if method == "POST" else body
            assert answer.status == 503, answer.status


def n_acknowledged(phones):
    return sum(len(phone.acknowledged) for phone in phones)


def wait_until_acknowledged(phones, n):
    until = time.monotonic() + 60
    while n_acknowledged(phones) < n:
        assert time.monotonic() < until
        time.sleep(0.005)


def test_crashes_lose_no_acknowledged_response_and_double_none(hall, settings, database, free_port):
    phones = [Phone(free_port, hall, seed) for seed in range(PHONES)]
    environment, command = (
        running_server.environment(settings, free_port),
        running_server.web(settings, free_port),
    )
    rng = random.Random(20)
    for phone in phones:
        phone.start()
    for _ in range(CRASHES):
        server = subprocess.Popen(
            command, env=environment, cwd=running_server.ROOT, stderr=subprocess.DEVNULL
        )
        running_server.wait_until_ready(free_port, server, 60)
        wait_until_acknowledged(phones, n_acknowledged(phones) + rng.randint(PHONES + 1, 4 * PHONES))
        time.sleep(rng.uniform(0, 0.02))
        running_server.end(server, signal.SIGKILL)
    with running_server.started(command, environment):
        for phone in phones:
            phone.goes_on = False
        for phone in phones:
            phone.join(60)
            assert not phone.is_alive()
    acknowledged = {key: place for phone in phones for key, place in phone.acknowledged.items()}
    n_invited = sum(len(phone.acknowledged) for phone in phones[1::2])
    n_wishes = sum("case=" in place for place in acknowledged.values())
    assert len(acknowledged) > CRASHES * PHONES
    assert 0 < n_invited < len(acknowledged)
    assert len(set(acknowledged.values())) == len(acknowledged)
    with database.reading() as session:

        def number(row, *conditions):
            return session.scalar(select(func.count()).select_from(row).where(*conditions))

        assert number(Response) == number(Comment) == len(acknowledged)
        assert number(Response, Response.access_point_id == hall.invited.id) == n_invited
        assert number(SpentInvitation) == n_invited
        assert number(Case) == n_wishes
        assert session.scalar(select(func.sum(AccessPointDay.n_received))) == len(acknowledged)

"""Answers whose acknowledgement is lost are sent again, also days later: each is stored once."""

import asyncio
import secrets
from dataclasses import replace
from datetime import timedelta

from survey_app.config import SECRET_BYTES, read_secrets
from tests.soak import SOAK
from tests.survey_app.collect.faults import phones
from tests.survey_app.collect.faults.conftest import MOMENT
from tests.survey_app.collect.faults.lossy_proxy import LossyProxy

N_ANSWERS = 10_000 if SOAK else 2_000
N_PHONES = 32
RESENT = slice(None, None, 5)


def test_answers_over_a_network_that_loses_three_in_ten_acknowledgements(hall):
    forms = [hall.form(**{"form-comment": f"Ý kiến {n}"} if n % 10 == 0 else {}) for n in range(N_ANSWERS)]
    proxy = LossyProxy(hall.port, loses=0.3, seed=1)

    async def through_the_proxy():
        async with proxy.listening() as port:
            return await phones.by_turns_of(port, forms, N_PHONES)

    with hall.server():
        answers = asyncio.run(through_the_proxy())
    assert {answer.status for answer in answers} == {303}
    assert proxy.n_answered - proxy.n_lost >= N_ANSWERS
    assert 0.25 < proxy.n_lost / proxy.n_answered < 0.35
    assert len({answer.receipt for answer in answers}) == N_ANSWERS
    assert hall.n_stored == N_ANSWERS

    rotate_secret(hall)
    with hall.server(MOMENT + timedelta(hours=26)):
        again = phones.by_turns(hall.port, forms[RESENT])
    assert [answer.receipt for answer in again] == [answer.receipt for answer in answers[RESENT]]
    assert hall.n_stored == N_ANSWERS


def rotate_secret(hall):
    """Put a new secret on top, as the installation's handbook says."""
    file = hall.settings.data_dir / "secrets"
    file.write_text(secrets.token_hex(SECRET_BYTES) + "\n" + file.read_text("ascii"), "ascii")
    hall.settings = replace(hall.settings, secrets=read_secrets(file))

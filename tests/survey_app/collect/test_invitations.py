"""The form behind an invitation, on both databases: it counts once, and nothing tells for whom."""

import random
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select, text

from survey_app import create_app
from survey_app.cli.database import forget_order
from survey_app.collect import writer
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import InvitationBatch, SpentInvitation
from survey_app.models.invitation_token import (
    LENGTH,
    InvitationToken,
    printed,
    secret_mark,
    token_hash,
)
from survey_app.models.response import OVER_BUDGET, Response
from survey_app.models.short_code import ALPHABET
from tests import factories
from tests.page_inspector import InspectingClient
from tests.running_server import PATIENT

USED = "Mã mời này đã được dùng; mỗi mã dùng một lần."
PHONE = "0200 000 000"


@pytest.fixture
def invitations(app):
    """A batch of letters to a drawn cell, in an open campaign."""
    return batch_in(app)


def batch_in(app):
    secret = app.extensions["settings"].secrets[0]
    with app.extensions["database"].transaction() as session:
        office = factories.office(session, name="Bộ phận Một cửa xã An Phú")
        campaign = factories.campaign(session, sampling_basis="probability", controller_phone=PHONE)
        cell = factories.sample_cell(session, campaign_id=campaign.id)
        point = factories.access_point(
            session, campaign_id=campaign.id, office_id=office.id, way_in="invitation", provenance="A"
        )
        batch = factories.invitation_batch(
            session,
            access_point_id=point.id,
            delivery="letter",
            n_issued=200,
            cell_id=cell.id,
            secret_mark=secret_mark(secret),
        )
    return SimpleNamespace(
        id=batch.id,
        point_id=point.id,
        code=point.code,
        campaign_id=campaign.id,
        office_id=office.id,
        cell_id=cell.id,
        tokens=[InvitationToken(batch.id, serial).text(secret) for serial in range(200)],
    )


def key_of(client, token):
    """Open an invitation's form as a phone does, and give its key."""
    page = client.get(f"/i/{token}", headers={"Accept-Encoding": "identity"})
    assert page.status_code == 200
    return key_on(page.text)


def key_on(page):
    return re.search(r'name="form-key" value="([^"]+)"', page)[1]


def send(client, invitations, key, **answers):
    return client.post(f"/s/{invitations.code}", data={"form-key": key, **answers, "form-end": "1"})


def answer(client, invitations, token, **answers):
    key = key_of(client, token)
    return send(client, invitations, key, **(answers or {"q1": "5"}))


def rows(app, kind=Response):
    with app.extensions["database"].reading() as session:
        return session.scalars(select(kind)).all()


def change(app, kind, row_id, **values):
    """Change a row, and let the second pass for which a way in is kept in memory."""
    app.extensions["clock"].advance(seconds=1)
    with app.extensions["database"].transaction() as session:
        row = session.get_one(kind, row_id)
        for name, value in values.items():
            setattr(row, name, value)


def test_the_form_says_what_the_invitation_does_and_posts_to_its_batch(client, invitations):
    page = client.get(f"/i/{invitations.tokens[0]}").text
    assert "Mã mời để mỗi người trả lời một lần" in page
    assert "không biết phiếu nào là của ai" in page  # of a drawn sample; whoever has a slip is on no list
    assert f"/s/{invitations.code}" in page
    assert invitations.tokens[0] not in page


def test_the_first_use_is_stored_with_the_cell_of_the_batch(app, client, invitations):
    assert answer(client, invitations, invitations.tokens[0]).status_code == 303
    (row,) = rows(app)
    assert (row.access_point_id, row.cell_id, row.review_mark) == (
        invitations.point_id,
        invitations.cell_id,
        None,
    )
    (spent,) = rows(app, SpentInvitation)
    assert (spent.batch_id, spent.token_hash) == (invitations.id, token_hash(invitations.tokens[0]))


@pytest.mark.parametrize("typed", [str.lower, printed, lambda token: printed(token).replace("-", " ")])
def test_the_token_works_as_scanned_or_typed(client, invitations, typed):
    token = invitations.tokens[0]
    assert client.get(f"/I/{typed(token)}").status_code == 200
    assert client.get("/", query_string={"code": typed(token)}).location == f"/i/{token}"


def test_a_used_token_opens_no_form_again(app, client, invitations):
    answer(client, invitations, invitations.tokens[0])
    again = client.get(f"/i/{invitations.tokens[0]}")
    assert again.status_code == 409
    assert USED in again.text
    assert PHONE in again.text
    assert client.get(f"/i/{invitations.tokens[1]}").status_code == 200


def test_a_second_form_of_the_same_token_is_told_that_it_was_used(app, client, invitations):
    first = key_of(client, invitations.tokens[0])
    second = key_of(client, invitations.tokens[0])
    assert send(client, invitations, first, q1="5").status_code == 303
    late = send(client, invitations, second, q1="1")
    assert late.status_code == 409
    assert USED in late.text
    assert len(rows(app)) == len(rows(app, SpentInvitation)) == 1


def test_the_same_form_sent_again_gets_the_same_receipt(app, client, invitations, clock):
    key = key_of(client, invitations.tokens[0])
    first = send(client, invitations, key, q1="5")
    clock.advance(hours=26)
    again = send(client, invitations, key, q1="5")
    assert (again.status_code, again.location) == (303, first.location)
    assert len(rows(app)) == len(rows(app, SpentInvitation)) == 1


def test_other_answers_in_the_same_form_are_a_conflict_and_the_first_stand(app, client, invitations):
    key = key_of(client, invitations.tokens[0])
    send(client, invitations, key, q1="5")
    assert "câu trả lời đầu tiên được giữ" in send(client, invitations, key, q1="1").text
    assert len(rows(app)) == 1


def test_a_form_with_a_fault_spends_nothing_until_it_is_mended(app, client, invitations):
    key = key_of(client, invitations.tokens[0])
    assert send(client, invitations, key).status_code == 422
    assert rows(app, SpentInvitation) == []
    assert send(client, invitations, key, q1="4").status_code == 303


@pytest.mark.parametrize("key", ["", "forged", "of a poster"])
def test_a_form_without_the_key_of_an_invitation_stores_nothing(app, client, invitations, key):
    if key == "of a poster":
        with app.extensions["database"].transaction() as session:
            code = factories.access_point(session, campaign_id=invitations.campaign_id).code
        page = client.get(f"/s/{code}", headers={"Accept-Encoding": "identity"}).text
        key = key_on(page)
    assert send(client, invitations, key, q1="5").status_code == 400
    assert rows(app) == []


def test_the_code_of_a_batch_opens_nothing_by_itself(client, invitations):
    assert client.get(f"/s/{invitations.code}").status_code == 404


def test_none_of_a_thousand_forged_tokens_opens_a_form(app, client, invitations):
    chance = random.Random(1)
    forged = [
        forged_from(token, place, chance) for token in invitations.tokens[:25] for place in range(LENGTH)
    ]
    forged += ["".join(chance.choices(ALPHABET, k=LENGTH)) for _ in range(300)]
    forged += [InvitationToken(invitations.id, serial).text(b"x" * 32) for serial in range(200)]
    assert len(set(forged)) == 1_000
    assert {client.get(f"/i/{token}").status_code for token in forged} == {404}
    app.extensions["desk"].writer.close()  # so that openings would be there
    assert rows(app, AccessPointDay) == []


def forged_from(token, place, chance):
    return token[:place] + chance.choice(ALPHABET.replace(token[place], "")) + token[place + 1 :]


def test_a_token_of_a_batch_that_does_not_exist_is_not_found(app, client, invitations):
    token = InvitationToken(999, 0).text(app.extensions["settings"].secrets[0])
    assert client.get(f"/i/{token}").status_code == 404


def test_a_hundred_and_seventy_tokens_from_one_phone_all_pass(app, client, invitations):
    sent = [answer(client, invitations, token) for token in invitations.tokens[:170]]
    assert {response.status_code for response in sent} == {303}
    assert len({response.location for response in sent}) == 170
    assert [row.review_mark for row in rows(app)] == [None] * 170
    assert len(rows(app, SpentInvitation)) == 170


@pytest.mark.parametrize(("delivery", "marked"), [("slip", 2), ("letter", 0), ("message", 0)])
def test_slips_beyond_the_offices_daily_budget_are_counted_and_marked(
    app, client, invitations, delivery, marked
):
    """An office that prints slips could fill them in itself; what went to drawn units it never held."""
    with app.extensions["database"].transaction() as session:
        factories.dossier_count(
            session, office_id=invitations.office_id, month=date(2026, 2, 1), n_settled=60
        )  # of twenty working days
    change(app, InvitationBatch, invitations.id, delivery=delivery)
    sent = [answer(client, invitations, token) for token in invitations.tokens[:5]]
    assert {response.status_code for response in sent} == {303}
    marks = [row.review_mark for row in rows(app)]
    assert (marks.count(OVER_BUDGET), marks.count(None)) == (marked, 5 - marked)


def test_a_token_used_by_64_at_one_instant_counts_once(settings, clock, monkeypatch):
    for limit, seconds in PATIENT.items():
        monkeypatch.setattr(writer, limit, seconds)
    app = create_app(replace(settings, threads=96), clock)
    app.test_client_class = InspectingClient
    try:
        invitations = batch_in(app)
        keys = [key_of(app.test_client(), invitations.tokens[0]) for _ in range(64)]
        barrier = threading.Barrier(64)

        def send_at_once(key):
            client = app.test_client()
            barrier.wait()
            return send(client, invitations, key, q1="5")

        with ThreadPoolExecutor(64) as threads:
            sent = list(threads.map(send_at_once, keys))
        assert sorted(response.status_code for response in sent) == [303] + [409] * 63
        assert all(USED in response.text for response in sent if response.status_code == 409)
        assert len(rows(app)) == len(rows(app, SpentInvitation)) == 1
        (day,) = rows(app, AccessPointDay)
        assert day.n_received == 1
    finally:
        app.extensions["desk"].writer.close()
        app.extensions["database"].engine.dispose()


def test_a_revoked_batch_explains_itself_and_its_open_forms_count_for_48_hours(
    app, client, invitations, clock
):
    keys = [key_of(client, token) for token in invitations.tokens[:2]]
    change(app, AccessPoint, invitations.point_id, revoked_on=factories.DAY)
    closed = client.get(f"/i/{invitations.tokens[2]}")
    assert closed.status_code == 410
    assert "đã ngừng dùng" in closed.text
    clock.advance(days=2)
    assert send(client, invitations, keys[0], q1="5").status_code == 303
    clock.advance(days=1)
    assert send(client, invitations, keys[1], q1="5").status_code == 410
    assert len(rows(app, SpentInvitation)) == 1


def test_revoking_the_poster_of_a_place_leaves_its_invitations_working(app, client, invitations):
    with app.extensions["database"].transaction() as session:
        poster = factories.access_point(
            session, campaign_id=invitations.campaign_id, office_id=invitations.office_id
        )
    change(app, AccessPoint, poster.id, revoked_on=factories.DAY)
    assert client.get(f"/s/{poster.code}").status_code == 410
    assert answer(client, invitations, invitations.tokens[0]).status_code == 303


@pytest.mark.parametrize(
    ("days", "status"), [({"opens_on": timedelta(days=1)}, 403), ({"closes_on": timedelta(days=-1)}, 410)]
)
def test_outside_the_campaign_no_form_is_shown(app, client, invitations, days, status):
    change(app, Campaign, invitations.campaign_id, **{name: factories.DAY + by for name, by in days.items()})
    assert client.get(f"/i/{invitations.tokens[0]}").status_code == status


def test_nothing_stored_links_a_spent_token_to_its_answers(app, client, invitations, clock):
    order = random.Random(2).sample(invitations.tokens, 40)
    for token in order:
        answer(client, invitations, token)
    database = app.extensions["database"]
    assert set(SpentInvitation.__table__.columns.keys()) == {"batch_id", "token_hash"}
    hashes = {spent.token_hash for spent in rows(app, SpentInvitation)}
    for row in rows(app):
        assert row.submission_key not in hashes
        assert not any(one in row.answers for one in hashes)
    forget_order(database, factories.DAY)
    with database.reading() as session:
        if not database.is_sqlite:
            assert_no_trace_in_postgresql(session)
        stored = session.scalars(select(SpentInvitation.token_hash)).all()
    assert set(stored) == hashes == set(map(token_hash, order))


def assert_no_trace_in_postgresql(session):
    tables = ("response", "spent_invitation", "spent_count")
    numbers = " UNION ".join(f"SELECT xmin::text FROM {table}" for table in tables)
    assert len(session.scalars(text(numbers)).all()) == 1
    for table, key in zip(tables, ("submission_key", "token_hash", "batch_id"), strict=True):
        stored = session.scalars(text(f"SELECT {key} FROM {table} ORDER BY ctid")).all()
        assert stored == sorted(stored)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_tidying_sorts_spent_tokens_and_answers_in_the_file(app, client, invitations, tmp_path):
    for token in random.Random(3).sample(invitations.tokens, 40):
        answer(client, invitations, token)
    spent = sorted(row.token_hash for row in rows(app, SpentInvitation))
    keys = sorted(row.submission_key for row in rows(app))

    def places(of):
        content = (tmp_path / "survey.sqlite").read_bytes()
        return [content.rindex(one) for one in of]

    forget_order(app.extensions["database"], factories.DAY)
    for of in (spent, keys):
        assert places(of) in (sorted(places(of)), sorted(places(of), reverse=True))


def test_other_answers_under_the_key_of_an_invitation_lead_to_no_new_form(client, invitations):
    key = key_of(client, invitations.tokens[0])
    send(client, invitations, key, q1="5")
    refusal = send(client, invitations, key, q1="1")
    assert (refusal.status_code, "Mở phiếu mới" in refusal.text) == (409, False)

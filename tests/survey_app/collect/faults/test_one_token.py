"""One invitation, opened on 64 phones and sent from all of them at one instant."""

from sqlalchemy import select

from survey_app.models.access_point import AccessPoint
from survey_app.models.invitation import SpentInvitation
from survey_app.models.invitation_token import InvitationToken
from survey_app.models.response import Response
from tests import factories
from tests.running_server import PATIENT
from tests.survey_app.collect.faults import phones

N_PHONES = 64


def test_64_forms_of_one_token_at_one_instant_are_one_response(hall):
    with hall.database.transaction() as session:
        campaign = factories.campaign(session, instrument_version_id=hall.version_id)
        cell = factories.sample_cell(session, campaign_id=campaign.id)
        point = factories.access_point(
            session, campaign_id=campaign.id, office_id=hall.office_id, way_in="invitation", provenance="A"
        )
        batch = factories.invitation_batch(
            session, access_point_id=point.id, delivery="letter", cell_id=cell.id
        )
        token = InvitationToken(batch.id, 0).text(hall.settings.secrets[0])
        code = session.get_one(AccessPoint, point.id).code
        cell_id = cell.id
    with hall.server(**PATIENT):
        opened = phones.each_from_its_own_phone(hall.port, [phones.get(f"/i/{token}")] * N_PHONES)
        forms = [
            phones.post(code, {"form-key": page.form_key, "q1": str(1 + n % 5)})
            for n, page in enumerate(opened)
        ]
        answers = phones.each_from_its_own_phone(hall.port, forms)
        assert sorted(answer.status for answer in answers) == [303] + [409] * (N_PHONES - 1)
        for answer in answers:
            assert answer.status == 303 or "0200 000 000" in answer.text  # whom to tell
        winner = next(form for form, answer in zip(forms, answers, strict=True) if answer.status == 303)
        assert phones.ask(hall.port, winner).status == 303
        assert phones.ask(hall.port, phones.get(f"/i/{token}")).status == 409
    assert hall.n_stored == hall.count(SpentInvitation) == 1
    with hall.database.reading() as session:
        (response,) = session.scalars(select(Response))
        assert response.cell_id == cell_id
        assert response.review_mark is None

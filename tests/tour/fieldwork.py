"""A campaign in the field: dossiers of two offices drawn and invited, answers, letters that came back."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.invitation_token import InvitationToken, secret_mark, token_hash
from survey_app.models.office import Office
from tests import factories

N_CELLS, N_IN_CELL = 3, 10
CAME_BACK = (4, 17)
RESERVES = (61, 62)


def lay(session: Session, words: dict[str, Any], secret: bytes, today: date) -> None:
    """Draw three cells of ten dossiers in each office; of each cell every third has answered."""
    of_province = select(Office).where(Office.code.like("P01-%")).order_by(Office.code)
    offices = session.scalars(of_province.limit(2)).all()
    campaign = factories.campaign(
        session,
        code="do-luong-dang-chay",
        title="Đo lường đang thu phiếu",
        title_en="Measurement in the field",
        kind="annual",
        sampling_basis="probability",
        opens_on=today - timedelta(days=5),
        closes_on=today + timedelta(days=20),
    )
    frame = factories.frame(session, campaign_id=campaign.id, contacts_expire_on=today + timedelta(days=60))
    draw = factories.draw(session, campaign_id=campaign.id, frame_id=frame.id, n_main=60, n_reserve=2)
    number = 0
    for office in offices:
        for group in ("nam", "nữ", "nữ, 60+")[:N_CELLS]:
            cell = factories.sample_cell(
                session, campaign_id=campaign.id, draw_id=draw.id, n_drawn=N_IN_CELL, weighting_cell=group
            )
            point = factories.access_point(
                session, campaign_id=campaign.id, office_id=office.id, way_in="invitation", provenance="A"
            )
            batch = factories.invitation_batch(
                session,
                access_point_id=point.id,
                delivery="letter",
                n_issued=N_IN_CELL,
                cell_id=cell.id,
                secret_mark=secret_mark(secret),
            )
            given = {"draw_id": draw.id, "office_id": office.id, "list_name": office.code, "cell_id": cell.id}
            for serial in range(N_IN_CELL):
                number += 1
                noted = {"outcome": "3.2", "outcome_on": today} if number in CAME_BACK else {}
                factories.sampled_unit(
                    session, number=number, unit=f"H57-{number:04}", serial=serial, **given, **noted
                )
                if serial % 3 == 0 and not noted:
                    token = InvitationToken(batch.id, serial).text(secret)
                    factories.spent_invitation(session, batch_id=batch.id, token_hash=token_hash(token))
    for place, reserve in enumerate(RESERVES, start=number + 1):
        factories.sampled_unit(
            session, number=reserve, unit=f"H57-{reserve:04}", is_main=False, position=place, **given
        )
    words["fielded_id"] = campaign.id

"""Import forms that were answered on paper and keyed into a table: all of them, or none."""

import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from survey_app.collect.paper.form_table import Cell, Form, FormTable
from survey_app.errors import ImportRefused
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office, serves_on
from survey_app.models.publication import is_frozen
from survey_app.models.response import Response
from survey_app.models.sample import SampleCell


def import_forms(
    session: Session,
    campaign: Campaign,
    text: str,
    day: date,
    secret: bytes,
    columns: Mapping[str, str] | None = None,
) -> int:
    """Store every form of a CSV text and return how many; raise ImportRefused with every fault otherwise.

    `columns` says which column of the file plays a role under another name, such as
    {"form_number": "resp_id", "psu": "ward"}. Forms of a drawn sample or a census are class A, others D.
    """
    # Two imports of one file at the same instant would each find nothing stored yet: one waits here.
    session.execute(select(Campaign.id).where(Campaign.id == campaign.id).with_for_update())
    _check_takes_forms(session, campaign, day)
    version = session.get_one(InstrumentVersion, campaign.instrument_version_id)
    office_ids = dict(session.execute(select(Office.code, Office.id).where(serves_on(day))).all())
    is_sample = campaign.sampling_basis == "probability"
    table = FormTable(version.definition, set(office_ids), columns or {}, is_sample=is_sample)
    forms = list(table.read(text))
    keys = [form_key(campaign, form.number, secret) for form in forms]
    _find_stored(session, campaign, dict(zip(keys, forms, strict=True)), table)
    if table.faults:
        raise ImportRefused(sorted(table.faults))
    point_ids = _paper_points(
        session, campaign, {form.office: office_ids[form.office] for form in forms}, day
    )
    cell_ids = _store_cells(session, campaign, forms)
    fixed = {"day": day, "instrument_version_id": version.id}
    session.execute(
        insert(Response),
        [
            {
                **fixed,
                **_packed(version.definition.pack(form.answers)),
                "access_point_id": point_ids[form.office],
                "cell_id": cell_ids[form.cell] if form.cell else None,
                "submission_key": key,
            }
            for form, key in zip(forms, keys, strict=True)
        ],
    )
    _count_received(session, Counter(point_ids[form.office] for form in forms), day)
    return len(forms)


def _check_takes_forms(session: Session, campaign: Campaign, day: date) -> None:
    """Refuse a day on which nobody was asked, and more answers than what was frozen says there were."""
    if day < campaign.opens_on or campaign.is_over(day):
        until = f"{campaign.closes_on:%d/%m/%Y}" if campaign.closes_on else "nay"
        message = f"Ngày {day:%d/%m/%Y} nằm ngoài cuộc khảo sát ({campaign.opens_on:%d/%m/%Y} – {until})."
        raise ImportRefused([(0, "day", message)])
    if is_frozen(session, campaign.id):
        raise ImportRefused([(0, "", "Kết quả cuộc khảo sát này đã chốt, không nhận thêm phiếu.")])


def _packed(answers: bytes) -> dict[str, bytes | int]:
    digest = hashlib.blake2b(answers, digest_size=8).digest()
    return {"answers": answers, "fingerprint": int.from_bytes(digest, signed=True)}


def form_key(campaign: Campaign, number: str, secret: bytes) -> bytes:
    """Derive the submission key of a numbered form: the same number is the same form at every import.

    It is keyed, so that nobody who holds the database alone can find a form's row by its number.
    """
    return hmac.digest(secret, f"form\0{campaign.code}\0{number}".encode(), "sha256")[:16]


def _find_stored(session: Session, campaign: Campaign, forms: Mapping[bytes, Form], table: FormTable) -> None:
    stored = (
        select(Response.submission_key)
        .join(AccessPoint, AccessPoint.id == Response.access_point_id)
        .where(AccessPoint.campaign_id == campaign.id, AccessPoint.way_in == "paper")
    )
    for key in session.scalars(stored):
        if key in forms:
            table.fault(forms[key].line, "form_number", "Phiếu này đã được nhập trước đó.")


def _paper_points(
    session: Session, campaign: Campaign, office_ids: Mapping[str, int], day: date
) -> dict[str, int]:
    """Give each office its stack of paper forms: an access point without a code."""
    provenance = "D" if campaign.sampling_basis == "opt_in" else "A"
    mine = select(AccessPoint).where(AccessPoint.campaign_id == campaign.id, AccessPoint.way_in == "paper")
    points = {point.office_id: point for point in session.scalars(mine)}
    for office_id in office_ids.values():
        if office_id not in points:
            points[office_id] = AccessPoint(
                campaign_id=campaign.id,
                office_id=office_id,
                way_in="paper",
                mode="paper",
                provenance=provenance,
                issued_on=day,
            )
            session.add(points[office_id])
    session.flush()  # gives the ids that the responses name
    return {code: points[office_id].id for code, office_id in office_ids.items()}


def _store_cells(session: Session, campaign: Campaign, forms: Sequence[Form]) -> dict[Cell, int]:
    cells = {
        form.cell: SampleCell(
            campaign_id=campaign.id, stratum=form.cell[0], psu=form.cell[1], weight=form.cell[2]
        )
        for form in forms
        if form.cell
    }
    session.add_all(cells.values())
    session.flush()  # gives the ids that the responses name
    return {key: cell.id for key, cell in cells.items()}


def _count_received(session: Session, received: Counter[int], day: date) -> None:
    for point_id, n in received.items():
        row = session.get(AccessPointDay, (point_id, day))
        if row is None:
            session.add(AccessPointDay(access_point_id=point_id, day=day, n_opened=0, n_received=n))
        else:
            row.n_received += n

"""The table of dossiers to fill in: what each column means, the codes of the offices and of the fields."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.office import BY_NAME, Office, ServiceField
from survey_app.prepare.frames.columns import COLUMNS, DESCRIBED, REQUIRED
from survey_app.prepare.tables.sheet_writer import write_sheets

EXPLAINED = ("Cột", "Bắt buộc", "Cách ghi", "Ví dụ", "Column in English", "What to write")
Line = Sequence[str | int | None]


def header() -> list[str]:
    return [DESCRIBED[column].heading for column in COLUMNS]


def as_csv() -> bytes:
    """Give the headings alone, with the mark that spreadsheets need; an example would be a dossier."""
    return b"\xef\xbb\xbf" + (",".join(f'"{heading}"' for heading in header()) + "\r\n").encode()


def as_sheet(session: Session, office_ids: Collection[int]) -> bytes:
    """Give the headings on the first sheet, and on others what belongs under them."""
    offices = session.execute(
        select(Office.id, Office.code, Office.name).where(Office.kind != "province").order_by(*BY_NAME)
    )
    codes: list[Line] = [("Mã đơn vị", "Tên đơn vị")]
    codes += [(code, name) for office_id, code, name in offices if office_id in office_ids]
    fields: list[Line] = [("Mã lĩnh vực", "Lĩnh vực")]
    fields += [
        (one.code, one.name) for one in session.scalars(select(ServiceField).order_by(ServiceField.code))
    ]
    return write_sheets({"Hồ sơ": [header()], "Cách ghi": _explained(), "Đơn vị": codes, "Lĩnh vực": fields})


def _explained() -> list[Line]:
    lines: list[Line] = [EXPLAINED]
    for column in COLUMNS:
        one = DESCRIBED[column]
        is_required = "có" if column in REQUIRED else "không"
        lines.append((one.heading, is_required, one.explained, one.example, one.heading_en, one.explained_en))
    return lines

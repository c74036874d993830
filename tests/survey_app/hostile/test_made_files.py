"""Offices and counters with names that mean harm, in every file that is made of them: print, tables, data."""

import csv
import io
import json
import re
import zipfile
from importlib import import_module
from itertools import cycle
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from sqlalchemy import select

from survey_app.cli.jobs import MODULES
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import InvitationBatch
from survey_app.models.invitation_token import secret_mark
from survey_app.models.job import Work
from survey_app.models.office import Counter, Office
from survey_app.models.plain_text import FORMULA_SIGNS, one_line
from survey_app.prepare.codes.layouts import LAYOUTS
from survey_app.publish.exports.choice import Choice
from tests.factories import MOMENT
from tests.nasty_strings import SEEDS
from tests.survey_app.hostile.house import House

TYPESET = (
    '#image("/etc/passwd") ] } )',
    "#sys.inputs.data *x* _y_ `z` $w$ <a>@b",
    r"\u{41} \ = A // b /* c */",
    "{domain} {CODE} {question}",
)
CUT = ("Một cửa;=1+1", 'Một cửa; "=1+1', ",=1+1", "\u200b=1+1", "＝1+1")
LONGEST = 80  # of what hangs above a counter
NAMES = [name for text in (*SEEDS, *TYPESET, *CUT) if (name := one_line(text)[:LONGEST].strip())]


@pytest.fixture
def renamed(house: House) -> House:
    """The house whose offices and counters bear those names, as a form would store them."""
    with house.app.extensions["database"].transaction() as session:
        for row, name in zip(session.scalars(select(Office).order_by(Office.id)), cycle(NAMES), strict=False):
            row.name = name
        for one, label in zip(session.scalars(select(Counter)), cycle(NAMES[::-1]), strict=False):
            one.label = f"{label} {one.id}"
    return house


def made(house: House, name: str, **arguments: object) -> bytes:
    """Do a job at once, and give its file."""
    settings, database = house.app.extensions["settings"], house.app.extensions["database"]
    work = Work(1, arguments, database, settings, MOMENT, lambda _done, _total: None)
    return Path(settings.files_dir / import_module(MODULES[name]).run(work)).read_bytes()


def letters(text: str) -> str:
    """Give what every typeface has, without blanks and hyphens at the ends of lines."""
    return re.sub(r"[^!-,./-~]", "", text)


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return letters("".join(page.get_textpage().get_text_range() for page in document))
    finally:
        document.close()


def points(house: House, way_in: str) -> list[tuple[int, str]]:
    """List codes with the names of their offices, one of each name."""
    query = select(AccessPoint.id, Office.name).join(Office, Office.id == AccessPoint.office_id)
    query = query.where(AccessPoint.way_in == way_in, AccessPoint.revoked_on.is_(None))
    with house.app.extensions["database"].reading() as session:
        return [*{name: (one, name) for one, name in session.execute(query)}.values()]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_posters_bear_names_as_text(layout: str, renamed: House) -> None:
    codes = points(renamed, "poster")
    assert len(codes) > 25
    ids = [one for one, _name in codes]
    pdf = text_of(made(renamed, "posters", access_point_ids=ids, language="vi", layout=layout))
    assert not [name for _one, name in codes if letters(name) not in pdf]


def test_slips_bear_names_as_text(renamed: House) -> None:
    with renamed.app.extensions["database"].transaction() as session:
        office = session.get_one(Office, renamed.world.words["office_id"])
        office.name = " ".join(TYPESET)
        batch = session.get_one(InvitationBatch, renamed.world.words["batch_id"])
        batch.secret_mark = secret_mark(renamed.app.extensions["settings"].secrets[0])
    batch_id = batch.id
    pdf = text_of(made(renamed, "invitation_slips", batch_id=batch_id, language="vi"))
    assert letters(office.name) in pdf
    for line in made(renamed, "invitation_list", batch_id=batch_id).decode("utf-8-sig").splitlines():
        assert not line.startswith(FORMULA_SIGNS)


def test_tables_hold_names_and_no_formula(renamed: House) -> None:
    words, found = renamed.world.words, {}
    client = renamed.client("administrator")
    for path in (
        "/staff/offices/{above}/below.csv",
        "/staff/dossiers/template.csv",
        "/results/{campaign_code}.csv",
        "/open-data/{publication_id}.csv",
    ):
        answer = client.get(path.format(**words, above=above(renamed)))
        assert answer.status_code == 200, path
        found[path] = answer.get_data().decode("utf-8-sig")
    found["export"] = made(renamed, "export", **exported(renamed, "csv")).decode("utf-8-sig")
    for path, text in found.items():
        rows = list(csv.reader(io.StringIO(text, newline="")))
        assert len({cell for row in rows for cell in row} & {shown(name) for name in NAMES}) > 5, path
        cells = [cell for row in rows for cell in row] + re.split(r"[;\r\n]", text)
        assert not [one for one in cells if is_formula(one)], path


def is_formula(cell: str) -> bool:
    bare = cell.lstrip(' "')
    return bare.startswith(FORMULA_SIGNS) and not re.match(r"-[\d.]", bare)


def shown(name: str) -> str:
    return f"'{name}" if name.startswith(FORMULA_SIGNS) else name


def above(house: House) -> int:
    with house.app.extensions["database"].reading() as session:
        return session.get_one(Office, house.world.words["office_id"]).parent_id or 0


def exported(house: House, file_format: str) -> dict[str, Any]:
    with house.app.extensions["database"].reading() as session:
        code = house.world.words["campaign_code"]
        campaign = session.scalars(select(Campaign).where(Campaign.code == code)).one()
        office_ids = list(session.scalars(select(Office.id)))
    choice = Choice(campaign.id, office_ids, [*"ABCD"], None, None, file_format, "words", "vi")
    return choice.arguments()


def test_data_for_programs_holds_names_as_they_are(renamed: House) -> None:
    client = renamed.client("citizen")
    for path in ("/results/{campaign_code}.json", "/open-data/{publication_id}.json"):
        answer = json.loads(client.get(path.format(**renamed.world.words)).get_data())
        assert {one["office_name"] for one in answer["figures"]} <= set(NAMES)


def test_spreadsheets_hold_texts_and_no_formula(renamed: House) -> None:
    template = renamed.client("administrator").get("/staff/dossiers/template.xlsx").data
    for content in (template, made(renamed, "export", **exported(renamed, "xlsx"))):
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            sheets = [book.read(part).decode() for part in book.namelist() if "worksheets/" in part]
            assert not [sheet for sheet in sheets if "<f>" in sheet or "<hyperlink" in sheet]
            assert not [part for part in book.namelist() if "external" in part.lower()]


def test_the_page_of_many_offices_shows_names_as_text(renamed: House) -> None:
    answer = renamed.client("administrator").get(f"/staff/offices/{above(renamed)}/below")
    assert answer.status_code == 200  # and the client has inspected it
    assert "<svg" in answer.text

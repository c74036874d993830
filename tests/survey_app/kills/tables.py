"""What people bring in as tables: a list of dossiers they accept on its page, paper forms, outcomes."""

from datetime import datetime

from sqlalchemy import select

from survey_app.models.job import Job
from tests.survey_app.kills import pages
from tests.survey_app.kills.place import CODE, Place
from tests.survey_app.prepare.samples.conftest import OPENS_ON

FORMS, OUTCOMES = "phieu-giay.csv", "ket-qua.csv"
OFFICES = ("XA-B", "XA-C", "XA-D")


def accept_frame(place: Place, moment: datetime) -> tuple[int, str]:
    """Take what a look at a list of dossiers made as the frame, as its page offers."""
    (lead,) = pages.browsers(place, moment, pages.ASKER)
    database = place.database()
    with database.reading() as session:
        job = session.scalars(select(Job).where(Job.name == "frame")).one()
    database.close()
    frame = f"/staff/campaigns/{job.arguments['campaign_id']}/frame"
    return pages.ended(lead.send_form(frame, {}, to=f"{frame}/looks/{job.id}/accept"))


def lay_forms(place: Place) -> None:
    """Write the forms that were answered on paper in three offices."""
    lines = ["form_number,office,stratum,psu,weight,overall,information,manner"]
    for number in range(30):
        code = OFFICES[number % len(OFFICES)]
        ratings = ",".join(str(1 + (number + item) % 5) for item in range(3))
        lines.append(f"P{number:03},{code},{code},{code}#{number % 2},{2 + number % 3},{ratings}")
    (place.folder / FORMS).write_text("\n".join(lines), "utf-8")


def lay_outcomes(place: Place) -> None:
    """Write what became of some who were invited by letter, by the number of the letter."""
    lines = ["unit,outcome,day", *(f"{number},2.1,{OPENS_ON}" for number in range(1, 13))]
    (place.folder / OUTCOMES).write_text("\n".join(lines), "utf-8")


IMPORT_FORMS = ("response", "import", f"{{given}}/{FORMS}", "--campaign", CODE, "--day", f"{OPENS_ON}")
NOTE_OUTCOMES = ("fieldwork", "outcomes", CODE, f"{{given}}/{OUTCOMES}")

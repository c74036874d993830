"""Steps that people do on pages. Where no answer comes, since the process was killed, they begin anew."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from survey_app import create_app
from survey_app.models.staff import Staff
from survey_app.prepare.tables.sheet_writer import write_sheet
from survey_app.web.access import hash_token
from tests import factories
from tests.page_inspector import InspectingClient, Page
from tests.survey_app.kills.place import CODE, Place

COUNTED = "so-ho-so.xlsx"
SIGNED_IN_FOR = timedelta(days=999)
ASKER, DECIDER = 1, 2


def sign_in(place: Place) -> None:
    """Let the staff be signed in."""
    database = place.database()
    with database.transaction() as session:
        for one in session.scalars(select(Staff)):
            told = {"token_hash": hash_token(str(one.id)), "expires_at": factories.MOMENT + SIGNED_IN_FOR}
            factories.staff_session(session, staff_id=one.id, **told)
    database.close()


def write_counts(place: Place, lines: list[list[str | int]]) -> None:
    (place.folder / COUNTED).write_bytes(write_sheet(lines))


def send_counts(place: Place, moment: datetime) -> tuple[int, str]:
    """Send a table of dossiers, and accept what does not add up in it."""
    (lead,) = browsers(place, moment, ASKER)
    with (place.folder / COUNTED).open("rb") as file:
        looked = lead.send_form("/staff/dossiers", {"file": (file, COUNTED)}, to="/staff/dossiers/file")
    page = Page(looked.text)
    ticks = {one["name"]: one["value"] for _tag, one in page.elements if one.get("type") == "checkbox"}
    return ended(lead.post("/staff/dossiers/file/accept", data=page.hidden_fields() | ticks))


def close_early(place: Place, moment: datetime) -> tuple[int, str]:
    """Ask for a campaign to end sooner, and let the second person agree."""
    asker, decider = browsers(place, moment, ASKER, DECIDER)
    day = (moment + timedelta(days=9)).date()
    wanted = {"kind": "close_early", "campaign": CODE, "closes_on": day, "reason": "Bão đổ bộ"}
    asker.send_form("/staff/approvals/new?kind=close_early", wanted, to="/staff/approvals/new")
    request = "/staff/approvals/1"
    return ended(decider.send_form(request, {"decision": "approved"}, to=f"{request}/decide"))


def browsers(place: Place, moment: datetime, *staff_ids: int) -> list[InspectingClient]:
    app = create_app(place.settings, lambda: moment)
    app.test_client_class = InspectingClient
    clients = [app.test_client() for _ in staff_ids]
    for staff_id, client in zip(staff_ids, clients, strict=True):
        with client.session_transaction() as cookie:
            cookie["token"] = str(staff_id)
    return clients


def ended(answer: Any) -> tuple[int, str]:
    """Say it as a command does: 0 for what was done."""
    return int(answer.status_code != 303), answer.text

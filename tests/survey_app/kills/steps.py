"""The steps of a campaign as commands and jobs, from a list of dossiers to what is handed over."""

import csv
import io
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app import create_app
from survey_app.cli.jobs import MODULES, Worker
from survey_app.config import begin
from survey_app.jobs.bound import bound_to
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.job import enqueue
from survey_app.models.office import Office
from survey_app.models.plan_document import Weighting
from survey_app.models.publication import Publication
from survey_app.models.publishing import KIND, Basis
from survey_app.models.sample import draw_in_force
from survey_app.models.staff import Staff
from survey_app.prepare.frames import uploads
from survey_app.prepare.frames.columns import COLUMNS, DESCRIBED
from survey_app.prepare.instruments.definition_file import shipped_definition
from survey_app.publish.handover.products import PRODUCTS
from survey_app.rehearsal.fieldwork import Fieldwork
from survey_app.rehearsal.respondents import MadeUpPeople
from tests import factories
from tests.survey_app.kills import pages, tables
from tests.survey_app.kills.place import CODE, Place
from tests.survey_app.prepare.samples.conftest import CLOSES_ON, FROZEN_AT, OPENS_ON, dossiers, plan
from tests.survey_app.publish.counter_feedback import NOT_SATISFIED, SATISFIED, receive

for module in MODULES.values():
    __import__(module)

PREPARING = datetime(2026, 11, 20, 3, tzinfo=UTC)
FIELDWORK = datetime(2026, 12, 2, 3, tzinfo=UTC)
PAST = datetime.combine(CLOSES_ON + timedelta(days=4), datetime.min.time(), UTC)
LIST, COUNTS, TOTALS = "ho-so.csv", "so-ho-so.csv", "tong.csv"


@dataclass(frozen=True)
class Step:
    """What is done at a stage and when, as it is asked for, and the stage that it leads to, if to another."""

    name: str
    stage: str
    moment: datetime
    act: Callable[[Place, datetime], Any]
    ask: Callable[[Place], None] | None = None
    leads_to: str | None = None
    notes_each_run: str | None = None  # an act in the audit log that stands there once for each run


def lay(place: Place) -> None:
    """Begin an installation with offices, a campaign whose plan is frozen, and its list of dossiers."""
    begin(place.settings)
    database = place.database()
    with database.transaction() as session:
        for _ in range(2):
            factories.staff(session, created_at=FROZEN_AT - timedelta(days=9))
        _lay_campaign(session)
    database.close()
    (place.folder / LIST).write_text(list_of_dossiers(), "utf-8")
    (place.folder / TOTALS).write_text("variable,level,total\nsex,1,240\nsex,2,163\n", "utf-8")
    (place.folder / COUNTS).write_text(counts_of(lambda number: 100 + number), "utf-8")
    pages.write_counts(place, [line.split(",") for line in counts_of(lambda number: 90 + 9 * number).split()])


def _lay_campaign(session: Session) -> None:
    form = factories.instrument_version(session, of=shipped_definition("counter_short"))
    top = factories.office(session, code="T", kind="province", name="Tỉnh Mẫu")
    for code in sorted({row["receives"] for row in dossiers()}):
        factories.office(session, code=code, name=f"Xã {code[-1]}", parent_id=top.id)
    campaign = factories.annual_campaign(
        session,
        code=CODE,
        opens_on=OPENS_ON,
        closes_on=CLOSES_ON,
        instrument_version_id=form.id,
    )
    document = plan(n_drawn=60, weighting=Weighting(cells=("sex",)))
    factories.frozen_plan(session, document, campaign_id=campaign.id, frozen_at=FROZEN_AT)


def list_of_dossiers() -> str:
    """Write the list as an office would send it, everybody with an address."""
    written = io.StringIO()
    writer = csv.DictWriter(written, COLUMNS)
    writer.writerow({column: DESCRIBED[column].heading for column in COLUMNS})
    for row in dossiers():
        sex = {"male": "Nam", "female": "Nữ"}.get(row["sex"], "")
        contact = {"name": f"Nguyễn Thị {row['unit']}", "address": "Thôn Đông", "phone": "0912000001"}
        writer.writerow({**row, "sex": sex, **contact})
    return written.getvalue()


def counts_of(settled: Callable[[int], int]) -> str:
    """Write how many dossiers offices settled, more than in time and late together: it does not add up."""
    header = "office_code,month,field_code,n_settled,n_early,n_on_time,n_late\n"
    codes = sorted({row["receives"] for row in dossiers()})
    return header + "".join(
        f"{code},2026-{month},,{settled(number)},{number},40,5\n"
        for month in (9, 10)
        for number, code in enumerate(codes)
    )


def command(*words: str) -> Callable[[Place, datetime], Any]:
    """Do a command as somebody types it."""

    def act(place: Place, moment: datetime) -> tuple[int, str]:
        app = create_app(place.settings, lambda: moment)
        typed = [word.format(given=place.folder, out=place.out) for word in words]
        result = app.test_cli_runner().invoke(args=typed)
        return result.exit_code, result.output

    return act


def work(place: Place, moment: datetime) -> bool:
    """Do what the job process does: the day's housekeeping, and a job if one waits."""
    return Worker(place.database(), place.settings, lambda: moment).step()


def asked(
    name: str, arguments: Callable[[Session, Place, Campaign, int], dict[str, Any]]
) -> Callable[[Place], None]:
    """Ask for a job as a page does, on behalf of somebody who may."""

    def ask(place: Place) -> None:
        database = place.database()
        with database.transaction() as session:
            campaign = session.scalars(select(Campaign)).one()
            staff_id = session.scalars(select(Staff.id).order_by(Staff.id)).first()
            told = arguments(session, place, campaign, staff_id)
            enqueue(session, name, told | bound_to("campaigns", []), PREPARING, staff_id)
        database.close()

    return ask


def _look(_session: Session, place: Place, campaign: Campaign, _staff_id: int) -> dict[str, Any]:
    content = (place.folder / LIST).read_bytes()
    upload = uploads.keep(place.settings.data_dir, campaign.id, LIST, content)
    mapping = {column: number for number, column in enumerate(COLUMNS)}
    return {"ticket": upload.ticket, "campaign_id": campaign.id, "mapping": mapping, "last_day": "2027-01-30"}


def _draw(_session: Session, _place: Place, campaign: Campaign, staff_id: int) -> dict[str, Any]:
    return {"campaign_id": campaign.id, "staff_id": staff_id}


def _list(session: Session, _place: Place, campaign: Campaign, _staff_id: int) -> dict[str, Any]:
    return {"campaign_id": campaign.id, "draw_id": draw_in_force(session, campaign.id).id}


def _letters(_session: Session, _place: Place, campaign: Campaign, _staff_id: int) -> dict[str, Any]:
    return {"campaign_id": campaign.id, "delivery": "letter", "which": "all"}


def _publishing(session: Session, _place: Place, campaign: Campaign, staff_id: int) -> dict[str, Any]:
    approval = factories.approval(
        session,
        kind=KIND,
        campaign_id=campaign.id,
        office_id=None,
        arguments=asdict(Basis.of(session, campaign.id)),
        asked_by=staff_id,
        decision="approved",
        decided_by=staff_id + 1,
        decided_at=PAST,
    )
    return {"approval_id": approval.id}


def _product(name: str) -> Callable[..., dict[str, Any]]:
    def arguments(session: Session, _place: Place, _campaign: Campaign, _staff_id: int) -> dict[str, Any]:
        publication_id = session.scalars(select(Publication.id)).one()
        return {"publication_id": publication_id, "product": name, "office_ids": [1, 2, 3, 4, 5]}

    return arguments


def answer(place: Place) -> None:
    """Let the invited answer, and note what became of the others."""
    database = place.database()
    with database.transaction() as session:
        campaign = session.scalars(select(Campaign)).one()
        version = session.get_one(InstrumentVersion, campaign.instrument_version_id)
        people = MadeUpPeople(version.definition, 0.6, {}, random.Random(1))
        draw = draw_in_force(session, campaign.id)
        Fieldwork(campaign, version, people, place.settings.secrets[0]).happen(session, draw)
    database.close()


def come(place: Place) -> None:
    """Let people answer in a campaign beside it that is over: what waits is its closing release."""
    database = place.database()
    with database.transaction() as session:
        form = factories.instrument_version(session, factories.definition("f"))
        days = {"opens_on": date(2026, 10, 1), "closes_on": date(2026, 11, 15)}
        campaign = factories.campaign(session, code="lien-tuc", instrument_version_id=form.id, **days)
        for office_id in session.scalars(select(Office.id).where(Office.code.in_(["XA-C", "XA-D"]))):
            point = factories.access_point(session, campaign_id=campaign.id, office_id=office_id)
            for back, told in enumerate((SATISFIED, NOT_SATISFIED, SATISFIED)):
                receive(session, point, 14, told, date(2026, 11, 10 - back))
    database.close()


def look(place: Place) -> None:
    """Let a list be looked at a moment ago: the daily housekeeping clears away what nobody accepts."""
    asked("frame", _look)(place)
    database = place.database()
    Worker(database, place.settings, lambda: PREPARING).step()
    database.close()


# Stages that people lead to, or that no day passes over.
MADE_FROM = {"answered": ("invited", answer), "running": ("laid", come), "looked": ("laid", look)}
STEPS = (
    Step(
        "frame",
        "laid",
        PREPARING,
        command("frame", "import", CODE, f"{{given}}/{LIST}", "--accept"),
        leads_to="framed",
    ),
    Step(
        "counts",
        "laid",
        PREPARING,
        command("dossier", "import", f"{{given}}/{COUNTS}", "--accept"),
        leads_to="counted",
        notes_each_run="dossiers.import",
    ),
    Step(
        "counts page",
        "counted",
        FIELDWORK,
        pages.send_counts,
        pages.sign_in,
        notes_each_run="dossiers.import",
    ),
    Step("totals", "laid", PREPARING, command("campaign", "margins", CODE, f"{{given}}/{TOTALS}")),
    Step("early close pages", "laid", FIELDWORK, pages.close_early, pages.sign_in),
    Step("look job", "laid", PREPARING, work, asked("frame", _look)),
    Step("frame page", "looked", PREPARING, tables.accept_frame, pages.sign_in),
    Step("paper forms", "laid", FIELDWORK, command(*tables.IMPORT_FORMS), tables.lay_forms),
    Step(
        "outcomes",
        "invited",
        FIELDWORK,
        command(*tables.NOTE_OUTCOMES),
        tables.lay_outcomes,
        notes_each_run="fieldwork.outcomes",
    ),
    Step("draw", "framed", FIELDWORK, command("sample", "draw", CODE)),
    Step("draw job", "framed", FIELDWORK, work, asked("draw", _draw), leads_to="drawn"),
    Step("list job", "drawn", FIELDWORK, work, asked("sample_list", _list)),
    Step(
        "letters",
        "drawn",
        FIELDWORK,
        command("fieldwork", "letters", CODE, "{out}"),
        notes_each_run="file.download",
    ),
    Step("letters job", "drawn", FIELDWORK, work, asked("letters", _letters), leads_to="invited"),
    Step("publication", "answered", PAST, command("publication", "publish", "--campaign", CODE)),
    Step("publication job", "answered", PAST, work, asked("publish_wave", _publishing), leads_to="published"),
    Step(
        "hand-over",
        "published",
        PAST,
        command("publication", "handover", "1", "--to", "{out}"),
        notes_each_run="publications.hand_over",
    ),
    *(Step(f"{name} job", "published", PAST, work, asked("handover", _product(name))) for name in PRODUCTS),
    Step("closing release job", "running", PREPARING, work),
    Step("rehearsal", "framed", PREPARING, command("campaign", "rehearse", CODE, "--to", "{out}")),
)
BY_NAME = {step.name: step for step in STEPS}
IN_THE_GATE = [
    BY_NAME[name]
    for name in (
        "counts page",
        "totals",
        "early close pages",
        "look job",
        "draw job",
        "letters job",
        "publication job",
    )
]
LEADING_TO = {step.leads_to: step for step in STEPS if step.leads_to is not None}

"""One builder a row. Defaults always make a valid row; whatever a test is about, it names.

    office = factories.office(session, name="Bộ phận Một cửa xã Mẫu")
    point = factories.access_point(session, office_id=office.id)
    factories.response(session, access_point_id=point.id, answers={"q1": "5"})

A row that another one needs (the campaign of an access point, …) is made when the test names none.
"""

import secrets
import zlib
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models import short_code
from survey_app.models.access_point import AccessPoint, AccessPointDay, CodeStock, SeenDay
from survey_app.models.approval import MERGE, Approval, ApprovalOffice
from survey_app.models.audit import AuditLine
from survey_app.models.base import Base
from survey_app.models.campaign import Campaign
from survey_app.models.canonical import canonical
from survey_app.models.case import Case, Contact
from survey_app.models.code_report import CodeReport
from survey_app.models.definition import (
    Comment as CommentQuestion,
    Definition,
    IndexRule,
    Item,
    Option,
    Section,
    Text,
)
from survey_app.models.frame import ColumnMapping, Frame, FrameOffice
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.invitation import InvitationBatch, SpentCount, SpentInvitation
from survey_app.models.job import Job
from survey_app.models.known_offices import OfficesToken
from survey_app.models.office import (
    Counter,
    DossierCount,
    Office,
    OfficePast,
    OfficeSuccession,
    ReplacedTotal,
    ServiceField,
)
from survey_app.models.plan import Plan, PlanAddendum
from survey_app.models.plan_document import PlanDocument, PlannedStage
from survey_app.models.publication import (
    Change,
    Comparison,
    Distribution,
    Figure,
    OfficeRelease,
    Publication,
    ReturnedTally,
    Tally,
)
from survey_app.models.response import BatchedComment, Comment, ReadableComments, Response
from survey_app.models.sample import Draw, SampleCell, SampledUnit, UnitsToken
from survey_app.models.snapshot import PublicationRecipe, SnapshotPart
from survey_app.models.staff import RecoveryCode, ResetLink, Staff, StaffGrant, StaffSession
from survey_app.models.stale_office import StaleOffice
from survey_app.models.weighting import CampaignMargins, WeightingStep

Row = TypeVar("Row", bound=Base)

DAY = date(2026, 3, 10)  # the day of the tests' clock
MOMENT = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
_numbers = count(1)


def _add(session: Session, kind: type[Row], given: dict[str, Any], /, **defaults: Any) -> Row:
    """Add one row; a default that is a function makes a further row and is called only when needed."""
    needed = {name: value for name, value in defaults.items() if name not in given}
    row = kind(**{name: value() if callable(value) else value for name, value in needed.items()}, **given)
    session.add(row)
    session.flush()  # gives the id by which the next row names it
    return row


def text(vietnamese: str, english: str) -> Text:
    return Text.of({"vi": vietnamese, "en": english})


def definition(code: str = "small", version: int = 1) -> Definition:
    """Items q1 and q2 ("1" to "5", "no_opinion"), the choice sex ("female", "male") and a comment."""
    levels = [Option(str(level), text(f"Mức {level}", f"Level {level}")) for level in range(1, 6)]
    no_opinion = Option("no_opinion", text("Không có ý kiến", "No opinion"), "no_opinion")
    rated = [
        Item(
            code=f"q{number}",
            kind="scale",
            section="service",
            text=text(f"Câu {number}?", f"Question {number}?"),
            options=(*levels, no_opinion),
            reported_as="index",
        )
        for number in (1, 2)
    ]
    sex = Item(
        code="sex",
        kind="choice",
        section="respondent",
        text=text("Giới tính", "Sex"),
        options=(Option("female", text("Nữ", "Female")), Option("male", text("Nam", "Male"))),
    )
    return Definition(
        code=code,
        version=version,
        title=text("Phiếu nhỏ", "Small form"),
        languages=("vi", "en"),
        minutes=1,
        index=IndexRule(rule="pooled", satisfied=("4", "5")),
        sections=(Section("service"), Section("respondent", title=text("Về Ông/Bà", "About you"))),
        items=(*rated, sex),
        comment=CommentQuestion(text("Ý kiến khác", "Anything else"), 500),
    )


def office(session: Session, **given: Any) -> Office:
    number = next(_numbers)
    return _add(
        session,
        Office,
        given,
        code=f"O{number:04}",
        name=f"Bộ phận Một cửa xã Mẫu {number}",
        sort_key=f"{number:04}",
        kind="commune_section",
        parent_id=None,
        valid_from=date(2024, 1, 1),
        valid_until=None,
    )


def office_succession(session: Session, **given: Any) -> OfficeSuccession:
    return _add(
        session,
        OfficeSuccession,
        given,
        predecessor_id=lambda: office(session, valid_until=date(2025, 6, 30)).id,
        successor_id=lambda: office(session, valid_from=date(2025, 7, 1)).id,
        took_over_on=date(2025, 7, 1),
    )


def counter(session: Session, **given: Any) -> Counter:
    return _add(
        session, Counter, given, office_id=lambda: office(session).id, label=f"Quầy số {next(_numbers)}"
    )


def office_past(session: Session, **given: Any) -> OfficePast:
    return _add(
        session,
        OfficePast,
        given,
        office_id=lambda: office(session).id,
        until=date(2025, 6, 30),
        name="Bộ phận Một cửa xã Cũ",
        parent_id=None,
    )


def service_field(session: Session, **given: Any) -> ServiceField:
    number = next(_numbers)
    return _add(session, ServiceField, given, code=f"F{number}", name=f"Lĩnh vực {number}", name_en="")


def dossier_count(session: Session, **given: Any) -> DossierCount:
    return _add(
        session,
        DossierCount,
        given,
        office_id=lambda: office(session).id,
        month=DAY.replace(day=1),
        n_settled=400,
    )


def replaced_total(session: Session, **given: Any) -> ReplacedTotal:
    return _add(
        session,
        ReplacedTotal,
        given,
        office_id=lambda: office(session).id,
        month=DAY.replace(day=1),
        n_before=400,
        n_after=420,
        replaced_at=MOMENT,
    )


def instrument_version(session: Session, of: Definition | None = None, **given: Any) -> InstrumentVersion:
    published = of or definition(code=f"small_{next(_numbers)}")
    return _add(
        session,
        InstrumentVersion,
        given,
        code=published.code,
        version=published.version,
        definition_json=published.to_json(),
        checksum=published.checksum,
        published_at=MOMENT - timedelta(days=30),
    )


def campaign(session: Session, **given: Any) -> Campaign:
    number = next(_numbers)
    return _add(
        session,
        Campaign,
        given,
        code=f"campaign-{number}",
        title=f"Khảo sát tại quầy {number}",
        title_en=f"Counter survey {number}",
        kind="continuous",
        sampling_basis="opt_in",
        instrument_version_id=lambda: instrument_version(session).id,
        opens_on=DAY - timedelta(days=20),
        closes_on=None,
        controller_name="Sở Nội vụ Tỉnh Mẫu",
        controller_address="1 Đường Mẫu, Tỉnh Mẫu",
        controller_phone="0200 000 000",
        retention_years=5,
    )


def annual_campaign(session: Session, **given: Any) -> Campaign:
    """Make one of drawn people, whose last day is that of the tests."""
    annual = {"kind": "annual", "sampling_basis": "probability", "closes_on": DAY}
    return campaign(session, **annual | given)


def campaign_plan(session: Session, **given: Any) -> Plan:
    return _add(
        session,
        Plan,
        given,
        campaign_id=lambda: campaign(session, kind="annual", closes_on=DAY + timedelta(days=10)).id,
        document_json=lambda: PlanDocument().to_json(),
        saved_at=MOMENT,
    )


def frozen_plan(session: Session, document: PlanDocument, **given: Any) -> Plan:
    frozen = {"document_json": document.to_json(), "hash": document.hash, "frozen_at": MOMENT}
    return campaign_plan(session, **frozen | given)


def plan_addendum(session: Session, **given: Any) -> PlanAddendum:
    frozen = PlanDocument()
    return _add(
        session,
        PlanAddendum,
        given,
        campaign_id=lambda: campaign_plan(session, frozen_at=MOMENT, hash=frozen.hash).campaign_id,
        number=1,
        written_at=MOMENT,
        reason="Thêm một tuần vì bão",
        document_json=lambda: frozen.to_json(),
        hash=frozen.hash,
    )


def sample_cell(session: Session, **given: Any) -> SampleCell:
    return _add(
        session,
        SampleCell,
        given,
        campaign_id=lambda: campaign(session, sampling_basis="probability").id,
        stratum="S1",
        psu=f"P{next(_numbers)}",
        weight=2.0,
    )


def frame(session: Session, **given: Any) -> Frame:
    """An accepted import of ten dossiers; its file is not made."""
    return _add(
        session,
        Frame,
        given,
        campaign_id=lambda: campaign(session, kind="annual").id,
        ticket=lambda: secrets.token_urlsafe(16),
        frame_hash=lambda: secrets.token_hex(32),
        n_units=10,
        n_rows=10,
        n_refused=0,
        n_duplicates=0,
        file_name="ho-so.csv",
        mapping=lambda: {"unit": "Mã hồ sơ"},
        found=lambda: {"rules": [], "unknown_offices": [], "totals": {}, "n_clusters": 0, "plan_hash": None},
        imported_at=MOMENT,
    )


def draw(session: Session, **given: Any) -> Draw:
    """A draw of five dossiers; its units and cells are not made."""
    return _add(
        session,
        Draw,
        given,
        campaign_id=lambda: campaign(session, kind="annual", sampling_basis="probability").id,
        frame_id=lambda: frame(session).id,
        plan_hash="p" * 64,
        document_json=lambda: _document_of_draw(),
        checksum="c" * 64,
        n_main=5,
        n_reserve=0,
        drawn_at=MOMENT,
    )


def _document_of_draw() -> str:
    """Write the document of a draw that names no office."""
    from survey_app.prepare.samples.design import Design
    from survey_app.prepare.samples.found import Found

    design = Design(
        frame_hash="f" * 64,
        plan_hash="p" * 64,
        seed="7",
        counted_for="receives",
        stages=(PlannedStage(unit="dossier", method="simple"),),
        reserve_share=0.0,
        weighting=(),
        offices=(),
        left_out=(),
    )
    found = Found(offices=(), left_out=(), lone_strata=())
    return canonical({"versions": {}, "design": design.as_plain(), "found": found.as_plain()})


def sampled_unit(session: Session, **given: Any) -> SampledUnit:
    number = next(_numbers)
    return _add(
        session,
        SampledUnit,
        given,
        draw_id=lambda: draw(session).id,
        number=number,
        unit=f"H{number}",
        office_id=lambda: office(session).id,
        list_name="S1",
        is_main=True,
        position=1,
        inclusion_probability=0.5,
        is_certainty=False,
        cell_id=lambda: sample_cell(session).id,
    )


def frame_office(session: Session, **given: Any) -> FrameOffice:
    return _add(
        session,
        FrameOffice,
        given,
        frame_id=lambda: frame(session).id,
        office_id=lambda: office(session).id,
        n_received=10,
        n_decided=10,
    )


def column_mapping(session: Session, **given: Any) -> ColumnMapping:
    return _add(
        session, ColumnMapping, given, signature="0" * 32, mapping=lambda: {"unit": 0}, used_at=MOMENT
    )


def access_point(session: Session, **given: Any) -> AccessPoint:
    return _add(
        session,
        AccessPoint,
        given,
        code=short_code.new_code,
        campaign_id=lambda: campaign(session).id,
        office_id=lambda: office(session).id,
        counter_id=None,
        way_in="poster",
        mode="web",
        provenance="C",
        issued_on=DAY - timedelta(days=20),
        revoked_on=None,
    )


def code_stock(session: Session) -> CodeStock:
    """The row that triggers make for the office of a first code."""
    point = access_point(session)
    return session.get_one(CodeStock, (point.campaign_id, point.office_id))


def invitation_batch(session: Session, **given: Any) -> InvitationBatch:
    """A batch of slips; `InvitationToken(batch.id, serial).text(secret)` is one of them."""
    return _add(
        session,
        InvitationBatch,
        given,
        access_point_id=lambda: access_point(session, way_in="invitation", provenance="B").id,
        delivery="slip",
        n_issued=20,
        cell_id=None,
        secret_mark="00000000",
    )


def spent_invitation(session: Session, **given: Any) -> SpentInvitation:
    return _add(
        session,
        SpentInvitation,
        given,
        batch_id=lambda: invitation_batch(session).id,
        token_hash=lambda: secrets.token_bytes(16),
    )


def spent_count(session: Session) -> SpentCount:
    """Give the row that triggers have made for a spent token."""
    return session.get_one(SpentCount, spent_invitation(session).batch_id)


def offices_token(session: Session) -> OfficesToken:
    """Give the row that triggers have made for an office."""
    office(session)
    return session.scalars(select(OfficesToken)).one()


def units_token(session: Session) -> UnitsToken:
    """Give the row that triggers have made for a drawn unit."""
    sampled_unit(session)
    return session.scalars(select(UnitsToken)).one()


def access_point_day(session: Session, **given: Any) -> AccessPointDay:
    return _add(
        session,
        AccessPointDay,
        given,
        access_point_id=lambda: access_point(session).id,
        day=DAY,
        n_opened=3,
        n_received=2,
    )


def seen_day(session: Session, **given: Any) -> SeenDay:
    return _add(
        session,
        SeenDay,
        given,
        access_point_id=lambda: access_point(session).id,
        day=DAY,
        n_marked=1,
        seen_by=lambda: staff(session).id,
        seen_at=MOMENT,
    )


def response(session: Session, answers: dict[str, str] | None = None, **given: Any) -> Response:
    """A response whose `answers` (item code → option code) fit the instrument version of its campaign."""
    point_id = given.pop("access_point_id", None) or access_point(session).id
    campaign_id = session.get_one(AccessPoint, point_id).campaign_id
    asked = session.get_one(Campaign, campaign_id).instrument_version_id
    version = session.get_one(InstrumentVersion, given.pop("instrument_version_id", asked))
    chosen = {"q1": "5", "q2": "3"} if answers is None else answers
    return _add(
        session,
        Response,
        given,
        access_point_id=point_id,
        instrument_version_id=version.id,
        day=DAY,
        cell_id=None,
        submission_key=lambda: secrets.token_bytes(16),
        fingerprint=lambda: secrets.randbits(63),
        answers=version.definition.pack(chosen),
    )


def comment(session: Session, **given: Any) -> Comment:
    return _add(
        session,
        Comment,
        given,
        comment_key=lambda: secrets.token_bytes(16),
        access_point_id=lambda: access_point(session).id,
        day=DAY,
        text="Cán bộ hướng dẫn rất rõ.",
    )


def batched_comment(session: Session, **given: Any) -> BatchedComment:
    return _add(
        session,
        BatchedComment,
        given,
        comment_key=lambda: comment(session).comment_key,
        office_id=lambda: office(session).id,
        batch=1,
    )


def readable_comments(session: Session, **given: Any) -> ReadableComments:
    return _add(
        session, ReadableComments, given, office_id=lambda: office(session).id, n_batches=1, n_comments=1
    )


def comment_case(session: Session, **given: Any) -> Case:
    return _add(
        session,
        Case,
        given,
        number=lambda: short_code.new_code()[:5] + "-" + short_code.new_code()[:5],
        comment_key=lambda: comment(session).comment_key,
        answer=None,
        answered_on=None,
        answered_by=None,
    )


def contact(session: Session, **given: Any) -> Contact:
    return _add(
        session,
        Contact,
        given,
        case_number=lambda: comment_case(session).number,
        sealed=lambda: secrets.token_bytes(40),
        expires_on=DAY + timedelta(days=30),
    )


def code_report(session: Session, **given: Any) -> CodeReport:
    return _add(
        session,
        CodeReport,
        given,
        access_point_id=lambda: access_point(session).id,
        day=DAY,
        reason="pasted_over",
    )


def tally(session: Session, **given: Any) -> Tally:
    """A tally of nobody: three items, sixteen zero counts each."""
    return _add(
        session,
        Tally,
        given,
        access_point_id=lambda: access_point(session).id,
        day=DAY,
        instrument_version_id=lambda: instrument_version(session).id,
        cell_id=0,
        batch_day=DAY,
        n_respondents=0,
        counts=zlib.compress(bytes(3 * 16 * 4)),
    )


def returned_tally(session: Session, **given: Any) -> ReturnedTally:
    return _add(
        session,
        ReturnedTally,
        given,
        access_point_id=lambda: access_point(session).id,
        day=DAY,
        instrument_version_id=lambda: instrument_version(session).id,
        cell_id=0,
        n_respondents=0,
        counts=zlib.compress(bytes(3 * 16 * 4)),
    )


def office_release(session: Session, **given: Any) -> OfficeRelease:
    return _add(
        session,
        OfficeRelease,
        given,
        campaign_id=lambda: campaign(session).id,
        office_id=lambda: office(session).id,
        provenance="C",
        n_released=40,
        n_looked_at=given.get("n_released", 40),
        released_on=DAY,
    )


def stale_office(session: Session, **given: Any) -> StaleOffice:
    return _add(
        session,
        StaleOffice,
        given,
        campaign_id=lambda: campaign(session).id,
        office_id=lambda: office(session).id,
    )


def publication(session: Session, **given: Any) -> Publication:
    """A running publication; a frozen one gets its `sealed_at` when its figures are in it."""
    campaign_id = given.pop("campaign_id", None) or campaign(session).id
    return _add(
        session,
        Publication,
        given,
        campaign_id=campaign_id,
        instrument_version_id=session.get_one(Campaign, campaign_id).instrument_version_id,
        minimum_n=session.get_one(Campaign, campaign_id).minimum_n,
        target=session.get_one(Campaign, campaign_id).target,
        level=0.95,
        adjustment="holm",
        kind="running",
        covers_from=DAY - timedelta(days=20),
        covers_until=DAY,
        published_at=MOMENT,
        method_version="1",
        data_hash=None,
        recipe_id=None,
        corrects_id=None,
        correction_reason=None,
        what_changed=None,
        sealed_at=None,
    )


def snapshot_part(session: Session, **given: Any) -> SnapshotPart:
    return _add(
        session,
        SnapshotPart,
        given,
        publication_id=lambda: publication(session).id,
        office_id=lambda: office(session).id,
        provenance="C",
        n_respondents=40,
        content=b"",
    )


def weighting_step(session: Session, **given: Any) -> WeightingStep:
    return _add(
        session,
        WeightingStep,
        given,
        publication_id=lambda: publication(session).id,
        step="base",
        n=40,
        weight_sum=100.0,
        minimum=1.0,
        median=2.5,
        maximum=4.0,
        design_effect=1.25,
        effective_n=32.0,
        value=0.8,
        details=dict,
    )


def campaign_margins(session: Session, **given: Any) -> CampaignMargins:
    return _add(
        session,
        CampaignMargins,
        given,
        campaign_id=lambda: campaign(session, kind="annual").id,
        file_name="tong.csv",
        document_json='[["sex","sex","F",60],["sex","sex","M",40]]',
        checksum="c" * 64,
        imported_at=MOMENT,
    )


def publication_recipe(session: Session, **given: Any) -> PublicationRecipe:
    return _add(
        session,
        PublicationRecipe,
        given,
        publication_id=lambda: publication(session).id,
        document_json="{}",
        made_with=lambda: {"numpy": "2"},
    )


def distribution(session: Session, **given: Any) -> Distribution:
    return _add(
        session,
        Distribution,
        given,
        publication_id=lambda: publication(session).id,
        office_id=lambda: office(session).id,
        provenance="C",
        counts=lambda: {"q1": {"4": 30, "5": 10}},
    )


def figure_change(session: Session, **given: Any) -> Change:
    """A rise of 1.6 points from January to February, too small for its range."""
    return _add(
        session,
        Change,
        given,
        publication_id=lambda: publication(session).id,
        office_id=lambda: office(session).id,
        provenance="C",
        later="month:2026-02",
        earlier="month:2026-01",
        value=0.016,
        standard_error=0.02,
        degrees_of_freedom=60,
        low=-0.024,
        high=0.056,
        n_later=40,
        n_earlier=45,
        reason=None,
    )


def comparison(session: Session, **given: Any) -> Comparison:
    """An office below another whose index is not decided against 85 %."""
    made = _add(
        session,
        Comparison,
        given,
        publication_id=lambda: publication(session).id,
        parent_id=lambda: office(session).id,
        provenance="C",
        office_id=lambda: office(session).id,
        verdict="not_decided",
        best_rank=None,
        worst_rank=None,
        n_ranked=None,
        band=None,
    )
    _renew(session, made.publication_id)
    return made


def figure(session: Session, **given: Any) -> Figure:
    """An index of 84.2 % of 40 respondents, with a range around it."""
    given.setdefault("n_people", min(given.get("n_respondents", 40), given.get("n_answers", 78)))
    made = _add(
        session,
        Figure,
        given,
        publication_id=lambda: publication(session).id,
        office_id=lambda: office(session).id,
        provenance="C",
        measure="index",
        value=0.842,
        standard_error=0.03,
        degrees_of_freedom=19,
        low=0.77,
        high=0.893,
        t_low=0.779,
        t_high=0.905,
        interval_method="wilson",
        n_respondents=40,
        n_answers=78,
        effective_sample_size=35.0,
        population_size=400,
        sampling_basis="opt_in",
        reason=None,
        released_on=DAY,
    )
    _renew(session, made.publication_id)
    return made


def _renew(session: Session, publication_id: int) -> None:
    """Say as a release does that running figures are others: pages keep what they read by that."""
    publication = session.get_one(Publication, publication_id)
    if publication.kind == "running":
        publication.revision += 1


def staff(
    session: Session, role: str | None = "administrator", office_id: int | None = None, **given: Any
) -> Staff:
    """An account that no password opens, with one grant, or none for `role=None`."""
    number = next(_numbers)
    made = _add(
        session,
        Staff,
        given,
        username=f"staff{number}",
        full_name=f"Cán bộ Mẫu {number}",
        password_hash="!",
        created_at=MOMENT - timedelta(days=30),
    )
    if role is not None:
        staff_grant(session, staff_id=made.id, role=role, office_id=office_id)
    return made


def staff_grant(session: Session, **given: Any) -> StaffGrant:
    if given.get("role") == "office_manager" and given.get("office_id") is None:
        given = given | {"office_id": office(session).id}
    return _add(
        session,
        StaffGrant,
        given,
        staff_id=lambda: staff(session, role=None).id,
        role="administrator",
        valid_from=DAY - timedelta(days=30),
        granted_at=MOMENT - timedelta(days=30),
    )


def recovery_code(session: Session, **given: Any) -> RecoveryCode:
    return _add(
        session,
        RecoveryCode,
        given,
        code_hash=lambda: secrets.token_bytes(32),
        staff_id=lambda: staff(session).id,
    )


def reset_link(session: Session, **given: Any) -> ResetLink:
    return _add(
        session,
        ResetLink,
        given,
        token_hash=lambda: secrets.token_bytes(32),
        staff_id=lambda: staff(session).id,
        clears_second_factor=False,
        expires_at=MOMENT + timedelta(hours=24),
    )


def audit_line(session: Session, **given: Any) -> AuditLine:
    return _add(session, AuditLine, given, at=MOMENT, act="responses.export", what="Xuất phiếu")


def approval(session: Session, **given: Any) -> Approval:
    return _add(
        session,
        Approval,
        given,
        kind="pause_codes",
        campaign_id=lambda: campaign(session).id,
        arguments=dict,
        reason="Mã bị dán chồng",
        asked_by=lambda: staff(session).id,
        asked_at=MOMENT,
    )


def approval_office(session: Session, **given: Any) -> ApprovalOffice:
    return _add(
        session,
        ApprovalOffice,
        given,
        approval_id=lambda: (
            approval(session, kind=MERGE, campaign_id=None, arguments={"about": "A, B → C"}).id
        ),
        office_id=lambda: office(session).id,
    )


def staff_session(session: Session, **given: Any) -> StaffSession:
    return _add(
        session,
        StaffSession,
        given,
        token_hash=lambda: secrets.token_bytes(32),
        staff_id=lambda: staff(session).id,
        is_proven=True,
        expires_at=MOMENT + timedelta(hours=8),
    )


def job(session: Session, **given: Any) -> Job:
    return _add(session, Job, given, name="release", arguments=dict, created_at=MOMENT)

"""Takes the demo out again: all of it, and nothing else."""

from pathlib import Path

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from survey_app.config import Settings
from survey_app.db import Database
from survey_app.demo.accounts import accounts_file
from survey_app.demo.fields import FIELD_CODES
from survey_app.demo.load import INSTRUMENTS
from survey_app.errors import SurveyError
from survey_app.models.access_point import AccessPoint, AccessPointDay, SeenDay
from survey_app.models.approval import Approval, ApprovalOffice
from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.case import Case, Contact
from survey_app.models.code_report import CodeReport
from survey_app.models.frame import FOLDER, Frame, FrameOffice, contacts_path, faults_path, frame_path
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.invitation import InvitationBatch, SpentInvitation
from survey_app.models.job import Job
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
from survey_app.models.sample import Draw, SampleCell, SampledUnit
from survey_app.models.snapshot import PublicationRecipe, SnapshotPart
from survey_app.models.staff import RecoveryCode, ResetLink, Staff, StaffGrant, StaffSession
from survey_app.models.stale_office import StaleOffice
from survey_app.models.weighting import CampaignMargins, WeightingStep
from survey_app.prepare.frames.uploads import LOOKS

DEMO_OFFICES = select(Office.id).where(Office.is_demo)
DEMO_STAFF = select(Staff.id).where(Staff.is_demo)
DEMO_CAMPAIGNS = select(Campaign.id).where(Campaign.is_demo)
DEMO_POINTS = select(AccessPoint.id).where(AccessPoint.campaign_id.in_(DEMO_CAMPAIGNS))
DEMO_BATCHES = select(InvitationBatch.id).where(InvitationBatch.access_point_id.in_(DEMO_POINTS))
DEMO_COMMENTS = select(Comment.comment_key).where(Comment.access_point_id.in_(DEMO_POINTS))
DEMO_CASES = select(Case.number).where(Case.comment_key.in_(DEMO_COMMENTS))
COMMENTS_LEFT = select(func.count()).where(BatchedComment.office_id == ReadableComments.office_id)
DEMO_FRAMES = select(Frame.id).where(Frame.campaign_id.in_(DEMO_CAMPAIGNS))
OF_DEMO_OFFICES = select(ApprovalOffice.approval_id).where(ApprovalOffice.office_id.in_(DEMO_OFFICES))
DEMO_DRAWS = select(Draw.id).where(Draw.campaign_id.in_(DEMO_CAMPAIGNS))
DEMO_PUBLICATIONS = select(Publication.id).where(Publication.campaign_id.in_(DEMO_CAMPAIGNS))

# In this order no row is left without one that it names.
STEPS = (
    delete(Comparison).where(Comparison.publication_id.in_(DEMO_PUBLICATIONS)),
    delete(Change).where(Change.publication_id.in_(DEMO_PUBLICATIONS)),
    delete(Distribution).where(Distribution.publication_id.in_(DEMO_PUBLICATIONS)),
    delete(Figure).where(Figure.publication_id.in_(DEMO_PUBLICATIONS)),
    delete(SnapshotPart).where(SnapshotPart.publication_id.in_(DEMO_PUBLICATIONS)),
    delete(PublicationRecipe).where(PublicationRecipe.publication_id.in_(DEMO_PUBLICATIONS)),
    delete(WeightingStep).where(WeightingStep.publication_id.in_(DEMO_PUBLICATIONS)),
    delete(Publication).where(Publication.campaign_id.in_(DEMO_CAMPAIGNS)),
    delete(StaleOffice).where(
        or_(StaleOffice.campaign_id.in_(DEMO_CAMPAIGNS), StaleOffice.office_id.in_(DEMO_OFFICES))
    ),
    delete(OfficeRelease).where(OfficeRelease.campaign_id.in_(DEMO_CAMPAIGNS)),
    delete(Tally).where(Tally.access_point_id.in_(DEMO_POINTS)),
    delete(ReturnedTally).where(ReturnedTally.access_point_id.in_(DEMO_POINTS)),
    delete(Contact).where(Contact.case_number.in_(DEMO_CASES)),
    delete(BatchedComment).where(BatchedComment.comment_key.in_(DEMO_COMMENTS)),
    # At real offices, too, the demo may have been commented on.
    delete(ReadableComments).where(~exists().where(BatchedComment.office_id == ReadableComments.office_id)),
    update(ReadableComments).values(n_comments=COMMENTS_LEFT.scalar_subquery()),
    delete(Case).where(Case.comment_key.in_(DEMO_COMMENTS)),
    delete(Comment).where(Comment.access_point_id.in_(DEMO_POINTS)),
    delete(Response).where(Response.access_point_id.in_(DEMO_POINTS)),
    delete(SpentInvitation).where(SpentInvitation.batch_id.in_(DEMO_BATCHES)),
    delete(InvitationBatch).where(InvitationBatch.access_point_id.in_(DEMO_POINTS)),
    delete(CodeReport).where(CodeReport.access_point_id.in_(DEMO_POINTS)),
    delete(SeenDay).where(SeenDay.access_point_id.in_(DEMO_POINTS)),
    delete(AccessPointDay).where(AccessPointDay.access_point_id.in_(DEMO_POINTS)),
    delete(AccessPoint).where(AccessPoint.campaign_id.in_(DEMO_CAMPAIGNS)),
    delete(Approval).where(Approval.campaign_id.in_(DEMO_CAMPAIGNS)),
    delete(ApprovalOffice).where(ApprovalOffice.approval_id.in_(OF_DEMO_OFFICES)),
    delete(Approval).where(
        Approval.campaign_id.is_(None), ~exists().where(ApprovalOffice.approval_id == Approval.id)
    ),
    delete(SampledUnit).where(SampledUnit.draw_id.in_(DEMO_DRAWS)),
    delete(SampleCell).where(SampleCell.campaign_id.in_(DEMO_CAMPAIGNS)),
    delete(CampaignMargins).where(CampaignMargins.campaign_id.in_(DEMO_CAMPAIGNS)),
    delete(Draw).where(Draw.campaign_id.in_(DEMO_CAMPAIGNS)),
    delete(PlanAddendum).where(PlanAddendum.campaign_id.in_(DEMO_CAMPAIGNS)),
    delete(Plan).where(Plan.campaign_id.in_(DEMO_CAMPAIGNS)),
    update(Campaign).where(Campaign.previous_id.in_(DEMO_CAMPAIGNS)).values(previous_id=None),
    delete(FrameOffice).where(FrameOffice.frame_id.in_(DEMO_FRAMES)),
    delete(Frame).where(Frame.campaign_id.in_(DEMO_CAMPAIGNS)),
    delete(Campaign).where(Campaign.is_demo),
    *(
        delete(row).where(row.staff_id.in_(DEMO_STAFF))
        for row in (StaffSession, StaffGrant, RecoveryCode, ResetLink, AuditLine)
    ),
    update(StaffGrant).where(StaffGrant.granted_by.in_(DEMO_STAFF)).values(granted_by=None),
    update(ResetLink).where(ResetLink.made_by.in_(DEMO_STAFF)).values(made_by=None),
    delete(Job).where(Job.owner_id.in_(DEMO_STAFF)),
    # What a demo account did about somebody's real comment or report stays done.
    update(Case).where(Case.answered_by.in_(DEMO_STAFF)).values(answered_by=None),
    update(SeenDay).where(SeenDay.seen_by.in_(DEMO_STAFF)).values(seen_by=None),
    update(CodeReport).where(CodeReport.settled_by.in_(DEMO_STAFF)).values(settled_by=None),
    delete(Staff).where(Staff.is_demo),
    delete(DossierCount).where(DossierCount.office_id.in_(DEMO_OFFICES)),
    delete(ReplacedTotal).where(ReplacedTotal.office_id.in_(DEMO_OFFICES)),
    delete(Counter).where(Counter.office_id.in_(DEMO_OFFICES)),
    # Unless real counters or dossiers have come to use them.
    delete(ServiceField).where(
        ServiceField.code.in_(FIELD_CODES),
        ~exists().where(Counter.field_id == ServiceField.id),
        ~exists().where(DossierCount.field_id == ServiceField.id),
    ),
    delete(OfficePast).where(OfficePast.office_id.in_(DEMO_OFFICES)),
    delete(OfficeSuccession).where(OfficeSuccession.predecessor_id.in_(DEMO_OFFICES)),
    delete(Office).where(Office.is_demo),
)


# Which rows outside of the demo name one inside it, as two codes each.
below, above, of_demo = aliased(Office), aliased(Office), aliased(Office)
USES = (
    (
        "office {0} stands below {1}, which is of the demo",
        select(below.code, of_demo.code)
        .join(of_demo, of_demo.id == below.parent_id)
        .where(of_demo.is_demo, ~below.is_demo),
    ),
    (
        "office {1} took over from {0}, and one of the two is of the demo",
        select(below.code, above.code)
        .join(OfficeSuccession, OfficeSuccession.predecessor_id == below.id)
        .join(above, above.id == OfficeSuccession.successor_id)
        .where(below.is_demo != above.is_demo),
    ),
    (
        "campaign {0} has codes or forms at {1}, an office of the demo",
        select(Campaign.code, of_demo.code)
        .join(AccessPoint, AccessPoint.campaign_id == Campaign.id)
        .join(of_demo, of_demo.id == AccessPoint.office_id)
        .where(of_demo.is_demo, ~Campaign.is_demo)
        .distinct(),
    ),
    (
        "the frame of campaign {0} holds dossiers of {1}, an office of the demo",
        select(Campaign.code, of_demo.code)
        .join(Frame, Frame.campaign_id == Campaign.id)
        .join(FrameOffice, FrameOffice.frame_id == Frame.id)
        .join(of_demo, of_demo.id == FrameOffice.office_id)
        .where(of_demo.is_demo, ~Campaign.is_demo)
        .distinct(),
    ),
    (
        "the account {0} is bound to {1}, an office of the demo",
        select(Staff.username, of_demo.code)
        .join(StaffGrant, StaffGrant.staff_id == Staff.id)
        .join(of_demo, of_demo.id == StaffGrant.office_id)
        .where(of_demo.is_demo, ~Staff.is_demo)
        .distinct(),
    ),
    (
        "the account {0} did something about {1}, an office of the demo, and the audit log keeps it",
        select(func.coalesce(Staff.username, "-"), of_demo.code)
        .select_from(AuditLine)
        .join(of_demo, of_demo.id == AuditLine.office_id)
        .outerjoin(Staff, Staff.id == AuditLine.staff_id)
        .where(of_demo.is_demo, or_(Staff.id.is_(None), ~Staff.is_demo))
        .distinct(),
    ),
    (
        "the account {0}, which is of the demo, asked or decided something for campaign {1}",
        select(Staff.username, Campaign.code)
        .join(Approval, or_(Approval.asked_by == Staff.id, Approval.decided_by == Staff.id))
        .join(Campaign, Campaign.id == Approval.campaign_id)
        .where(Staff.is_demo, ~Campaign.is_demo)
        .distinct(),
    ),
    (
        "the account {0}, which is of the demo, asked or decided something about {1}, an office",
        select(Staff.username, of_demo.code)
        .join(Approval, or_(Approval.asked_by == Staff.id, Approval.decided_by == Staff.id))
        .join(ApprovalOffice, ApprovalOffice.approval_id == Approval.id)
        .join(of_demo, of_demo.id == ApprovalOffice.office_id)
        .where(Staff.is_demo, Approval.id.not_in(OF_DEMO_OFFICES)),
    ),
    (
        "the account {0}, which is of the demo, wrote or froze the plan of campaign {1}",
        select(Staff.username, Campaign.code)
        .join(Plan, or_(Plan.saved_by == Staff.id, Plan.frozen_by == Staff.id))
        .join(Campaign, Campaign.id == Plan.campaign_id)
        .where(Staff.is_demo, ~Campaign.is_demo)
        .distinct(),
    ),
    (
        "the account {0}, which is of the demo, drew the sample of campaign {1}",
        select(Staff.username, Campaign.code)
        .join(Draw, Draw.drawn_by == Staff.id)
        .join(Campaign, Campaign.id == Draw.campaign_id)
        .where(Staff.is_demo, ~Campaign.is_demo)
        .distinct(),
    ),
    (
        "the account {0}, which is of the demo, imported a frame of campaign {1}",
        select(Staff.username, Campaign.code)
        .join(Frame, Frame.imported_by == Staff.id)
        .join(Campaign, Campaign.id == Frame.campaign_id)
        .where(Staff.is_demo, ~Campaign.is_demo)
        .distinct(),
    ),
    (
        "the account {0}, which is of the demo, wrote an addendum to the plan of campaign {1}",
        select(Staff.username, Campaign.code)
        .join(PlanAddendum, PlanAddendum.written_by == Staff.id)
        .join(Campaign, Campaign.id == PlanAddendum.campaign_id)
        .where(Staff.is_demo, ~Campaign.is_demo)
        .distinct(),
    ),
)


class DemoInUse(SurveyError):
    """Rows that are not the demo's rest on rows of the demo; `reasons` lists them."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("\n".join(reasons))
        self.reasons = reasons


def remove_demo(database: Database, settings: Settings) -> None:
    """Remove the demo's rows and files; refuse, with a list, what would tear something real."""
    with database.transaction() as session:
        _refuse_if_used(session)
        files = session.scalars(
            select(Job.file_name).where(Job.owner_id.in_(DEMO_STAFF), Job.file_name.is_not(None))
        ).all()
        frames = session.execute(select(Frame.ticket, Frame.frame_hash).where(Frame.id.in_(DEMO_FRAMES)))
        in_frames = [path for frame in frames for path in _paths_of(settings, *frame)]
        for step in STEPS:
            session.execute(step.execution_options(synchronize_session=False))
        _remove_instruments(session)
    for name in files:
        (settings.files_dir / str(name)).unlink(missing_ok=True)
    for path in in_frames:
        path.unlink(missing_ok=True)
    accounts_file(settings).unlink(missing_ok=True)
    for folder in (settings.data_dir / FOLDER / LOOKS, settings.data_dir / FOLDER):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _paths_of(settings: Settings, ticket: str, frame_hash: str) -> tuple[Path, ...]:
    folder = settings.data_dir
    return frame_path(folder, frame_hash), contacts_path(folder, ticket), faults_path(folder, ticket)


def _refuse_if_used(session: Session) -> None:
    reasons = [
        message.format(*names)
        for message, query in USES
        for names in sorted(map(tuple, session.execute(query)))
    ]
    if reasons:
        raise DemoInUse(reasons)


def _remove_instruments(session: Session) -> None:
    """Remove the demo's instrument versions, unless something real asks or follows them."""
    other = aliased(InstrumentVersion)
    used_elsewhere = or_(
        exists().where(Campaign.instrument_version_id == InstrumentVersion.id),
        exists().where(Response.instrument_version_id == InstrumentVersion.id),
        exists().where(Tally.instrument_version_id == InstrumentVersion.id),
        exists().where(Publication.instrument_version_id == InstrumentVersion.id),
        exists().where(other.code == InstrumentVersion.code, other.version > InstrumentVersion.version),
    )
    session.execute(
        delete(InstrumentVersion)
        .where(InstrumentVersion.code.in_(INSTRUMENTS), InstrumentVersion.version == 1, ~used_elsewhere)
        .execution_options(synchronize_session=False)
    )

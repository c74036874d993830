"""What the page of a frame shows: its imports, its units by office."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.models.frame import Frame, FrameOffice
from survey_app.models.office import Office
from survey_app.models.staff import Staff
from survey_app.models.vietnamese import Search
from survey_app.web.paging import Page, PageAsked, page_of

ORDERS = ("name", "received", "decided")


@dataclass(frozen=True, slots=True)
class OfficeLine:
    code: str
    name: str
    n_received: int
    n_decided: int


@dataclass(frozen=True, slots=True)
class Import:
    """One frame and who imported it; nobody: the command line."""

    frame: Frame
    by: str | None


def imports_of(session: Session, campaign_id: int) -> list[Import]:
    """List the frames of a campaign, the one in force first."""
    rows = session.execute(
        select(Frame, Staff.full_name)
        .outerjoin(Staff, Staff.id == Frame.imported_by)
        .where(Frame.campaign_id == campaign_id)
        .order_by(Frame.id.desc())
    )
    return [Import(frame, name) for frame, name in rows]


def chosen(imports: Sequence[Import], frame_id: int | None) -> Import | None:
    """Give the import of a number, or the one in force; NotFound for a number of another campaign."""
    if frame_id is None:
        return imports[0] if imports else None
    for one in imports:
        if one.frame.id == frame_id:
            return one
    raise NotFound


def frame_of(session: Session, campaign_id: int, frame_id: int) -> Frame:
    """Give a frame of a campaign by its number."""
    frame = session.get(Frame, frame_id)
    if frame is None or frame.campaign_id != campaign_id:
        raise NotFound
    return frame


@dataclass(frozen=True, slots=True)
class OfficesAsked:
    search: str
    order: str
    page: PageAsked


def offices_of(
    session: Session, frame: Frame, scope: Collection[int], asked: OfficesAsked
) -> Page[OfficeLine]:
    """List the units of a frame by office, of the offices that a right reaches."""
    offices = Office.__table__.c
    rows = session.execute(
        select(offices.id, offices.code, offices.name, FrameOffice.n_received, FrameOffice.n_decided)
        .join(FrameOffice, FrameOffice.office_id == offices.id)
        .where(FrameOffice.frame_id == frame.id)
        .order_by(offices.sort_key, offices.id)
    )
    searched = Search(asked.search)
    lines = (OfficeLine(*line) for office_id, *line in rows if office_id in scope)
    found = [line for line in lines if searched.finds(line.name, line.code)]
    if asked.order == "received":
        found.sort(key=lambda line: -line.n_received)
    if asked.order == "decided":
        found.sort(key=lambda line: -line.n_decided)
    return page_of(found, asked.page)


def n_offices(session: Session, frame: Frame) -> int:
    return session.scalar(select(func.count()).where(FrameOffice.frame_id == frame.id)) or 0

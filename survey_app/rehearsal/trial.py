"""Copies a campaign and what it rests on into the rehearsal's own database, which holds nothing else."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Table, insert, select, text, true
from sqlalchemy.orm import Session

from survey_app.models.base import Base
from survey_app.models.campaign import Campaign
from survey_app.models.frame import Frame, FrameOffice, frame_in_force
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import (
    Counter,
    DossierCount,
    Office,
    OfficePast,
    OfficeSuccession,
    ServiceField,
)
from survey_app.models.plan import Plan, PlanAddendum

TITLE, TITLE_EN = "TẬP DƯỢT, số liệu bịa: ", "REHEARSAL, made-up figures: "  # on whatever is made of it
WHOLE = (ServiceField, Office, OfficePast, OfficeSuccession, Counter, DossierCount)
KEPT_BY_TRIGGERS = ("n_counters", "n_of_fields")  # which would add to what was copied
NOT_COPIED = ("staff", "campaign")  # who did what stays behind, and so does the wave before


def copy_campaign(real: Session, trial: Session, campaign: Campaign) -> None:
    """Write the rows of a campaign up to its frame; draw, answers and figures are the rehearsal's own."""
    trial.execute(text("PRAGMA defer_foreign_keys = ON"))  # an office may stand before the one above it
    frame = frame_in_force(real, campaign.id)
    wanted: list[tuple[type[Base], ColumnElement[bool]]] = [
        *((kind, true()) for kind in WHOLE),
        (InstrumentVersion, InstrumentVersion.id == campaign.instrument_version_id),
        (Campaign, Campaign.id == campaign.id),
        (Plan, Plan.campaign_id == campaign.id),
        (PlanAddendum, PlanAddendum.campaign_id == campaign.id),
    ]
    if frame is not None:
        wanted += [(Frame, Frame.id == frame.id), (FrameOffice, FrameOffice.frame_id == frame.id)]
    for kind, condition in wanted:
        rows = list(_rows(real, Base.metadata.tables[kind.__tablename__], condition))
        if rows:
            trial.execute(insert(kind), rows)
    copied = trial.get_one(Campaign, campaign.id)
    copied.title, copied.title_en = TITLE + copied.title, TITLE_EN + (copied.title_en or copied.title)
    trial.flush()


def _rows(session: Session, table: Table, condition: ColumnElement[bool]) -> Iterator[dict[str, Any]]:
    left_behind = {
        key.parent.name
        for key in table.foreign_keys
        if key.column.table.name in NOT_COPIED and key.parent.nullable
    }
    copied = [column for column in table.columns if column.name not in KEPT_BY_TRIGGERS]
    for row in session.execute(select(*copied).where(condition)).mappings():
        yield {name: None if name in left_behind else value for name, value in row.items()}

"""All publications, for whoever keeps account of them: what each was made of, and what it corrects."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from survey_app.models.campaign import Campaign
from survey_app.models.publication import OfficeRelease, Publication
from survey_app.models.snapshot import SnapshotPart


@dataclass(frozen=True)
class Listed:
    id: int
    campaign: str
    kind: str
    published_at: datetime
    method_version: str
    n_respondents: int
    recipe_id: str | None
    data_hash: str | None
    corrects: int | None
    correction_reason: str | None
    what_changed: dict[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"published_at": self.published_at.isoformat()}


def list_publications(session: Session) -> Sequence[Listed]:
    """Give the running figures of campaigns, and what was frozen, as they were made."""
    in_snapshot = (
        select(func.sum(SnapshotPart.n_respondents))
        .where(SnapshotPart.publication_id == Publication.id)
        .scalar_subquery()
    )
    in_running = (
        select(func.sum(OfficeRelease.n_released))
        .where(OfficeRelease.campaign_id == Publication.campaign_id, Publication.kind == "running")
        .scalar_subquery()
    )
    columns = (
        Publication.published_at,
        Publication.method_version,
        func.coalesce(in_snapshot, in_running, 0),
        Publication.recipe_id,
        Publication.data_hash,
        Publication.corrects_id,
        Publication.correction_reason,
        Publication.what_changed,
    )
    query = (
        select(Publication.id, Campaign.code, Publication.kind, *columns)
        .join(Campaign, Campaign.id == Publication.campaign_id)
        .order_by(Publication.id)
    )
    return [Listed(*row) for row in session.execute(query)]

"""What a release writes, running or frozen: how much it took of each office, and the figures made of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from survey_app.models.publication import Change, Distribution, Figure, OfficeRelease
from survey_app.publish.counting.tallies import Recount
from survey_app.publish.figures.estimates import Estimated
from survey_app.publish.releasing.due import Due


@dataclass(frozen=True)
class Taken:
    """What a release takes of an office's responses, and what it leaves to wait."""

    recount: Recount
    n_released: int  # afterwards
    n_looked_at: int
    n_voided: int = 0
    n_voided_looked_at: int = 0
    closed_on: date | None = None


def note_releases(session: Session, campaign_id: int, taken: Mapping[Due, Taken], released_on: date) -> None:
    """Note how much of some offices' responses their figures hold, and how much was looked at."""
    of_these = select(OfficeRelease).where(
        OfficeRelease.campaign_id == campaign_id,
        OfficeRelease.office_id.in_({due.office_id for due in taken}),
    )
    noted = {Due(campaign_id, one.office_id, one.provenance): one for one in session.scalars(of_these)}
    for due, its in taken.items():
        release = noted.get(due)
        if release is None:
            release = OfficeRelease(**asdict(due))
            session.add(release)
        release.n_released, release.n_looked_at = its.n_released, its.n_looked_at
        release.n_voided, release.n_voided_looked_at = its.n_voided, its.n_voided_looked_at
        release.closed_on = its.closed_on
        if its.recount.days:
            release.released_on = released_on


def replace_figures(session: Session, publication_id: int, estimated: Estimated) -> None:
    """Put figures, distributions and changes in the place of those of the same offices and class."""
    parts = (
        (Figure, estimated.figures),
        (Distribution, estimated.distributions),
        (Change, estimated.changes),
    )
    for row, made in parts:
        of_class = (row.publication_id == publication_id, row.provenance == estimated.provenance)
        session.connection().execute(
            delete(row).where(*of_class, row.office_id == bindparam("its_office")),
            [{"its_office": office_id} for office_id in estimated.office_ids],
        )
        if made:
            session.execute(insert(row), [{"publication_id": publication_id, **one} for one in made])

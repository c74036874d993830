"""Where an office stands among those of its kind: as ranges, never as a rank."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.known_offices import KnownOffices, known_offices
from survey_app.models.publication import Figure, Publication
from survey_app.publish.shown.figure import ShownFigure, show
from survey_app.publish.suppression import INSIDE_MINIMUM
from survey_app.web.charts import Band, Scale, band_on, scale_for
from survey_app.web.formatting import count_text, range_text

FEWEST_OFFICES = 8  # the middle half of fewer would single offices out


@dataclass(frozen=True)
class Alike:
    """The middle half of the public figures of like offices, and the figure of all below the same parent."""

    parent_name: str
    parent: ShownFigure | None
    n_offices: str
    range: str
    ends: tuple[float, float]  # of the middle half
    band: Band | None
    scale: Scale
    stands: Literal["above", "below", "within"]


def like_offices(
    session: Session, publication: Publication, office_id: int, index: ShownFigure, public_minimum: int
) -> Alike | None:
    """Compare an office with those of its kind under the same parent, whose figures anybody may see."""
    known = known_offices(session)
    parent_id = known.offices[office_id].parent_id
    if parent_id is None or index.limits is None:
        return None
    others = _others_like(known, office_id, parent_id)
    values = _values(session, publication, others, index.provenance) if len(others) >= FEWEST_OFFICES else []
    if len(values) < FEWEST_OFFICES:
        return None
    whole = _figure_of(session, publication, parent_id, index.provenance, public_minimum)
    quarter = len(values) // 4
    low, high = values[quarter], values[-1 - quarter]
    scale = scale_for([index.limits, whole.limits if whole else None, (low, low, high)])
    return Alike(
        parent_name=known.offices[parent_id].name,
        parent=whole if whole and whole.limits else None,
        n_offices=count_text(len(values)),
        range=range_text(low, high),
        ends=(low, high),
        band=band_on(scale, low, high),
        scale=scale,
        stands="below" if index.limits[2] < low else "above" if index.limits[0] > high else "within",
    )


def _others_like(known: KnownOffices, office_id: int, parent_id: int) -> list[int]:
    kind, below = known.offices[office_id].kind, known.tree.right_below(parent_id)
    return [one for one in below if known.offices[one].kind == kind and one != office_id]


def _values(
    session: Session, publication: Publication, office_ids: Collection[int], provenance: str
) -> list[float]:
    found = session.scalars(
        select(Figure.value).where(
            Figure.publication_id == publication.id,
            Figure.provenance == provenance,
            Figure.measure == INDEX,
            Figure.breakdown == WHOLE,
            Figure.value.is_not(None),
            Figure.hidden_inside.is_(None),
            Figure.hidden_in_public.is_(None),
            Figure.office_id.in_(office_ids),
        )
    )
    return sorted(value for value in found if value is not None)


def _figure_of(
    session: Session, publication: Publication, office_id: int, provenance: str, public_minimum: int
) -> ShownFigure | None:
    figure = session.get(Figure, (publication.id, office_id, provenance, INDEX, WHOLE))
    return show(figure, max(INSIDE_MINIMUM, public_minimum), public_minimum) if figure else None

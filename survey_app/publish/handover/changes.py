"""How offices moved since the wave before, where the figures of both may be seen."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import INDEX, WHOLE
from survey_app.models.campaign import Campaign
from survey_app.models.publication import Change, Figure, Publication
from survey_app.publish.handover.wave import Place, Wave
from survey_app.publish.handover.words import CHANGES
from survey_app.publish.shown.change import digits_of, points_text
from survey_app.publish.suppression import is_suppressed
from survey_app.web.formatting import count_text


@dataclass(frozen=True)
class Said:
    """A change as pages say it."""

    earlier: str  # the title of the campaign before
    verdict: str  # a sentence
    digits: int = 1
    value: str = ""
    range: str = ""
    n_later: str = ""
    n_earlier: str = ""

    @property
    def sentence(self) -> str:
        if not self.value:
            return f"So với {self.earlier}: {self.verdict}"
        return (
            f"So với {self.earlier}: {self.value} điểm phần trăm (khoảng tin cậy 95%: {self.range}), "
            f"n = {self.n_earlier} phiếu lần trước và {self.n_later} phiếu lần này. {self.verdict}"
        )


def shown_changes(session: Session, wave: Wave) -> Iterator[tuple[Place, Change, Said]]:
    """Give each change between two figures that this edition shows, offices in their order."""
    query = select(Change).where(
        Change.publication_id == wave.publication.id, Change.earlier_publication_id.is_not(None)
    )
    found = {(one.office_id, one.provenance): one for one in session.scalars(query)}
    if not found:
        return
    earlier_id = next(iter(found.values())).earlier_publication_id
    earlier = session.get_one(Publication, earlier_id)
    title = session.get_one(Campaign, earlier.campaign_id).title
    minimum = max(wave.minimum, earlier.minimum_n) if wave.edition == "public" else wave.minimum
    of_index = (Figure.measure == INDEX, Figure.breakdown == WHOLE)
    before = session.scalars(select(Figure).where(Figure.publication_id == earlier_id, *of_index))
    seen = {(one.office_id, one.provenance) for one in before if not is_suppressed(one, minimum)}
    for place, figure in wave.figures(session, *of_index):
        change = found.get((place.id, figure.provenance))
        if change and (place.id, figure.provenance) in seen and not is_suppressed(figure, wave.minimum):
            yield place, change, _said(change, title)


def _said(change: Change, title: str) -> Said:
    if change.value is None or change.low is None or change.high is None:
        known = "not_comparable" if change.reason == "not_comparable" else "not_estimable"
        return Said(title, CHANGES[known])
    limits = (change.value, change.low, change.high)
    digits = digits_of(limits)
    value, low, high = (points_text(limit, digits) for limit in limits)
    verdict = "rise" if change.low > 0 else "fall" if change.high < 0 else "not_shown"
    return Said(
        title,
        CHANGES[verdict],
        digits,
        value,
        f"từ {low} đến {high}",
        count_text(change.n_later),
        count_text(change.n_earlier),
    )

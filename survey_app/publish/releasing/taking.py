"""What a frozen publication takes of each office: all that came; in a correction, what tells of nobody.

There an office and class has its answers as they are now, or it waits and has those that were published. Now
means that it gained a batch (`batch.py`), or lost what was voided, five at least. Gains and losses at once
wait: tallies tell no more than what both of them come to. Nor does an office lose any once it has gained:
who of whom left would be in doubt, and so what several publications tell together (`told_apart.py`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby, pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.known_offices import known_offices
from survey_app.models.office import BY_NAME, Office
from survey_app.models.publication import OfficeRelease, Publication
from survey_app.models.snapshot import SnapshotPart
from survey_app.publish.counting.arrivals import Arrivals, AtPoints, find_arrivals
from survey_app.publish.counting.tallies import Definitions, Recount
from survey_app.publish.figures.dataset import Place, places_of
from survey_app.publish.releasing.batch import BatchRule
from survey_app.publish.releasing.corrected import ToldOf
from survey_app.publish.releasing.due import Due
from survey_app.publish.releasing.writing import Taken

OFFICES_AT_ONCE = 100  # whose points are looked up together


def sealed_publications(session: Session, campaign_id: int) -> Sequence[int]:
    of_campaign = (Publication.campaign_id == campaign_id, Publication.sealed_at.is_not(None))
    return session.scalars(select(Publication.id).where(*of_campaign).order_by(Publication.id)).all()


@dataclass
class Taking:
    """The offices of a campaign by what is taken of them."""

    taken: dict[Due, Taken] = field(default_factory=dict)  # as they are now
    changed: set[Due] = field(default_factory=set)  # of those, the ones with other answers than published
    waiting: set[Due] = field(default_factory=set)  # as they were published

    @classmethod
    def of(cls, session: Session, campaign: Campaign, earlier: Sequence[int]) -> "Taking":
        definitions, grown = Definitions(session), _grown(session, campaign.id, earlier)
        found = cls()
        for look in _looks(session, campaign, definitions):
            due = look.due
            taken = look.again(session, due in grown) if earlier else look.everything()
            if taken is None:
                found.waiting.add(due)
            else:
                found.taken[due] = taken
                if taken.recount.days:
                    found.changed.add(due)
        return found

    @property
    def recount(self) -> Recount:
        recount = Recount()
        for one in self.taken.values():
            recount.add(one.recount)
        return recount

    @property
    def n_waiting(self) -> int:
        return len({one.office_id for one in self.waiting})

    def names_waiting(self, session: Session) -> list[str]:
        ids = {one.office_id for one in self.waiting}
        query = select(Office.name).where(Office.id.in_(ids)).order_by(*BY_NAME)
        return list(session.scalars(query))

    def hold(self, session: Session, told: Iterable[ToldOf]) -> bool:
        """Let wait who is told of; or else all that changed in their tree, where others hide them; or at all.

        Weights that were raked depend on everybody. False where nothing is left that could wait.
        """
        id_of = dict(session.execute(select(Office.code, Office.id)).all())
        tree = known_offices(session).tree
        held: set[Due] = set()
        for provenance, office, codes in told:
            of_class = {one for one in self.changed if one.provenance == provenance}
            own, whole = {id_of[one] for one in codes}, tree.whole_trees([id_of[office]])
            held |= (
                {one for one in of_class if one.office_id in own}
                or {one for one in of_class if one.office_id in whole}
                or of_class
            )
        for due in held:
            del self.taken[due]
        self.changed -= held
        self.waiting |= held
        return bool(held)


@dataclass(frozen=True)
class _Look:
    """What came to an office and class, beside what was published of it."""

    due: Due
    arrivals: Arrivals
    rule: BatchRule
    n_voided: int

    def everything(self) -> Taken:
        return self._taken(self.arrivals.recount(self.rule.find_all(self.arrivals)))

    def again(self, session: Session, has_grown: bool) -> Taken | None:
        """Take what may be taken beside the publication before; none if the office waits."""
        arrivals = self.arrivals
        if not arrivals.more and not arrivals.fallen:
            return self._taken(Recount())
        before = session.get(OfficeRelease, asdict(self.due))
        n_voided_since = self.n_voided - (before.n_voided if before is not None else 0)
        if not n_voided_since and not arrivals.fallen:
            return self.everything() if self.rule.is_batch(arrivals.more) else None
        # As many fell as were voided: so nothing came on those days, nor was anything else voided.
        is_pure_loss = not arrivals.more and arrivals.n_falling_after(Recount()) == n_voided_since
        loss = self.rule.find_whole_loss(arrivals) if is_pure_loss and not has_grown else None
        return None if loss is None else self._taken(loss)

    def _taken(self, recount: Recount) -> Taken:
        n_live = self.arrivals.n_live
        return Taken(recount, n_live, n_live, self.n_voided, self.n_voided)


def _looks(session: Session, campaign: Campaign, definitions: Definitions) -> Iterator[_Look]:
    """Look at all offices of a campaign, some at a time."""
    for provenance, found in groupby(_offices_of(session, campaign), key=lambda due: due.provenance):
        dues = list(found)
        for start in range(0, len(dues), OFFICES_AT_ONCE):
            some = dues[start : start + OFFICES_AT_ONCE]
            places = places_of(session, campaign.id, provenance, {due.office_id for due in some})
            at_points, places_at = AtPoints.of(session, list(places), definitions), _by_office(places)
            for due in some:
                here = places_at[due.office_id]
                rule = BatchRule(here, definitions, campaign.instrument_version_id)
                arrivals = find_arrivals(session, here.keys(), definitions, at_points)
                yield _Look(due, arrivals, rule, at_points.count_voided(here))


def _by_office(places: Mapping[int, Place]) -> dict[int, dict[int, Place]]:
    found: dict[int, dict[int, Place]] = {}
    for point_id, place in places.items():
        found.setdefault(place.office_id, {})[point_id] = place
    return found


def _grown(session: Session, campaign_id: int, publication_ids: Sequence[int]) -> set[Due]:
    """Name the offices and classes of which a publication had more than one before it."""
    counts: dict[Due, dict[int, int]] = {}
    query = select(
        SnapshotPart.publication_id,
        SnapshotPart.office_id,
        SnapshotPart.provenance,
        SnapshotPart.n_respondents,
    ).where(SnapshotPart.publication_id.in_(publication_ids))
    for publication_id, office_id, provenance, n in session.execute(query):
        counts.setdefault(Due(campaign_id, office_id, provenance), {})[publication_id] = n
    return {
        due for due, found in counts.items() if _has_risen([found.get(one, 0) for one in publication_ids])
    }


def _has_risen(counts: Sequence[int]) -> bool:
    return any(later > earlier for earlier, later in pairwise(counts))


def _offices_of(session: Session, campaign: Campaign) -> list[Due]:
    key = (AccessPoint.provenance, AccessPoint.office_id)
    query = select(*key).where(AccessPoint.campaign_id == campaign.id).distinct().order_by(*key)
    return [Due(campaign.id, office_id, provenance) for provenance, office_id in session.execute(query)]

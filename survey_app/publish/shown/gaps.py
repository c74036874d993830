"""Where the counts of dossiers that coverage rests on contradict each other: said beside the index."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import BigInteger, cast, exists, select
from sqlalchemy.orm import Session

from survey_app.models.access_point import AccessPoint
from survey_app.models.kept import Kept
from survey_app.models.known_offices import known_offices
from survey_app.models.office import IS_ODD, DossierCount
from survey_app.models.publication import Publication
from survey_app.models.snapshot import PublicationRecipe

FROZEN_AT_ONCE = 4  # publications whose gaps a process keeps at hand: they never change


@dataclass(frozen=True)
class Gap:
    """In how many months of an office two counts differ, and by how many dossiers in all."""

    n_months: int
    n_dossiers: int


@dataclass(frozen=True)
class Gaps:
    parts: Gap | None = None  # what early, on time and late leave unexplained of the settled ones
    fields: Gap | None = None  # what the fields leave unexplained of the total, or have beyond it
    jumps: Gap | None = None  # what totals that were accepted as jumps have beyond the usual of their offices

    def __bool__(self) -> bool:
        return bool(self.parts or self.fields or self.jumps)


class _Total(NamedTuple):
    """The total of an office and month, by the code of the office and the month as ISO text."""

    office: str
    month: str
    n_settled: int
    n_of_parts: int | None
    n_of_fields: int | None
    n_usual: int | None


def gaps_of(session: Session, office_id: int, publication: Publication) -> Gaps:
    """Give the gaps of an office and all below it, in the counts that this publication rests on.

    What is frozen rests on the totals and fields of then, which its recipe holds. Their parts it does not
    hold: those of today are told where the total is still the same.
    """
    totals = list(_totals(session, office_id, publication))
    if publication.recipe_id is None:
        return Gaps(_gap(_of_parts(totals)), _gap(_of_fields(totals)), _gap(_of_jumps(totals)))
    frozen = _frozen_gaps(session, publication)
    known = known_offices(session)
    codes = {known.offices[one].code for one in known.tree.subtree(office_id)}
    same = [one for one in totals if frozen.totals.get((one.office, one.month)) == one.n_settled]
    of_fields = _gap(gap for code in codes & frozen.of_fields.keys() for gap in frozen.of_fields[code])
    return Gaps(_gap(_of_parts(same)), of_fields, _gap(_of_jumps(same)))


def _of_parts(totals: Iterable[_Total]) -> Iterator[int]:
    return (one.n_settled - one.n_of_parts for one in totals if one.n_of_parts is not None)


def _of_fields(totals: Iterable[_Total]) -> Iterator[int]:
    return (one.n_settled - one.n_of_fields for one in totals if one.n_of_fields is not None)


def _of_jumps(totals: Iterable[_Total]) -> Iterator[int]:
    return (one.n_settled - one.n_usual for one in totals if one.n_usual is not None)


def _gap(of_months: Iterable[int]) -> Gap | None:
    found = [abs(gap) for gap in of_months if gap]
    return Gap(len(found), sum(found)) if found else None


def _totals(session: Session, office_id: int, publication: Publication) -> Iterator[_Total]:
    """Read the totals that jump or are not what their parts or fields add up to: an index holds no others."""
    one = DossierCount
    parts = cast(one.n_early, BigInteger) + one.n_on_time + one.n_late
    known = known_offices(session)
    takes_part = exists().where(
        AccessPoint.campaign_id == publication.campaign_id, AccessPoint.office_id == one.office_id
    )
    query = select(one.office_id, one.month, one.n_settled, parts, one.n_of_fields, one.n_usual).where(
        IS_ODD,
        known.holds(known.tree.subtree(office_id), one.office_id),
        takes_part,
    )
    first, last = publication.covers_from.replace(day=1), publication.covers_until
    for office, month, n_settled, n_of_parts, n_of_fields, n_usual in session.execute(query):
        if first <= month <= last:  # asked for months, SQLite would leave the index of the few odd ones
            code = known.offices[office].code
            yield _Total(code, month.isoformat(), n_settled, n_of_parts, n_of_fields, n_usual)


class _Frozen(NamedTuple):
    """What a recipe says: its totals, and by office where the fields do not add up to them."""

    totals: dict[tuple[str, str], int]
    of_fields: dict[str, list[int]]


_kept: Kept[_Frozen] = Kept(FROZEN_AT_ONCE)  # by the id of the recipe, which says all that was read


def _frozen_gaps(session: Session, publication: Publication) -> _Frozen:
    return _kept.get(
        publication.recipe_id,
        lambda: _read(session.get_one(PublicationRecipe, publication.id).document_json),
    )


def _read(document: str) -> _Frozen:
    """Read the dossiers alone, as plain rows: the recipe of a country holds some hundred thousand."""
    totals: dict[tuple[str, str], int] = {}
    sums: dict[tuple[str, str], int] = {}
    for office, month, service_field, n_settled in json.loads(document)["dossiers"]:
        if service_field is None:
            totals[office, month] = n_settled
        else:
            sums[office, month] = sums.get((office, month), 0) + n_settled
    of_fields: dict[str, list[int]] = {}
    for place in totals.keys() & sums.keys():
        of_fields.setdefault(place[0], []).append(totals[place] - sums[place])
    return _Frozen(totals, of_fields)

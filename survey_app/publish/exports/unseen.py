"""What figures hide of an office and class, and its rows must not tell: figures would give others away by it.

A total less what is shown below it is what hides in one another: few people here, enough there. Whoever holds
the rows of those who are enough has the few. So nothing leaves of an office of which more than single items
is hidden, be it in the running figures or in any frozen publication; and an item that is hidden is blank in
its rows. What rows add up to is then what figures show. Counters and fields are told of one office alone, and
its rows say no more of them than they may (`closeness.py`).

The own answers of an office that stands above others have no figure. They are what its total has besides, so
what is hidden below it, today or when a publication was made, is not told of it either.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.models.breakdown import ITEM, MONTH, WHOLE, kind_of, part_of
from survey_app.models.definition import Definition
from survey_app.models.known_offices import known_offices
from survey_app.models.office import Office
from survey_app.models.office_tree import Tree
from survey_app.models.publication import Figure, Publication
from survey_app.models.recipe import Recipe
from survey_app.models.snapshot import PublicationRecipe
from survey_app.publish.exports.groups import Owner


@dataclass(frozen=True)
class Unseen:
    """What is not seen of an office and class: all of it, or the answers to some items."""

    is_whole: bool = False
    items: frozenset[str] = frozenset()

    def __or__(self, other: "Unseen") -> "Unseen":
        return Unseen(self.is_whole or other.is_whole, self.items | other.items)

    def with_branches(self, definitions: Mapping[int, Definition]) -> frozenset[str]:
        """Name its items and those that only some answers to them lead to."""
        found = set(self.items)
        for definition in definitions.values():
            for item in definition.items:  # a branch leads on: what it depends on stands before it
                if item.branch is not None and item.branch.item in found:
                    found.add(item.code)
        return frozenset(found)


NOTHING_UNSEEN = Unseen()


def find_unseen(session: Session, campaign_id: int) -> dict[Owner, Unseen]:
    """Name what any figures of a campaign hide from staff."""
    key = (Figure.office_id, Figure.provenance, Figure.measure, Figure.breakdown)
    hidden = (
        select(*key)
        .join(Publication, Publication.id == Figure.publication_id)
        .where(Publication.campaign_id == campaign_id, Figure.hidden_inside.is_not(None))
    )
    found: dict[Owner, Unseen] = {}
    for office_id, provenance, measure, breakdown in session.execute(hidden.distinct()):
        is_item = kind_of(measure) == ITEM and breakdown == WHOLE
        if is_item or breakdown == WHOLE or kind_of(breakdown) == MONTH:
            one = Unseen(items=frozenset({part_of(measure)})) if is_item else Unseen(is_whole=True)
            found[office_id, provenance] = found.get((office_id, provenance), NOTHING_UNSEEN) | one
    return _with_those_above(found, list(_trees(session, campaign_id))) if found else found


def _with_those_above(found: Mapping[Owner, Unseen], trees: list[Tree]) -> dict[Owner, Unseen]:
    above = dict(found)
    for (office_id, provenance), one in found.items():
        for higher in set().union(*(tree.with_ancestors([office_id]) for tree in trees)):
            above[higher, provenance] = above.get((higher, provenance), NOTHING_UNSEEN) | one
    return above


def _trees(session: Session, campaign_id: int) -> Iterator[Tree]:
    """Give the offices as they stand today, and as they stood in each frozen publication."""
    yield known_offices(session).tree
    today = {one.id: one for one in session.execute(select(Office.id, Office.code, Office.parent_id))}
    id_of = {one.code: one.id for one in today.values()}
    documents = (
        select(PublicationRecipe.document_json)
        .join(Publication, Publication.id == PublicationRecipe.publication_id)
        .where(Publication.campaign_id == campaign_id)
    )
    for document in session.scalars(documents):
        parents = {one.id: one.parent_id for one in today.values()}
        for then in Recipe.from_json(document).offices:
            parents[id_of[then.code]] = None if then.parent is None else id_of[then.parent]
        yield Tree(parents)

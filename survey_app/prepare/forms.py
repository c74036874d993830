"""What the pages of codes are asked for: which campaign, which offices, which places."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from survey_app.errors import NotFound
from survey_app.models.campaign import Campaign
from survey_app.prepare.codes.issue import Place
from survey_app.prepare.codes.listing import FILTERS
from survey_app.web.paging import typed_page, typed_search

_PLACE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class CodesRequest:
    """A campaign, a search among its offices, what the list is narrowed to, a page of what was found."""

    campaign_code: str
    search: str
    page: int
    narrowed: str

    @classmethod
    def read(cls, fields: MultiDict[str, str]) -> "CodesRequest":
        return cls(
            fields.get("campaign", ""),
            typed_search(fields),
            typed_page(fields),
            fields.get("show", "") if fields.get("show") in FILTERS else "",
        )

    def choose(self, campaigns: list[Campaign]) -> Campaign | None:
        """Pick the campaign that was asked for, or the first."""
        named = (campaign for campaign in campaigns if campaign.code == self.campaign_code)
        return next(named, campaigns[0] if campaigns else None)

    def exactly(self, campaigns: list[Campaign]) -> Campaign:
        """Pick the campaign that a button was pressed for; what it changes must not go to another one."""
        for campaign in campaigns:
            if campaign.code == self.campaign_code:
                return campaign
        raise NotFound


def place_value(place: Place) -> str:
    """Write a place as the value of its box: office and counter, 0 for the whole office."""
    return f"{place.office_id}-{place.counter_id or 0}"


def read_places(values: Iterable[str]) -> set[Place]:
    """Read the boxes that were ticked; what is no box of ours names no place."""
    found = filter(None, map(_PLACE.fullmatch, values))
    return {Place(int(match[1]), int(match[2]) or None) for match in found}

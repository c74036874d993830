"""What the form of a new annual campaign is sent, and what a clone of last year's begins with."""

import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import date

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from survey_app.models.campaign import SAMPLING_BASES, Campaign
from survey_app.models.days import read_day, years_later
from survey_app.models.plain_text import UNREADABLE_MARK, composed, marked_unreadable
from survey_app.prepare.campaigns.create import NewCampaign

DRAWN_BASES = tuple(basis for basis in SAMPLING_BASES if basis != "opt_in")
LONGEST = 200
Faults = list[tuple[str, str]]


@dataclass(frozen=True)
class CampaignForm:
    """The boxes as they were typed, each a text; `tops` are codes, `whole` stands for all offices."""

    code: str = ""
    title: str = ""
    title_en: str = ""
    sampling_basis: str = DRAWN_BASES[0]
    instrument_code: str = ""
    opens_on: str = ""
    closes_on: str = ""
    controller_name: str = ""
    controller_address: str = ""
    controller_phone: str = ""
    retention_years: str = "5"
    after: str = ""
    tops: tuple[str, ...] = ()

    @classmethod
    def of_sent(cls, sent: MultiDict[str, str]) -> "CampaignForm":
        names = [one.name for one in fields(cls) if one.name != "tops"]
        typed = {name: marked_unreadable(composed(sent.get(name, "")))[: LONGEST + 1] for name in names}
        return cls(**typed, tops=tuple(code[:LONGEST] for code in sent.getlist("tops")))

    @classmethod
    def of_last(
        cls, last: Campaign, instrument_code: str, tops: Collection[str], today: date
    ) -> "CampaignForm":
        """Begin with an earlier one's: days and the year in names in the first year that is to come."""
        n_years = _years_to_come(last.opens_on, today)
        named = ("title", "title_en", "code")
        kept = ("controller_name", "controller_address", "controller_phone")
        moved = {name: _in_year(getattr(last, name), last.opens_on.year, n_years) for name in named}
        moved |= {name: getattr(last, name) for name in kept}
        return cls(
            **moved,
            sampling_basis=last.sampling_basis if last.sampling_basis in DRAWN_BASES else DRAWN_BASES[0],
            instrument_code=instrument_code,
            opens_on=_day(years_later(last.opens_on, n_years)),
            closes_on=_day(years_later(last.closes_on, n_years)) if last.closes_on else "",
            retention_years=str(last.retention_years),
            after=last.code,
            tops=tuple(tops),
        )

    def read(self, today: date) -> tuple[NewCampaign | None, Faults]:
        """Give what is asked for, or what cannot be read of it; whether it can be is `create`'s to say.

        Its plan is yet to be written, and is frozen before the first day.
        """
        faults: Faults = []
        days: dict[str, date | None] = {}
        for name in ("opens_on", "closes_on"):
            days[name] = read_day(getattr(self, name))
            if days[name] is None:
                faults.append((name, _("Type a day, such as 31/12/2026.")))
        if days["opens_on"] is not None and days["opens_on"] <= today:
            faults.append(
                ("opens_on", _("Choose a day to come: the plan must be ready before the first day."))
            )
        faults += [
            (name, _("At most %(n)s characters.", n=LONGEST))
            for name in ("title", "title_en", "controller_name", "controller_address", "controller_phone")
            if len(getattr(self, name)) > LONGEST
        ]
        faults += [
            (one.name, _("It has characters that cannot be read. Remove them."))
            for one in fields(self)
            if UNREADABLE_MARK in getattr(self, one.name)
        ]
        if not re.fullmatch(r"[0-9]{1,3}", self.retention_years):
            faults.append(("retention_years", _("Type a number of years, such as 5.")))
        if self.sampling_basis not in DRAWN_BASES:
            faults.append(("sampling_basis", _("Choose one of the list.")))
        if faults or days["opens_on"] is None:
            return None, faults
        said = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "tops"}
        said |= {"kind": "annual", "retention_years": int(self.retention_years), **days}
        return NewCampaign(**said | {"after": self.after or None}), []


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _years_to_come(day: date, today: date) -> int:
    """Count the years, one at least, by which a day is moved to lie after today."""
    n_years = max(1, today.year - day.year)
    return n_years if years_later(day, n_years) > today else n_years + 1


def _in_year(text: str, year: int, n_years: int) -> str:
    """Turn a year in a text, with no other digits beside it, into one as many years later."""
    return re.sub(rf"(?<![0-9]){year}(?![0-9])", str(year + n_years), text)

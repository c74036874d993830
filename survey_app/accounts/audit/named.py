"""Surveys, people and offices whose codes stand in the lines of the log, by name, where it may be known."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from survey_app.models.audit import AuditLine
from survey_app.models.campaign import Campaign
from survey_app.models.office import Office
from survey_app.models.staff import Staff

OF_PEOPLE = {"account", "people"}
OF_OFFICES = {"case", "cases", "comments", "counters", "days", "dossiers", "fields", "offices"}
WRITTEN_BY_HAND = re.compile(r"“[^”]*”|Lý do: .*", re.DOTALL)
# Where lines name a survey; a bare word is not enough, since a number or a word of a sentence can be a code.
CAMPAIGN = re.compile(r"(?:^|(?<=[,:] ))[a-z0-9][a-z0-9-]*(?=[,:]|\.? *$)")
PERSON = re.compile(r"^[^\s,:]+")
HANDED_OVER = re.compile(r"(?:^|: )([^:→]+) → (.+?), từ ")
PAIR = re.compile(r"\((\S+) đề nghị, (\S+) duyệt\)")


@dataclass(frozen=True, slots=True)
class Codes:
    """What one line names by its code."""

    campaigns: list[str]
    usernames: list[str]
    offices: list[str]  # beside the one to which the line belongs

    @classmethod
    def of(cls, line: AuditLine) -> "Codes":
        room, said = line.act.partition(".")[0], WRITTEN_BY_HAND.sub("", line.what)
        if room in OF_PEOPLE:
            return cls([], PERSON.findall(said), [])
        if offices := HANDED_OVER.search(said):
            return cls([], [], [code for side in offices.groups() for code in side.split(", ")])
        pair = PAIR.search(said)
        campaigns = [] if room in OF_OFFICES else CAMPAIGN.findall(said)
        return cls(campaigns, list(pair.groups()) if pair else [], [])


@dataclass(frozen=True, slots=True)
class Known:
    """Say in SQL of which people and offices a reader may know the name."""

    people: ColumnElement[bool]
    offices: ColumnElement[bool]


def names_in(
    session: Session, lines: Iterable[AuditLine], known: Known, language: str
) -> dict[int, list[str]]:
    """Give the names that each line tells by codes."""
    codes = {line.id: Codes.of(line) for line in lines}
    campaigns = select(Campaign).where(Campaign.code.in_(_all(one.campaigns for one in codes.values())))
    usernames = _all(one.usernames for one in codes.values())
    people = select(Staff.username, Staff.full_name).where(Staff.username.in_(usernames), known.people)
    office_codes = _all(one.offices for one in codes.values())
    offices = select(Office.code, Office.name).where(Office.code.in_(office_codes), known.offices)
    titles = {one.code: one.title_in(language) for one in session.scalars(campaigns)}
    full_names, office_names = (dict(session.execute(one).all()) for one in (people, offices))
    return {
        line_id: [titles[code] for code in one.campaigns if code in titles]
        + [full_names[name] for name in one.usernames if name in full_names]
        + [office_names[code] for code in one.offices if code in office_names]
        for line_id, one in codes.items()
    }


def _all(several: Iterable[Iterable[str]]) -> set[str]:
    return {code for codes in several for code in codes}

"""Outcomes of drawn units by AAPOR's Standard Definitions (9th edition, 2016), and their groups.

The codes are those for mail surveys of specifically named persons, cut at the level that staff can tell
apart, which keeps their meaning: 2.1 stands for all of 2.1x, 3.3 for all that could not be delivered (3.2
would have reached the address). The first digit is the group; a unit of which nothing is known counts as
3.19, which is not stored.
"""

from collections.abc import Mapping

RESPONDENT, ELIGIBLE, UNKNOWN, INELIGIBLE = GROUPS = ("respondent", "eligible", "unknown", "ineligible")
COMPLETE, PARTIAL = "1.1", "1.2"
REFUSED = "2.1"
NOT_SENT, SILENT, CAME_BACK = "3.11", "3.19", "3.3"
_GROUP_OF: Mapping[str, str] = {"1": RESPONDENT, "2": ELIGIBLE, "3": UNKNOWN, "4": INELIGIBLE}

# For persons who are named in the frame and invited by letter or message.
OUTCOMES = (
    COMPLETE,
    PARTIAL,
    REFUSED,
    "2.2",  # lives there, never reached: away through all of the fieldwork
    "2.3",  # eligible, and could not: ill, died since, speaks another language
    NOT_SENT,  # the frame has no address to write to
    SILENT,  # invited, and nothing ever came back
    CAME_BACK,  # the invitation could not be delivered
    "3.9",  # unknown for another reason
    "4.1",  # had no such dossier: not of the population
    "4.81",  # drawn twice: the same person under another dossier
    "4.9",  # not eligible for another reason
)
RESPONDED = frozenset({COMPLETE, PARTIAL})
# A reserve takes the place of who does not belong to the population and of who cannot be written to. Whoever
# is silent or refuses keeps the place: a willing one would else stand in for the unwilling.
CALLS_IN_RESERVE = frozenset({NOT_SENT, CAME_BACK, "4.1", "4.81", "4.9"})


def group_of(outcome: str | None) -> str:
    """Name the group of a unit by its outcome; whoever has none yet is unknown."""
    return UNKNOWN if outcome is None else _GROUP_OF[outcome[0]]

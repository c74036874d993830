"""Sends strings that break careless programs into every field of a form."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from werkzeug.test import TestResponse

from tests.nasty_strings import SEEDS, nasty_strings
from tests.soak import SOAK
from tests.survey_app.hostile.house import Fields, House, Walked
from tests.survey_app.hostile.walk import Step

# Whose strings end the way in itself: after each one that is taken, the house is put back.
AT_THE_DOOR = ("accounts", "oneself", "second_factor")
MARKUP = ("<script>alert", "<img src=x", "<h1>x</h1>")
LONGEST_STORED = 1000
# What PostgreSQL may refuse where SQLite does not: no text at all, an escape in a pattern, too long a text.
FOR_POSTGRESQL = [text for text in SEEDS if set(text) & set("\0\\\ud800") or len(text) > LONGEST_STORED]
ODD = ("", SEEDS[0], "\0", "\ud800", "-1", str(2**63), "9" * 5000, "٣")
# `make soak` sends a thousand.
N_STRINGS = 1000 if SOAK else 60
LARGEST_PACK = 400
SHORT_PACK = 70  # what most fields store


@dataclass
class Harmed:
    """What came of it; `kept` is the database afterwards."""

    kept: Path | None = None
    n_fields: int = 0
    n_sent: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def said(self) -> str:
        return f"{N_STRINGS} strings in each of {self.n_fields} fields: {self.n_sent} requests"


def harm(house: House, walked: Walked, kept: Path) -> Harmed:
    """Have all forms send their harm into one house, those at its door first."""
    harmed = Harmed(kept)
    strings = nasty_strings("every form", N_STRINGS)
    for step in sorted(walked.steps, key=is_at_the_door, reverse=True):
        if is_at_the_door(step):
            house.restore()
        sent = send_all(house, step, strings)
        harmed.n_fields += len(step.typed)
        harmed.n_sent += sent.n_sent
        harmed.faults += sent.faults
        if is_at_the_door(step):
            house.restore()
    house.keep(kept)
    return harmed


def is_at_the_door(step: Step) -> bool:
    return step.form.method == "post" and step.endpoint.partition(".")[0] in AT_THE_DOOR


def send_all(house: House, step: Step, strings: list[str], seeds: Sequence[str] = SEEDS) -> Harmed:
    """Send all strings in the typed fields at once, the seeds in each alone, and odd values in all others."""
    sent = Harmed()
    way = house.arrive(step)
    if way is None:
        return sent  # what it was about is no longer there
    client, now = way
    good = house.good(now)
    for fields in itertools.chain(packed(now, good, strings), alone(now, good, seeds), misfilled(now, good)):
        response = house.submit(client, now, fields)
        sent.n_sent += 1
        sent.faults += [f"{step.name}: {fault} after {fields!r}"[:600] for fault in faults_of(response)]
        if house.is_kept and response.status_code in {302, 303} and is_at_the_door(step):
            house.restore()
            client, now = house.arrive(step) or (client, now)
    return sent


def faults_of(response: TestResponse) -> Iterator[str]:
    if response.status_code >= 500:
        yield str(response.status_code)
    elif response.mimetype == "text/html":
        yield from (f"shows {markup}" for markup in MARKUP if markup in response.text)


def packed(step: Step, good: Fields, strings: list[str]) -> Iterator[Fields]:
    """Give forms whose typed fields hold, one after the other, every string; each field begins elsewhere."""
    columns = {name: packs(step, name, strings, 7 * number) for number, name in enumerate(step.typed)}
    for texts in itertools.zip_longest(*columns.values()):
        typed = dict(zip(columns, texts, strict=True))
        yield [(name, value if typed.get(name) is None else typed[name]) for name, value in good]


def alone(step: Step, good: Fields, seeds: Sequence[str]) -> Iterator[Fields]:
    """Give forms in which one typed field alone holds harm: what is right beside it lets it through."""
    for number, name in enumerate(step.typed):
        for text in some_of(packs(step, name, list(seeds), 0, SHORT_PACK), number):
            yield [(one, text if one == name else value) for one, value in good]


def misfilled(step: Step, good: Fields) -> Iterator[Fields]:
    """Give forms in which one field that is not typed holds what no page of ours offers."""
    others = [name for name, _value in good if name not in {*step.typed, "csrf_token"}]
    for number, name in enumerate(others):
        for text in some_of(ODD, number):
            yield [(one, text if one == name else value) for one, value in good]


def some_of(texts: Sequence[str], turn: int) -> Sequence[str]:
    """Give all texts to the soak; to the gate every fifth of many, each field others than its neighbour."""
    return texts if SOAK or len(texts) < 5 else texts[turn % 5 :: 5]


def packs(step: Step, name: str, strings: list[str], first: int, longest: int = LARGEST_PACK) -> list[str]:
    """Join strings to texts as long as the field takes; one for a few letters takes none of them anyway."""
    turned = strings[first:] + strings[:first]
    here = step if name in step.form.typed else step.before[-1]
    box = here.form.boxes[name]
    limit = box.limit if 100 <= box.limit < longest else longest
    between = "\n" if box.kind == "textarea" else " "
    made = [turned[0]]
    for text in turned[1:]:
        if len(made[-1]) + len(text) < limit:
            made[-1] += between + text
        else:
            made.append(text)
    return made

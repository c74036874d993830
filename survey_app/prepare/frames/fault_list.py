"""The list of what was found in a file: all of it in a file of its own, counts and first places at hand.

It repeats nothing out of the file but what can only be the code of an office: a cell may hold a name or a
telephone number, also where another column was expected.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TextIO

from survey_app.prepare.frames.columns import DESCRIBED
from survey_app.prepare.frames.rules import KEPT, LEFT_OUT, REFUSED, RULES, RuleMet
from survey_app.prepare.frames.words import is_safe_to_repeat

SHOWN = 5  # places of a rule that the page names
MOST_CODES_SHOWN = 20
HEADINGS = ("Dòng", "Cột", "Đã gặp", "Kết quả", "Việc cần làm")
BECAME = {REFUSED: "không lấy", LEFT_OUT: "không thuộc dàn chọn mẫu", KEPT: "vẫn lấy"}
WHOLE_LINE = ""


@dataclass
class FaultList:
    """Writes each fault as it is found."""

    file: TextIO
    counts: Counter[str] = field(default_factory=Counter)
    _places: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    _unknown_offices: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._writer = csv.writer(self.file)
        self._writer.writerow(HEADINGS)

    def add(self, rule: str, lines: Iterable[int], column: str = WHOLE_LINE) -> None:
        """Note that a rule holds in some lines."""
        self.add_with(rule, ((line, "") for line in lines), column)

    def add_with(self, rule: str, lines: Iterable[tuple[int, str]], column: str = WHOLE_LINE) -> None:
        """Note it with a word on each line."""
        known = RULES[rule]
        heading = DESCRIBED[column].heading if column else ""
        for line, word in lines:
            self.counts[rule] += 1
            if self.counts[rule] <= SHOWN:
                self._places[rule].append((line, column))
            found = f"{known.found} ({word})" if word else known.found
            self._writer.writerow((line, heading, found, BECAME[known.becomes], known.to_do))

    def note_line(self, line: int, rule: str) -> None:
        self.add(rule, [line])

    def add_unknown_offices(self, lines: Iterable[tuple[int, str]], column: str) -> None:
        """Note offices that are not known, by their codes where these can be nothing else."""
        told = []
        for line, text in lines:
            code = text.strip() if is_safe_to_repeat(text.strip()) else ""
            if code and (code in self._unknown_offices or len(self._unknown_offices) < 10_000):
                self._unknown_offices[code] += 1
            told.append((line, code))
        self.add_with("unknown_office", told, column)

    @property
    def n_refused(self) -> int:
        return sum(n for rule, n in self.counts.items() if RULES[rule].becomes == REFUSED)

    def rules_met(self) -> tuple[RuleMet, ...]:
        """Give what the page shows: each rule that was met, how often, and where first."""
        met = (rule for rule in RULES if self.counts.get(rule))
        return tuple(RuleMet(rule, self.counts[rule], tuple(self._places[rule])) for rule in met)

    def unknown_offices(self) -> list[tuple[str, int]]:
        return self._unknown_offices.most_common(MOST_CODES_SHOWN)

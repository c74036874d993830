"""The made-up province: its offices before and after 1 July 2025, as a CSV that staff could import.

The names are drawn from two lists of plain words. They are meant to sound Vietnamese and to belong to no
real place; what is known to be one all the same is left out.
"""

import csv
import io
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from survey_app.prepare.offices.office_file import COLUMNS

PROVINCE_CODE, CENTRE_CODE = "MAU", "MAU-TT"
LAST_DAY, FIRST_DAY = "2025-06-30", "2025-07-01"
SECTION, CENTRE = "Bộ phận Một cửa", "Trung tâm Phục vụ hành chính công"

LANDS = ("Bãi", "Bến", "Cầu", "Đèo", "Đồi", "Đồng", "Giếng", "Gò", "Hồ", "Khe", "Núi", "Suối", "Vườn")
WORDS = (
    *("Cúc", "Gió", "Hồng", "Lan", "Lau", "Mai", "Mận", "Mây"),
    *("Nắng", "Nhài", "Sậy", "Sen", "Sim", "Trăng", "Trúc"),
)
REAL_PLACES = {"Đồng Mai", "Đồng Trúc", "Gò Mây", "Hồ Mây", "Núi Trúc"}

# Communes before and after the merger in each of the nine former districts: 141 and 40 in all.
SHAPE = ((16, 5), (16, 5), (16, 5), (16, 5), (16, 4), (16, 4), (15, 4), (15, 4), (15, 4))
CITY, TOWN = 0, 1  # these two districts had wards; in each of them one ward was split between two
N_NAMES = sum(n_before for n_before, _ in SHAPE) + len(SHAPE) - 1


@dataclass(frozen=True)
class Place:
    """One line of the CSV."""

    code: str
    name: str
    kind: str
    parent_code: str = ""
    valid_from: str = "2008-07-01"
    valid_until: str = ""
    n_counters: int = 0
    successors: Sequence[str] = field(default=())

    def cells(self) -> tuple[str, ...]:
        counters = "|".join(f"Quầy số {number}" for number in range(1, self.n_counters + 1))
        parts = (self.code, self.name, self.kind, self.parent_code, self.valid_from, self.valid_until)
        return (*parts, counters, "|".join(self.successors))


def offices_csv() -> bytes:
    return csv_of(COLUMNS, (place.cells() for place in _places()))


def csv_of(header: Sequence[str], lines: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue().encode()


def _places() -> Iterator[Place]:
    yield Place(PROVINCE_CODE, "Tỉnh Mẫu", "province", valid_from="1997-01-01")
    centre = f"{CENTRE} tỉnh Mẫu"
    yield Place(CENTRE_CODE, centre, "provincial_centre", PROVINCE_CODE, "2017-01-01", n_counters=4)
    chance = random.Random("names of the demo")  # noqa: S311  # nothing secret: the same names every time
    names = [f"{land} {word}" for land in LANDS for word in WORDS if f"{land} {word}" not in REAL_PLACES]
    names = chance.sample(names, N_NAMES)
    n_heirs = 0
    for number, (n_before, n_after) in enumerate(SHAPE):
        district = _district(number, names)
        yield district
        communes = [names.pop() for _ in range(n_before)]
        heirs = [f"{PROVINCE_CODE}-X{n_heirs + place:02}" for place in range(1, n_after + 1)]
        n_heirs += n_after
        yield from _communes_before(number, district.code, communes, heirs, chance)
        yield from _communes_after(number, communes, heirs, chance)


def _district(number: int, names: list[str]) -> Place:
    """Make a district without a successor: its work went partly up to the province, partly down."""
    title = "thành phố Mẫu" if number == CITY else f"{_kind_of_district(number)} {names.pop()}"
    return Place(
        code=f"{PROVINCE_CODE}-H{number + 1:02}",
        name=f"{SECTION} {title}",
        kind="district_section",
        parent_code=PROVINCE_CODE,
        valid_until=LAST_DAY,
        n_counters=3,
    )


def _communes_before(
    number: int, district: str, communes: list[str], heirs: list[str], chance: random.Random
) -> Iterator[Place]:
    for place, name in enumerate(communes):
        heir = _heir_of(place, len(communes), len(heirs))
        # The last before a boundary was split: both neighbours took over.
        was_split = number in (CITY, TOWN) and place == _first_of(1, len(communes), len(heirs)) - 1
        yield Place(
            code=f"{district}-X{place + 1:02}",
            name=f"{SECTION} {_kind_before(number, place)} {name}",
            kind="commune_section",
            parent_code=district,
            valid_until=LAST_DAY,
            n_counters=chance.randint(2, 3),
            successors=heirs[heir : heir + 2] if was_split else [heirs[heir]],
        )


def _communes_after(
    number: int, communes: list[str], heirs: list[str], chance: random.Random
) -> Iterator[Place]:
    for place, code in enumerate(heirs):
        # One of those that went into it gives its name, as for most real ones.
        name = communes[_first_of(place, len(communes), len(heirs))]
        kind = "phường" if number == CITY or (number == TOWN and place < len(heirs) // 2) else "xã"
        yield Place(
            code=code,
            name=f"{CENTRE} {kind} {name}",
            kind="commune_section",
            parent_code=PROVINCE_CODE,
            valid_from=FIRST_DAY,
            n_counters=chance.randint(2, 4),
        )


def _kind_of_district(number: int) -> str:
    return "thị xã" if number == TOWN else "huyện"


def _kind_before(number: int, place: int) -> str:
    if number == CITY or (number == TOWN and place < SHAPE[TOWN][0] // 2):
        return "phường"
    return "thị trấn" if place == 0 and number != TOWN else "xã"


def _heir_of(place: int, n_before: int, n_after: int) -> int:
    return place * n_after // n_before


def _first_of(heir: int, n_before: int, n_after: int) -> int:
    return -(-heir * n_before // n_after)

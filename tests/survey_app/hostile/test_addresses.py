"""What stands in an address or names a row: of other offices, of no office, of no kind that there is."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.soak import SOAK
from tests.survey_app.hostile.house import House
from tests.survey_app.hostile.walk import finder_of, pages
from tests.survey_app.web.test_rights import (
    FREE,
    address,
    looks_missing,
    row_of,
    staff_rules,
    words_of,
)

ODD_IDS = (
    "0",
    "-1",
    str(2**31),
    str(2**63 - 1),
    str(2**63),
    str(10**40),
    "9" * 5000,
    "٣",
    "３",
    "1e3",
    "abc",
    "%00",
)
ODD_VALUES = ("-1", "0", str(2**63), "9" * 5000, "nonsense", "%00", "%ED%A0%80", "٣", "%0D%0Ax:y")
ALONE = (str(2**63), "%00")  # what one of the databases cannot hold
OF_EVERY_PAGE = {"page", "lang", "q"}
STANDING_IN = 987654321
EVERY_PAGE = SOAK  # else one of each kind is asked: it takes a minute
on_postgresql = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@pytest.mark.parametrize("backend", ["sqlite", "postgresql"] if SOAK else ["postgresql"], indirect=True)
def test_odd_ids_look_missing(plain_house: House) -> None:
    """To the byte as no page at all, on both databases: PostgreSQL knows no number beyond its columns."""
    client = plain_house.client("administrator")
    faults = []
    for rule, method, _right in staff_rules(plain_house.app):
        for word in words_of(rule) - FREE - {"number"}:
            rows = plain_house.world.words | {row_of(rule, word): STANDING_IN}
            filled = address(plain_house.app, rule, rows)
            for odd in ODD_IDS:
                answer = client.open(filled.replace(str(STANDING_IN), odd), method=method)
                is_other_method = answer.status_code == 405  # "0" is an id, though nobody's
                if not is_other_method and not looks_missing(client, answer):
                    faults.append(f"{method} {filled} with {odd[:40]}: {answer.status_code}")
    assert not faults, "\n".join(faults)


def test_odd_words_in_public_addresses_are_no_fault(plain_house: House) -> None:
    client = plain_house.client("citizen")
    words = plain_house.world.words
    faults = []
    for who, path in pages(plain_house.app, plain_house.world):
        parts = path.split("/")
        for n, part in enumerate(parts):
            if who == "citizen" and part in {str(word) for word in words.values()}:
                for odd in (*ODD_IDS, "%ED%A0%80", "..", "%2e%2e%2f", "{{7*7}}", "x" * 5000):
                    answer = client.get("/".join((*parts[:n], odd, *parts[n + 1 :])))
                    if answer.status_code >= 500 or answer.status_code < 300:
                        faults.append(f"{path} with {odd[:40]}: {answer.status_code}")
    assert not faults, "\n".join(faults)


@on_postgresql  # it refuses what SQLite does, and a NUL besides
def test_odd_questions_are_no_fault(plain_house: House) -> None:
    """Each page with each question that pages of its kind ask, one after the other and all at once."""
    faults = []
    for (who, path), asked in questions(plain_house).items():
        client, names = plain_house.client(who), asked | OF_EVERY_PAGE
        by_itself = names if SOAK else asked - {"lang"}  # one function reads that, before any page
        alone = [f"{name}={odd}" for name in sorted(by_itself) for odd in ALONE]
        together = ["&".join(f"{name}={odd}" for name in sorted(names)) for odd in ODD_VALUES]
        several = "&".join(f"{name}=1&{name}=2&{name}[]=3&{name}[a]=4" for name in sorted(names))
        for query in (*alone, *together, several):
            status = client.get(f"{path}?{query}").status_code
            faults += [f"{status} {path}?{query}"[:200]] if status >= 500 else []
    assert not faults, "\n".join(faults)


def questions(house: House) -> dict[tuple[str, str], set[str]]:
    """Name, for a page of each kind, what forms and links of that kind ask of it."""
    adapter = house.app.url_map.bind("localhost")
    by_endpoint: dict[str, set[str]] = {}
    found = []
    for who, path in pages(house.app, house.world):
        response = house.get(who, path)
        plain = urlsplit(path).path
        found.append((who, plain, adapter.match(plain)[0]))
        if response.mimetype != "text/html":
            continue
        page = finder_of(response)
        asked = [(form.path, set(form.boxes)) for form in page.forms if form.method == "get"]
        asked += [(urlsplit(link).path or plain, set(parse_qs(urlsplit(link).query))) for link in page.links]
        for address_asked, names in asked:
            if adapter.test(address_asked):
                by_endpoint.setdefault(str(adapter.match(address_asked)[0]), set()).update(names)
    first_of_kind = {endpoint: (who, path) for who, path, endpoint in reversed(found)}
    return {
        (who, path): by_endpoint.get(endpoint, set())
        for who, path, endpoint in found
        if EVERY_PAGE or first_of_kind[endpoint] == (who, path)
    }

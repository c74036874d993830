"""A client that looks at every page it gets, so that each test of a page also tests its structure."""

import base64
import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
NEEDS_NO_LABEL = {"hidden", "submit", "button", "reset", "image"}
REFERENCES = ("for", "aria-labelledby", "aria-describedby")
Attributes = dict[str, str]


class Page(HTMLParser):
    """What a page is made of, as far as the rules below ask."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, Attributes]] = []
        self.unlabelled: list[Attributes] = []  # fields that no label encloses and no attribute names
        self.texts: dict[str, list[str]] = {"title": [], "h1": [], "style": [], "script": [], "button": []}
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if _is_field(tag, attributes) and "label" not in self.open and not _names_itself(attributes):
            self.unlabelled.append(attributes)
        if tag in self.texts:
            self.texts[tag].append(attributes.get("aria-label", ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while tag in self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        # Inside an SVG a <title> names the picture, not the page.
        for tag in self.texts.keys() & self.open:
            if tag != "title" or "svg" not in self.open:
                self.texts[tag][-1] += data

    def hidden_fields(self) -> dict[str, str]:
        return {
            attributes["name"]: attributes.get("value", "")
            for tag, attributes in self.elements
            if tag == "input" and attributes.get("type") == "hidden"
        }

    def values(self, attribute: str) -> list[str]:
        return [attributes[attribute] for _, attributes in self.elements if attribute in attributes]


def find_faults(markup: str, policy: str | None) -> list[str]:
    """List what is wrong with a page; `policy` is its Content-Security-Policy."""
    page = Page(markup)
    return [
        *_structure_faults(page),
        *_reference_faults(page),
        *_policy_faults(page, policy),
    ]


def _structure_faults(page: Page) -> list[str]:
    faults = []
    if not _names_its_language(page):
        faults.append("the page's <html> names no language")
    if not any(text.strip() for text in page.texts["title"]):
        faults.append("no title")
    if len(page.texts["h1"]) != 1:
        faults.append(f"{len(page.texts['h1'])} h1 instead of one")
    faults += ["an empty h1" for text in page.texts["h1"] if not text.strip()]
    faults += ["a button without words" for text in page.texts["button"] if not text.strip()]
    faults += ["a picture without alt" for tag, found in page.elements if tag == "img" and "alt" not in found]
    return faults


def _names_its_language(page: Page) -> bool:
    return any(tag == "html" and attributes.get("lang") for tag, attributes in page.elements)


def _reference_faults(page: Page) -> list[str]:
    ids = Counter(page.values("id"))
    labelled = {
        attributes["for"] for tag, attributes in page.elements if tag == "label" and "for" in attributes
    }
    faults = [f"id {name!r} stands {n} times" for name, n in ids.items() if n > 1]
    for attribute in REFERENCES:
        words = {word for value in page.values(attribute) for word in value.split()}
        faults += [
            f"{attribute} names {word!r}, which is not on the page" for word in sorted(words - set(ids))
        ]
    jumps = {value[1:] for value in page.values("href") if value.startswith("#")}
    faults += [f"a link jumps to {name!r}, which is not on the page" for name in sorted(jumps - set(ids))]
    return faults + [f"no label: {field}" for field in page.unlabelled if field.get("id") not in labelled]


def _policy_faults(page: Page, policy: str | None) -> list[str]:
    faults = [] if policy else ["no Content-Security-Policy"]
    for kind in ("script", "style"):
        for text in filter(None, page.texts[kind]):
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            if f"'sha256-{digest}'" not in (policy or ""):
                faults.append(f"an inline {kind} whose hash is not in the policy")
    addresses = [attributes.get("src", "/") for tag, attributes in page.elements if tag == "script"]
    faults += ["a script from elsewhere" for address in addresses if not re.match(r"/(?!/)", address)]
    for tag, attributes in page.elements:
        faults += [f"<{tag}> has {name}" for name in attributes if name == "style" or name.startswith("on")]
        faults += [
            f"<{tag}> has a script address"
            for value in attributes.values()
            if value.startswith("javascript:")
        ]
    return faults


def _is_field(tag: str, attributes: Attributes) -> bool:
    return tag in {"select", "textarea"} or (tag == "input" and attributes.get("type") not in NEEDS_NO_LABEL)


def _names_itself(attributes: Attributes) -> bool:
    return bool(attributes.get("aria-label") or attributes.get("aria-labelledby"))


def markup_of(response: TestResponse) -> str:
    is_packed = response.headers.get("Content-Encoding") == "gzip"
    return gzip.decompress(response.data).decode() if is_packed else response.text


class InspectingClient(FlaskClient):
    """Flask's test client; a page with a fault in its structure fails the test that asked for it."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("buffered", True)  # reads to the end, so that a file that is sent is closed
        response = super().open(*args, **kwargs)
        if response.mimetype == "text/html" and not 300 <= response.status_code < 400:
            faults = find_faults(markup_of(response), response.headers.get("Content-Security-Policy"))
            assert not faults, f"{response.request.path}: {'; '.join(faults)}"
        return response

    def send_form(self, path: str, answers: Mapping[str, Any], to: str | None = None) -> TestResponse:
        """Open the page and send its form as a browser would: with the hidden fields of the page."""
        hidden = Page(self.get(path).text).hidden_fields()
        return self.post(to or path, data={**hidden, **answers})

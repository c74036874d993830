"""Finds the forms of a page, and fills them as their page asks."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote_from_bytes, urlsplit

TYPED = {"text", "search", "tel", "email", "url", "password", "number", "date", "month", "textarea"}
PRESSED = {"submit", "image"}


@dataclass
class Box:
    """One field of a form: what kind, and what its page offers in it."""

    name: str
    kind: str
    value: str = ""
    offered: list[str] = field(default_factory=list)  # of a list, of radio buttons, of ticks with one name
    limit: int = 0  # of letters, where the page says one
    is_chosen: bool = False  # of a list: its page selects an option


@dataclass
class Form:
    """A form as its page shows it."""

    page: str
    action: str
    method: str
    is_multipart: bool
    boxes: dict[str, Box] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return urlsplit(self.action).path

    @property
    def typed(self) -> list[str]:
        return [box.name for box in self.boxes.values() if box.kind in TYPED]

    @property
    def files(self) -> list[str]:
        return [box.name for box in self.boxes.values() if box.kind == "file"]

    def add(self, name: str, kind: str, value: str, *, is_first: bool) -> None:
        box = self.boxes.setdefault(name, Box(name, kind))
        box.offered.append(value)
        if is_first or not box.value:
            box.value = value


class Finder(HTMLParser):
    """Reads a page's forms, its text and the addresses that it leads to."""

    def __init__(self, page: str, markup: str) -> None:
        super().__init__()
        self.page = page
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self._form: Form | None = None
        self._list: Box | None = None
        self._by_id: dict[str, Form] = {}
        self._outside: list[tuple[str, str, str, bool, str]] = []
        self._elsewhere: list[tuple[Form, str, str, str]] = []
        self.feed(markup)
        self.close()
        for form, action, name, value in self._elsewhere:
            self.forms.append(_sent_elsewhere(form, action, name, value))
        for name, kind, value, is_first, form_id in self._outside:
            self._by_id[form_id].add(name, kind, value, is_first=is_first)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.texts += given.values()
        if tag == "a":
            self.links.append(given.get("href", ""))
        elif tag == "form":
            self._form = Form(
                self.page,
                given.get("action") or self.page,
                given.get("method", "get").lower(),
                given.get("enctype") == "multipart/form-data",
            )
            self.forms.append(self._form)
            self._by_id[given.get("id", "")] = self._form
        elif tag == "option" and self._list is not None:
            self._list.offered.append(given.get("value", ""))
            if "selected" in given or not (self._list.value or self._list.is_chosen):
                self._list.value = given.get("value", "")
            self._list.is_chosen |= "selected" in given  # an empty choice may be meant
        elif tag in {"input", "select", "textarea", "button"}:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if "formaction" in given and self._form is not None:
            self._elsewhere.append((self._form, given["formaction"], name, given.get("value", "")))
            return
        kind = {"input": given.get("type", "text"), "button": given.get("type", "submit")}.get(tag, tag)
        if not name or (self._form is None and "form" not in given):
            return
        value = given.get("value", "on" if kind == "checkbox" else "")
        if "form" in given:
            self._outside.append((name, kind, value, "checked" in given, given["form"]))
            return
        assert self._form is not None
        if tag == "select":
            self._list = self._form.boxes.setdefault(name, Box(name, kind))
        elif kind in PRESSED and self._form.boxes.get(name):
            self._form.boxes[name].offered.append(value)
        else:
            self._form.add(name, kind, value, is_first="checked" in given)
            self._form.boxes[name].limit = int(given.get("maxlength", 0))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._list = None

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _sent_elsewhere(form: Form, action: str, name: str, value: str) -> Form:
    """Give the form that a button sends to an address of its own."""
    boxes = {box.name: copy.deepcopy(box) for box in form.boxes.values() if box.kind not in PRESSED}
    other = Form(form.page, action, form.method, form.is_multipart, boxes)
    if name:
        other.add(name, "submit", value, is_first=True)
    return other


def body_of(fields: Iterable[tuple[str, str]]) -> bytes:
    """Write a form's body; surrogates go as the bytes that a broken client sends."""
    return "&".join(
        f"{quote_from_bytes(name.encode())}={quote_from_bytes(value.encode('utf-8', 'surrogatepass'))}"
        for name, value in fields
    ).encode()

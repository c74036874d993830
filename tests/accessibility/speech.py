"""What a screen reader is given to say: the browser's accessibility tree, in order, as lines of words.

The words of the page are its own. What a reader adds to them ("heading level 1") differs from product to
product; here each kind has one plain name in either language. docs/accessibility.md holds some pages.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from playwright.sync_api import Page

KINDS = {
    "vi": {
        "banner": "đầu trang",
        "main": "nội dung chính",
        "contentinfo": "chân trang",
        "heading": "đề mục cấp {level}",
        "group": "nhóm",
        "radio": "nút chọn, {checked}",
        "checkbox": "ô đánh dấu, {checked}",
        "textbox": "ô nhập chữ",
        "button": "nút",
        "link": "liên kết",
        "DisclosureTriangle": "nút mở rộng, {expanded}",
        "status": "thông báo",
        "alert": "cảnh báo",
        "Audio": "đoạn ghi âm",
        "text": "chữ",
        "checked": "đã chọn",
        "not checked": "chưa chọn",
        "expanded": "đang mở",
        "not expanded": "đang đóng",
        "described": "mô tả",
    },
    "en": {
        "banner": "top of the page",
        "main": "main content",
        "contentinfo": "foot of the page",
        "heading": "heading level {level}",
        "group": "group",
        "radio": "radio button, {checked}",
        "checkbox": "check box, {checked}",
        "textbox": "text field",
        "button": "button",
        "link": "link",
        "DisclosureTriangle": "disclosure button, {expanded}",
        "status": "status",
        "alert": "alert",
        "Audio": "recording",
        "text": "text",
        "checked": "checked",
        "not checked": "not checked",
        "expanded": "expanded",
        "not expanded": "collapsed",
        "described": "description",
    },
}
# The states that the statement tells: all of the page, or only the region that speaks up.
TOLD = {
    "short form": None,
    "contradiction": "alert",
    "saved, not yet sent": "status",
    "received, with a number": None,
}
PLACES = {"banner", "main", "contentinfo", "status", "alert"}
# Named by what they enclose, so that is not said again.
WHOLE = {"heading", "radio", "checkbox", "textbox", "button", "link", "DisclosureTriangle", "Audio"}
UNSAID = {"Legend", "ListMarker"}  # a legend is said as the name of its group


@dataclass(slots=True)
class Heard:
    """One thing that a reader says: its kind, its name, its state, and what is nested in it."""

    kind: str
    name: str
    state: dict[str, Any] = field(default_factory=dict)
    description: str = ""
    inside: "list[Heard]" = field(default_factory=list)


def heard_on(page: Page) -> list[Heard]:
    """Read the page from its start to its end."""
    client = page.context.new_cdp_session(page)
    nodes = client.send("Accessibility.getFullAXTree")["nodes"]
    client.detach()
    by_id = {node["nodeId"]: node for node in nodes}
    return list(_read(nodes[0], by_id))


def everything(heard: list[Heard]) -> Iterator[Heard]:
    for each in heard:
        yield each
        yield from everything(each.inside)


def _read(node: dict[str, Any], by_id: dict[str, Any]) -> Iterator[Heard]:
    role, name = (node.get(each, {}).get("value", "") for each in ("role", "name"))
    children = [by_id[child] for child in node.get("childIds", []) if child in by_id]
    if role in UNSAID:
        return
    if role == "StaticText":
        yield Heard("text", name)
    elif role in WHOLE:
        yield _heard(node, role, name)
    elif role in PLACES or (role == "group" and name):
        inside = [heard for child in children for heard in _read(child, by_id)]
        yield Heard(role, name, description=_description(node), inside=inside)
    elif role == "LabelText":  # its words are said as the name of its field
        yield from (heard for child in children for heard in _read(child, by_id) if heard.kind != "text")
    elif role in {"paragraph", "timer"}:
        yield from _joined(heard for child in children for heard in _read(child, by_id))
    else:
        for child in children:
            yield from _read(child, by_id)


def _heard(node: dict[str, Any], role: str, name: str) -> Heard:
    state = {each["name"]: each["value"].get("value") for each in node.get("properties", [])}
    return Heard(role, name, state, _description(node))


def _description(node: dict[str, Any]) -> str:
    description: str = node.get("description", {}).get("value", "")
    return description


def _joined(heard: Iterator[Heard]) -> Iterator[Heard]:
    """Join the pieces of one paragraph's text, which the browser keeps apart by their look."""
    for kind, pieces in groupby(heard, key=lambda each: each.kind):
        if kind == "text":
            yield Heard("text", "".join(piece.name for piece in pieces))
        else:
            yield from pieces


def _plain(text: str) -> str:
    return " ".join(text.split())


def told(page: Page, name: str, language: str) -> str:
    """Write what is heard on a page in this state, as it stands in the statement."""
    heard = heard_on(page)
    if TOLD[name]:
        heard = [each for each in everything(heard) if each.kind == TOLD[name]]
    lines = "\n".join(script(heard, language))
    lines = re.sub(r"\b[2-9A-Z]{5}-[2-9A-Z]{5}\b", "XXXXX-XXXXX", lines)  # numbers are others each time
    lines = re.sub(r"\b127\.0\.0\.1:\d+/", "khaosat.example.vn/", lines)  # so is the port
    return re.sub(r"\b\d+ (giây|s)\b", r"5 \1", lines)


def told_in(statement: str, name: str, language: str) -> str:
    """Find in the statement what is told of a state."""
    return _block(name, language).search(statement)[2]


def with_told(statement: str, name: str, language: str, lines: str) -> str:
    return _block(name, language).sub(lambda found: found[1] + lines + found[3], statement)


def _block(name: str, language: str) -> re.Pattern[str]:
    mark = f"<!-- heard: {re.escape(name)}, {language} -->"
    return re.compile(rf"({mark}\n```text\n)(.*?)(\n```)", re.DOTALL)


def script(heard: list[Heard], language: str, indent: str = "") -> Iterator[str]:
    """Write what is heard, a line a thing; choices that stand in one state share theirs."""
    for said, alike in groupby(heard, key=lambda each: _kind(each, language)):
        group = list(alike)
        if group[0].kind == "radio":
            yield f"{indent}{said}: {' · '.join(_plain(each.name) for each in group)}"
            continue
        for each in group:
            if not each.name.strip() and not each.inside:
                continue  # an empty region waits for something to say
            words = f"{said}: {_plain(each.name)}" if each.name else said
            if each.description:
                words += f" ({KINDS[language]['described']}: {_plain(each.description)})"
            yield indent + words
            yield from script(each.inside, language, indent + "  ")


def _kind(heard: Heard, language: str) -> str:
    words = KINDS[language]
    is_checked = heard.state.get("checked") == "true"
    return words[heard.kind].format(
        level=heard.state.get("level", ""),
        checked=words["checked" if is_checked else "not checked"],
        expanded=words["expanded" if heard.state.get("expanded") else "not expanded"],
    )

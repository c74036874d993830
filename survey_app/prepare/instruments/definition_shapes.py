"""The shapes a definition file is made of: each reads one YAML node and notes every fault in it."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from survey_app.models.plain_text import marked_unreadable
from survey_app.prepare.instruments.definition_faults import Fault, fault_of

YAML_TAG = "tag:yaml.org,2002:"
PLAIN_TAGS = {YAML_TAG + name for name in ("str", "int", "float", "bool", "null", "timestamp", "value")}


@dataclass
class Walk:
    """What one walk through a file gathers: faults, the line of each field, and every text."""

    faults: list[Fault] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)

    def refuse(self, path: str, rule: str, **values: object) -> None:
        self.faults.append(fault_of(self.line_of(path), path, rule, values))

    def line_of(self, path: str) -> int:
        """Return the line of a field, or of the nearest thing around it that the file does hold."""
        while path not in self.lines and path:
            path = re.sub(r"(^|\.)[^.\[]*$|\[\d+\]$", "", path)
        return self.lines.get(path, 1)


class Shape(Protocol):
    def read(self, node: Node, path: str, walk: Walk) -> Any: ...


@dataclass(frozen=True)
class Word:
    """A code or a word from a list. YAML's own reading (no = false, 1 = a number) is not used."""

    pattern: str
    allowed: str

    def read(self, node: Node, path: str, walk: Walk) -> str | None:
        word = _scalar(node, path, walk)
        if word is not None and not re.fullmatch(self.pattern, word, re.ASCII):
            walk.refuse(path, "bad_word", value=word, allowed=self.allowed)
        return word


def one_of(*words: str) -> Word:
    return Word("|".join(words), ", ".join(words))


@dataclass(frozen=True)
class Whole:
    """A whole number from 1."""

    def read(self, node: Node, path: str, walk: Walk) -> int:
        is_number = isinstance(node, ScalarNode) and node.tag == YAML_TAG + "int"
        if not is_number or not re.fullmatch("[1-9][0-9]{0,5}", node.value):
            walk.refuse(path, "not_positive")
            return 1
        return int(node.value)


@dataclass(frozen=True)
class Texts:
    """One string in several languages, Vietnamese always among them."""

    def read(self, node: Node, path: str, walk: Walk) -> dict[str, str]:
        entries = _entries(node, path, walk)
        if entries is None:
            return {}
        if "vi" not in entries:
            walk.refuse(f"{path}.vi", "no_vietnamese")
        texts = {language: _text(entry, f"{path}.{language}", walk) for language, entry in entries.items()}
        walk.texts[path] = texts
        return texts


@dataclass(frozen=True)
class ListOf:
    """A list of like things; no two of them may have one code."""

    shape: Shape
    most: int | None = None

    def read(self, node: Node, path: str, walk: Walk) -> list[Any]:
        if not isinstance(node, SequenceNode):
            walk.refuse(path, "wrong_type", expected="một danh sách")
            return []
        if not node.value:
            walk.refuse(path, "empty_list")
        if self.most and len(node.value) > self.most:
            walk.refuse(path, "too_many", most=self.most, found=len(node.value))
        things = [self._thing(entry, f"{path}[{at}]", walk) for at, entry in enumerate(node.value)]
        _refuse_doubled_codes(things, path, walk)
        return things

    def _thing(self, node: Node, path: str, walk: Walk) -> Any:
        walk.lines[path] = line_of_node(node)
        return self.shape.read(node, path, walk)


@dataclass(frozen=True)
class Record:
    """A group of named fields."""

    required: Mapping[str, Shape]
    optional: Mapping[str, Shape] = field(default_factory=dict)

    def read(self, node: Node, path: str, walk: Walk) -> dict[str, Any]:
        entries = _entries(node, path, walk)
        if entries is None:
            return {}
        shapes = {**self.required, **self.optional}
        for name in sorted(entries.keys() - shapes.keys()):
            walk.refuse(joined(path, name), "unknown_key", value=name, allowed=", ".join(shapes))
        for name in self.required:
            if name not in entries:
                walk.refuse(joined(path, name), "missing_key", value=name)
        return {
            name: shapes[name].read(entry, joined(path, name), walk)
            for name, entry in entries.items()
            if name in shapes
        }


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def line_of_node(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _entries(node: Node, path: str, walk: Walk) -> dict[str, Node] | None:
    if not isinstance(node, MappingNode):
        walk.refuse(path, "wrong_type", expected="một nhóm mục (tên: giá trị)")
        return None
    entries: dict[str, Node] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, ScalarNode) else "?"
        walk.lines[joined(path, name)] = line_of_node(key)
        if name in entries:
            walk.refuse(joined(path, name), "doubled_key", value=name)
        entries[name] = value
    return entries


def _scalar(node: Node, path: str, walk: Walk) -> str | None:
    if not isinstance(node, ScalarNode) or node.tag not in PLAIN_TAGS:
        walk.refuse(path, "wrong_type", expected="một chuỗi chữ")
        return None
    is_null = node.tag == YAML_TAG + "null"
    return "" if is_null else unicodedata.normalize("NFC", node.value).strip()


def _text(node: Node, path: str, walk: Walk) -> str:
    text = _scalar(node, path, walk)
    if text == "":
        walk.refuse(path, "empty_text")
    if text and marked_unreadable(text) != text:
        walk.refuse(path, "unreadable")
    return text or ""


def _refuse_doubled_codes(things: list[Any], path: str, walk: Walk) -> None:
    seen: set[str] = set()
    for at, thing in enumerate(things):
        is_record = isinstance(thing, dict)
        code = thing.get("code") if is_record else thing
        if code in seen:
            walk.refuse(f"{path}[{at}].code" if is_record else f"{path}[{at}]", "doubled_code", value=code)
        if code:
            seen.add(code)

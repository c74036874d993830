"""Reads an instrument definition from YAML: all of it is right, or every fault is told with its line."""

import json
from pathlib import Path
from typing import Any

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from survey_app.errors import SurveyError
from survey_app.models.definition import MAX_OPTIONS, Definition
from survey_app.models.language import ENDONYMS
from survey_app.prepare.instruments.definition_faults import Fault, fault_of
from survey_app.prepare.instruments.definition_rules import findings, options_of
from survey_app.prepare.instruments.definition_shapes import (
    ListOf,
    Record,
    Texts,
    Walk,
    Whole,
    Word,
    line_of_node,
    one_of,
)

MOST_BYTES = 256 * 1024
MOST_LEVELS = 12
SHIPPED = Path(__file__).parent / "definitions"

CODE = Word("[a-z0-9_]{1,20}", "a–z, 0–9, _ (1–20 ký tự)")
OPTION_CODE = Word("[A-Za-z0-9_+-]{1,12}", "A–Z, a–z, 0–9, _, +, - (1–12 ký tự)")
LANGUAGE = one_of(*ENDONYMS)
TEXT = Texts()
OPTION = Record(
    {"code": OPTION_CODE, "label": TEXT}, {"meaning": one_of("answer", "no_opinion", "not_applicable")}
)
OPTIONS = ListOf(OPTION, most=MAX_OPTIONS)
ITEM = Record(
    {"code": CODE, "section": CODE, "text": TEXT},
    {
        "hint": TEXT,
        "scale": CODE,
        "options": OPTIONS,
        "relabel": ListOf(Record({"code": OPTION_CODE, "label": TEXT})),
        "factor": CODE,
        "reported_as": one_of("index", "beside", "share"),
        "favourable": ListOf(OPTION_CODE),
        "branch": Record({"item": CODE, "options": ListOf(OPTION_CODE)}),
    },
)
DEFINITION = Record(
    {
        "code": CODE,
        "version": Whole(),
        "title": TEXT,
        "languages": ListOf(LANGUAGE),
        "minutes": Whole(),
        "index": Record({"rule": one_of("pooled"), "satisfied": ListOf(OPTION_CODE)}),
        "sections": ListOf(Record({"code": CODE}, {"title": TEXT, "stem": TEXT, "hint": TEXT})),
        "factors": ListOf(Record({"code": CODE, "title": TEXT}, {"official_title": TEXT})),
        "items": ListOf(ITEM),
    },
    {
        "scales": ListOf(Record({"code": CODE, "options": OPTIONS})),
        "comment": Record({"text": TEXT, "max_characters": Whole()}),
    },
)


class BrokenDefinition(SurveyError):
    """A definition file was not taken; `faults` lists every fault in the order of the lines."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(faults)
        super().__init__("\n".join(map(str, self.faults)))


def shipped_definition(code: str) -> Definition:
    return read_definition(SHIPPED / f"{code}.yaml")


def read_definition(path: Path) -> Definition:
    with path.open("rb") as file:
        return parse_definition(file.read(MOST_BYTES + 1))


def parse_definition(content: bytes) -> Definition:
    root = _composed(_decoded(content))
    walk = Walk(lines={"": line_of_node(root)})
    data = DEFINITION.read(root, "", walk)
    for path, rule, values in findings(data, walk.texts):
        walk.refuse(path, rule, **values)
    if walk.faults:
        raise BrokenDefinition(walk.faults)
    return Definition.from_json(json.dumps(_expanded(data)))


def _decoded(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise _broken(1, "too_large", most=MOST_BYTES // 1024)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _broken(content.count(b"\n", 0, error.start) + 1, "not_utf8") from error


def _composed(text: str) -> yaml.Node:
    try:
        _refuse_aliases_and_depth(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        raise _broken(text.count("\n", 0, error.position) + 1, "not_yaml", problem=error.reason) from error
    except yaml.MarkedYAMLError as error:
        raise _broken(_line_of(error.problem_mark), "not_yaml", problem=error.problem) from error
    except (ValueError, OverflowError) as error:  # an escape such as "\UFFFFFFFF" that names no character
        raise _broken(1, "not_yaml", problem=error) from error
    if root is None:
        raise _broken(1, "wrong_type", expected="một nhóm mục (tên: giá trị)")
    return root


def _refuse_aliases_and_depth(text: str) -> None:
    """Look at the stream before anything is built: an alias multiplies, depth exhausts the stack."""
    faults = []
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MOST_LEVELS:
            raise _broken(_line_of(event.start_mark), "too_deep", most=MOST_LEVELS)
        if isinstance(event, AliasEvent):
            faults.append(fault_of(_line_of(event.start_mark), "", "alias", {}))
    if faults:
        raise BrokenDefinition(faults)


def _line_of(mark: Any) -> int:
    return int(mark.line) + 1 if mark else 1


def _broken(line: int, rule: str, **values: object) -> BrokenDefinition:
    return BrokenDefinition([fault_of(line, "", rule, values)])


def _expanded(data: dict[str, Any]) -> dict[str, Any]:
    """Give each item its options in full, as the stored definition holds them."""
    items = [_expanded_item(data, item) for item in data["items"]]
    return {**{name: value for name, value in data.items() if name != "scales"}, "items": items}


def _expanded_item(data: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in item.items() if name not in ("scale", "relabel")}
    return {**kept, "kind": "scale" if "scale" in item else "choice", "options": options_of(data, item)}

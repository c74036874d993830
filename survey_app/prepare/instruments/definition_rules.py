"""Rules between the parts of a definition file: each yields the field, the rule's name and its values."""

from collections.abc import Callable, Iterator
from typing import Any

Plain = dict[str, Any]
Texts = dict[str, dict[str, str]]
Finding = tuple[str, str, dict[str, object]]
HOMES = {"section": "sections", "factor": "factors", "scale": "scales"}
POOLED_OR_BESIDE = ("index", "beside")


def findings(data: Plain, texts: Texts) -> Iterator[Finding]:
    yield from _languages_are_declared(data, texts)
    for rule in RULES:
        yield from rule(data)


def options_of(data: Plain, item: Plain) -> list[Plain]:
    """Return the item's own options, or those of its scale with the item's labels in their place."""
    scales: dict[str, Plain] = {scale["code"]: scale for scale in data.get("scales", []) if "code" in scale}
    labels = {entry.get("code"): entry.get("label") for entry in item.get("relabel", [])}
    options = (
        item["options"] if "options" in item else scales.get(item.get("scale", ""), {}).get("options", [])
    )
    return [{**option, "label": labels.get(option.get("code")) or option.get("label")} for option in options]


def _languages_are_declared(data: Plain, texts: Texts) -> Iterator[Finding]:
    declared = data.get("languages", [])
    if declared and "vi" not in declared:
        yield "languages", "no_vietnamese", {}
    for path, text in texts.items():
        for language in text.keys() - {"vi", *declared}:
            yield f"{path}.{language}", "undeclared_language", {"value": language}


def _references_exist(data: Plain) -> Iterator[Finding]:
    for field, home in HOMES.items():
        known = _codes(data.get(home, []))
        for path, item in _items(data):
            if item.get(field) and item[field] not in known:
                yield f"{path}.{field}", "unknown_reference", {"value": item[field], "home": home}


def _every_part_is_used(data: Plain) -> Iterator[Finding]:
    for field, home in HOMES.items():
        used = {item.get(field) for _, item in _items(data)}
        for at, part in enumerate(data.get(home, [])):
            if part.get("code") and part["code"] not in used:
                yield f"{home}[{at}]", "unused", {"value": part["code"]}


def _items_follow_their_sections(data: Plain) -> Iterator[Finding]:
    order = {section.get("code"): at for at, section in enumerate(data.get("sections", []))}
    furthest = 0
    for path, item in _items(data):
        here = order.get(item.get("section"), furthest)
        if here < furthest:
            yield f"{path}.section", "out_of_order", {}
        furthest = max(furthest, here)


def _options_have_one_source(data: Plain) -> Iterator[Finding]:
    for path, item in _items(data):
        if item and ("scale" in item) == ("options" in item):
            yield path, "one_source_of_options", {}


def _relabelled_options_stand_in_the_scale(data: Plain) -> Iterator[Finding]:
    for path, item in _items(data):
        known = _codes(options_of(data, item)) if "scale" in item else set()
        for at, entry in enumerate(item.get("relabel", [])):
            if entry.get("code") and entry["code"] not in known:
                yield f"{path}.relabel[{at}].code", "not_in_scale", {"value": entry["code"]}


def _satisfied_codes_are_answers(data: Plain) -> Iterator[Finding]:
    rated = [item for _, item in _items(data) if item.get("reported_as") in POOLED_OR_BESIDE]
    for at, code in enumerate(data.get("index", {}).get("satisfied", [])):
        lacking = [item for item in rated if code not in _answer_codes(data, item)]
        if code and lacking:
            values = {"value": code, "item": lacking[0].get("code")}
            yield f"index.satisfied[{at}]", "not_an_answer", values


def _index_items_have_a_factor(data: Plain) -> Iterator[Finding]:
    yield from _goes_with(data, "factor", "index")


def _shares_name_what_they_count(data: Plain) -> Iterator[Finding]:
    yield from _goes_with(data, "favourable", "share")
    for path, item in _items(data):
        answers = _answer_codes(data, item)
        for at, code in enumerate(item.get("favourable", [])):
            if code and code not in answers:
                values = {"value": code, "item": item.get("code")}
                yield f"{path}.favourable[{at}]", "not_an_answer", values


def _branches_lead_back(data: Plain) -> Iterator[Finding]:
    earlier: dict[str, Plain] = {}
    for path, item in _items(data):
        branch = item.get("branch", {})
        parent = branch.get("item")
        if parent and parent not in earlier:
            yield f"{path}.branch.item", "branch_not_earlier", {"value": parent}
        elif parent:
            known = _codes(options_of(data, earlier[parent]))
            for at, code in enumerate(branch.get("options", [])):
                if code and code not in known:
                    values = {"value": code, "item": parent}
                    yield f"{path}.branch.options[{at}]", "unknown_branch_option", values
        earlier[item.get("code", "")] = item


def _goes_with(data: Plain, field: str, report: str) -> Iterator[Finding]:
    for path, item in _items(data):
        is_needed = item.get("reported_as") == report
        if is_needed != (field in item):
            yield f"{path}.{field}", f"{field}_needed" if is_needed else f"{field}_not_used", {}


def _items(data: Plain) -> Iterator[tuple[str, Plain]]:
    for at, item in enumerate(data.get("items", [])):
        yield f"items[{at}]", item


def _codes(entries: list[Plain]) -> set[str]:
    return {entry["code"] for entry in entries if entry.get("code")}


def _answer_codes(data: Plain, item: Plain) -> set[str]:
    return _codes([o for o in options_of(data, item) if o.get("meaning", "answer") == "answer"])


RULES: tuple[Callable[[Plain], Iterator[Finding]], ...] = (
    _references_exist,
    _every_part_is_used,
    _items_follow_their_sections,
    _options_have_one_source,
    _relabelled_options_stand_in_the_scale,
    _satisfied_codes_are_answers,
    _index_items_have_a_factor,
    _shares_name_what_they_count,
    _branches_lead_back,
)

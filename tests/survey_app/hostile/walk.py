"""Walks all pages that the map of addresses knows, and on through every form, to find every form there is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from survey_app.web.access import PROVE, PUBLIC
from tests.page_inspector import markup_of
from tests.survey_app.hostile.forms import Finder, Form
from tests.survey_app.hostile.world import World
from tests.survey_app.web.test_rights import row_of, words_of

# Addresses that show no page of ours, and why nobody walks there.
NO_PAGE = {
    "static": "a file",
    "audio.clip": "a sound",
    "submission.thanks": "comes after a form was sent, and is met there",
}
# What a word means where it means something else than elsewhere.
OTHERWISE = {
    ("collect", "ticket", "code"): "screen_code",
    ("collect", "", "token"): "invitation",
}


@dataclass(frozen=True)
class Step:
    """A form, and who meets it; `before` are the steps that lead to it."""

    who: str
    form: Form
    endpoint: str
    before: tuple["Step", ...] = ()

    @property
    def key(self) -> tuple[Any, ...]:
        pressed = [(box.name, tuple(box.offered)) for box in self.form.boxes.values() if box.kind == "submit"]
        return self.endpoint, self.form.method, tuple(sorted(self.form.boxes)), tuple(pressed)

    @property
    def typed(self) -> list[str]:
        """Name the fields that somebody types, here or on the page before, which hands them on."""
        before = set(self.before[-1].form.typed) if self.before else set()
        return [name for name in self.form.boxes if name in {*self.form.typed, *before}]

    @property
    def name(self) -> str:
        return f"{self.form.method} {self.endpoint} ({', '.join(self.form.boxes)})"


def pages(app: Flask, world: World) -> Iterator[tuple[str, str]]:
    """Give who opens which address: each rule once for everybody who sees it in a way of his own."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint in NO_PAGE:
            continue
        for path in addresses(app, rule, world.words):
            for who in people_for(app, rule):
                yield who, path
    for path in world.extra_pages:
        yield "administrator", path


def people_for(app: Flask, rule: Rule) -> tuple[str, ...]:
    right = getattr(app.view_functions[rule.endpoint], "access", "")
    if right == PUBLIC:
        return ("citizen", "administrator") if rule.endpoint == "screens.screen" else ("citizen",)
    return ("half signed in", "without phone") if right == PROVE else ("administrator",)


def addresses(app: Flask, rule: Rule, words: dict[str, Any]) -> list[str]:
    """Fill a rule's words; where a list of words is offered, once with each."""
    values: dict[str, Any] = {}
    choices = re.findall(r"<any\(([^)]+)\):(\w+)>", rule.rule)
    for word in words_of(rule) - {word for _list, word in choices}:
        ticket = "ticket" if "<ticket>" in rule.rule else ""
        meant = OTHERWISE.get((rule.endpoint.partition(".")[0], ticket, word), row_of(rule, word))
        assert meant in words, f"teach world.build() to make a row for <{word}> of {rule.rule}"
        values[word] = words[meant]
    filled = [values]
    for offered, word in choices:
        filled = [one | {word: choice.strip()} for one in filled for choice in offered.split(",")]
    with app.test_request_context():
        return [str(rule.build(one, append_unknown=False)[1]) for one in filled]  # type: ignore[index]


def finder_of(response: TestResponse) -> Finder:
    return Finder(response.request.full_path.rstrip("?"), markup_of(response))


def endpoint_of(app: Flask, form: Form) -> str:
    adapter = app.url_map.bind("localhost")
    return str(adapter.match(form.path, method=form.method.upper())[0])


def forms_in(app: Flask, who: str, response: TestResponse, before: tuple[Step, ...] = ()) -> list[Step]:
    if response.mimetype != "text/html":
        return []
    return [Step(who, form, endpoint_of(app, form), before) for form in finder_of(response).forms]

"""Every citizen page in every state: how a visitor gets there, and by what one knows to have arrived."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from playwright.sync_api import BrowserContext, Page, Response, Route
from sqlalchemy import text

from tests.accessibility.prepared import Prepared

Fields = tuple[tuple[str, str], ...]
ANSWER = (("overall", "4"),)
# As the browser itself would send it: no script of the page takes part.
SEND = """([action, fields]) => {
    const form = document.createElement("form");
    form.method = "post";
    form.action = action;
    for (const [name, value] of fields) {
        const field = document.createElement("textarea");
        field.name = name;
        field.value = value;
        form.append(field);
    }
    document.body.append(form);
    form.submit();
}"""


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody with a page of their own, in one language."""

    page: Page
    to: Prepared
    language: str

    def go(self, path: str) -> int:
        return _status(self.page.goto(self.to.url + self._in_language(path.format(**self.to.words))))

    def post(self, path: str, fields: Fields) -> int:
        """Send fields from a page that says nothing itself, and follow to where that leads."""
        if not self.page.url.startswith(self.to.url):
            self.go("/")
        with self.page.expect_navigation() as arrived:
            self.page.evaluate(SEND, [self._in_language(path.format(**self.to.words)), fields])
        return _status(arrived.value)

    def send(self, point: str, *fields: tuple[str, str], key: str | None = None, ends: bool = True) -> int:
        """Send a form of this access point, with a fresh key or the given one."""
        key = key or self.to.key(point)
        end = (("form-end", "1"),) if ends else ()
        return self.post(f"/s/{{{point}}}", (("form-key", key), *fields, *end))

    def press_send(self) -> None:
        self.page.locator("input[name=overall][value='4']").check()
        self.page.locator("#send").click()

    def _in_language(self, path: str) -> str:
        if self.language == "vi":
            return path
        return f"{path}{'&' if '?' in path else '?'}lang={self.language}"


def _status(response: Response | None) -> int:
    assert response is not None
    return response.status


@dataclass(frozen=True, slots=True)
class State:
    """`arrive` returns the status of the last page; `shows` is there, and to be seen, in this state alone."""

    arrive: Callable[[Visit], int]
    status: int
    shows: str
    languages: tuple[str, ...] = ("vi", "en")
    furnish: Callable[[BrowserContext], object] = lambda context: None


def at(path: str) -> Callable[[Visit], int]:
    return lambda visit: visit.go(path)


def sent(
    point: str, *fields: tuple[str, str], days_ago: int = 0, ends: bool = True
) -> Callable[[Visit], int]:
    return lambda visit: visit.send(point, *fields, key=visit.to.key(point, days_ago), ends=ends)


def posted(path: str, *fields: tuple[str, str]) -> Callable[[Visit], int]:
    return lambda visit: visit.post(path, fields)


def sent_while_the_database_is_locked(visit: Visit) -> int:
    visit.go("/")
    with visit.to.database.transaction() as session:
        session.execute(text("SELECT 1"))  # takes the write lock, and keeps it
        return visit.send("short", *ANSWER)


def sent_twice_with_other_answers(visit: Visit) -> int:
    key = visit.to.key("short")
    visit.send("short", ("overall", "4"), key=key)
    return visit.send("short", ("overall", "1"), key=key)


def sent_by_script(visit: Visit) -> int:
    status = visit.go("/s/{short}")
    visit.page.locator("#form-comment").fill("Xin thêm ghế ngồi.")
    visit.page.locator("input[name=form-answer]").check()
    visit.press_send()
    visit.page.locator("[data-slot=case]:not(:empty)").wait_for()
    return status


def sent_without_network(visit: Visit) -> int:
    status = visit.go("/s/{short}")
    visit.page.context.set_offline(True)
    visit.press_send()
    return status


def sent_when_the_network_is_back(visit: Visit, next_page: str = "/") -> int:
    """From a page of its own, closed before: one that is only left may hear of the network and send it."""
    before = replace(visit, page=visit.page.context.new_page())
    sent_without_network(before)
    before.page.locator(".unsent [data-when=stored]").wait_for()
    before.page.close()
    visit.page.context.set_offline(False)
    status = visit.go(next_page)
    visit.page.locator(".unsent [data-when=sent]").wait_for()  # the page drops the form before it says so
    return status


def refused_for_good(visit: Visit) -> int:
    """Other answers under the same key came first, as from a second tab."""
    status = visit.go("/s/{short}")
    key = visit.page.locator("[name=form-key]").input_value()
    address = visit.to.url + f"/s/{visit.to.words['short']}"
    visit.page.request.post(address, form={"form-key": key, "overall": "1", "form-end": "1"})
    visit.press_send()
    return status


def without_storage(context: BrowserContext) -> None:
    context.add_init_script("Object.defineProperty(window, 'indexedDB', {value: undefined})")


def without_scripts(context: BrowserContext) -> None:
    """Forbid the page its script by its own policy: where scripts are switched off, axe cannot run either."""

    def forbid(route: Route) -> None:
        answer = route.fetch()
        policy = re.sub(r"script-src [^;]+", "script-src 'none'", answer.headers["content-security-policy"])
        route.fulfill(response=answer, headers=answer.headers | {"content-security-policy": policy})

    context.route("**/*", forbid)


STATES = {
    "start": State(at("/"), 200, "#code"),
    "not this place": State(at("/?not={short}"), 200, "main a[href*='/report']"),
    "short form": State(at("/s/{short}"), 200, "fieldset#overall"),
    "short form without scripts": State(at("/s/{short}"), 200, "fieldset#sex", furnish=without_scripts),
    "long form": State(at("/s/{long}"), 200, "fieldset#q9_33"),
    "form of a demonstration": State(at("/s/{demo}"), 200, ".demo"),
    "form of an invitation": State(at("/i/{token}"), 200, ".invited"),
    "nothing answered": State(sent("short"), 422, "#form-wrong"),
    "two answers": State(sent("short", ("overall", "1"), ("overall", "2")), 422, "#overall-error"),
    "unknown value": State(sent("short", ("overall", "9")), 422, "#overall-error"),
    "contradiction": State(sent("short", ("came_back", "no"), ("extra_visits", "2")), 422, ".error"),
    "comment too long": State(sent("short", ("form-comment", "ừ" * 1003)), 422, "#comment-error"),
    "no comment to answer": State(sent("short", *ANSWER, ("form-answer", "1")), 422, "#comment-error"),
    "in another language": State(sent("short", *ANSWER, ("form-again", "1")), 200, "#form-wrong"),
    "damaged": State(sent("short", *ANSWER, ends=False), 400, "#form-wrong"),
    "too busy, filled in": State(sent_while_the_database_is_locked, 503, "input[name=overall]:checked"),
    "received": State(sent("short", *ANSWER), 200, "h1"),
    "received, with a number": State(
        sent("short", *ANSWER, ("form-comment", "Xin thêm ghế ngồi."), ("form-answer", "1")),
        200,
        "a[href*='/case']",
    ),
    "received, by script": State(sent_by_script, 200, "output [data-slot=case]"),
    "saved, not yet sent": State(sent_without_network, 200, ".unsent [data-when~=stored]"),
    "not sent, no storage": State(
        sent_without_network, 200, ".unsent [data-when~=unstored]", furnish=without_storage
    ),
    "sent later": State(sent_when_the_network_is_back, 200, ".unsent [data-when~=sent]"),
    "sent later, before a new form": State(
        lambda visit: sent_when_the_network_is_back(visit, "/s/{short}"), 200, ".unsent [data-act=another]"
    ),
    "refused for good": State(refused_for_good, 200, ".unsent [data-slot=problem]"),
    "unknown code": State(at("/s/{unknown}"), 404, "#code"),
    "revoked": State(at("/s/{revoked}"), 410, "#code"),
    "not yet open": State(at("/s/{not_open}"), 403, "h1"),
    "closed": State(at("/s/{closed}"), 410, "a[href*='/results/']"),
    "too late": State(sent("closed", *ANSWER, days_ago=10), 410, "h1"),
    "already sent": State(sent_twice_with_other_answers, 409, "h1"),
    "used invitation": State(at("/i/{used_token}"), 409, "h1"),
    "expired screen code": State(at("/s/{screen}/2222222222"), 410, "h1"),
    "screen at a counter": State(
        at("{screen_page}"), 200, "svg", languages=("vi",)
    ),  # both languages at once
    "case": State(at("/case"), 200, "input[name=number]"),
    "case unknown": State(at("/case?number=22222-33333"), 404, "input[name=number]"),
    "case received": State(at("/case?number={received_case}"), 200, "h1"),
    "case answered": State(at("/case?number={answered_case}"), 200, "text=hai ghế"),
    "contact": State(at("/case/{received_case}/contact"), 200, "input[type=checkbox]"),
    "contact without consent": State(
        posted("/case/{received_case}/contact", ("contact", "12")), 422, ".error"
    ),
    "contact left": State(
        posted("/case/{received_case}/contact", ("contact", "0912 345 678"), ("consent", "1")), 200, "h1"
    ),
    "report": State(at("/report?code={short}"), 200, "input[type=radio]"),
    "report without a reason": State(posted("/report", ("place", "Cổng")), 422, ".error"),
    "report received": State(posted("/report", ("reason", "pasted_over")), 200, "h1"),
    "accessibility": State(at("/accessibility"), 200, "h1"),
    "accessibility of one office": State(at("/accessibility?code={short}"), 200, "text=0200 000 000"),
}

"""Opening stops in Chromium, and looking at them: at a phone's width and at a desk's."""

from collections.abc import Sequence

from playwright.sync_api import Browser, BrowserContext, Page

from tests.accessibility.audit import Form, faults_of
from tests.tour.house import House
from tests.tour.stops import Stop

PHONE, DESK = (360, 740), (1280, 900)
# Each width once, by turns light and dark.
FORMS = ([Form(360), Form(1280, "dark")], [Form(360, "dark"), Form(1280)])
AT_ONCE = 8  # pages whose axe runs side by side
UNFOLD = "() => document.querySelectorAll('details').forEach(each => { each.open = true; })"
MOST_REQUESTS, MOST_BYTES = 4, 60_000


class Guests:
    """Everybody who walks through one house, each with a browser of his own."""

    def __init__(self, browser: Browser, house: House) -> None:
        self._browser, self._house = browser, house
        self._contexts: dict[str | None, BrowserContext] = {}
        self.too_heavy: list[str] = []

    def context(self, who: str | None) -> BrowserContext:
        if who not in self._contexts:
            context = self._browser.new_context(
                viewport={"width": PHONE[0], "height": PHONE[1]}, base_url=self._house.url, locale="vi-VN"
            )
            if who is not None:
                cookie = {"name": "session", "value": self._house.cookies[who], "url": self._house.url}
                context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict of these keys
            self._contexts[who] = context
        return self._contexts[who]

    def open(self, stop: Stop) -> Page:
        """Open a stop's page; keep in mind what it weighs and how often it asks."""
        page, asked = self.context(stop.who).new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        answer = page.goto(self._house.path(stop.address), wait_until="load")
        size = len(answer.body()) if answer else 0
        n_asked = len([url for url in asked if not url.startswith("data:")])
        if n_asked > MOST_REQUESTS or size > MOST_BYTES:
            self.too_heavy.append(f"{stop.name}: {n_asked} requests, {size} bytes")
        page.evaluate(UNFOLD)
        return page


def shape_of(page: Page, step: str) -> list[str]:
    """Say what a reader misses: one heading, the answer right below it, and a way on."""
    faults = []
    if page.locator("h1:visible").count() != 1:
        faults.append("not one h1")
    answer = page.locator("main :is(.lead, .errors):visible").first
    place = answer.bounding_box() if answer.count() else None
    if place is None or place["y"] > 2 / 3 * PHONE[1]:
        faults.append("no first sentence, or far down")
    if step and not page.locator(f"main :is(a, button, summary):visible:has-text('{step}')").count():
        faults.append(f"no way on that says “{step}”")
    return faults


def faults_on(opened: Sequence[tuple[Stop, Page]], turn: int = 0) -> list[str]:
    """List what is wrong with pages that are open, some looked at at once; close them."""
    faults = []
    for first in range(0, len(opened), AT_ONCE):
        some = opened[first : first + AT_ONCE]
        faults += [f"{stop.name}: {fault}" for stop, page in some for fault in shape_of(page, stop.step)]
        faults += faults_of(
            [page for _stop, page in some], FORMS[(turn + first // AT_ONCE) % 2], is_brief=True
        )
        for _stop, page in some:
            page.close()
    return faults


def faults_at(guests: Guests, stops: Sequence[Stop]) -> list[str]:
    """Walk to the stops, a few at a time, and list what is wrong there."""
    faults = []
    for first in range(0, len(stops), AT_ONCE):
        opened = [(stop, guests.open(stop)) for stop in stops[first : first + AT_ONCE]]
        faults += faults_on(opened, turn=first // AT_ONCE)
    return faults + guests.too_heavy

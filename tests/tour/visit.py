"""Opening stops in Chromium, and looking at them: at a phone's width and at a desk's."""

from collections.abc import Iterable

from playwright.sync_api import Browser, Page

from tests.accessibility.audit import N_FORMS_BY_AXE, Form, faults_of
from tests.tour.house import House
from tests.tour.stops import Stop

PHONE, DESK = (360, 740), (1280, 900)
# Each width once, by turns light and dark, and another form first each time.
FORMS = (
    (Form(360), Form(1280, "dark")),
    (Form(1280), Form(360, "dark")),
    (Form(360, "dark"), Form(1280)),
    (Form(1280, "dark"), Form(360)),
)
UNFOLD = "() => document.querySelectorAll('details').forEach(each => { each.open = true; })"
MOST_REQUESTS, MOST_BYTES = 4, 60_000
# What a reader misses: one heading, the answer right below it, and a way on.
MISSED = """([step, lowest]) => {
    const isSeen = element => {
        const {width, height} = element.getBoundingClientRect();
        return width > 0 && height > 0 && element.checkVisibility({visibilityProperty: true});
    };
    const seen = selector => [...document.querySelectorAll(selector)].filter(isSeen);
    const words = text => text.replace(/\\s+/g, " ").trim().toLowerCase();
    const faults = [];
    if (seen("h1").length !== 1) faults.push("not one h1");
    const [answer] = seen("main :is(.lead, .errors)");
    if (!answer || answer.getBoundingClientRect().y > lowest) faults.push("no first sentence, or far down");
    const ways = seen("main :is(a, button, summary)").map(way => words(way.textContent));
    if (step && !ways.some(way => way.includes(words(step))))
        faults.push(`no way on that says “${step}”`);
    return faults;
}"""


class Guests:
    """Everybody who walks through one house, each with one page in a browser of his own."""

    def __init__(self, browser: Browser, house: House) -> None:
        self._browser, self._house = browser, house
        self._pages: dict[str | None, Page] = {}
        self._asked: list[str] = []
        self._n_looked_at = 0
        self.too_heavy: list[str] = []

    def _page(self, who: str | None) -> Page:
        if who not in self._pages:
            context = self._browser.new_context(base_url=self._house.url, locale="vi-VN")
            if who is not None:
                cookie = {"name": "session", "value": self._house.cookies[who], "url": self._house.url}
                context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict of these keys
            self._pages[who] = context.new_page()
            self._pages[who].on("request", lambda request: self._asked.append(request.url))
        return self._pages[who]

    def open(self, stop: Stop) -> Page:
        """Open a stop's page on a phone; keep in mind what it weighs and how often it asks."""
        page = self._page(stop.who)
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        page.emulate_media(color_scheme="light")
        self._asked.clear()
        answer = page.goto(self._house.path(stop.address), wait_until="load")
        size = len(answer.body()) if answer else 0
        n_asked = len([url for url in self._asked if not url.startswith("data:")])
        if n_asked > MOST_REQUESTS or size > MOST_BYTES:
            self.too_heavy.append(f"{stop.name}: {n_asked} requests, {size} bytes")
        page.evaluate(UNFOLD)
        return page

    def faults_on(self, stop: Stop, page: Page) -> list[str]:
        """List what is wrong with a page that is open."""
        forms = FORMS[self._n_looked_at % len(FORMS)]
        self._n_looked_at += 1
        faults = page.evaluate(MISSED, [stop.step, 2 / 3 * PHONE[1]])
        faults += faults_of(page, forms, n_by_axe=N_FORMS_BY_AXE, is_spaced=False)
        return [f"{stop.name}: {fault}" for fault in faults]

    def faults_at(self, stops: Iterable[Stop]) -> list[str]:
        """Walk to the stops, and list what is wrong there."""
        return [fault for stop in stops for fault in self.faults_on(stop, self.open(stop))] + self.too_heavy

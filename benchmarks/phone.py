"""What a respondent waits for: the form on a slow phone, in Chromium, told so over its debugging protocol.

Slow 3G is 2 s from a request to the first byte of its answer, then 50 kB a second; the processor is slowed
down four times. The browser delays requests, not connections: a first visit over TLS takes some round trips
more than this, whatever the page. Beside the forms stands a page of five letters: no page can be faster.
"""

import contextlib
import shutil
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from benchmarks.hall import open_hall, row
from benchmarks.servers import HELLO, PRODUCT, running
from tests import postgresql

LATENCY_MILLISECONDS = 2000
BYTES_A_SECOND = 50_000
SLOWER_PROCESSOR = 4
VISITS = 5
PHONE = {"width": 360, "height": 740}
FORMS = {"19 items": "sipas_service_2022", "short form": "counter_short"}
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        row("phone", "not measured: Chromium is missing (apt-get install chromium)", "≤ 1.8 round trips")
        return
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with pages_to_open(Path(folder)) as addresses:
            for name, address in addresses.items():
                measure(browser, name, address)
        browser.close()


@contextlib.contextmanager
def pages_to_open(folder: Path) -> Iterator[dict[str, str]]:
    """Serve each form from an installation of its own, and the five letters."""
    (folder / "bench_hello.py").write_text(HELLO)
    with contextlib.ExitStack() as servers:
        addresses = {}
        for name, instrument in FORMS.items():
            hall = open_hall(folder / instrument, f"sqlite:///{folder}/{instrument}.sqlite", instrument)
            port = postgresql.free_port()
            servers.enter_context(running(PRODUCT, port, folder, hall.environment))
            addresses[name] = f"http://127.0.0.1:{port}{hall.path}"
        port = postgresql.free_port()
        servers.enter_context(running("bench_hello:app", port, folder, hall.environment))
        addresses["five letters"] = f"http://127.0.0.1:{port}/"
        yield addresses


def measure(browser: Browser, name: str, address: str) -> None:
    visits = [open_slowly(browser, address) for _ in range(VISITS)]
    paint, usable, received, n_requests = (statistics.median(column) for column in zip(*visits, strict=True))
    row(
        f"slow 3G, slow phone, {name}: first paint",
        f"{paint / 1000:.2f} s = {paint / LATENCY_MILLISECONDS:.2f} round trips",
        "≤ 1.8 round trips",
    )
    if usable:
        row("the same: first answer chosen, after the first paint", f"{usable:.0f} ms", "at once")
    row("the same: received, requests", f"{received / 1000:.1f} kB, {n_requests:.0f}", "≤ 14 kB, ≤ 2")


def open_slowly(browser: Browser, address: str) -> tuple[float, float, float, float]:
    """Give milliseconds to the first paint, from there to a chosen answer, bytes received and requests."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    protocol = context.new_cdp_session(page)
    received: list[float] = []
    addresses: list[str] = []
    slow_down(protocol)
    protocol.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    protocol.on("Network.requestWillBeSent", lambda event: addresses.append(event["request"]["url"]))
    page.goto(address, wait_until="commit")
    page.wait_for_function(FIRST_PAINT, polling=5)
    paint = page.evaluate(FIRST_PAINT)
    usable = choose_first_answer(page, paint)
    page.wait_for_load_state("load")
    context.close()
    return paint, usable, sum(received), sum(not address.startswith("data:") for address in addresses)


def slow_down(protocol: CDPSession) -> None:
    protocol.send("Network.enable")
    protocol.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": LATENCY_MILLISECONDS,
            "downloadThroughput": BYTES_A_SECOND,
            "uploadThroughput": BYTES_A_SECOND,
        },
    )
    protocol.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER_PROCESSOR})


def choose_first_answer(page: Page, paint: float) -> float:
    """Tap the first answer as soon as there is one, and tell when the page shows it as chosen."""
    first = page.locator("label:has(input[type=radio])").first
    if first.count() == 0:
        return 0.0
    first.click()
    page.wait_for_function("() => document.querySelector('input[type=radio]:checked')", polling=5)
    now: float = page.evaluate("() => performance.now()")
    return now - paint


if __name__ == "__main__":
    main()

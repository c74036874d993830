"""The system's Chromium, for tests and pictures: found, and driven as people's phones and screens."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

# First the same browser without windows, tabs and profiles, which a new page costs a quarter of the work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
MISSING = ("Chromium", "chromium")  # what people call it, and its package

STORE_LIMIT = "setTimeout(failed, 3000)"  # of citizen.js: a store that is silent for longer does not work
# On a busy machine a sound store may be silent for longer. For pages in which the store works.
PATIENT_STORE = """{
    const inTime = window.setTimeout;
    window.setTimeout = (act, wait, ...more) => inTime(act, wait === 3000 ? 120000 : wait, ...more);
}"""


def find() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def running(path: str) -> Iterator[Browser]:
    """Start it; while it runs, no other event loop can run in this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()

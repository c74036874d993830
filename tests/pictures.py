"""`make pictures`: the README's pictures, taken from the running product with its demo."""

import shutil
import sys
import tempfile
from pathlib import Path

import pypdfium2
from playwright.sync_api import Browser, sync_playwright

from survey_app.config import read_settings
from survey_app.models.short_code import form_path, qr_address
from survey_app.prepare.codes.poster import Poster, render_posters
from tests import postgresql, running_server

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
PUBLIC_URL = "https://khaosat.example.vn"


def main() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        sys.exit("Chromium is missing. On Debian or Ubuntu: apt-get install chromium")
    FOLDER.mkdir(parents=True, exist_ok=True)
    port = postgresql.free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = read_settings({"DATA_DIR": folder})
        environment = running_server.environment(settings, port, DEMO="yes")
        with (
            running_server.started(running_server.service(), environment, within=90),
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            accounts = (settings.data_dir / "demo-accounts.txt").read_text("utf-8")
            take_pages(browser, f"http://127.0.0.1:{port}", accounts)
            browser.close()


def take_pages(browser: Browser, url: str, accounts: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 740}, device_scale_factor=2)
    page.goto(f"{url}/staff/sign-in")
    name, password = next(
        line.split("\t")[1:] for line in accounts.splitlines() if line.startswith("office_manager")
    )
    page.locator("#username").fill(name)
    page.locator("#password").fill(password)
    page.locator("main button").click()
    page.locator("main a[href*='/staff/offices/']").first.click()
    page.locator("main svg").first.evaluate("chart => chart.scrollIntoView({block: 'center'})")
    page.wait_for_timeout(200)
    page.screenshot(path=FOLDER / "office.png")
    page.goto(f"{url}/staff/codes")
    code = page.locator("main .code").first.inner_text().replace("-", "")
    office = page.locator("main legend").first.inner_text().split("\n")[0]
    page.goto(url + form_path(code))
    page.locator("input[name=overall][value='4']").check()
    page.mouse.wheel(0, 330)
    page.wait_for_timeout(200)
    page.screenshot(path=FOLDER / "citizen.png")
    take_poster(office, code)


def take_poster(office: str, code: str) -> None:
    poster = Poster(
        office=office,
        counter="Quầy số 1",
        address=PUBLIC_URL.removeprefix("https://"),
        code=code,
        qr_address=qr_address(PUBLIC_URL, code),
        office_parent="Tỉnh Mẫu",
        demo=True,
    )
    document = pypdfium2.PdfDocument(render_posters([poster]))
    document[0].render(scale=1.6).to_pil().save(FOLDER / "poster.png")


if __name__ == "__main__":
    main()

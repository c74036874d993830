"""`make pictures`: the pictures of README and tour, taken from the running product with its demo."""

import secrets
import sys
import tempfile
from pathlib import Path

import pypdfium2
from playwright.sync_api import Browser
from sqlalchemy import select

from survey_app.cli.database import migrate
from survey_app.config import Settings, begin, read_settings
from survey_app.db import Database
from survey_app.models.access_point import AccessPoint
from survey_app.models.invitation_token import InvitationToken
from survey_app.models.rotating_code import screen_path
from survey_app.models.short_code import form_path
from survey_app.prepare.codes.address import qr_address
from survey_app.prepare.codes.poster import Poster, render_posters
from survey_app.prepare.invitations.slips import Stack, render_slips
from tests import chromium, factories, loaded_demo, postgresql, running_server
from tests.tour import book, house

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
PUBLIC_URL = "https://khaosat.example.vn"


def main() -> None:
    path = chromium.find()
    if path is None:
        sys.exit("Chromium is missing. On Debian or Ubuntu: apt-get install chromium")
    FOLDER.mkdir(parents=True, exist_ok=True)
    port = postgresql.free_port()
    with tempfile.TemporaryDirectory() as folder:
        settings = begin(read_settings({"DATA_DIR": folder}))
        environment = running_server.environment(settings, port, DEMO="yes")
        with (
            running_server.started(running_server.service(), environment, within=90),
            chromium.running(path) as browser,
        ):
            accounts = (settings.data_dir / "demo-accounts.txt").read_text("utf-8")
            take_pages(browser, f"http://127.0.0.1:{port}", accounts)
            take_screen(browser, f"http://127.0.0.1:{port}", settings)
            take_offline(browser, f"http://127.0.0.1:{port}", settings)
            take_tour(browser, Path(folder))
    take_slips()
    for picture in FOLDER.glob("*.png"):
        picture.write_bytes(book.small(picture.read_bytes(), "PNG", colours=64, optimize=True))


def take_tour(browser: Browser, folder: Path) -> None:
    """Walk through the pages of an installation of its own, at the moment at which the tests stand."""
    template = folder / "template.sqlite"
    database = Database(f"sqlite:///{template}")
    migrate(database)
    database.engine.dispose()
    (folder / "tour").mkdir()
    loaded_demo.lay(template, folder / "tour")
    with house.furnished(folder / "tour", factories.MOMENT) as furnished:
        book.take(browser, furnished)


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
    page.wait_for_url("**/staff/offices/*")
    page.locator("main svg").first.evaluate("chart => chart.scrollIntoView({block: 'center'})")
    page.screenshot(path=FOLDER / "office.png")
    page.goto(f"{url}/staff/codes")
    code = page.locator("main .code").first.inner_text().replace("-", "")
    office = page.locator("main legend").first.inner_text().split("\n")[0]
    page.goto(url + form_path(code))
    page.locator("input[name=overall][value='4']").check()
    page.evaluate("scrollBy(0, 330)")
    page.screenshot(path=FOLDER / "citizen.png")
    take_poster(office, code)


def take_screen(browser: Browser, url: str, settings: Settings) -> None:
    page = browser.new_page(viewport={"width": 1000, "height": 640})
    page.goto(url + screen_path(demo_code(settings, "screen"), settings.secrets[0]))
    page.screenshot(path=FOLDER / "screen.png")


def take_offline(browser: Browser, url: str, settings: Settings) -> None:
    """Send a form where there is no network."""
    phone = browser.new_context(viewport={"width": 360, "height": 740}, device_scale_factor=2)
    page = phone.new_page()
    page.goto(url + form_path(demo_code(settings, "poster")))
    page.locator("input[name=overall][value='4']").check()
    phone.set_offline(True)
    page.locator("#send").click()
    page.locator(".unsent").wait_for()
    page.screenshot(path=FOLDER / "offline.png")


def demo_code(settings: Settings, way_in: str) -> str:
    with Database(settings.database_url).reading() as session:
        code = session.scalar(select(AccessPoint.code).where(AccessPoint.way_in == way_in).limit(1))
    return str(code)


def take_slips() -> None:
    stack = Stack("Trung tâm Phục vụ hành chính công phường Đèo Mai", "Quầy số 1", PUBLIC_URL, is_demo=True)
    tokens = [InvitationToken(1, serial).text(secrets.token_bytes(32)) for serial in range(8)]
    document = pypdfium2.PdfDocument(render_slips(stack, tokens))
    page = document[0].render(scale=2).to_pil()
    page.crop((0, 0, page.width, page.height // 2)).save(FOLDER / "slips.png")


def take_poster(office: str, code: str) -> None:
    poster = Poster(
        office=office,
        counter="Quầy số 1",
        address=PUBLIC_URL.removeprefix("https://"),
        code=code,
        qr_address=qr_address(PUBLIC_URL, form_path(code)),
        office_parent="Tỉnh Mẫu",
        demo=True,
    )
    document = pypdfium2.PdfDocument(render_posters([poster]))
    document[0].render(scale=1.6).to_pil().save(FOLDER / "poster.png")


if __name__ == "__main__":
    main()

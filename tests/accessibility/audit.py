"""One page looked at in all its forms: by axe-core, and by measures of our own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.soak import SOAK

MEASURES = (Path(__file__).parent / "measures.js").read_text("utf-8")
AXE = Axe().axe_script
LEAST_CONTRAST = 7  # WCAG 2.2, success criterion 1.4.6 (AAA), here for large text too
MEASURED = ("contrasts", "edges", "targets", "fits", "moves")
WIDTHS = (320, 360, 1280)
HEIGHT = 740
NO_LEAST = {"minThreshold": 0}
# Without `runOnly` axe runs all its rules, its best practices too, but for those that rest until asked for.
AXE_OPTIONS = {
    "resultTypes": ["violations"],
    "rules": {
        "target-size": {"enabled": True},
        "color-contrast-enhanced": {"enabled": True},  # 7:1
        "color-contrast": {"enabled": False},  # 4.5:1
    },
    # As it is given, the rule of 7:1 leaves what is fainter than 4.5:1 to the other rule.
    "checks": {
        "color-contrast-enhanced": {"options": {"contrastRatio": {"normal": NO_LEAST, "large": NO_LEAST}}}
    },
}
# The gate lets axe look at a page in the first of its forms, another from page to page; `make soak` in all.
N_FORMS_BY_AXE = None if SOAK else 1
RUN_AXE = "options => axe.run(options)"
# WCAG 1.4.12: what a reader may set without losing anything.
WIDE_SPACING = """() => document.querySelectorAll("body, body *").forEach(element => {
    const size = parseFloat(getComputedStyle(element).fontSize);
    element.style.letterSpacing = `${0.12 * size}px`;
    element.style.wordSpacing = `${0.16 * size}px`;
    element.style.lineHeight = "1.5";
    if (element.matches("p")) element.style.marginBottom = `${2 * size}px`;
})"""
SET_TEXT = """scale => {
    const html = document.documentElement;
    html.style.fontSize = "";
    if (scale !== 1) html.style.fontSize = `${scale * parseFloat(getComputedStyle(html).fontSize)}px`;
}"""


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which the same page meets the eye."""

    width: int
    scheme: str = "light"
    text: int = 1

    def __str__(self) -> str:
        return f"{self.width} px {self.scheme} {self.text * 100} %"


FORMS = [form for width in WIDTHS for form in (Form(width), Form(width, scheme="dark"), Form(width, text=2))]


def prepare(page: Page) -> None:
    """Bring axe and the measures into the page; the policy of the page does not bind the browser's driver."""
    page.evaluate(AXE)
    page.evaluate(MEASURES)


def show_as(page: Page, form: Form) -> None:
    page.set_viewport_size({"width": form.width, "height": HEIGHT})
    page.emulate_media(color_scheme=form.scheme)  # type: ignore[arg-type]  # "light" or "dark"
    page.evaluate(SET_TEXT, form.text)


def measure(page: Page, *names: str) -> list[str]:
    return [fault for name in names for fault in page.evaluate(f"measures.{name}({LEAST_CONTRAST})")]


def some_forms(turn: int) -> list[Form]:
    """Give three of the nine forms: each width once and each look once, mixed anew from turn to turn."""
    return [FORMS[3 * place + (place + turn) % 3] for place in range(3)]


def shared_out(turn: int, n_pages: int) -> list[list[Form]]:
    """Share the three forms of a turn out to the languages of a page, to each at least one."""
    forms = some_forms(turn)
    first = turn // len(forms) % len(forms)  # each language meets each width in some turn
    forms = forms[first:] + forms[:first]
    return [forms[place::n_pages] for place in range(n_pages)]


def faults_of(
    page: Page, forms: Sequence[Form] = FORMS, *, n_by_axe: int | None = None, is_spaced: bool = True
) -> list[str]:
    """Look at a page in these forms by our own measures, and by axe in the first `n_by_axe` or in all."""
    prepare(page)
    found: dict[str, list[str]] = {}  # fault → in which forms
    for form in forms:
        show_as(page, form)
        by_axe = _axe_faults(page.evaluate(RUN_AXE, AXE_OPTIONS)) if form in forms[:n_by_axe] else ()
        for fault in (*by_axe, *measure(page, *MEASURED)):
            found.setdefault(fault, []).append(str(form))
    for fault in _widely_spaced(page) if is_spaced else ():
        found.setdefault(fault, []).append("wide spacing at 320 px")
    return [f"{fault} [{page.url}] in: {'; '.join(where)}" for fault, where in found.items()]


def _widely_spaced(page: Page) -> list[str]:
    show_as(page, Form(320))
    page.evaluate(WIDE_SPACING)
    return measure(page, "fits")


def _axe_faults(results: dict[str, Any]) -> Iterator[str]:
    for violation in results["violations"]:
        for node in violation["nodes"]:
            yield f"axe {violation['id']}: {violation['help']}: {' '.join(map(str, node['target']))}"


@contextmanager
def every_element_in(page: Page, *pseudo_classes: str) -> Iterator[None]:
    """Let the browser show all elements at once as if they were hovered, focused or pressed."""
    client = page.context.new_cdp_session(page)
    client.send("DOM.enable")
    client.send("CSS.enable")
    document = client.send("DOM.getDocument")["root"]["nodeId"]
    found = client.send("DOM.querySelectorAll", {"nodeId": document, "selector": "body *"})["nodeIds"]
    for node in found:
        client.send("CSS.forcePseudoState", {"nodeId": node, "forcedPseudoClasses": list(pseudo_classes)})
    yield
    client.detach()

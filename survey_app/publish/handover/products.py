"""What can be made of a frozen publication, and who may have it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from survey_app.publish.handover.wave import Edition

RIGHT: Final = "exports"
RIGHT_TO_SUMS: Final = "respondents"  # as that to microdata with what respondents said of themselves


@dataclass(frozen=True)
class Product:
    """A file; all of a publication but for sheets, which are made of some offices."""

    name: str
    edition: Edition
    stem: str  # of its file
    ending: str
    right: str = RIGHT
    by_office: bool = False


SHEETS: Final = "sheets"
PRODUCTS: Final[Mapping[str, Product]] = {
    one.name: one
    for one in (
        Product("report_pdf", "public", "bao-cao", "pdf"),
        Product("report_docx", "public", "bao-cao", "docx"),
        Product("annex", "public", "phu-luc", "xlsx"),
        Product("annex_inside", "inside", "phu-luc-noi-bo", "xlsx"),
        Product("open_data", "public", "so-lieu-mo", "csv"),
        Product(SHEETS, "public", "phieu-don-vi", "pdf", by_office=True),
        Product("recompute", "inside", "tinh-lai", "zip", right=RIGHT_TO_SUMS),
    )
}

"""What the page of a hand-over asks for, and the words for what can be made."""

from collections.abc import Sequence

from flask_babel import gettext as _, lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Length

from survey_app.publish.exports.forms import WordedRadioField
from survey_app.publish.handover.products import Product

LONGEST_CODE = 64


class HandOverForm(FlaskForm):  # type: ignore[misc]  # flask_wtf publishes no types
    product = WordedRadioField(_l("File"))
    office_code = StringField(_l("One office alone, by its code (sheets)"), [Length(max=LONGEST_CODE)])

    def offer(self, products: Sequence[Product]) -> None:
        """Put up what this person may have."""
        self.product.choices = [(one.name, product_name(one.name)) for one in products]
        if not self.is_submitted():
            self.product.data = products[0].name


def product_name(name: str) -> str:
    names = {
        "report_pdf": _("First report with method annex, as PDF"),
        "report_docx": _("The same report as a Word document"),
        "annex": _("All tables as a spreadsheet, public edition"),
        "annex_inside": _("All tables as a spreadsheet, inner edition: with what only staff may see"),
        "open_data": _("All figures as open data (CSV)"),
        "sheets": _("A page an office, as PDF to print"),
        "recompute": _(
            "Sums, codebook and R script that re-compute the figures: for statisticians of the house"
        ),
    }
    return names[name]

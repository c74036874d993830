"""What the pages of offices are sent: a search, a page, a counter's label and field."""

from collections.abc import Collection
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from survey_app.models.office import ServiceField
from survey_app.web.addresses import row_id
from survey_app.web.paging import typed_page, typed_search


@dataclass(frozen=True, slots=True)
class TreeRequest:
    """Which branch is open, or what is searched, and which page of it."""

    open_id: int | None
    search: str
    with_ended: bool
    page: int

    @classmethod
    def read(cls, fields: MultiDict[str, str]) -> "TreeRequest":
        return cls(
            row_id(fields["open"]) if fields.get("open") else None,
            typed_search(fields),
            bool(fields.get("ended")),
            typed_page(fields),
        )


def chosen_field(fields: MultiDict[str, str], offered: Collection[ServiceField]) -> ServiceField | None:
    """Give the field that was chosen; anything that was not offered is none."""
    return next((one for one in offered if one.code == fields.get("field")), None)

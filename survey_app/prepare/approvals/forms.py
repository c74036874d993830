"""What the page that asks for a second person was sent."""

from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from survey_app.errors import ApprovalRefused
from survey_app.models import publishing
from survey_app.models.days import read_day
from survey_app.prepare.approvals.acts import KINDS, OF_CODES
from survey_app.web.addresses import row_id

WHOLE = "all"


@dataclass(frozen=True, slots=True)
class AskedFor:
    """The fields as they came; what is right about them the verbs decide."""

    campaign_code: str
    kind: str
    office: str
    closes_on: str
    reason: str

    @classmethod
    def read(cls, fields: MultiDict[str, str]) -> "AskedFor":
        return cls(
            fields.get("campaign", "")[:100],
            fields.get("kind", "") if fields.get("kind") in KINDS else "",
            fields.get("office", "")[:20],
            fields.get("closes_on", "").strip()[:20],
            fields.get("reason", ""),
        )

    @property
    def office_id(self) -> int | None:
        """Give the office that was chosen; none stands for the whole campaign, 0 for no office at all."""
        if self.kind not in OF_CODES or self.office in {"", WHOLE}:
            return None
        return row_id(self.office)

    def arguments(self) -> dict[str, Any]:
        """Give what the kind needs to know."""
        if self.kind in OF_CODES or self.kind == publishing.KIND:
            return {}
        return {"closes_on": self._day()}

    def _day(self) -> str | None:
        if not self.closes_on:
            return None
        day = read_day(self.closes_on)
        if day is None:
            raise ApprovalRefused("day_unreadable")
        return day.isoformat()

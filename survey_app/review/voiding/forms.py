"""What the page that asks for voiding was sent."""

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from survey_app.errors import ApprovalRefused
from survey_app.models.days import read_day
from survey_app.review.voiding.void import PointDays
from survey_app.web.addresses import row_id

MOST_POINTS = 500


@dataclass(frozen=True, slots=True)
class VoidingAsked:
    """The fields as they came: an office and a campaign, ways in, days, a reason."""

    office_id: int
    campaign_code: str
    point_ids: tuple[int, ...]
    first_day: str
    last_day: str
    reason: str

    @classmethod
    def read(cls, fields: MultiDict[str, str]) -> "VoidingAsked":
        day = fields.get("day", "")[:20]
        return cls(
            row_id(fields.get("office", "")),
            fields.get("campaign", "")[:100],
            tuple(sorted(set(map(row_id, filter(None, fields.getlist("point")[:MOST_POINTS]))))),
            fields.get("first_day", day)[:20],
            fields.get("last_day", day)[:20],
            fields.get("reason", ""),
        )

    def chosen(self) -> PointDays:
        first, last = read_day(self.first_day), read_day(self.last_day)
        if first is None or last is None:
            raise ApprovalRefused("day_unreadable")
        return PointDays(self.point_ids, first, last)

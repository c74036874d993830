"""What the demo's staff find to look at: comments to read and to answer, a report, a busy day."""

import random
import secrets
from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from survey_app.collect.form.submission import Submission
from survey_app.collect.keys import KEY_BYTES, SubmissionKey
from survey_app.collect.reports.report import record_report
from survey_app.collect.storing import Arrival, store_all
from survey_app.demo.accounts import MANAGED_OFFICE
from survey_app.demo.answers import Moment, Respondents
from survey_app.demo.comments import PRAISE, WISHES
from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.budget import daily_budget, last_month_before
from survey_app.models.campaign import Campaign
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.office import Office
from survey_app.models.response import Comment
from survey_app.models.staff import Staff, StaffGrant
from survey_app.review.cases import answer_case

SEED = 20250703
AT_THIS_OFFICE = Moment(satisfaction=0.84, shift=0.0, is_urban=True)
FRIDAY = 4
N_BEYOND = 9  # responses of the busy day above its budget
N_PRAISES, N_WISHES = 3, 6  # comments that ask for no answer: enough to be read

WAITING = "Giấy hẹn ghi buổi sáng nhưng đến chiều mới có kết quả. Lần sau tôi hỏi ai trước khi đến?"
ANSWERED = "Khu ngồi chờ nóng quá, mong có thêm quạt. Bao giờ thì có?"
ANSWER = (
    "Cảm ơn Ông/Bà đã góp ý. Khu ngồi chờ đã được lắp thêm hai quạt trần, dùng được từ tuần này. "
    "Nếu vẫn còn nóng, xin Ông/Bà cứ góp ý tiếp tại quầy."
)
SEEN_AT = "tờ mã ở cạnh máy lấy số"


def add_matters(session: Session, campaign: Campaign, today: date) -> None:
    """Let citizens of the manager's office write, report and come in numbers, up to yesterday."""
    manager = (
        select(Staff.id)
        .join(StaffGrant, StaffGrant.staff_id == Staff.id)
        .where(Staff.is_demo, StaffGrant.role == "office_manager")
    )
    first, *_, last = _posters(session, campaign)
    citizens = Citizens(session, campaign)
    citizens.send(first, _weekday_before(today, 3), WAITING)
    case_number = citizens.send(last, _weekday_before(today, 14), ANSWERED)
    answer_case(session, case_number, ANSWER, session.scalars(manager).one(), _weekday_before(today, 9))
    citizens.crowd(first, _weekday_before(today, 6))
    _add_comments(session, (first, last), today)
    record_report(session, last.id, "pasted_over", SEEN_AT, _weekday_before(today, 1))


def _posters(session: Session, campaign: Campaign) -> Sequence[AccessPoint]:
    here = select(Office.id).where(Office.code == MANAGED_OFFICE).scalar_subquery()
    is_poster = (AccessPoint.campaign_id == campaign.id) & (AccessPoint.way_in == "poster")
    return session.scalars(
        select(AccessPoint).where(is_poster, AccessPoint.office_id == here).order_by(AccessPoint.id)
    ).all()


def _add_comments(session: Session, points: Sequence[AccessPoint], today: date) -> None:
    chance = random.Random(SEED)  # noqa: S311  # a demo to repeat, not a secret
    for text in chance.sample(PRAISE, N_PRAISES) + chance.sample(WISHES, N_WISHES):
        point, day = chance.choice(points), _weekday_before(today, chance.randint(2, 60))
        key = secrets.token_bytes(KEY_BYTES)
        session.add(Comment(comment_key=key, access_point_id=point.id, day=day, text=text))


def _weekday_before(today: date, n_days: int) -> date:
    """Give the last day on which offices are open all day, at least so many days ago."""
    day = today - timedelta(days=n_days)
    return day - timedelta(days=max(0, day.weekday() - FRIDAY))


class Citizens:
    """People whose forms the writer's own statements store: cases and marks come about by its rules."""

    def __init__(self, session: Session, campaign: Campaign) -> None:
        self._session = session
        version = session.get_one(InstrumentVersion, campaign.instrument_version_id)
        self._version_id, self._definition = version.id, version.definition
        self._chance = random.Random(SEED)  # noqa: S311  # a demo to repeat, not a secret
        self._respondents = Respondents(self._definition, self._chance)

    def send(self, point: AccessPoint, day: date, comment: str) -> str:
        """Send one form whose comment asks for an answer; give the number of its case."""
        # Not of the seeded key: nobody who reads this source shall know a number, and leave a contact there.
        number = SubmissionKey.issue(point.id, self._version_id, day).case_number
        self._store(point, day, [self._arrival(point, day, comment, number)])
        return number

    def crowd(self, point: AccessPoint, day: date) -> None:
        """Send so many forms on one day that some go beyond what the office's dossiers explain."""
        so_far = self._session.get(AccessPointDay, (point.id, day))
        n = self._budget(point, day) + N_BEYOND - (so_far.n_received if so_far else 0)
        self._store(point, day, [self._arrival(point, day) for _ in range(n)])

    def _budget(self, point: AccessPoint, day: date) -> int:
        return daily_budget(last_month_before(self._session, point.office_id, day))

    def _arrival(
        self, point: AccessPoint, day: date, comment: str = "", case_number: str | None = None
    ) -> Arrival:
        key = SubmissionKey(point.id, self._version_id, day, self._chance.randbytes(KEY_BYTES))
        answers = self._respondents.answers(AT_THIS_OFFICE)
        said = Submission(answers=answers, comment=comment, wants_answer=case_number is not None)
        return Arrival(
            fingerprint=key.fingerprint(said.content()),
            access_point_id=point.id,
            day=day,
            instrument_version_id=self._version_id,
            key=key.row_key,
            answers=self._definition.pack(answers),
            comment=comment,
            case_number=case_number,
            daily_budget=self._budget(point, day),
        )

    def _store(self, point: AccessPoint, day: date, arrivals: Sequence[Arrival]) -> None:
        store_all(self._session.connection(), arrivals)
        that_day = (AccessPointDay.access_point_id == point.id) & (AccessPointDay.day == day)
        opened = AccessPointDay.n_opened + len(arrivals)
        self._session.execute(update(AccessPointDay).where(that_day).values(n_opened=opened))
        self._session.expire_all()  # the writer's statements pass the session by

"""What rooms that do not know each other share of a publication's way: whether its report was made."""

from sqlalchemy import select

from survey_app.db import Database
from survey_app.models.job import Job, enqueue
from survey_app.models.publishing import (
    HAND_OVER_JOB,
    JOB,
    KIND,
    is_handed_over,
    last_publishing,
    note_report,
)
from tests import factories
from tests.factories import MOMENT


def test_a_publication_is_handed_over_by_its_own_report_alone(database: Database) -> None:
    with database.transaction() as session:
        for publication_id, product, state in (
            (1, "report_pdf", "done"),
            (2, "report_pdf", "queued"),
            (2, "annex", "done"),
        ):
            arguments = {"publication_id": publication_id, "product": product}
            enqueue(session, HAND_OVER_JOB, arguments, MOMENT).state = state
        enqueue(session, "posters", {"access_point_ids": [3]}, MOMENT).state = "done"
        for _ in range(2):
            note_report(session, 44, MOMENT)
    with database.reading() as session:
        assert len(session.scalars(select(Job)).all()) == 5, "one row, however often the command runs"
        assert [is_handed_over(session, number) for number in (1, 2, 3, 4, 44)] == [True, *[False] * 3, True]


def test_what_became_of_a_request_is_told_by_the_latest_job_of_its_own(database: Database) -> None:
    with database.transaction() as session:
        campaign = factories.annual_campaign(session)
        assert last_publishing(session, campaign.id) is None
        asked = factories.approval(session, kind=KIND, campaign_id=campaign.id)
        other = factories.approval(session, kind=KIND, campaign_id=factories.annual_campaign(session).id)
        for approval in (asked, asked, other):
            enqueue(session, JOB, {"approval_id": approval.id}, MOMENT)
        _first, second, third = session.scalars(select(Job).order_by(Job.id))
        found = [last_publishing(session, one.campaign_id) for one in (asked, other)]
        assert [(one.approval, one.job) for one in found if one] == [(asked, second), (other, third)]

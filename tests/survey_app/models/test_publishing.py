"""What rooms that do not know each other share of a publication's way: whether its report was made."""

from survey_app.db import Database
from survey_app.models.audit import note
from survey_app.models.job import enqueue
from survey_app.models.publishing import HAND_OVER_JOB, HANDED_OVER, handed_over_by_command, is_handed_over
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
        asker = factories.staff(session)
        note(session, MOMENT, asker.id, HANDED_OVER, f"{handed_over_by_command(3)}a.pdf")  # no command
        note(session, MOMENT, None, HANDED_OVER, f"{handed_over_by_command(44)}a.pdf")
    with database.reading() as session:
        assert [is_handed_over(session, number) for number in (1, 2, 3, 4, 44)] == [True, *[False] * 3, True]

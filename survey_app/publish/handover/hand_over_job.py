"""The job "handover": one file of a frozen publication."""

from survey_app.models.job import Work
from survey_app.publish.handover.make import Asked, Place, make
from survey_app.publish.handover.products import PRODUCTS


def run(work: Work) -> str | None:
    """Make the file that was asked for; killed and claimed again, it begins anew."""
    product = PRODUCTS[work.arguments["product"]]
    asked = Asked(work.arguments["publication_id"], product, work.arguments["office_ids"])
    mark = f"{asked.publication_id}-{work.job_id}"
    with work.database.reading() as session:
        return make(
            session, asked, Place(work.settings.files_dir, mark, work.settings.public_url), work.report
        )

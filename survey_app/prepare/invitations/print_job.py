"""The job "invitation_slips": a batch in, its slips as one printable file out. Typst comes with it."""

from collections.abc import Iterator

from survey_app.config import VIETNAM_TIME
from survey_app.jobs.files import write_parts
from survey_app.jobs.typesetting import forget_drawings
from survey_app.models.invitation import InvitationBatch
from survey_app.models.job import Work
from survey_app.prepare.invitations.listing import listed_batches
from survey_app.prepare.invitations.slips import SLIPS_A_PAGE, Stack, render_slips
from survey_app.prepare.invitations.tokens import batch_tokens

SLIPS_A_PART = 250 * SLIPS_A_PAGE  # one PDF up to here; beyond, an archive of several


def run(work: Work) -> str:
    today = work.now.astimezone(VIETNAM_TIME).date()
    with work.database.reading() as session:
        (listed,) = listed_batches(session, [work.arguments["batch_id"]], today)
    stack = Stack(
        listed.office.name,
        listed.counter or "",
        work.settings.public_url,
        is_demo=listed.campaign.is_demo or listed.office.is_demo,
    )
    stem = f"phieu-moi-lo-{listed.batch.id}-{work.job_id}"
    return write_parts(work.settings.files_dir, stem, _parts(work, listed.batch, stack))


def _parts(work: Work, batch: InvitationBatch, stack: Stack) -> Iterator[bytes]:
    tokens = list(batch_tokens(batch, work.settings.secrets))
    work.report(0, len(tokens))
    for start in range(0, len(tokens), SLIPS_A_PART):
        some = tokens[start : start + SLIPS_A_PART]
        yield render_slips(stack, some, work.arguments["language"])
        forget_drawings()
        work.report(start + len(some), len(tokens))

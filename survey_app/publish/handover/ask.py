"""Asks for a file of a publication, with its line in the audit log, and lists what somebody asked for."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from survey_app.errors import NotFound
from survey_app.jobs.bound import BOUND, bound_to
from survey_app.models import audit
from survey_app.models.campaign import Campaign
from survey_app.models.job import Job, enqueue
from survey_app.models.publication import IS_WHOLE_INDEX, Figure, Publication
from survey_app.models.publishing import HAND_OVER_JOB, HANDED_OVER
from survey_app.publish.handover.products import Product

LISTED = 10
LOOKED_AT = 200  # somebody's latest jobs of the kind


def find_wave(session: Session, publication_id: int) -> Publication:
    publication = session.get(Publication, publication_id)
    if publication is None or publication.kind != "wave" or publication.sealed_at is None:
        raise NotFound
    return publication


def offices_of(session: Session, publication_id: int) -> set[int]:
    """List the offices of which a publication has figures, those above others among them."""
    # In the words of the index that holds no other figures; not DISTINCT, for which all would be read.
    which = (Figure.publication_id == publication_id, IS_WHOLE_INDEX)
    return set(session.scalars(select(Figure.office_id).where(*which)))


def replaced_by(session: Session, publication: Publication) -> Publication | None:
    """Give the publication that corrects this one, if any."""
    is_later = (Publication.corrects_id == publication.id, Publication.sealed_at.is_not(None))
    return session.scalar(select(Publication).where(*is_later))


def ask_for(
    session: Session,
    publication: Publication,
    product: Product,
    office_ids: Collection[int],
    staff_id: int,
    now: datetime,
) -> Job:
    """Enqueue the job, bound to the right over these offices, and note who wants what."""
    of_file = {
        "publication_id": publication.id,
        "product": product.name,
        "office_ids": sorted(office_ids) if product.by_office else None,
    }
    job = enqueue(
        session, HAND_OVER_JOB, of_file | bound_to(product.right, office_ids), now, owner_id=staff_id
    )
    code = session.get_one(Campaign, publication.campaign_id).code
    what = (
        f"{code}: {product.stem}.{product.ending} của bản công bố số {publication.id} (việc số "
        f"{job.id}, {len(office_ids)} đơn vị)"
    )
    audit.note_over(session, now, staff_id, HANDED_OVER, what, office_ids)
    return job


def asked_before(
    session: Session, publication_id: int, staff_id: int, reached: Mapping[str, Collection[int]]
) -> list[Job]:
    """List somebody's latest files of a publication, less those beyond the reach of the right today."""
    query = select(Job).where(Job.owner_id == staff_id, Job.name == HAND_OVER_JOB).order_by(Job.id.desc())
    found = []
    for job in session.scalars(query.limit(LOOKED_AT)):
        bound = job.arguments[BOUND]
        is_reached = set(bound["office_ids"]).issubset(reached[bound["right"]])
        if is_reached and job.arguments["publication_id"] == publication_id:
            found.append(job)
    return found[:LISTED]

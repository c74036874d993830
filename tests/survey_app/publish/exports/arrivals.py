"""Responses that come, and the tallies that a release would leave of them."""

import zlib
from collections import Counter
from datetime import timedelta

from sqlalchemy import func, insert, select

from survey_app.models.access_point import AccessPoint, AccessPointDay
from survey_app.models.instrument import InstrumentVersion
from survey_app.models.publication import OfficeRelease, Tally
from survey_app.models.response import Response
from tests import factories
from tests.factories import DAY

SETTLED = DAY - timedelta(days=3)  # long enough ago for a closing release


def come(session, point, n=1, day=SETTLED, answers=None, **given):
    """Let responses come by a point on a day."""
    for _ in range(n):
        factories.response(session, answers, access_point_id=point.id, day=day, **given)
    found = session.get(AccessPointDay, (point.id, day))
    if found is None:
        found = factories.access_point_day(session, access_point_id=point.id, day=day, n_received=0)
    found.n_received += n
    session.flush()


def release(session, point):
    """Put all that came by a point into its tallies, as the closing release does."""
    for tally in session.scalars(select(Tally).where(Tally.access_point_id == point.id)):
        session.delete(tally)
    session.flush()
    live = select(Response).where(Response.access_point_id == point.id, Response.approval_id.is_(None))
    groups = {}
    for one in session.scalars(live):
        groups.setdefault((one.day, one.instrument_version_id, one.cell_id or 0), []).append(one.answers)
    for (day, version_id, cell_id), answers in groups.items():
        definition = session.get_one(InstrumentVersion, version_id).definition
        counted = Counter(
            (place, nibble) for packed in answers for place, nibble in enumerate(definition.nibbles(packed))
        )
        counts = b"".join(
            counted[place, nibble].to_bytes(4, "little")
            for place in range(len(definition.items))
            for nibble in range(16)
        )
        session.execute(
            insert(Tally).values(
                access_point_id=point.id,
                day=day,
                instrument_version_id=version_id,
                cell_id=cell_id,
                batch_day=day,
                n_respondents=len(answers),
                counts=zlib.compress(counts),
            )
        )
    count_released(session, point)


def count_released(session, point):
    at = (point.campaign_id, point.office_id, point.provenance)
    points = select(AccessPoint.id).where(
        AccessPoint.campaign_id == at[0], AccessPoint.office_id == at[1], AccessPoint.provenance == at[2]
    )
    n = session.scalar(select(func.sum(Tally.n_respondents)).where(Tally.access_point_id.in_(points))) or 0
    found = session.get(OfficeRelease, at)
    if found is None:
        keys = dict(zip(("campaign_id", "office_id", "provenance"), at, strict=True))
        factories.office_release(session, **keys, n_released=n, closed_on=DAY)
    else:
        found.n_released = n


def point_of(session, office, campaign, label="Quầy số 1", **given):
    counter = factories.counter(session, office_id=office.id, label=label)
    return factories.access_point(
        session, office_id=office.id, campaign_id=campaign.id, counter_id=counter.id, **given
    )

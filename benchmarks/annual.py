"""Annual campaigns under way and over, for pages of fieldwork, of weights and of what is handed over."""

import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, func, insert, literal, null, select
from sqlalchemy.orm import Session

from benchmarks.hall import Hall, today
from benchmarks.spread import copied, spread
from survey_app.models import aapor
from survey_app.models.access_point import AccessPoint
from survey_app.models.campaign import Campaign
from survey_app.models.invitation import SpentInvitation
from survey_app.models.invitation_token import secret_mark
from survey_app.models.office import ALL_FIELDS, DossierCount, Office
from survey_app.models.publication import Comparison, Distribution, Figure, Publication
from survey_app.models.snapshot import PublicationRecipe
from survey_app.models.weighting import WEIGHTING_STEPS
from tests import factories

N_UNITS, N_RESERVES, N_ANSWERED = 40, 4, 16  # of each office: invited, kept in reserve, with a spent token
# What was entered of the first two of an office, by its place: refusals, letters that came back, paper forms
ENTERED = (
    (aapor.REFUSED, aapor.REFUSED, aapor.CAME_BACK, "2.2", aapor.COMPLETE),
    (aapor.REFUSED, aapor.COMPLETE, "4.1", aapor.REFUSED, aapor.CAME_BACK),
)
N_BANDS = 5


def invite(
    session: Session, hall: Hall, campaign_id: int, draw_id: int, offices: Sequence[Office]
) -> dict[str, Any]:
    """Invite all units of a draw by letter, a cell and a batch an office; some have answered."""
    first, last = offices[0].id, offices[-1].id
    others, place = Office.id.between(first + 1, last), Office.id - first
    cell = factories.sample_cell(
        session, campaign_id=campaign_id, draw_id=draw_id, n_drawn=N_UNITS, stratum="S0", psu="1"
    )
    stratum = literal("S") + cast(place % N_BANDS, String)
    spread(session, cell, others, id=cell.id + place, stratum=stratum)
    point = _way_in(session, campaign_id, first, others, place)
    mark = secret_mark(hall.settings.secrets[0])
    of_letters = {"delivery": "letter", "n_issued": N_UNITS, "secret_mark": mark}
    batch = factories.invitation_batch(session, access_point_id=point, cell_id=cell.id, **of_letters)
    spread(
        session, batch, others, id=batch.id + place, access_point_id=point + place, cell_id=cell.id + place
    )
    _list_units(session, draw_id, first, cell.id, others, place)
    session.execute(insert(SpentInvitation), _spent(batch.id, len(offices)))
    return {"unit": "D1"}


def _list_units(
    session: Session,
    draw_id: int,
    first: int,
    first_cell: int,
    others: ColumnElement[bool],
    place: ColumnElement[int],
) -> None:
    """List the first office's units, some in reserve, some with an outcome; those of the others follow."""
    n_listed = N_UNITS + N_RESERVES
    for serial in range(n_listed):
        number, is_main = place * n_listed + serial + 1, serial < N_UNITS
        entered = ENTERED[serial] if serial < len(ENTERED) else ()
        told = {"outcome": entered[0], "outcome_on": today()} if entered else {}
        unit = factories.sampled_unit(
            session,
            draw_id=draw_id,
            number=serial + 1,
            unit=f"D{serial + 1}",
            office_id=first,
            cell_id=first_cell,
            list_name="L0",
            is_main=is_main,
            position=serial + 1,
            serial=serial if is_main else None,
            **told,
        )
        of_office = {"office_id": Office.id, "cell_id": first_cell + place}
        of_office["list_name"] = literal("L") + cast(place, String)
        if entered:
            is_turn = [(place % len(entered) == turn, code) for turn, code in enumerate(entered)]
            of_office["outcome"] = case(*is_turn)
        spread(session, unit, others, number=number, unit=literal("D") + cast(number, String), **of_office)


def _way_in(
    session: Session, campaign_id: int, first: int, others: ColumnElement[bool], place: ColumnElement[int]
) -> int:
    """Give each office the point at which its drawn people answer; those of the others follow the first."""
    # Past the numbers that the database gave by itself: it does not know of those that are spread.
    point = factories.access_point(
        session,
        id=session.scalar(select(func.max(AccessPoint.id) + 1)),
        campaign_id=campaign_id,
        office_id=first,
        code=None,
        way_in="invitation",
        provenance="A",
        issued_on=today(),
    )
    spread(session, point, others, id=point.id + place, office_id=Office.id, code=null())
    return point.id


def _spent(first_batch: int, n_batches: int) -> list[dict[str, Any]]:
    return [
        {"batch_id": first_batch + place, "token_hash": secrets.token_bytes(16)}
        for place in range(n_batches)
        for _ in range(N_ANSWERED)
    ]


def freeze(session: Session, hall: Hall, running: Publication, offices: Sequence[Office]) -> dict[str, Any]:
    """Publish a wave whose figures are those that are at hand, of a drawn sample, with ranks and weights."""
    over = today() - timedelta(days=30)
    campaign = factories.annual_campaign(
        session,
        code="bench-wave",
        instrument_version_id=hall.version_id,
        opens_on=over - timedelta(days=30),
        closes_on=over,
    )
    wave = factories.publication(
        session,
        campaign_id=campaign.id,
        kind="wave",
        recipe_id=secrets.token_hex(32),
        covers_from=campaign.opens_on,
        covers_until=over,
    )
    first, last = offices[0].id, offices[-1].id
    _way_in(session, campaign.id, first, Office.id.between(first + 1, last), Office.id - first)
    of_wave = {"publication_id": literal(wave.id), "provenance": literal("A")}
    copied(session, Figure, running.id, sampling_basis=literal("probability"), **of_wave)
    copied(session, Distribution, running.id, **of_wave)
    band = Comparison.office_id % N_BANDS + 1
    ranks = {"best_rank": band, "worst_rank": len(offices) - band, "n_ranked": literal(len(offices))}
    copied(session, Comparison, running.id, band=band, **ranks, **of_wave)
    _say_how(session, campaign, wave, offices)
    wave.sealed_at = datetime.now(UTC)
    session.flush()
    return {"wave_id": campaign.id, "publication_id": wave.id}


def _say_how(session: Session, campaign: Campaign, wave: Publication, offices: Sequence[Office]) -> None:
    """Keep what pages read of the recipe, which is the dossiers, and the steps of the weights."""
    months = DossierCount.month.between(campaign.opens_on.replace(day=1), wave.covers_until)
    counts = (
        select(Office.code, DossierCount.month, DossierCount.n_settled)
        .join(Office, Office.id == DossierCount.office_id)
        .where(DossierCount.field_id == ALL_FIELDS, months)
    )
    dossiers = [[code, f"{month}", None, n] for code, month, n in session.execute(counts)]
    document = json.dumps({"dossiers": dossiers})
    session.add(PublicationRecipe(publication_id=wave.id, document_json=document, made_with={}))
    counted = {"n_issued": N_UNITS, "n_eligible": N_UNITS, "n_unknown": 0, "n_answered": N_ANSWERED}
    told = {"response_rate": N_ANSWERED / N_UNITS, "factor": N_UNITS / N_ANSWERED}
    cells = [{"members": [[office.code, "1"]], **counted, **told} for office in offices]
    details = {"nonresponse": {"cells": cells}, "raking": {"margins": []}, "trimming": {"n_trimmed": 0}}
    for step in WEIGHTING_STEPS:
        factories.weighting_step(session, publication_id=wave.id, step=step, details=details.get(step, {}))

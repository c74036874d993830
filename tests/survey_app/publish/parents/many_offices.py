"""A province with as many offices below it as a test needs, compared as a release compares them."""

import random

from sqlalchemy.orm import Session

from survey_app.models.office import Office
from survey_app.models.vietnamese import sort_key
from survey_app.publish.releasing.ranking import Compared, IndexOfOffice, compare_family
from tests import factories

TARGET = 0.85
NAMES = ("An Phú", "Bình Minh", "Điện Biên Phủ", "Xá Lượng", "Tân Lập", "Phước Hải", "Đại Đồng", "Hòa Bình")
PERIODS = ("month:2026-01", "month:2026-02")


def province(
    session: Session,
    n_offices: int,
    *,
    provenance: str = "C",
    basis: str = "opt_in",
    target: float = TARGET,
    code: str = "quay",
) -> Office:
    """Every seventeenth office has no figure, every twenty-third a hidden one; every other one a change."""
    chance = random.Random(1)
    parent = factories.office(session, kind="province", name="Tỉnh Mẫu")
    campaign = factories.campaign(session, code=code, sampling_basis=basis, target=target)
    publication = factories.publication(session, campaign_id=campaign.id)
    shared = {"publication_id": publication.id, "provenance": provenance}
    figures = {**shared, "sampling_basis": basis}
    for breakdown in ("", *PERIODS):
        factories.figure(session, office_id=parent.id, breakdown=breakdown, population_size=90_000, **figures)
    factories.figure_change(session, office_id=parent.id, **shared)
    family = []
    for number in range(n_offices):
        name = f"Bộ phận Một cửa {'xã' if number % 3 else 'phường'} {NAMES[number % 8]} {number}"
        kind = "commune_section" if number % 30 else "district_section"
        office = factories.office(session, name=name, sort_key=sort_key(name), parent_id=parent.id, kind=kind)
        if number % 17 == 5:
            continue
        value, error = min(0.98, max(0.5, chance.gauss(0.84, 0.08))), 0.02 + 0.02 * chance.random()
        hidden = "few" if number % 23 == 7 else None
        found = factories.figure(
            session,
            office_id=office.id,
            value=value,
            standard_error=error,
            low=max(0.0, value - 2.1 * error),
            high=min(1.0, value + 2 * error),
            degrees_of_freedom=30,
            n_respondents=3 if hidden else 1_000 + number,
            n_people=3 if hidden else 1_000 + number,
            population_size=None if number % 11 == 3 else 4_000,
            hidden_inside=hidden,
            **figures,
        )
        if number % 2:
            moved = max(-0.02, min(0.05, chance.gauss(0.01, 0.01)))
            factories.figure_change(session, office_id=office.id, value=moved, **shared)
        one = IndexOfOffice(*(getattr(found, column) for column in IndexOfOffice._fields))
        if one.takes_part:
            family.append(one)
    rows = [{"parent_id": parent.id, **row} for row in compare_family(family, provenance, target)]
    Compared(provenance, [parent.id], rows).write(session, publication.id)
    return parent

"""What of the dossier counts does not agree: of a parent, of today, and as it was when a wave was frozen."""

import json
from datetime import date

import pytest

from survey_app.models.snapshot import PublicationRecipe
from survey_app.publish.shown.gaps import Gap, Gaps, gaps_of
from tests import factories

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
MONTH = date(2026, 3, 1)


def test_gaps_are_those_of_the_offices_below_and_of_the_counts_that_were_frozen(database):
    with database.transaction() as session:
        running = factories.publication(session)
        recipe = {"kind": "wave", "campaign_id": running.campaign_id, "recipe_id": "a gap frozen"}
        wave = factories.publication(session, **recipe)
        province = factories.office(session, kind="province")
        field = factories.service_field(session)
        then = []
        for code, of_fields, late, takes_part in (
            ("A", 90, 10, True),
            ("B", 130, 6, True),
            ("C", 1, 1, False),
        ):
            office = factories.office(session, code=code, parent_id=province.id)
            if takes_part:
                factories.access_point(session, campaign_id=running.campaign_id, office_id=office.id)
            here = {"office_id": office.id, "month": MONTH}
            parts = {"n_early": 50, "n_on_time": 40, "n_late": late}
            n_usual = 30 if code == "B" else None  # somebody accepted a jump
            factories.dossier_count(session, **here, n_settled=100, n_usual=n_usual, **parts)
            factories.dossier_count(session, **here, field_id=field.id, n_settled=of_fields)
            for before_or_after in (date(2026, 1, 1), date(2026, 7, 1)):
                factories.dossier_count(
                    session, office_id=office.id, month=before_or_after, n_settled=9, n_usual=5
                )
            # Office A counted otherwise when the wave was frozen.
            then += [[code, "2026-03-01", None, 300 if code == "A" else 100], [code, "2026-03-01", "F", 93]]
        document = json.dumps({"dossiers": [row for row in then if row[0] != "C"]})
        session.add(PublicationRecipe(publication_id=wave.id, document_json=document, made_with={}))
        session.flush()
        assert gaps_of(session, province.id, running) == Gaps(Gap(1, 4), Gap(2, 40), Gap(1, 70))
        assert gaps_of(session, province.id, wave) == Gaps(Gap(1, 4), Gap(2, 214), Gap(1, 70))
        assert not gaps_of(session, office.id, running), "it takes no part"

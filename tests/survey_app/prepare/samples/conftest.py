"""A frame of four communes, drawn by any plan; one of them is too small for an invitation."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from survey_app.models.frame import frame_path
from survey_app.models.plan_document import (
    Allocation,
    Calendar,
    PlanDocument,
    PlannedStage,
    Population,
    Precision,
    Publishing,
    Weighting,
)
from survey_app.prepare.frames.canonical import SCHEMA, hash_of_file
from tests import factories

DOSSIERS = {"XA-A": 3, "XA-B": 40, "XA-C": 120, "XA-D": 240}
OPENS_ON, CLOSES_ON = date(2026, 12, 1), date(2026, 12, 31)
FROZEN_AT = datetime(2026, 11, 1, 2, tzinfo=UTC)
SYSTEMATIC = (PlannedStage(unit="dossier", method="systematic", order=("field", "settled_on")),)
SIMPLE = (PlannedStage(unit="dossier", method="simple"),)
IN_CLUSTERS = (
    PlannedStage(unit="cluster", method="pps", n_taken=3),
    PlannedStage(unit="dossier", method="systematic", order=("field",)),
)
IN_OFFICES = (
    PlannedStage(unit="office", method="pps", n_taken=2),
    PlannedStage(unit="cluster", method="simple", share_taken=0.5),
    PlannedStage(unit="dossier", method="simple"),
)


def plan(stages=SYSTEMATIC, n_drawn=120, **changes):
    parts = {
        "population": Population(
            described="Người dân có hồ sơ đã giải quyết",
            tops=("T",),
            settled_from=date(2025, 1, 1),
            settled_until=date(2025, 12, 31),
        ),
        "precision": Precision(response_rate=0.8),
        "stages": stages,
        "allocation": Allocation(method="equal", minimum=20, n_drawn=n_drawn, reserve_share=0.25),
        "weighting": Weighting(cells=("sex",)),
        "publication": Publishing(tables=("office",)),
        "seed": "Xổ số ngày 01/03/2026: 12345",
        "calendar": Calendar(
            fieldwork_from=OPENS_ON, fieldwork_until=CLOSES_ON, publication_by=date(2027, 2, 1)
        ),
    }
    return PlanDocument(**parts | changes)


def dossiers(numbers=DOSSIERS):
    """Make up rows of a frame, sorted by id; what they hold follows from their number."""
    found = []
    for code, n in numbers.items():
        for number in range(n):
            day = date(2025, 1, 1) + timedelta(days=number * 37 % 365)
            found.append(
                {
                    "unit": f"H-{code}-{number:05}",
                    "receives": code,
                    "decides": code,
                    "cluster": f"Thôn {number % 5 + 1}" if number % 11 else None,
                    "field": ("đất đai", "hộ tịch", None)[number % 3],
                    "settled_on": day,
                    "sex": ("male", "female", "female", None)[number % 4] if number % 7 else "male",
                }
            )
    return sorted(found, key=lambda one: one["unit"])


def write_frame(folder, rows):
    """Write the file of a frame as an import does, in several pieces; give its path, named by its hash."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / "draft.parquet"
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    with pq.ParquetWriter(draft, SCHEMA, compression="zstd") as file:
        file.write_table(table, row_group_size=150)
    return draft.rename(folder / f"{hash_of_file(draft)}.parquet")


def lay(session, settings, document, rows=None, form=None, totals=None):
    """Bring the offices, a campaign with this plan frozen, and a frame of it into the database."""
    rows = dossiers() if rows is None else rows
    top = factories.office(session, code="T", kind="province", name="Tỉnh Mẫu")
    counts = Counter(row["receives"] for row in rows)
    offices = {
        code: factories.office(session, code=code, name=f"Xã {code[-1]}", parent_id=top.id) for code in counts
    }
    campaign = factories.annual_campaign(
        session,
        code="do-luong-2026",
        opens_on=OPENS_ON,
        closes_on=CLOSES_ON,
        **({} if form is None else {"instrument_version_id": form.id}),
    )
    factories.frozen_plan(session, document, campaign_id=campaign.id, frozen_at=FROZEN_AT)
    path = write_frame(frame_path(settings.data_dir, "x").parent, rows)
    found = {"rules": [], "unknown_offices": [], "totals": totals or {}, "n_clusters": 6}
    frame = factories.frame(
        session,
        campaign_id=campaign.id,
        frame_hash=path.stem,
        n_units=len(rows),
        n_rows=len(rows),
        found=found | {"plan_hash": document.hash},
    )
    for code, office in offices.items():
        factories.frame_office(
            session,
            frame_id=frame.id,
            office_id=office.id,
            n_received=counts[code],
            n_decided=counts[code],
        )
    return campaign


@pytest.fixture(scope="session")
def frame_file(tmp_path_factory):
    return write_frame(tmp_path_factory.mktemp("frame"), dossiers())

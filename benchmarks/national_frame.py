"""A dossier list of the country, made up: how long a frame and a sample of it take, and how much memory.

    python -m benchmarks.national_frame --rows 1_000_000
    python -m benchmarks.national_frame --rows 10_000_000 --broken 0.05

The list is made by a seeded generator, in pieces, so it takes no memory of its own; import and draw run as
processes of their own, whose times and largest memories are read from the kernel.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from survey_app.models.plan_document import PlanDocument

N_COMMUNES, N_PROVINCES = 3321, 34
FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
ROWS_AT_ONCE = 50_000
FIELDS = ("Đất đai", "Hộ tịch", "Chứng thực", "Bảo trợ xã hội", "Đăng ký kinh doanh", "Xây dựng", "Giáo dục")
PROCEDURES = tuple(f"Thủ tục {field.lower()} số {number}" for field in FIELDS for number in range(1, 21))
SURNAMES, GIVEN = ("Nguyễn", "Trần", "Lê", "Phạm", "Vũ", "Đặng"), ("An", "Bình", "Hạnh", "Lan", "Minh", "Tú")
HEADER = (
    "Mã hồ sơ,Mã đơn vị tiếp nhận,Mã đơn vị giải quyết,Thôn,Lĩnh vực,Tên thủ tục,Hình thức nộp,"
    "Ngày tiếp nhận,Ngày giải quyết xong,Kết quả theo hạn,Giới tính,Nhóm tuổi,Họ và tên,Địa chỉ,Điện thoại\n"
)
CAMPAIGN = "quoc-gia-2026"
N_DRAWN = 36_525


def commune(number: int) -> str:
    return f"XA-{number:04}"


def rows(n_rows: int, seed: int, broken: float) -> Iterator[str]:
    """Give the lines of a list; `broken` of them break one of the rules."""
    random_numbers = random.Random(seed)  # made-up dossiers, no secret
    days = [(FIRST + timedelta(days=n)).isoformat() for n in range((LAST - FIRST).days + 1)]
    weights = [1 / (10 + number % 97) for number in range(N_COMMUNES)]
    for start in range(0, n_rows, ROWS_AT_ONCE):
        n = min(ROWS_AT_ONCE, n_rows - start)
        offices = random_numbers.choices(range(N_COMMUNES), weights, k=n)
        yield "".join(
            _row(start + place, office, days, random_numbers, broken) for place, office in enumerate(offices)
        )


def _row(number: int, office: int, days: list[str], random_numbers: random.Random, broken: float) -> str:
    draw = random_numbers.random
    received = int(draw() * (len(days) - 20))
    settled = received + int(draw() * 20)
    shuffled = number * 7_368_787 % 99_999_989  # ids do not come in order
    unit = f"H{office % N_PROVINCES:02}.{office:04}-25{received:03}-{shuffled:08}"
    code = commune(office)
    cells = [
        unit,
        code,
        code,
        f"Thôn {1 + int(draw() * 12)} xã {office}",
        FIELDS[int(draw() * 7)],
        PROCEDURES[int(draw() * 140)],
        "Trực tuyến" if draw() < 0.6 else "Trực tiếp",
        days[received],
        days[settled],
        ("Trước hạn", "Đúng hạn", "Quá hạn")[int(draw() ** 2 * 3)],
        "Nam" if draw() < 0.5 else "Nữ",
        str(18 + int(draw() * 60)),
        f"{SURNAMES[int(draw() * 6)]} {GIVEN[int(draw() * 6)]}",
        f"Số {1 + int(draw() * 300)} đường Mẫu xã {office}",
        f"09{int(draw() * 1e8):08}",
    ]
    if broken and draw() < broken:
        _break(cells, number, random_numbers)
    return ",".join(cells) + "\n"


def _break(cells: list[str], number: int, random_numbers: random.Random) -> None:
    kind = int(random_numbers.random() * 6)
    if kind == 0:
        cells[0] = ""
    elif kind == 1:
        cells[1] = f"XA-9{number % 500:03}"
    elif kind == 2:
        cells[7], cells[8] = "2025-12-31", "2025-01-01"
    elif kind == 3:
        cells[8] = "31/02/2025"
    elif kind == 4:
        cells.append("thừa")
    else:
        cells[0] = "H00.0000-25001-00000001"  # many dossiers under one id, all different


def write_list(path: Path, n_rows: int, seed: int = 6, broken: float = 0.0) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for lines in rows(n_rows, seed, broken):
            file.write(lines)


def prepare(environment: dict[str, str]) -> None:
    """Begin an installation with all communes and an annual campaign."""
    from survey_app import create_app
    from survey_app.cli.database import migrate
    from survey_app.config import begin, read_settings
    from tests import factories

    settings = begin(read_settings(environment))
    app = create_app(settings)
    database = app.extensions["database"]
    migrate(database)
    with database.transaction() as session:
        tops = [
            factories.office(session, code=f"T-{n:02}", kind="province", valid_from=date(2025, 1, 1))
            for n in range(N_PROVINCES)
        ]
        for number in range(N_COMMUNES):
            parent = tops[number % N_PROVINCES]
            code = commune(number)
            factories.office(session, code=code, parent_id=parent.id, valid_from=date(2025, 1, 1))
        days = {"opens_on": date(2026, 1, 5), "closes_on": LAST.replace(year=2100)}
        campaign = factories.campaign(session, code=CAMPAIGN, kind="annual", **days)
        document = plan()
        factories.campaign_plan(
            session,
            campaign_id=campaign.id,
            document_json=document.to_json(),
            frozen_at=datetime(2026, 1, 1, tzinfo=UTC),
            hash=document.hash,
        )
    app.extensions["desk"].writer.close()
    database.engine.dispose()


def plan() -> "PlanDocument":
    """Plan to draw along the order of field, channel and day, as many dossiers in each commune."""
    from survey_app.models.plan_document import (
        Allocation,
        PlanDocument,
        PlannedStage,
        Population,
        Precision,
        Weighting,
    )

    order = ("field", "channel", "settled_on")
    return PlanDocument(
        population=Population(settled_from=FIRST, settled_until=LAST),
        precision=Precision(response_rate=0.6),
        stages=(PlannedStage(unit="dossier", method="systematic", order=order),),
        allocation=Allocation(n_drawn=N_DRAWN, minimum=5, reserve_share=0.5),
        weighting=Weighting(cells=("sex", "age_band")),
        seed="Xổ số kiến thiết 05/01/2026: 48291",
    )


def measured(name: str, *command: str, environment: dict[str, str]) -> dict[str, float | str]:
    """Run a command of the service as a process; give its times and its largest memory."""
    began = time.monotonic()
    arguments = [sys.executable, "-m", "flask", "--app", "survey_app", *command]
    process = subprocess.Popen(arguments, env=os.environ | environment)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{name} failed")
    return {
        "step": name,
        "wall_s": round(time.monotonic() - began, 1),
        "cpu_s": round(used.ru_utime + used.ru_stime, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--broken", type=float, default=0.0)
    options.add_argument("--seed", type=int, default=6)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {"DATA_DIR": str(folder / "data"), "DEMO": "no"}
        prepare(environment)
        path = folder / "danh-sach.csv"
        began = time.monotonic()
        write_list(path, asked.rows, asked.seed, asked.broken)
        megabytes, seconds = path.stat().st_size / 1e6, time.monotonic() - began
        print(f"{asked.rows:,} lines, {megabytes:,.0f} MB, made in {seconds:.0f} s")
        steps = {
            "import": ("frame", "import", CAMPAIGN, str(path), "--accept"),
            "draw": ("sample", "draw", CAMPAIGN),
            "replay": ("sample", "replay", CAMPAIGN),
        }
        for name, command in steps.items():
            print(json.dumps({"rows": asked.rows, **measured(name, *command, environment=environment)}))


if __name__ == "__main__":
    main()

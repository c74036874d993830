"""Reads the first sheet of a spreadsheet from its input, as a process of its own under hard limits.

A file that blows up, hangs or breaks the reader takes this process with it, and nothing else. It is run by
its path, so it knows nothing of the house.
"""

import json
import resource
import sys
from datetime import date, datetime

MOST_MEMORY = 72 * 1024 * 1024  # of the process's own: what it maps from files comes on top
MOST_CPU_SECONDS = 1
MOST_CELLS = 300_000
TOO_LARGE, UNREADABLE = 3, 4  # exit codes


def limit() -> None:
    """Ask the kernel to end this process, rather than to let it take more."""
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_SECONDS, MOST_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def plain(value: object) -> str | float:
    """Give a number as a number and all else as text; a day without a time as a day."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == datetime.min.time() else value.isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def main() -> int:
    limit()
    from io import BytesIO

    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(sys.stdin.buffer.read()))
        sheet = workbook.get_sheet_by_index(0)
        if sheet.height * sheet.width > MOST_CELLS:
            return TOO_LARGE
        # From the first row of the sheet: the numbers of lines are those that its writer sees.
        rows = sheet.to_python(skip_empty_area=False)
    except MemoryError:
        return TOO_LARGE
    except (CalamineError, OSError, ValueError):
        return UNREADABLE
    json.dump([[plain(value) for value in row] for row in rows], sys.stdout, ensure_ascii=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

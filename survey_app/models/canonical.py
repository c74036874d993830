"""JSON that is written in one way alone, so that its hash names what it says."""

import json
from datetime import date
from typing import Any


def canonical(plain: Any) -> str:
    """Write keys in order, no spaces, letters as they are, days as ISO dates; refuse what JSON cannot say."""
    return _write(plain)


_write = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=date.isoformat
).encode

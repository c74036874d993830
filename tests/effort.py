"""How much work something takes: seconds on a core, whatever else the machine does meanwhile."""

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def working_at_most(seconds: float) -> Iterator[None]:
    """Fail if what happens within works longer, here or in child processes that have ended by then."""
    before = _worked()
    yield
    took = _worked() - before
    assert took < seconds, f"{took:.2f} s of work, at most {seconds} s are promised"


def _worked() -> float:
    return sum(os.times()[:4])  # user and system, of this process and of its children

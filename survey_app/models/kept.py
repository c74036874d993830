"""What a process reads once and keeps, under names that nothing else ever has."""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The few that were read last. A name says which state of which rows was read: what changes is renamed.

    Threads share what is kept, so nobody changes it.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._values: dict[Hashable, Value] = {}
        self._turn = Lock()

    def get(self, name: Hashable, read: Callable[[], Value]) -> Value:
        """Give what has this name; the oldest makes room for what had to be read."""
        found = self._values.get(name)
        if found is None:
            found = read()  # by two threads at once, if both need it
            with self._turn:
                while len(self._values) >= self._at_once:
                    del self._values[next(iter(self._values))]
                self._values[name] = found
        return found

"""What a process reads once and keeps, under names that nothing else ever has."""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The few that were read last. A name says which state of which rows was read: what changes is renamed.

    Threads share what is kept, so nobody changes it; at most something is added that whoever needs it would
    find the same.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._values: dict[Hashable, Value] = {}
        self._turn = Lock()

    def get(self, name: Hashable, read: Callable[[], Value]) -> Value:
        """Give what has this name; what had to be read is kept."""
        found = self.find(name)
        return self.keep(name, read()) if found is None else found

    def find(self, name: Hashable) -> Value | None:
        return self._values.get(name)

    def keep(self, name: Hashable, value: Value) -> Value:
        """Keep something new, for which the oldest makes room; of two who read the same, the first stays."""
        with self._turn:
            if name not in self._values:
                while len(self._values) >= self._at_once:
                    del self._values[next(iter(self._values))]
                self._values[name] = value
            return self._values[name]

"""What a process keeps: the few that were read last, and one of each, however many read it at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from survey_app.models.kept import Kept


def test_what_is_kept_is_not_read_again_and_the_oldest_makes_room() -> None:
    kept: Kept[str] = Kept(at_once=2)
    read = []

    def reading(name: str) -> str:
        return kept.get(name, lambda: read.append(name) or name.upper())

    assert [reading(name) for name in "abab"] == ["A", "B", "A", "B"]
    assert read == ["a", "b"]
    reading("c")
    assert [kept.find(name) for name in "abc"] == [None, "B", "C"]


def test_two_who_read_the_same_at_once_share_it_and_throw_nothing_else_out() -> None:
    kept: Kept[object] = Kept(at_once=2)
    kept.keep("other", "read before")
    both_read = Barrier(2, timeout=10)

    def read() -> object:
        both_read.wait()
        return object()

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: kept.get("same", read), range(2))
    assert one is other is kept.find("same")
    assert kept.find("other") == "read before"

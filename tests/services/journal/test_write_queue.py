"""The queue of exchanges that wait: never more than it may hold, and a flood from one app costs the others nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sickbay.services.journal.write_queue import Queue

arrivals = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=60)


@given(arrivals, st.integers(1, 10), st.integers(0, 100))
def test_it_never_holds_more_than_it_may_and_counts_what_it_dropped(
    arriving: list[tuple[str, int]], most: int, most_bytes: int
) -> None:
    queue: Queue[int] = Queue(most, most_bytes)
    for number, (owner, weight) in enumerate(arriving):
        queue.add(number, owner, weight)
        assert len(queue) <= most
        assert queue.bytes == sum(weight for _, _, weight in queue.items()) <= most_bytes
        assert len(queue) + queue.dropped == number + 1


@given(arrivals)
def test_of_each_app_the_newest_stay(arriving: list[tuple[str, int]]) -> None:
    queue: Queue[int] = Queue(7, 10_000)
    for number, (owner, weight) in enumerate(arriving):
        queue.add(number, owner, weight)
    for name in "abc":
        came = [number for number, (owner, _) in enumerate(arriving) if owner == name]
        left = [number for number, owner, _ in queue.items() if owner == name]
        assert left == came[len(came) - len(left) :]


@given(st.integers(8, 200))
def test_a_flood_from_one_app_drops_only_its_own(flood: int) -> None:
    queue: Queue[str] = Queue(8, 1000)
    for name in ("one", "two", "three"):
        queue.add(name, name, 1)
    for _ in range(flood):
        queue.add("flood", "flood", 1)
    assert {item for item, owner, _ in queue.items() if owner != "flood"} == {"one", "two", "three"}
    assert len(queue) == 8


def test_one_that_weighs_more_than_the_queue_may_is_not_kept() -> None:
    queue: Queue[str] = Queue(8, 100)
    queue.add("large", "a", 101)
    assert (len(queue), queue.bytes, queue.dropped) == (0, 0, 1)


def test_what_is_put_back_comes_before_what_came_since() -> None:
    queue: Queue[int] = Queue(3, 100)
    for number in (1, 2):
        queue.add(number, "a", 1)
    taken = queue.items()
    queue.clear()
    assert (len(queue), queue.bytes) == (0, 0)
    for number in (3, 4):
        queue.add(number, "a", 1)
    queue.put_back(taken)
    assert [item for item, _, _ in queue.items()] == [2, 3, 4]

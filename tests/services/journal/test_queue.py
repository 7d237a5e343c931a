"""The queue of exchanges never exceeds its limits, and a flood from one app drops only its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sickbay.services.journal.queue import Queue

arrivals = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=60)


@given(arrivals, st.integers(1, 10), st.integers(0, 100))
def test_the_queue_never_exceeds_its_limits_and_counts_dropped_items(
    arriving: list[tuple[str, int]], most: int, most_bytes: int
) -> None:
    queue: Queue[int] = Queue(most, most_bytes)
    for number, (owner, weight) in enumerate(arriving):
        queue.add(number, owner, weight)
        assert len(queue) <= most
        assert queue.bytes == sum(weight for _, _, weight in queue.items()) <= most_bytes
        assert len(queue) + queue.dropped == number + 1


@given(arrivals)
def test_the_newest_items_of_each_app_stay(arriving: list[tuple[str, int]]) -> None:
    queue: Queue[int] = Queue(7, 10_000)
    for number, (owner, weight) in enumerate(arriving):
        queue.add(number, owner, weight)
    for name in "abc":
        added = [number for number, (owner, _) in enumerate(arriving) if owner == name]
        remaining = [number for number, owner, _ in queue.items() if owner == name]
        assert remaining == added[len(added) - len(remaining) :]


@given(st.integers(8, 200))
def test_a_flood_from_one_app_drops_only_its_own_items(flood: int) -> None:
    queue: Queue[str] = Queue(8, 1000)
    for name in ("one", "two", "three"):
        queue.add(name, name, 1)
    for _ in range(flood):
        queue.add("flood", "flood", 1)
    assert {item for item, owner, _ in queue.items() if owner != "flood"} == {"one", "two", "three"}
    assert len(queue) == 8


def test_an_item_that_exceeds_the_weight_limit_is_dropped() -> None:
    queue: Queue[str] = Queue(8, 100)
    queue.add("large", "a", 101)
    assert (len(queue), queue.bytes, queue.dropped) == (0, 0, 1)


def test_items_that_are_put_back_come_before_newer_ones() -> None:
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


@given(arrivals, st.integers(1, 10), st.integers(0, 100))
def test_only_an_app_with_the_most_items_loses_one(arriving: list[tuple[str, int]], most: int, most_bytes: int) -> None:
    queue: Queue[int] = Queue(most, 10_000 if most % 2 else most_bytes)
    for number, (owner, weight) in enumerate(arriving):
        before = [name for _, name, _ in queue.items()] + [owner]
        queue.add(number, owner, weight)
        after = [name for _, name, _ in queue.items()]
        lost = {name for name in before if before.count(name) > after.count(name)}
        if most % 2 and lost:
            assert all(before.count(name) == max(map(before.count, before)) for name in lost)


@given(arrivals, st.sampled_from("abc"))
def test_only_the_chosen_items_are_kept_and_the_others_do_not_count_as_dropped(
    arriving: list[tuple[str, int]], removed: str
) -> None:
    queue: Queue[str] = Queue(20, 400)
    for owner, weight in arriving:
        queue.add(owner, owner, weight)
    before, dropped = queue.items(), queue.dropped
    queue.replace(lambda items: [item for item in items if item[0] != removed])
    assert queue.items() == tuple(entry for entry in before if entry[0] != removed)
    assert (len(queue), queue.bytes) == (len(queue.items()), sum(weight for _, _, weight in queue.items()))
    assert queue.dropped == dropped


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("add", "add", "take", "remove"))), max_size=40))
def test_taking_items_out_keeps_the_order_of_each_app_and_all_counts(operations: list[tuple[str, str]]) -> None:
    queue: Queue[int] = Queue(1_000, 10_000)
    waiting: dict[str, list[int]] = {"a": [], "b": [], "c": []}
    for number, (owner, operation) in enumerate(operations):
        if operation == "add":
            queue.add(number, owner, number)
            waiting[owner].append(number)
        elif operation == "take" and len(queue):
            item, of, weight = queue.take()
            assert (waiting[of].pop(0), weight) == (item, item)
        elif operation == "remove":
            removed = {item for item, _, _ in queue.remove(lambda item: item % 3 == 0)}
            assert removed == {item for items in waiting.values() for item in items if item % 3 == 0}
            waiting = {of: [item for item in items if item % 3] for of, items in waiting.items()}
        assert len(queue) == sum(map(len, waiting.values()))
        assert queue.bytes == sum(map(sum, waiting.values()))
        assert queue._largest == max(map(len, waiting.values()))

"""What listeners get: each exchange once, whatever is stored and deleted around it, and the newest of too many."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.laws import examples

from sickbay.services import live_exchanges
from sickbay.services.live_exchanges import JournalPosition, Listener, _JournalReader, parse_position
from sickbay.storage.exchange_filter import ColumnCondition, ExchangeRow
from sickbay.storage.interface import Clear, Delete, Put, Record
from sickbay.storage.sqlite.store import open_store

STEPS = st.lists(st.sampled_from(("exchange", "token", "delete token", "clear", "look")), max_size=25)


@settings(max_examples=examples(500))
@given(STEPS)
def test_every_exchange_is_read_once_whatever_is_stored_and_deleted(steps: list[str]) -> None:
    """SQLite gives the number of a deleted record to a later one. What is deleted before the next look may be left out."""
    asyncio.run(follow([*steps, "look"]))


async def follow(steps: Sequence[str]) -> None:
    with TemporaryDirectory(prefix="sickbay-live-") as folder:
        await follow_in(Path(folder), steps)


async def follow_in(folder: Path, steps: Sequence[str]) -> None:
    store = open_store(folder / "sickbay.db", durable=False)
    reader, expected, read = _JournalReader(store, 0), list[str](), list[str]()
    await reader.begin()
    for number, step in enumerate(steps):
        if step == "exchange":
            await store.transaction([Put(Record("exchange", f"e{number}", b"{}", at=number + 1))])
            expected.append(f"e{number}")
        elif step == "token":
            await store.transaction([Put(Record("token", "t", b"{}", at=number))])
        elif step == "delete token":
            await store.transaction([Delete("token", "t")])
        elif step == "clear":
            await store.transaction([Clear("exchange")])
            expected = [key for key in expected if key in read]
        else:
            read += [row.key for row in await reader.read()]
            assert read == expected
    await store.close()


class LateStore:
    """Shows records in any order, as several writers commit them."""

    def __init__(self) -> None:
        self.rows: list[ExchangeRow] = []

    async def newest_exchange(self) -> tuple[int, int]:
        return max(((row.number, row.at) for row in self.rows), default=(0, 0))

    async def find(self, kind: str, *, limit: int) -> list[Record]:
        return [Record(kind, row.key, b"", at=row.at) for row in sorted(self.rows, key=lambda row: -row.at)][:limit]

    async def read_exchanges_since(self, number: int, limit: int) -> list[ExchangeRow]:
        return sorted(row for row in self.rows if row.number > number)[:limit]

    async def read_exchanges_after(self, at: int, limit: int) -> list[ExchangeRow]:
        return sorted((row for row in self.rows if row.at > at), key=lambda row: row.at)[:limit]


@given(st.permutations(range(1, 15)), st.lists(st.booleans(), min_size=14, max_size=14))
def test_exchanges_that_become_visible_late_are_read_too(order: list[int], looks: list[bool]) -> None:
    async def follow_late() -> list[int]:
        store = LateStore()
        reader = _JournalReader(store, live_exchanges.OVERLAP_NUMBERS)  # type: ignore[arg-type]
        await reader.begin()
        read: list[int] = []
        for number, look in zip(order, looks, strict=True):
            store.rows.append(ExchangeRow(number, str(number), number, "", "", "", "", ""))
            if look:
                read += [row.number for row in await reader.read()]
        return read + [row.number for row in await reader.read()]

    assert sorted(asyncio.run(follow_late())) == list(range(1, 15))


def row(number: int, app: str = "a") -> ExchangeRow:
    return ExchangeRow(number, str(number), number, "general", app, "", "token", "200 granted")


@given(st.lists(st.lists(st.sampled_from("ab"), max_size=9), max_size=9), st.integers(0, 5))
def test_a_listener_keeps_the_newest_and_counts_the_others(batches: list[list[str]], limit: int) -> None:
    async def collect() -> tuple[list[int], int]:
        listener, number, expected = Listener((ColumnCondition("owner", ("a",)),), limit, JournalPosition(0, 0)), 0, []
        for batch in batches:
            rows = []
            for app in batch:
                number += 1
                rows.append(row(number, app))
                expected += [number] if app == "a" else []
            listener.add(rows, 0)
        news = await listener.wait(0) if expected else None
        got = [found.number for found in news.rows] if news else []
        assert got == (expected[-limit:] if limit else [])
        assert (news.more if news else 0) == len(expected) - len(got)
        assert await listener.wait(0) is None
        return got, len(expected)

    asyncio.run(collect())


@given(st.text() | st.tuples(st.integers(0), st.integers(0)).map(lambda pair: f"{pair[0]}-{pair[1]}"))
def test_a_position_is_read_as_it_is_written(text: str) -> None:
    position = parse_position(text)
    assert position is None or str(position) == "-".join(str(int(part)) for part in text.split("-"))


@given(st.permutations(range(1, 8)), st.integers(0, 7))
def test_what_was_stored_before_is_no_news_in_whatever_order_it_arrived(arrivals: list[int], before: int) -> None:
    """With two workers, an exchange can be stored after one that arrived later."""

    async def follow_some() -> list[int]:
        store = LateStore()
        rows = [ExchangeRow(number, str(number), at, "", "", "", "", "") for number, at in enumerate(arrivals, 1)]
        store.rows += rows[:before]
        reader = _JournalReader(store, 0)  # type: ignore[arg-type]
        await reader.begin()
        store.rows += rows[before:]
        return [row.number for row in await reader.read()]

    assert asyncio.run(follow_some()) == list(range(before + 1, 8))

"""The contract for the size of the journal that every store must meet. One file per engine runs it and defines `store`."""

from __future__ import annotations

import asyncio
import random

import msgspec
import pytest

from sickbay.storage.counts import Volume
from sickbay.storage.exchange_filter import Column, ColumnCondition, ExchangeFilter, ExchangeRow, escape_wildcards, is_wanted
from sickbay.storage.interface import Clear, Delete, DeleteFamily, Put, Record, Store

PLENTY = Volume(10**6, 10**9)
DAY = 86_400


def exchange(key: str, owner: str = "app", size: int = 10, at: int = 0, days: int = 1, tenant: str = "general") -> Record:
    return Record("exchange", key, b"x" * size, tenant, owner, f"f-{owner}", "token", at=at, expires_at=at + days * DAY)


WORDS = ("a", "b%", "_c", "!d", "400 refused", "é", "")


def random_filter(dice: random.Random) -> ExchangeFilter:
    """Conditions on words that some records have, with and without wildcards."""
    columns: tuple[Column, ...] = ("tenant", "owner", "family", "label", "line")
    wildcards = ("{}", "{}%", "%{}%", "_{}", "{}_%")
    return tuple(
        ColumnCondition(
            dice.choice(columns),
            tuple(dice.choice(wildcards).format(escape_wildcards(dice.choice(WORDS))) for _ in range(dice.randint(1, 2))),
            dice.random() < 0.3,
        )
        for _ in range(dice.randrange(3))
    )


def random_exchange(dice: random.Random, number: int) -> Record:
    tenant, owner, family, label = (dice.choice(WORDS) for _ in range(4))
    line = " ".join(dice.choices(WORDS, k=2))
    return Record("exchange", f"k{number}", b"{}", tenant, owner, family, label, at=number, line=line)


def row(record: Record, number: int = 0) -> ExchangeRow:
    return ExchangeRow(number, record.key, record.at, record.tenant, record.owner, record.family, record.label, record.line)


async def stored_keys(store: Store) -> set[str]:
    return {record.key for record in await store.find("exchange", limit=10_000)}


@pytest.mark.anyio
class JournalContract:
    async def test_every_kind_of_step_updates_the_size(self, store: Store) -> None:
        """After any sequence of steps, the size equals what a scan would find."""
        dice = random.Random(7)
        for _ in range(60):
            key, owner = f"k{dice.randrange(12)}", dice.choice(("", "a", "b"))
            steps = (
                Put(exchange(key, owner, dice.randrange(50), dice.randrange(5), tenant=dice.choice(("x", "y")))),
                Put(Record("token", key, b"{}", "x", owner, f"f-{owner}", at=1, expires_at=2)),
                Delete("exchange", key),
                DeleteFamily(f"f-{owner}", ("exchange", "token")),
                Clear("exchange", "x"),
            )
            await store.transaction([dice.choices(steps, (12, 4, 3, 1, 1))[0]])
            if dice.random() < 0.2:
                await store.purge(2 * DAY + dice.randrange(5), dice.randrange(1, 4))
            if dice.random() < 0.2:
                await store.trim_journal(Volume(dice.randrange(1, 8), 200), dice.randrange(1, 4))
            records = await store.find("exchange", limit=1000)
            assert await store.journal_size() == Volume(len(records), sum(len(record.value) for record in records))

    async def test_concurrent_exchanges_are_all_counted(self, store: Store) -> None:
        await asyncio.gather(*(store.transaction([Put(exchange(f"k{n}", size=n))]) for n in range(40)))
        assert await store.journal_size() == Volume(40, sum(range(40)))

    async def test_nothing_is_deleted_within_the_limits(self, store: Store) -> None:
        await store.transaction([Put(exchange(f"k{n}")) for n in range(5)])
        for most in (Volume(5, 50), PLENTY):
            assert await store.trim_journal(most, 100) == 0
        assert await store.journal_size() == Volume(5, 50)

    @pytest.mark.parametrize("most", [Volume(4, 10**9), Volume(10**6, 40)])
    async def test_exchanges_that_expire_first_are_deleted_first(self, store: Store, most: Volume) -> None:
        """A refused exchange is stored for a week and a granted one for a day, so an older refused one expires later."""
        refused = [exchange(f"r{n}", at=n, days=7) for n in range(3)]
        granted = [exchange(f"g{n}", at=100 + n) for n in range(3)]
        await store.transaction([Put(record) for record in (*refused, *granted)])
        while await store.trim_journal(most, 1):
            pass
        assert await stored_keys(store) == {"r0", "r1", "r2", "g2"}

    @pytest.mark.parametrize("most", [Volume(30, 10**9), Volume(10**6, 300)])
    async def test_a_flood_from_one_app_deletes_only_its_own_exchanges(self, store: Store, most: Volume) -> None:
        quiet = [exchange(f"{owner}{n}", owner) for owner in ("a", "b", "") for n in range(5)]
        await store.transaction([Put(record) for record in quiet])
        for wave in range(3):
            flood = [exchange(f"flood{wave}-{n}", "flood", at=1000 + wave, days=7) for n in range(100)]
            await store.transaction([Put(record) for record in flood])
            while await store.trim_journal(most, 16):
                pass
            remaining = await stored_keys(store)
            assert {record.key for record in quiet} <= remaining
            assert len(remaining) == 30
            assert {key for key in remaining if key.startswith("flood")} <= {record.key for record in flood}

    async def test_each_call_deletes_no_more_than_its_limit(self, store: Store) -> None:
        await store.transaction([Put(exchange(f"k{n}", size=n % 7)) for n in range(50)])
        deleted = [await store.trim_journal(Volume(10, 10**9), 7) for _ in range(8)]
        assert max(deleted) == 7
        assert sum(deleted) == 40

    async def test_concurrent_trimming_deletes_no_more_than_needed(self, store: Store) -> None:
        await store.transaction([Put(exchange(f"k{n}")) for n in range(60)])
        await asyncio.gather(*(store.trim_journal(Volume(50, 10**9), 20) for _ in range(8)))
        while await store.trim_journal(Volume(50, 10**9), 20):
            pass
        assert await store.journal_size() == Volume(50, 500)

    async def test_purging_is_limited_per_call(self, store: Store) -> None:
        await store.transaction([Put(exchange(f"k{n}")) for n in range(5)])
        assert [await store.purge(3 * DAY, 2) for _ in range(4)] == [2, 2, 1, 0]

    async def test_a_family_can_be_listed_oldest_first_and_counted(self, store: Store) -> None:
        await store.transaction([Put(exchange(f"k{n}", at=n // 2)) for n in range(6)])
        records = await store.find("exchange", family="f-app", limit=3, oldest=True)
        assert [record.key for record in records] == ["k0", "k1", "k2"]
        assert await store.count_family("exchange", "f-app", 100) == 6
        assert await store.count_family("exchange", "f-app", 4) == 4
        assert await store.count_family("exchange", "f-other", 4) == 0
        assert await store.count_family("exchange", "", 4) == 0

    async def test_the_size_of_the_database_grows_with_what_is_stored(self, store: Store) -> None:
        before = await store.database_size()
        await store.transaction([Put(exchange(f"k{n}", size=100_000)) for n in range(20)])
        assert await store.database_size() > before > 0

    async def test_a_filter_means_the_same_in_a_statement_and_in_python(self, store: Store) -> None:
        dice = random.Random(3)
        records = [random_exchange(dice, number) for number in range(150)]
        await store.transaction([Put(record) for record in records])
        met = 0
        for _ in range(150):
            wanted = random_filter(dice)
            expected = [record.key for record in reversed(records) if is_wanted(row(record), wanted)]
            found = await store.find_exchanges(wanted, 1000)
            assert [record.key for record in found] == expected, wanted
            assert await store.count_exchanges(wanted, 1000) == len(expected)
            met += 0 < len(expected) < len(records)
        assert met > 30

    async def test_pages_of_exchanges_continue_where_the_last_one_ended(self, store: Store) -> None:
        await store.transaction([Put(exchange(f"k{n}", at=n)) for n in range(6)])
        assert [record.key for record in await store.find_exchanges((), 2)] == ["k5", "k4"]
        assert [record.key for record in await store.find_exchanges((), 2, until=4)] == ["k3", "k2"]
        assert await store.count_exchanges((), 100, since=3) == 2
        assert await store.count_exchanges((), 4) == 4

    async def test_exchanges_are_read_in_the_order_in_which_they_were_stored(self, store: Store) -> None:
        assert await store.newest_exchange() == (0, 0)
        await store.transaction([Put(exchange("first", at=9)), Put(Record("token", "t", b"{}"))])
        start, _ = await store.newest_exchange()
        await store.transaction([Put(exchange(key, at=5)) for key in ("second", "third")])
        read = await store.read_exchanges_since(start, 10)
        assert [line.key for line in read] == ["second", "third"]
        assert await store.newest_exchange() == (read[-1].number, 5)
        assert [line.key for line in await store.read_exchanges_since(0, 2)] == ["first", "second"]
        assert await store.read_exchanges_since(read[-1].number, 10) == []
        assert [line.key for line in await store.read_exchanges_after(4, 10)] == ["second", "third", "first"]
        assert [line.key for line in await store.read_exchanges_after(5, 10)] == ["first"]

    async def test_only_wanted_exchanges_are_deleted_and_only_so_many_at_once(self, store: Store) -> None:
        await store.transaction([Put(exchange(f"{owner}{n}", owner, at=n)) for n in range(4) for owner in ("a", "b")])
        await store.transaction([Put(Record("token", "a", b"{}", owner="a"))])
        wanted = (ColumnCondition("owner", ("a",)),)
        assert await store.delete_exchanges(wanted, 3, 2) == 2
        assert await store.delete_exchanges(wanted, 3, 2) == 1
        assert await store.delete_exchanges(wanted, 3, 2) == 0
        assert await stored_keys(store) == {"a3", "b0", "b1", "b2", "b3"}
        assert await store.get("token", "a") is not None
        assert (await store.journal_size()).exchanges == 5

    async def test_a_changed_exchange_has_the_line_of_the_newest_put(self, store: Store) -> None:
        for line in ("old", "new"):
            await store.transaction([Put(msgspec.structs.replace(exchange("k"), line=line))])
        assert [found.line for found in await store.read_exchanges_since(0, 10)] == ["new"]
        revision = (await store.find_exchanges((), 1))[0].revision
        await store.transaction([Put(msgspec.structs.replace(exchange("k"), line="newest"), revision)])
        assert [found.line for found in await store.read_exchanges_since(0, 10)] == ["newest"]

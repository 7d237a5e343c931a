"""The part of a store for exchanges: reads, counts and deletes them."""

from __future__ import annotations

from typing import Protocol

from sickbay.storage.counts import Volume
from sickbay.storage.exchange_filter import ExchangeFilter, ExchangeRow


class JournalStore(Protocol):
    """A part of `interface.Store`."""

    async def count_exchanges(self, wanted: ExchangeFilter, most: int, since: int | None = None) -> int:
        """Count the exchanges that meet all conditions, with since < `at`, stopping at `most`."""
        ...

    async def read_exchanges_since(self, number: int, limit: int) -> list[ExchangeRow]:
        """Return the exchanges that were stored after the one with this number, in the order of their numbers.

        With several writers (PostgreSQL), one with a smaller number may become visible after one with a greater number.
        """
        ...

    async def read_exchanges_after(self, at: int, limit: int) -> list[ExchangeRow]:
        """Return the exchanges that arrived after this time, in the order in which they arrived."""
        ...

    async def newest_exchange(self) -> tuple[int, int]:
        """Return the greatest number of a stored exchange, and its `at`; zeros if there is none.

        If it is deleted, a later record may get its number.
        """
        ...

    async def delete_exchanges(self, wanted: ExchangeFilter, until: int, most: int) -> int:
        """Delete up to `most` exchanges that meet all conditions, with `at` < until. Returns how many were deleted."""
        ...

    async def journal_size(self) -> Volume:
        """Return the size of the stored exchanges without reading any of them."""
        ...

    async def trim_journal(self, most: Volume, at_once: int) -> int:
        """While there are more exchanges than `most`, delete up to `at_once` of them. Returns how many were deleted.

        Deletes from the app that has the most exchanges, those that expire first. Also returns 0 while another worker is
        trimming.
        """
        ...

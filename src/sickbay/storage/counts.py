"""Counters of a store: the exchanges of the journal, and failed attempts."""

from __future__ import annotations

from typing import NamedTuple


class Volume(NamedTuple):
    """The number of exchanges and the total bytes of their values."""

    exchanges: int
    bytes: int

    def exceeds(self, most: Volume) -> bool:
        return self.exchanges > most.exchanges or self.bytes > most.bytes


class Failures(NamedTuple):
    """Failed attempts. number: their count in the current window. since: when the window began."""

    number: int
    since: int

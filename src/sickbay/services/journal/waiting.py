"""What waits to be written to the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from msgspec import Struct

from sickbay.services.journal.record import Exchange
from sickbay.storage.interface import Record
from sickbay.storage.resets import Revisions

NOT_EXPLAINED = ""
"""No refusal that waits to be explained."""


class Arrived(Struct, frozen=True, gc=False):
    """A queued exchange. arrival: its place in the order of all exchanges (`Effects.arrival`)."""

    arrival: int
    exchange: Exchange

    @property
    def tenant(self) -> str:
        return self.exchange.tenant


class Unexplained(Struct, frozen=True):
    """A refusal that waits to be explained, and what does it."""

    arrival: int
    exchange: Exchange
    explained: Callable[[Exchange], Exchange]

    @property
    def tenant(self) -> str:
        return self.exchange.tenant


W = TypeVar("W", Arrived, Record, Unexplained)
Waiting: TypeAlias = tuple[W, Revisions]
"""A queued exchange or its record, and the resets of its hospital when its request ended."""


def is_wanted(exchange: Exchange, wanted: str | None) -> bool:
    """Whether a refusal is among those that `Journal.flush` explains."""
    return wanted is None or (wanted != NOT_EXPLAINED and wanted in (exchange.id, exchange.timeline))


def weight(exchange: Exchange) -> int:
    """The approximate size of a queued exchange in bytes: request and response; everything else is small."""
    sent = getattr(exchange.decision.request, "body", "") if exchange.decision else ""
    return len(exchange.request.url) + len(exchange.request.body) + len(exchange.response.body or "") + len(sent or "")

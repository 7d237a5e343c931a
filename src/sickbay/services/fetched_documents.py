"""What a worker remembers of fetched metadata documents, and how many it may fetch."""

from __future__ import annotations

import asyncio
from collections import Counter

from sickbay.authorization.models import Client
from sickbay.kernel.checks import Refusal
from sickbay.kernel.memory import ResetScope
from sickbay.protocol import urls

FETCHES_PER_MINUTE = 60
"""Fetches of a worker."""
FETCHES_PER_ADDRESS = 10
"""Fetches in a minute that requests from one address cause."""
FETCHES_PER_HOST = 10
"""Fetches in a minute from one host."""
FETCHES_AT_A_TIME = 4
MAXIMUM_CACHED_DOCUMENTS = 100
"""Documents that a worker remembers."""


class ClientDocuments:
    """What a worker remembers: documents by hospital and URL, running fetches, and how many there were in this minute."""

    def __init__(self) -> None:
        self.cached: dict[tuple[str, str], Client] = {}
        self.running: dict[tuple[str, str], asyncio.Task[Client | Refusal]] = {}
        self.slots = asyncio.Semaphore(FETCHES_AT_A_TIME)
        self._minute = -1
        self._counts: Counter[str] = Counter()

    def forget(self, reset: ResetScope) -> None:
        """Fetch all documents again. The limits stay."""
        self.cached = {}

    def take_turn(self, minute: int, address: str, url: str) -> str:
        """Counts a fetch. Returns which limit forbids it; "" if none does. Refused ones aren't counted. All ports of a host are
        counted together, so that no one can have them tried out.
        """
        host = urls.host(url).rstrip(".")
        if minute != self._minute:
            self._minute, self._counts = minute, Counter()
        for name, limit, words in (
            ("", FETCHES_PER_MINUTE, ""),
            (f"address {address}", FETCHES_PER_ADDRESS, " for your address"),
            (f"host {host}", FETCHES_PER_HOST, " from this host"),
        ):
            if self._counts[name] >= limit:
                return f"{limit} documents were fetched{words} within a minute"
        self._counts.update(("", f"address {address}", f"host {host}"))
        return ""

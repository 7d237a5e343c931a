"""A worker's cache of fetched metadata documents, and its limits for fetching."""

from __future__ import annotations

import asyncio
from collections import Counter

from sickbay.authorization.models import Client
from sickbay.kernel.checks import Refusal
from sickbay.kernel.memory import ResetScope
from sickbay.protocol import urls

FETCHES_PER_MINUTE = 60
"""Maximum fetches of a worker in a minute."""
FETCHES_PER_ADDRESS = 10
"""Maximum fetches in a minute caused by requests from one address."""
FETCHES_PER_HOST = 10
"""Maximum fetches in a minute from one host."""
FETCHES_AT_A_TIME = 4
MAXIMUM_CACHED_DOCUMENTS = 100
"""Maximum number of documents that a worker caches."""


class ClientDocuments:
    """A worker's documents by hospital and URL, its running fetches, and the number of fetches in this minute."""

    def __init__(self) -> None:
        self.cached: dict[tuple[str, str], Client] = {}
        self.running: dict[tuple[str, str], asyncio.Task[Client | Refusal]] = {}
        self.slots = asyncio.Semaphore(FETCHES_AT_A_TIME)
        self._minute = -1
        self._counts: Counter[str] = Counter()

    def forget(self, reset: ResetScope) -> None:
        """Forgets all documents, so that they are fetched again. The limits stay."""
        self.cached = {}

    def take_turn(self, minute: int, address: str, url: str) -> str:
        """Counts a fetch. Returns the limit that forbids it; "" if none does. Refused fetches aren't counted. All ports of a
        host are counted together, so that Sickbay can't be used to scan them.
        """
        host = urls.host_of(url).rstrip(".")
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

"""Keeps the bodies of FHIR requests and responses in memory, if `--keep-bodies` is set. They are never written anywhere."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Final, NamedTuple

from sickbay.kernel.memory import ResetScope

BODY_BYTES: Final = 256_000
"""Maximum size of a kept body, in bytes."""
TOTAL_BYTES: Final = 16_000_000
"""The maximum size of all bodies together. The oldest are dropped."""
EXCHANGE_BYTES: Final = 1_000
"""Bytes that an exchange takes in addition to its bodies."""


class KeptBody(NamedTuple):
    """size: that of the body as sent. content: empty if it was longer than BODY_BYTES, or can't be decompressed."""

    content_type: str
    size: int
    content: bytes


class KeptExchange(NamedTuple):
    """The bodies of one exchange. version: the FHIR version."""

    tenant: str
    version: str
    request: KeptBody
    response: KeptBody

    def count_bytes(self) -> int:
        return len(self.request.content) + len(self.response.content) + EXCHANGE_BYTES


class KeptBodies:
    """The bodies of the newest exchanges, by their IDs, as they were sent. `services/journal/bodies.py` masks them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, KeptExchange] = OrderedDict()
        self._bytes = 0
        self.masking = asyncio.Lock()
        """Allows one exchange to be masked at a time."""

    def keep(self, id: str, exchange: KeptExchange) -> None:
        self._drop_body(id)
        self._kept[id] = exchange
        self._bytes += exchange.count_bytes()
        while self._bytes > TOTAL_BYTES:
            self._drop_body(next(iter(self._kept)))

    def find(self, id: str) -> KeptExchange | None:
        return self._kept.get(id)

    def _drop_body(self, id: str) -> None:
        if (dropped := self._kept.pop(id, None)) is not None:
            self._bytes -= dropped.count_bytes()

    def forget(self, reset: ResetScope) -> None:
        """Forget the exchanges that a reset deletes. A restored snapshot keeps them."""
        for id, kept in list(self._kept.items()):
            if not reset.restored and reset.tenant in (None, kept.tenant):
                self._drop_body(id)

"""Parameters that apps must not reuse (RFC 9700 2.1.1, 4.5.3), remembered for advice about reuse.

Only hashes are kept, a limited number per app, and each worker remembers only its own requests.
"""

from __future__ import annotations

from collections import OrderedDict

from sickbay.kernel.memory import ResetScope
from sickbay.protocol.parameters import Parameters

NAMES = ("state", "nonce", "code_challenge")
APPS, EACH = 1000, 150
"""Maximum number of remembered apps, and of values per app."""


class RecentParameters:
    """Parameters of accepted requests only, because a corrected request may be sent again with the same values."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, OrderedDict[int, None]] = OrderedDict()

    def find_seen_values(self, app: str, sent: Parameters) -> frozenset[tuple[str, str]]:
        """Names and values that the app sent before. app: {hospital}/{client_id}."""
        hashes = self._kept.get(app, ())
        return frozenset([pair for pair in _sent_values(sent) if hash(pair) in hashes])

    def forget(self, reset: ResetScope) -> None:
        for app in [app for app in self._kept if reset.tenant is None or app.startswith(f"{reset.tenant}/")]:
            del self._kept[app]

    def remember(self, app: str, sent: Parameters) -> None:
        """Remembers the values of a request. Drops the oldest values first."""
        hashes = self._kept.setdefault(app, OrderedDict())
        for pair in _sent_values(sent):
            hashed = hash(pair)
            hashes.pop(hashed, None)
            hashes[hashed] = None
        while len(hashes) > EACH:
            hashes.popitem(last=False)
        self._kept.move_to_end(app)
        if len(self._kept) > APPS:
            self._kept.popitem(last=False)


def _sent_values(sent: Parameters) -> list[tuple[str, str]]:
    return [(name, value) for name in NAMES if (value := sent.get(name))]

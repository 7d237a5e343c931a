"""What apps sent lately and must send anew each time, for the advice that it was sent before: hashes, few of each app, in this
worker alone (RFC 9700 2.1.1, 4.5.3).
"""

from __future__ import annotations

from collections import OrderedDict, deque

from sickbay.protocol.parameters import Parameters

NAMES = ("state", "nonce", "code_challenge")
APPS, EACH = 1000, 150
"""How many apps are remembered, and how many values of each."""


class RecentParameters:
    """Of requests that were accepted: one that is mended by hand may be sent again as it was."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, deque[int]] = OrderedDict()

    def seen(self, client_id: str, sent: Parameters) -> frozenset[tuple[str, str]]:
        """Name and value of what was sent before."""
        kept = self._kept.get(client_id, ())
        return frozenset(one for one in _values(sent) if hash(one) in kept)

    def remember(self, client_id: str, sent: Parameters) -> None:
        """The oldest go first."""
        self._kept.setdefault(client_id, deque(maxlen=EACH)).extend(map(hash, _values(sent)))
        self._kept.move_to_end(client_id)
        if len(self._kept) > APPS:
            self._kept.popitem(last=False)


def _values(sent: Parameters) -> list[tuple[str, str]]:
    return [(name, value) for name in NAMES if (value := sent.get(name))]

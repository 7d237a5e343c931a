"""States that apps sent lately, for the advice that one was sent before: hashes, few of each app, in this worker alone."""

from __future__ import annotations

from collections import OrderedDict, deque

from sickbay.authorization.client_authentication import hashed

APPS, EACH = 1000, 50
"""How many apps are remembered, and how many states of each."""


class States:
    """Of requests that were accepted: one that is mended by hand may be sent again as it was."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, deque[str]] = OrderedDict()

    def seen(self, client_id: str, state: str | None) -> bool:
        return bool(state) and hashed(state or "") in self._kept.get(client_id, ())

    def remember(self, client_id: str, state: str | None) -> None:
        """The oldest go first."""
        if not state:
            return
        self._kept.setdefault(client_id, deque(maxlen=EACH)).append(hashed(state))
        self._kept.move_to_end(client_id)
        if len(self._kept) > APPS:
            self._kept.popitem(last=False)

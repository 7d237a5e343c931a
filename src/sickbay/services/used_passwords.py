"""Remembers passwords that were used, as keyed hashes, so that the journal can mask them in other requests."""

from __future__ import annotations

import hmac
import os
from typing import Final

from sickbay.kernel.memory import ResetScope

MAXIMUM_PASSWORDS: Final = 10_000
SHORTEST: Final = 4
"""Characters of the shortest password that is recognized in a text."""


class UsedPasswords:
    """Drops the oldest passwords first. newest: changes with each new password. lengths: how many characters they have."""

    def __init__(self) -> None:
        self._key = os.urandom(32)
        self._digests: dict[bytes, None] = {}
        self.newest = b""
        self.lengths: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._digests)

    def remember(self, password: str) -> None:
        """Recognize this password in requests while the process runs."""
        digest = self._keyed_digest(password.encode("utf-8", "surrogatepass"))
        if len(password) < SHORTEST or digest in self._digests:
            return
        if len(self._digests) >= MAXIMUM_PASSWORDS:
            del self._digests[next(iter(self._digests))]
        self._digests[digest] = None
        self.lengths.add(len(password))
        self.newest = digest

    def includes(self, text: bytes) -> bool:
        return self._keyed_digest(text) in self._digests

    def forget(self, reset: ResetScope) -> None:
        """Forget all passwords if all users were removed. Otherwise they still are someone's."""
        if reset.everything and reset.tenant is None:
            self._digests.clear()
            self.lengths.clear()
            self.newest = b""

    def _keyed_digest(self, text: bytes) -> bytes:
        return hmac.digest(self._key, text, "sha256")


NO_PASSWORDS: Final = UsedPasswords()
"""Never remembers any."""

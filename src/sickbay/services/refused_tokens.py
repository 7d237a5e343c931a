"""Remembers which tokens lacked a scope, so that the next refusal can say what the app did in the meantime.

A limited number is remembered for each app and user. The workers of a server tell each other what is new.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, TypeAlias

import msgspec
from msgspec import structs

from sickbay.authorization.models import AccessToken
from sickbay.authorization.refused_token import RefusedToken
from sickbay.kernel.memory import ResetScope

TOPIC: Final = "refused-token"
"""The topic of the messages between workers."""
MAXIMUM_USERS = 1000
"""Pairs of an app and a user whose tokens are remembered."""
MAXIMUM_TOKENS = 5
MAXIMUM_NEEDED = 10
MAXIMUM_CHARACTERS = 2_000
"""The maximum number of characters of a remembered token's scopes."""
Key: TypeAlias = tuple[str, str, str]
"""A hospital, an app and a user."""
_DECODER: Final = msgspec.json.Decoder(tuple[Key, RefusedToken])


class RefusedTokens:
    def __init__(self) -> None:
        self._tokens: OrderedDict[Key, tuple[RefusedToken, ...]] = OrderedDict()

    def find(self, tenant: str, token: AccessToken) -> tuple[RefusedToken, ...]:
        """The refused tokens of the same app and user, the oldest first."""
        return self._tokens.get(_key_of_token(tenant, token), ())

    def remember(self, tenant: str, token: AccessToken, needed: str, now: int) -> bytes:
        """Add what a token lacks. Returns what to tell the other workers; b"" if it was known."""
        if len(token.scope) > MAXIMUM_CHARACTERS:
            return b""
        key, added = _key_of_token(tenant, token), RefusedToken(token.family, token.issued_at, token.scope, (needed,), now)
        return msgspec.json.encode((key, added)) if self._add_token(key, added) else b""

    async def answer_worker(self, told: bytes) -> bytes:
        """Add what another worker remembered."""
        self._add_token(*_DECODER.decode(told))
        return b""

    def _add_token(self, key: Key, added: RefusedToken) -> bool:
        """Drops the oldest tokens first. Returns whether anything is new."""
        known = self._tokens.pop(key, ())
        same = next((refused for refused in known if refused.is_same_token(added)), None)
        if same is not None:
            added = structs.replace(same, needed=tuple(dict.fromkeys((*same.needed, *added.needed)))[:MAXIMUM_NEEDED])
        others = [refused for refused in known if not refused.is_same_token(added)]
        self._tokens[key] = tuple(sorted((*others, added), key=lambda refused: refused.issued_at))[-MAXIMUM_TOKENS:]
        while len(self._tokens) > MAXIMUM_USERS:
            self._tokens.popitem(last=False)
        return added != same

    def forget(self, reset: ResetScope) -> None:
        for key in [key for key in self._tokens if reset.tenant in (None, key[0])]:
            del self._tokens[key]


def _key_of_token(tenant: str, token: AccessToken) -> Key:
    return tenant, token.client_id, token.user or ""

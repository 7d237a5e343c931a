"""Remembers which tokens lacked a scope, so that the next refusal can say what the app did in the meantime.

Each worker remembers only its own refusals, a limited number for each app and user.
"""

from __future__ import annotations

from collections import OrderedDict

from msgspec import structs

from sickbay.authorization.models import AccessToken
from sickbay.authorization.refused_token import RefusedToken
from sickbay.kernel.memory import ResetScope

MAXIMUM_USERS = 1000
"""Pairs of an app and a user whose tokens are remembered."""
MAXIMUM_TOKENS = 5
MAXIMUM_NEEDED = 10
MAXIMUM_CHARACTERS = 2_000
"""Of the scopes of a token that is remembered."""


class RefusedTokens:
    def __init__(self) -> None:
        self._tokens: OrderedDict[tuple[str, str, str], tuple[RefusedToken, ...]] = OrderedDict()

    def find(self, tenant: str, token: AccessToken) -> tuple[RefusedToken, ...]:
        """The refused tokens of the same app and user, the oldest first."""
        return self._tokens.get(_key(tenant, token), ())

    def remember(self, tenant: str, token: AccessToken, needed: str, now: int) -> None:
        """Add what a token lacks. Drops the oldest tokens first."""
        if len(token.scope) > MAXIMUM_CHARACTERS:
            return
        key, added = _key(tenant, token), RefusedToken(token.family, token.issued_at, token.scope, (needed,), now)
        known = self._tokens.pop(key, ())
        same = next((refused for refused in known if refused.is_same_token(added)), None)
        if same is not None:
            added = structs.replace(same, needed=tuple(dict.fromkeys((*same.needed, needed)))[:MAXIMUM_NEEDED])
        others = [refused for refused in known if not refused.is_same_token(added)]
        self._tokens[key] = tuple(sorted((*others, added), key=lambda refused: refused.issued_at))[-MAXIMUM_TOKENS:]
        while len(self._tokens) > MAXIMUM_USERS:
            self._tokens.popitem(last=False)

    def forget(self, reset: ResetScope) -> None:
        for key in [key for key in self._tokens if reset.tenant in (None, key[0])]:
            del self._tokens[key]


def _key(tenant: str, token: AccessToken) -> tuple[str, str, str]:
    return tenant, token.client_id, token.user or ""

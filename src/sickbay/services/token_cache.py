"""Caches the context of access tokens until the next write to the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from sickbay.authorization.models import AccessToken, Client, Server, User
from sickbay.fhir.visibility import NOTHING, Visibility

MOST: Final = 4096
"""The most token contexts in the cache."""
Key: TypeAlias = tuple[str, str]
"""The URL of the FHIR base, which has one hospital and one version, and the Authorization header."""


class BearerContext(NamedTuple):
    """A token, its client and its user, and what it may see. server: the one that accepts the token; None if none does."""

    token: AccessToken | None = None
    client: Client | None = None
    user: User | None = None
    visibility: Visibility = NOTHING
    server: Server | None = None


ANONYMOUS: Final = BearerContext()


@dataclass(slots=True)
class TokenCache:
    """Token contexts as of this stamp of the store. Any write empties the cache, so a revocation takes effect immediately."""

    stamp: int | None = None
    contexts: dict[Key, BearerContext] = field(default_factory=dict)

    def at(self, stamp: int | None) -> dict[Key, BearerContext]:
        """The contexts that are valid if the store has this stamp. None: the store can't tell, so the cache is emptied."""
        if stamp is None or stamp != self.stamp:
            self.clear(stamp)
        return self.contexts

    def clear(self, stamp: int | None = None) -> None:
        """Replaces the dictionary, so that a request that is still loading a context can't add it to the new one."""
        self.stamp, self.contexts = stamp, {}

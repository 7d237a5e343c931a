"""Caches the context of access tokens until the next write to the store."""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec import Struct

from sickbay.authorization.models import AccessToken, Client, Server, User
from sickbay.fhir.visibility import NOTHING, Visibility

MAXIMUM_TOKEN_CONTEXTS: Final = 4096
"""The maximum number of token contexts in the cache."""


class BearerContext(NamedTuple):
    """A token, its client and its user, and what it may see. server: the one that accepts the token; None if none does."""

    token: AccessToken | None = None
    client: Client | None = None
    user: User | None = None
    visibility: Visibility = NOTHING
    server: Server | None = None


ANONYMOUS: Final = BearerContext()


class TokenCache(Struct, frozen=True):
    """Token contexts as of this stamp of the store, by the URL of the FHIR base and the Authorization header.

    Any write replaces the cache, so a revocation takes effect immediately. A request that is still loading a context adds it to
    the cache that it began with, never to a newer one.
    """

    stamp: int | None = None
    contexts: dict[tuple[str, str], BearerContext] = {}

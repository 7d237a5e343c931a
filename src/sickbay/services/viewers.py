"""Whose data the FHIR explorer shows: a user of the hospital, or an access token that was issued to an app.

A token is named by a handle, which is computed from its hash, so that neither the token nor its hash is part of an address.
"""

from __future__ import annotations

import hashlib
from typing import Final, Literal, NamedTuple

from sickbay.authorization.models import AccessToken, Client, User
from sickbay.services import records
from sickbay.services.access import load_token_context, make_bearer_context
from sickbay.services.context import Runtime, Tenant
from sickbay.services.token_cache import BearerContext

NAMED_TOKENS: Final = 500
"""The newest tokens of a hospital that a handle can name."""
USER_SCOPE: Final = "user/*.rs"
"""What a user's view is limited to: all that this user may read, as an app with this scope gets it."""
USER_APP: Final = "FHIR explorer"
_USER_LIFETIME: Final = 3600
Kind = Literal["user", "token"]


class Viewer(NamedTuple):
    """Whose data is shown. token_key: the hash under which a token is stored; "" for a user."""

    kind: Kind
    name: str
    context: BearerContext
    token_key: str = ""

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.name}"


class TokenChoice(NamedTuple):
    """A token that can be chosen. app: its name."""

    handle: str
    token: AccessToken
    app: str


def handle_of(key: str) -> str:
    """The handle of a token. key: the hash under which it is stored."""
    return hashlib.sha256(f"viewer {key}".encode()).hexdigest()[:16]


async def load_viewer(runtime: Runtime, tenant: Tenant, version: str, key: str) -> Viewer | None:
    """key: user:NAME or token:HANDLE. None if there is no such user, or no such token among the newest ones."""
    kind, _, name = key.partition(":")
    if kind == "user":
        user = await records.load_user(runtime, tenant, name)
        return None if user is None else Viewer("user", name, _view_of(runtime, tenant, version, user))
    token_key = await _find_token(runtime, tenant, name) if kind == "token" else None
    if token_key is None:
        return None
    context = await load_token_context(runtime, tenant, version, tenant.fhir_base(version), token_key)
    return Viewer("token", name, context, token_key) if context.token is not None else None


def _view_of(runtime: Runtime, tenant: Tenant, version: str, user: User) -> BearerContext:
    """The context of a token that is never stored: no app has it."""
    base, now = tenant.fhir_base(version), runtime.now()
    client = Client("", tenant.name, name=USER_APP)
    token = AccessToken(
        "", USER_SCOPE, base, now + _USER_LIFETIME, "", user=user.username, issuer=tenant.server.issuer, issued_at=now
    )
    return make_bearer_context(tenant, version, base, token, client, user)


async def _find_token(runtime: Runtime, tenant: Tenant, handle: str) -> str | None:
    newest = await runtime.store.find("token", tenant=tenant.name, limit=NAMED_TOKENS)
    return next((record.key for record in newest if handle_of(record.key) == handle), None)


async def list_tokens(runtime: Runtime, tenant: Tenant, number: int, client_id: str | None = None) -> list[TokenChoice]:
    """The newest tokens that aren't revoked, each with the name of its app. client_id: only those of this app."""
    stored = await runtime.store.find("token", tenant=tenant.name, owner=client_id, limit=number)
    tokens = [(handle_of(record.key), records.parse(AccessToken, record.value)) for record in stored]
    names: dict[str, str] = {}
    for _, token in tokens:
        if token.client_id not in names:
            client = await records.load(runtime, "app", token.client_id, Client)
            names[token.client_id] = client.name if client else ""
    return [TokenChoice(handle, token, names[token.client_id]) for handle, token in tokens if not token.revoked]

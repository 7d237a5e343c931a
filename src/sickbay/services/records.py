"""Loads values, and converts them to records and back: msgspec JSON of the dataclasses, with secrets only as their SHA-256."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import structs

from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, Launch, RevokedBy, TokenFamily, User
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Record
from sickbay.storage.quotas import ANONYMOUS

T = TypeVar("T")

BEFORE = "app-before"
"""Record kind for the previous registration of an app while a change hasn't taken effect yet."""
_encode = msgspec.json.Encoder().encode
_DECODERS: dict[type, msgspec.json.Decoder[Any]] = {}


def digest(secret: str) -> str:
    """The SHA-256 that is stored instead of a secret, a code or a token."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def dump(value: Any) -> bytes:
    return _encode(value)


def parse(kind: type[T], value: bytes) -> T:
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.json.Decoder(kind)
    result: T = decoder.decode(value)
    return result


async def load(runtime: Runtime, kind: str, key: str, shape: type[T]) -> T | None:
    """The value under this key, expired or not; None if there is none."""
    record = await runtime.store.get(kind, key)
    return None if record is None else parse(shape, record.value)


class LiveClient(NamedTuple):
    """client: the current registration. at: when a later change takes effect; None if there is none."""

    client: Client | None
    at: int | None = None


async def load_live_client(runtime: Runtime, client_id: str | None) -> LiveClient:
    """The registration that the endpoints use. If the hospital has a delay, this can be the one before the last change."""
    client = await load(runtime, "app", client_id, Client) if client_id else None
    if client is None or not runtime.tenants[client.tenant].policy.propagation_delay:
        return LiveClient(client)
    earlier = await runtime.store.get(BEFORE, client.client_id)
    if earlier is None or earlier.expires_at is None or earlier.expires_at <= runtime.now():
        return LiveClient(client)
    return LiveClient(parse(Client | None, earlier.value), earlier.expires_at)  # type: ignore[arg-type]


async def load_user(runtime: Runtime, tenant: Tenant, username: str) -> User | None:
    return await load(runtime, "user", f"{tenant.name}/{username}", User)


def make_app_record(client: Client) -> Record:
    family, tenant = "document" if client.document else "", client.tenant
    return Record(
        "app", client.client_id, dump(client), tenant, client.app_id, family, label=client.student, at=client.created_at
    )


def make_user_record(value: User) -> Record:
    return Record("user", f"{value.tenant}/{value.username}", dump(value), value.tenant, label=value.fhir_user)


def launch(key: str, value: Launch, tenant: str) -> Record:
    return Record(
        "launch", key, dump(value), tenant, value.client_id, value.timeline, at=value.created_at, expires_at=value.expires_at
    )


def make_code_record(key: str, value: AuthorizationCode, tenant: str) -> Record:
    """Creates the record of a code. If it was issued without a sign-in, it counts as anonymous until an app redeems it."""
    expires, label = value.issued_at + value.lifetime, "" if value.session else ANONYMOUS
    return Record("code", key, dump(value), tenant, value.client_id, value.family, label, value.issued_at, expires)


def make_token_record(key: str, value: AccessToken, tenant: str) -> Record:
    return Record(
        "token", key, dump(value), tenant, value.client_id, value.family, at=value.issued_at, expires_at=value.expires_at
    )


def revoked_token(key: str, value: AccessToken, tenant: str, by: RevokedBy, now: int) -> Record:
    """The record of a revoked token, which only shows that the token was revoked.

    It has no owner and no family, so that it doesn't fill up the limited result of a search for valid tokens.
    """
    revoked = value if value.revoked else structs.replace(value, revoked=True, revoked_by=by, revoked_at=now)
    return Record("token", key, dump(revoked), tenant, at=value.issued_at, expires_at=value.expires_at)


def make_family_record(value: TokenFamily, tenant: str, now: int) -> Record:
    return Record(
        "family", value.family, dump(value), tenant, value.client_id, value.session or "", at=now, expires_at=value.expires_at
    )

"""Apps: registered, changed, removed, found by app_id, client_id or a unique name."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import msgspec

from sickbay.authorization import launch_card, registration_limits
from sickbay.authorization import policy as policies
from sickbay.authorization import registration as stage
from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.models import Client, Grant
from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis.stages import REGISTRATION
from sickbay.kernel.effects import Effects
from sickbay.kernel.english import join
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, decide
from sickbay.storage.interface import Delete, DeleteFamily, Put, Record, Step

BEFORE = "app-before"
"""Kind of the records of what was registered before a change, while that is in force still."""
CLIENT_FIELDS = frozenset(field.name for field in fields(Client)) - {
    "secret_hash",
    "registration_hash",
    "created_at",
    "granted",
}


@dataclass(frozen=True, slots=True)
class Registered:
    """secret: shown this once. client None: refused, and decision says why."""

    decision: Decision[RegistrationRequest, UrlContext]
    client: Client | None = None
    secret: str | None = None
    token: str | None = None
    """The registration access token, shown this once too."""


class Activation(NamedTuple):
    """at: when what was registered since will be in force; None where all of it is."""

    client: Client | None
    at: int | None = None


class Ambiguous(LookupError):
    """Several apps have this name."""


def identifier(effects: Effects, size: int) -> str:
    """A random id that a command takes as it is: one that began with a dash would be read as an option."""
    return effects.token(size).replace("-", "_").lstrip("_") or identifier(effects, size)


async def find(runtime: Runtime, named: str, tenant: str | None = None) -> Client | None:
    """By client_id, app_id, else by a name that only one app has. Raises Ambiguous."""
    client = await by_id(runtime, named)
    if client is not None and tenant in (None, client.tenant):
        return client
    found = await runtime.store.find("app", tenant=tenant, owner=named, limit=2)
    if not found:
        every = await runtime.store.find("app", tenant=tenant, limit=10_000)
        found = [one for one in every if records.parse(Client, one.value).name == named]
    if len(found) > 1:
        raise Ambiguous(named)
    return records.parse(Client, found[0].value) if found else None


async def only(runtime: Runtime, named: str, tenant: str | None = None) -> Client | None:
    """The same for an address; None too where several apps have this name."""
    try:
        return await find(runtime, named, tenant)
    except Ambiguous:
        return None


async def by_id(runtime: Runtime, client_id: str | None) -> Client | None:
    return await records.load(runtime, "app", client_id, Client) if client_id else None


async def every(runtime: Runtime, tenant: str | None = None, limit: int = 10_000) -> list[Client]:
    """Newest first."""
    found = await runtime.store.find("app", tenant=tenant, limit=limit)
    return [records.parse(Client, one.value) for one in found]


async def neighbours(runtime: Runtime, tenant: str) -> tuple[Client, ...]:
    """The newest apps of a hospital: one of them is who a wrong client_id most likely meant. Few, since anybody may ask."""
    return tuple(await every(runtime, tenant, 200))


async def with_revision(runtime: Runtime, client_id: str) -> tuple[Client | None, int]:
    """The client, and the revision of its record: for a change that must not overwrite another one."""
    record = await runtime.store.get("app", client_id)
    return (records.parse(Client, record.value), record.revision) if record else (None, 0)


async def save(runtime: Runtime, client: Client, before: Client | None, revision: int | None = None) -> None:
    """before: what was registered until now, None for a new app. Where the hospital is slow, it stays in force for a while.

    revision: of the record that is changed. Raises Conflict if it was changed or removed meanwhile.
    """
    steps: list[Step] = [Put(records.app(client), revision)]
    delay = runtime.tenants[client.tenant].policy.propagation_delay
    if delay:
        kept = await runtime.store.get(BEFORE, client.client_id)
        waiting = kept is not None and (kept.expires_at or 0) > runtime.now()
        value = kept.value if kept is not None and waiting else records.dump(before)
        until = runtime.now() + delay
        steps.append(Put(Record(BEFORE, client.client_id, value, client.tenant, at=runtime.now(), expires_at=until)))
    await runtime.store.transaction(steps)


async def live(runtime: Runtime, client_id: str | None) -> Activation:
    """What the endpoints know of this client: where the hospital is slow, perhaps what was registered before."""
    client = await by_id(runtime, client_id)
    if client is None or not runtime.tenants[client.tenant].policy.propagation_delay:
        return Activation(client)
    kept = await runtime.store.get(BEFORE, client.client_id)
    if kept is None or kept.expires_at is None or kept.expires_at <= runtime.now():
        return Activation(client)
    return Activation(records.parse(Client | None, kept.value), kept.expires_at)  # type: ignore[arg-type]


async def remove(runtime: Runtime, client: Client) -> None:
    """The app and all that it was given."""
    steps: list[Step] = [Delete("app", client.client_id), Delete(BEFORE, client.client_id)]
    for kind in ("token", "code", "family", "launch", "consent", "app-state"):
        for one in await runtime.store.find(kind, owner=client.client_id, limit=10_000):
            steps.append(Delete(kind, one.key))
    await runtime.store.transaction(steps)


async def withdraw(runtime: Runtime, family: str) -> None:
    """Revoke all tokens of one grant."""
    await runtime.store.transaction([DeleteFamily(family, ("token", "code")), Delete("family", family)])


async def register(runtime: Runtime, given: dict[str, Any], old: Client | None = None) -> Registered:
    """An operator registers an app, or changes one; nothing is stored if a check refuses."""
    client, secret = _made(runtime, given, old)
    if old is not None:
        client = replace(client, granted=registration_limits.after_an_edit(old.granted, client, given))
    decision = advised(runtime, client)
    if decision.refusal is not None:
        return Registered(decision)
    await save(runtime, client, old)
    return Registered(decision, client, secret)


async def register_itself(runtime: Runtime, given: dict[str, Any]) -> Registered:
    """A new app that may change itself later (RFC 7591, 7592): at most what the hospital's policy says."""
    client, secret = _made(runtime, given, None)
    token = runtime.effects.token()
    client = replace(client, registration_hash=records.digest(token))
    limit = registration_limits.by_policy(runtime.tenants[client.tenant].policy)
    decision = advised(runtime, client, limit, BY_POLICY)
    if decision.refusal is not None:
        return Registered(decision)
    await save(runtime, client, None)
    return Registered(decision, client, secret, token)


async def change_itself(runtime: Runtime, given: dict[str, Any], old: Client, revision: int) -> Registered:
    """An app's own change of its registration: at most what an operator granted it. Raises Conflict as `save` does."""
    client, secret = _made(runtime, given, old)
    limit = registration_limits.of(old)
    client = replace(client, granted=limit)
    decision = advised(runtime, client, limit, BY_OPERATOR)
    if decision.refusal is not None:
        return Registered(decision)
    await save(runtime, client, old, revision)
    return Registered(decision, client, secret)


BY_POLICY = "The hospital's policies registration_scopes and registration_grants limit what an app may register for itself."
BY_OPERATOR = "An app can change its own registration only within what it was first granted."


async def edit(runtime: Runtime, old: Client, given: dict[str, Any]) -> Registered:
    """A change by whoever runs this Sickbay: what followed from the old kind of app follows from the new one."""
    more = dict(given)
    if given["client"] != old.client:
        more["auth_method"] = None
        more |= {"client_secret": runtime.effects.token()} if given["client"] == "symmetric" else {}
    if given["client"] != "asymmetric":
        more |= {"jwks": None, "jwks_uri": None}
    if "system" in (given["type"], old.type) and given["type"] != old.type:
        service = given["type"] == "system"
        more["grant_types"] = ("client_credentials",) if service else ("authorization_code", "refresh_token")
    if given["smart_version"] == old.smart_version:
        more["pkce"] = old.pkce
    return await register(runtime, more, old)


def may_manage(client: Client | None, token: str | None) -> bool:
    """Whether this is the app's registration access token."""
    if client is None or client.registration_hash is None or not token:
        return False
    return hmac.compare_digest(records.digest(token), client.registration_hash)


def examined(tenant: Tenant, request: RegistrationRequest) -> Decision[RegistrationRequest, UrlContext]:
    """What is said of metadata that cannot be used, or of whoever may not send them."""
    return decide(REGISTRATION, tenant, stage.CHECKS, request, UrlContext(server=tenant.server))


async def rotated(runtime: Runtime, client: Client) -> tuple[Client, str]:
    """With a new secret, in clear this once; the old one is good for nothing from now on."""
    secret = runtime.effects.token()
    new = replace(client, secret_hash=records.digest(secret))
    await save(runtime, new, client)
    return new, secret


def lacking(runtime: Runtime, given: dict[str, Any], old: Client | None = None) -> str:
    """What an app of this kind needs and has not, in one sentence; "" where it has all."""
    has = {**(msgspec.to_builtins(old) if old else {}), **given}
    if said := policies.faults(has.get("policy") or {}, app=True) or launch_card.faults(has.get("cards") or ()):
        return said[0]
    versions = runtime.tenants[has["tenant"]].dialect.fhir
    if has["fhir"] not in versions:
        supported = join([version.upper() for version in versions])
        return f"{has['tenant']} supports FHIR {supported}, not {has['fhir'].upper()}"
    if has["type"] != "system" and not has["redirect_uris"]:
        return "Only system apps work without a redirect URI"
    if has["client"] == "asymmetric" and not (has.get("jwks_uri") or has.get("jwks")):
        return "An app with a private key needs jwks_uri or jwks"
    return ""


def advised(
    runtime: Runtime, client: Client, limit: Grant | None = None, by: str = ""
) -> Decision[RegistrationRequest, UrlContext]:
    """What the checks of a registration say of this app. limit: the most it may have, and by: whose limit that is."""
    tenant = runtime.tenants[client.tenant]
    known = UrlContext(server=tenant.server, client=client)
    return decide(REGISTRATION, tenant, stage.CHECKS, replace(_request(client), limit=limit, limited_by=by), known)


def _request(client: Client) -> RegistrationRequest:
    return RegistrationRequest(
        type=client.type,
        client=client.client,
        auth_method=client.auth_method,
        has_secret=client.secret_hash is not None,
        launch_uri=client.launch_uri,
        redirect_uris=client.redirect_uris,
        post_logout_redirect_uris=client.post_logout_redirect_uris,
        scope=client.scope,
        jwks=client.jwks,
        jwks_uri=client.jwks_uri,
        native=client.native,
        grant_types=client.grant_types,
    )


def _other_keys(wanted: dict[str, Any]) -> dict[str, None]:
    """Keys that are given in one way come in the place of those that were given in the other."""
    given = [name for name in ("jwks", "jwks_uri") if wanted.get(name)]
    return {"jwks_uri" if given == ["jwks"] else "jwks": None} if len(given) == 1 else {}


def _made(runtime: Runtime, given: dict[str, Any], old: Client | None) -> tuple[Client, str | None]:
    """The client that was asked for, with ids and, for a symmetric one, its secret: in clear this once."""
    wanted = {name: value for name, value in given.items() if name in CLIENT_FIELDS}
    if old is not None:
        wanted |= _other_keys(wanted)
    secret = given.get("client_secret")
    if old is None:
        wanted["client_id"] = wanted.get("client_id") or identifier(runtime.effects, 16)
        wanted["app_id"] = wanted.get("app_id") or identifier(runtime.effects, 9)
        if wanted.get("client") == "symmetric":
            secret = secret or runtime.effects.token()
        if wanted.get("type") == "system":
            wanted["grant_types"] = wanted.get("grant_types") or ("client_credentials",)
        wanted["created_at"] = runtime.now()
    symmetric = (wanted.get("client") or (old.client if old else "")) == "symmetric"
    hashed = records.digest(secret) if secret else old.secret_hash if old and symmetric else None
    whole = {**(msgspec.to_builtins(old) if old else {}), **wanted, "secret_hash": hashed}
    return msgspec.convert(whole, Client), secret

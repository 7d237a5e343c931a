"""Registers, changes, removes and finds apps, by app_id, client_id or a unique name."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from sickbay.authorization import client_ids
from sickbay.authorization import policy as policies
from sickbay.authorization import registration as stage
from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.launch import card as launch_card
from sickbay.authorization.likely_clients import NEIGHBOUR_BYTES, NEIGHBOURS, count_twins
from sickbay.authorization.models import Client, Grant
from sickbay.authorization.origin import registered_origins
from sickbay.authorization.registration import limits as registration_limits
from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis.stages import REGISTRATION
from sickbay.kernel.effects import Effects
from sickbay.kernel.english import join
from sickbay.protocol.names import clean_name
from sickbay.services import app_limits, records
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, decide
from sickbay.services.sessions import Session
from sickbay.storage.interface import Conflict, Put, Record, Step

CLIENT_FIELDS = frozenset(Client.__struct_fields__) - {
    "secret_hash",
    "secret_length",
    "registration_hash",
    "created_at",
    "granted",
}


def client_id_of(runtime: Runtime, app_id: str) -> str:
    """The client_id of an app whose form has this app_id, so that a form that is sent twice registers one app."""
    digest = hmac.digest(runtime.keys.refresh, f"client_id\0{app_id}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest[:18]).decode().replace("-", "_").lstrip("_")


class Registered(Struct, frozen=True):
    """secret: shown only here. client: None if the registration was refused; decision says why."""

    decision: Decision[RegistrationRequest, UrlContext]
    client: Client | None = None
    secret: str | None = None
    token: str | None = None
    """The registration access token, shown only here."""


class Ambiguous(LookupError):
    """Several apps have this name. The message names each with its hospital."""

    def __init__(self, name: str, clients: Sequence[Client]) -> None:
        apps = join([f"{client.app_id} at {client.tenant}" for client in clients])
        super().__init__(f"{len(clients)} apps are named {name}: {apps}. Use the app_id or the client_id")


class AppRemoved(Exception):
    """The app that should be changed, or was to get a token, was removed in the meantime."""


def make_identifier(effects: Effects, size: int) -> str:
    """A random id that works as a command-line argument: it doesn't start with a dash, which would make it an option."""
    return effects.token(size).replace("-", "_").lstrip("_") or make_identifier(effects, size)


async def find_app(runtime: Runtime, named: str, tenant: str | None = None) -> Client | None:
    """Finds an app by client_id, by app_id or by a name that only one app has. Raises Ambiguous."""
    client = await find_by_id(runtime, named)
    if client is not None and tenant in (None, client.tenant):
        return client
    matches = await runtime.store.find("app", tenant=tenant, owner=named, limit=2)
    if not matches:
        apps = await runtime.store.find("app", tenant=tenant, limit=10_000)
        matches = [app for app in apps if records.parse(Client, app.value).name == named]
    if len(matches) > 1:
        raise Ambiguous(named, [records.parse(Client, app.value) for app in matches])
    return records.parse(Client, matches[0].value) if matches else None


async def find_unambiguous_app(runtime: Runtime, named: str, tenant: str | None = None) -> Client | None:
    """Like `find`, for URLs: also returns None if several apps have this name."""
    try:
        return await find_app(runtime, named, tenant)
    except Ambiguous:
        return None


async def find_by_id(runtime: Runtime, client_id: str | None) -> Client | None:
    return await records.load(runtime, "app", client_id, Client) if client_id else None


async def list_clients(runtime: Runtime, tenant: str | None = None, limit: int = 10_000) -> list[Client]:
    """Newest first."""
    stored = await runtime.store.find("app", tenant=tenant, limit=limit)
    return [records.parse(Client, record.value) for record in stored]


async def load_origins(runtime: Runtime, tenant: str) -> Mapping[str, frozenset[str]]:
    """The origins that the apps of a hospital registered, each with their client_ids. They are read again after a change."""
    stamp, cached = runtime.store.stamp(), runtime.origins.get(tenant)
    if cached is not None and cached[0] == stamp:
        return cached[1]
    apps: dict[str, set[str]] = {}
    for client in await list_clients(runtime, tenant):
        for origin in registered_origins(client):
            apps.setdefault(origin, set()).add(client.client_id)
    origins = {origin: frozenset(ids) for origin, ids in apps.items()}
    if stamp is not None:
        runtime.origins[tenant] = stamp, origins
    return origins


async def list_some_clients(runtime: Runtime, start: int, number: int, student: str = "") -> list[Client]:
    """So many apps, newest first, after the first `start`. student: who registered them, if only those are wanted."""
    stored = await runtime.store.find("app", label=student or None, limit=start + number)
    return [records.parse(Client, record.value) for record in stored[start:]]


async def newest_clients(runtime: Runtime, tenant: str, session: Session | None = None) -> tuple[Client, ...]:
    """The newest apps of a hospital, to guess which one a wrong client_id meant. Only a few, since anyone can ask.

    In class mode only those of the session's student and those for everyone, because the guess names them.
    """
    if runtime.class_mode:
        student = session.student if session else ""
        own = await runtime.store.find("app", tenant=tenant, label=student, limit=NEIGHBOURS) if student else []
        stored = [*own, *await runtime.store.find("app", tenant=tenant, label="", limit=NEIGHBOURS)][:NEIGHBOURS]
    else:
        stored = await runtime.store.find("app", tenant=tenant, limit=NEIGHBOURS)
    return tuple([records.parse(Client, record.value) for record in stored if len(record.value) <= NEIGHBOUR_BYTES])


async def load_with_revision(runtime: Runtime, client_id: str) -> tuple[Client | None, int]:
    """The client and the revision of its record, for a change that must not overwrite another one."""
    record = await runtime.store.get("app", client_id)
    return (records.parse(Client, record.value), record.revision) if record else (None, 0)


async def save_app(
    runtime: Runtime, client: Client, before: Client | None, revision: int | None = None, more: Sequence[Step] = ()
) -> None:
    """Stores a registration. before: the current one, None for a new app. It stays current during a propagation delay.

    revision: of the record to change. Raises Conflict if it was changed or removed in the meantime, or if a new app has the
    client_id of another one. Without a revision, the last change is kept, and an app that was removed raises AppRemoved.
    more: steps of the same transaction. Raises AppTooLarge.
    """
    app = records.make_app_record(client)
    steps: list[Step] = [*more]
    delay = runtime.tenants[client.tenant].policy.propagation_delay
    if delay:
        earlier = await runtime.store.get(records.BEFORE, client.client_id)
        in_force = earlier is not None and (earlier.expires_at or 0) > runtime.now()
        value = earlier.value if earlier is not None and in_force else records.dump(before)
        until = runtime.now() + delay
        steps.append(Put(Record(records.BEFORE, client.client_id, value, client.tenant, at=runtime.now(), expires_at=until)))
    while True:
        put = Put(app, 0 if before is None else revision or await _current_revision(runtime, app))
        try:
            return await runtime.store.transaction([*await app_limits.list_steps(runtime, app), put, *steps])
        except Conflict as conflict:
            is_changed = conflict.step == put and before is not None and revision is None
            if not (is_changed or app_limits.is_of_student(conflict)):
                raise


async def _current_revision(runtime: Runtime, app: Record) -> int:
    """So that a change doesn't bring back an app that is removed at the same time. Raises AppRemoved."""
    record = await runtime.store.get("app", app.key)
    if record is None:
        raise AppRemoved
    return record.revision


async def register_app(
    runtime: Runtime, settings: dict[str, Any], old: Client | None = None, steps: Sequence[Step] = ()
) -> Registered:
    """Registers or changes an app for an operator. Nothing is stored if a check refuses. Raises the errors of `save`.

    steps: those of the transaction that stores it.
    """
    client, secret = _build_client(runtime, settings, old)
    if old is not None:
        client = structs.replace(client, granted=registration_limits.update_grant(old.granted, client, settings))
    decision = advise_on_registration(runtime, client)
    if decision.refusal is not None:
        return Registered(decision)
    await save_app(runtime, client, old, more=steps)
    return Registered(decision, client, secret)


def examine_form(
    runtime: Runtime, settings: dict[str, Any], old: Client | None = None
) -> Decision[RegistrationRequest, UrlContext]:
    """The checks of a registration that isn't stored."""
    return advise_on_registration(runtime, _build_client(runtime, settings, old)[0])


async def register_itself(runtime: Runtime, settings: dict[str, Any], ignored: tuple[str, ...] = ()) -> Registered:
    """Registers an app that can change itself later (RFC 7591, 7592), limited by the hospital's policy."""
    client, secret = _build_client(runtime, settings, None)
    token = runtime.effects.token()
    client = structs.replace(client, registration_hash=records.digest(token))
    limit = registration_limits.read_policy_limits(runtime.tenants[client.tenant].policy)
    twins = count_twins(client, await newest_clients(runtime, client.tenant))
    decision = advise_on_registration(runtime, client, limit, BY_POLICY, twins, ignored)
    if decision.refusal is not None:
        return Registered(decision)
    await save_app(runtime, client, None)
    return Registered(decision, client, secret, token)


async def change_itself(
    runtime: Runtime, settings: dict[str, Any], old: Client, revision: int, ignored: tuple[str, ...] = ()
) -> Registered:
    """Changes an app's registration for the app itself, limited by what an operator granted. Raises Conflict like `save`."""
    client, secret = _build_client(runtime, settings, old)
    limit = registration_limits.read_limits(old)
    client = structs.replace(client, granted=limit)
    decision = advise_on_registration(runtime, client, limit, BY_OPERATOR, ignored=ignored)
    if decision.refusal is not None:
        return Registered(decision)
    await save_app(runtime, client, old, revision)
    return Registered(decision, client, secret)


BY_POLICY = "The hospital's policies registration_scopes and registration_grants limit what an app may register for itself."
BY_OPERATOR = "An app can change its own registration only within what it was first granted."


async def edit_app(runtime: Runtime, old: Client, settings: dict[str, Any], secret: str) -> Registered:
    """Changes an app for an operator. Settings that depend on the type of app are reset if the type changes.

    secret: that of an app that becomes a symmetric client.
    """
    changes = dict(settings)
    if settings["client"] != old.client:
        changes["auth_method"] = None
        changes |= {"client_secret": secret} if settings["client"] == "symmetric" else {}
    if settings["client"] != "asymmetric":
        changes |= {"jwks": None, "jwks_uri": None}
    if "system" in (settings["type"], old.type) and settings["type"] != old.type:
        service = settings["type"] == "system"
        changes["grant_types"] = ("client_credentials",) if service else ("authorization_code", "refresh_token")
    if settings["smart_version"] == old.smart_version:
        changes["pkce"] = old.pkce
    return await register_app(runtime, changes, old)


def may_manage(client: Client | None, token: str | None) -> bool:
    """Whether this is the app's registration access token."""
    if client is None or client.registration_hash is None or not token:
        return False
    return hmac.compare_digest(records.digest(token), client.registration_hash)


def examine_metadata(tenant: Tenant, request: RegistrationRequest) -> Decision[RegistrationRequest, UrlContext]:
    """The decision on metadata that can't be used, or that the sender may not register."""
    return decide(REGISTRATION, tenant, stage.CHECKS, request, UrlContext(server=tenant.server))


def set_secret(client: Client, secret: str) -> Client:
    """The app with this secret instead of its own."""
    return structs.replace(client, secret_hash=records.digest(secret), secret_length=len(secret))


def settings_problem(runtime: Runtime, changes: dict[str, Any], old: Client | None = None) -> str:
    """Describes the first invalid or missing setting of an app, in one sentence; "" if there is none."""
    if changes.get("client_id") is not None and (fault := client_ids.find_problem(changes["client_id"])):
        return fault
    settings = {**(msgspec.to_builtins(old) if old else {}), **changes}
    if faults := policies.find_problems(settings.get("policy") or {}, app=True) or launch_card.find_problems(
        settings.get("cards") or ()
    ):
        return faults[0]
    versions = runtime.tenants[settings["tenant"]].dialect.fhir
    if settings["fhir"] not in versions:
        supported = join([version.upper() for version in versions])
        return f"{settings['tenant']} supports FHIR {supported}, not {settings['fhir'].upper()}"
    if settings["type"] != "system" and not settings["redirect_uris"]:
        return "Only system apps work without a redirect URI"
    if settings["client"] == "asymmetric" and not (settings.get("jwks_uri") or settings.get("jwks")):
        return "An app with a private key needs jwks_uri or jwks"
    return ""


def advise_on_registration(
    runtime: Runtime, client: Client, limit: Grant | None = None, by: str = "", twins: int = 0, ignored: tuple[str, ...] = ()
) -> Decision[RegistrationRequest, UrlContext]:
    """The checks of a registration. limit: the most that the app may have. by: who set it. The others: see the request."""
    tenant = runtime.tenants[client.tenant].override_for_app(client)
    context = UrlContext(server=tenant.server, client=client)
    request = structs.replace(_request_of_client(client), limit=limit, limited_by=by, twins=twins, ignored=ignored)
    return decide(REGISTRATION, tenant, stage.CHECKS, request, context)


def _request_of_client(client: Client) -> RegistrationRequest:
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


def build_client(runtime: Runtime, settings: dict[str, Any]) -> Client:
    """The client of a metadata document."""
    return _build_client(runtime, settings, None)[0]


def copy_settings(client: Client, stored: Client | None) -> Client:
    """The client of a metadata document with what the portal knows of it and chose for it, which no document says."""
    kept = ("app_id", "created_at", "policy", "token_lifetime", "auto_approve", "scope_mode", "cards")
    return structs.replace(client, **{name: getattr(stored, name) for name in kept}) if stored else client


def _list_other_keys(wanted: dict[str, Any]) -> dict[str, None]:
    """Clears the other way of giving keys: a new jwks replaces a jwks_uri, and the other way around."""
    names = [name for name in ("jwks", "jwks_uri") if wanted.get(name)]
    return {"jwks_uri" if names == ["jwks"] else "jwks": None} if len(names) == 1 else {}


def _build_client(runtime: Runtime, settings: dict[str, Any], old: Client | None) -> tuple[Client, str | None]:
    """Builds the client with its ids. For a symmetric client, also returns the secret in clear, only here."""
    members = {name: value for name, value in settings.items() if name in CLIENT_FIELDS}
    if old is not None:
        members |= _list_other_keys(members)
    secret = settings.get("client_secret")
    if old is None:
        members["client_id"] = members.get("client_id") or make_identifier(runtime.effects, 16)
        members["app_id"] = members.get("app_id") or make_identifier(runtime.effects, 9)
        if members.get("client") == "symmetric":
            secret = secret or runtime.effects.token()
        if members.get("type") == "system":
            members["grant_types"] = members.get("grant_types") or ("client_credentials",)
        members["created_at"] = runtime.now()
    symmetric = (members.get("client") or (old.client if old else "")) == "symmetric"
    kept = (old.secret_hash, old.secret_length) if old and symmetric else (None, None)
    hashed, size = (records.digest(secret), len(secret)) if secret else kept
    complete = {**(msgspec.to_builtins(old) if old else {}), **members, "secret_hash": hashed, "secret_length": size}
    if complete.get("name"):
        complete["name"] = clean_name(complete["name"]) or complete["client_id"]
    return msgspec.convert(complete, Client), secret

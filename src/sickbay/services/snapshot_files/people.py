"""The apps and users of a snapshot's file: without secrets when they are written, with new ones when they are read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from sickbay.authorization import client_ids
from sickbay.authorization.models import Client, User
from sickbay.protocol import jose
from sickbay.protocol.names import clean_name
from sickbay.services import records, registration
from sickbay.services.app_limits import APP_BYTES
from sickbay.services.context import Runtime, Tenant
from sickbay.services.snapshot_files import lines
from sickbay.services.snapshot_files.archive import APPS, USERS, BadFile
from sickbay.services.users import PERSON
from sickbay.storage.interface import Record

NAME_CHARACTERS = 200


class NewSecret(NamedTuple):
    """The new secret of an imported app, shown only once."""

    tenant: str
    app_id: str
    client_id: str
    client_secret: str


class _AppLine(Client, frozen=True, forbid_unknown_fields=True):
    """An app, without hashes."""


class _UserLine(User, frozen=True, forbid_unknown_fields=True):
    """A user, without a hash."""


def dump_apps(apps: Iterable[Record]) -> bytes:
    """The apps, one on each line."""
    return b"".join(_encode_record(_drop_secrets(records.parse(Client, record.value))) for record in apps)


def _drop_secrets(client: Client) -> Client:
    jwks = client.jwks and {**client.jwks, "keys": [key for key in client.jwks.get("keys", ()) if _is_public(key)]}
    return structs.replace(client, secret_hash=None, secret_length=None, registration_hash=None, jwks=jwks)


def _is_public(key: Any) -> bool:
    """Whether the key has no private member, which an older Sickbay may have registered."""
    return isinstance(key, dict) and not jose.private_members(key)


def dump_users(users: Iterable[Record]) -> bytes:
    """The users, one on each line."""
    return b"".join(_encode_record(structs.replace(records.parse(User, record.value), password="")) for record in users)


def _encode_record(value: Client | User) -> bytes:
    return msgspec.json.encode(value) + b"\n"


def read_apps(runtime: Runtime, content: bytes, samples: Mapping[str, Client]) -> tuple[list[Record], list[NewSecret]]:
    """The apps, with new secrets for those that need one. samples: those of this Sickbay, by client_id. Raises BadFile."""
    clients: dict[str, Client] = {}
    secrets: list[NewSecret] = []
    ids: set[str] = set()
    for place, line in lines.split_lines(APPS, content):
        client = Client(**structs.asdict(lines.parse_line(_AppLine, line, place)))
        keys = jose.add_ids(client.jwks) if client.jwks else None  # an older Sickbay registered keys without a kid
        client = structs.replace(client, name=clean_name(client.name) or client.client_id, jwks=keys)
        _check_app(runtime, client, place)
        if client.client_id in clients or client.app_id in ids:
            raise BadFile(place, f"there are two apps with the ID {client.client_id[:NAME_CHARACTERS]}")
        if client.client == "symmetric":
            secret = runtime.effects.token()
            client = registration.set_secret(client, secret)
            secrets.append(NewSecret(client.tenant, client.app_id, client.client_id, secret))
        clients[client.client_id] = _move_to_this_sandbox(client, samples)
        ids.add(client.app_id)
    return [records.make_app_record(client) for client in clients.values()], secrets


def _check_app(runtime: Runtime, client: Client, place: str) -> None:
    """Check an app like one that is registered. Raises BadFile."""
    _check_tenant(runtime.tenants, client.tenant, place)
    if fault := client_ids.find_problem(client.app_id, "app_id"):
        raise BadFile(place, fault)
    if client.secret_hash is not None or client.registration_hash is not None:
        raise BadFile(place, "a snapshot's file contains no hashes of secrets")
    if len(records.dump(client)) > APP_BYTES:
        raise BadFile(place, f"the app is larger than {APP_BYTES:,} bytes")
    if fault := registration.settings_problem(runtime, msgspec.to_builtins(client)):
        raise BadFile(place, fault)
    if (refusal := registration.advise_on_registration(runtime, client).refusal) is not None:
        raise BadFile(place, f"the app {client.client_id} can't be registered here ({refusal.name})")


def _move_to_this_sandbox(client: Client, samples: Mapping[str, Client]) -> Client:
    """The app. A sample app gets the addresses of this Sickbay."""
    here = samples.get(client.client_id)
    if not client.sample or here is None:
        return structs.replace(client, sample=False)
    return structs.replace(client, launch_uri=here.launch_uri, redirect_uris=here.redirect_uris)


def read_users(tenants: Mapping[str, Tenant], content: bytes, password: str) -> list[Record]:
    """The users. password: the hash of the published password, which all of them get. Raises BadFile."""
    users: dict[tuple[str, str], User] = {}
    subjects: set[tuple[str, str]] = set()
    for place, line in lines.split_lines(USERS, content):
        user = User(**structs.asdict(lines.parse_line(_UserLine, line, place)))
        _check_tenant(tenants, user.tenant, place)
        if user.password:
            raise BadFile(place, "a snapshot's file contains no hashes of passwords")
        if not 0 < len(user.username) <= NAME_CHARACTERS:
            raise BadFile(place, f"`username` must have 1 to {NAME_CHARACTERS} characters")
        if not PERSON.search(user.fhir_user):
            raise BadFile(place, "`fhir_user` must be a person's resource such as Practitioner/pr-0001")
        if (user.tenant, user.username) in users:
            raise BadFile(place, f"{user.tenant} has two users named {user.username}")
        if (user.tenant, user.sub) in subjects:
            raise BadFile(place, f"{user.tenant} has two users with this `sub`")
        users[user.tenant, user.username] = structs.replace(user, password=password)
        subjects.add((user.tenant, user.sub))
    return [records.make_user_record(user) for user in users.values()]


def _check_tenant(tenants: Mapping[str, Tenant], name: str, place: str) -> None:
    if name not in tenants:
        raise BadFile(place, f"there is no hospital {name[:NAME_CHARACTERS]!r}")

"""Creates a hospital from a valid file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sickbay import dialects
from sickbay.authorization.models import User
from sickbay.authorization.protected_resource import read_resources
from sickbay.authorization.scopes.resource_types import types_of
from sickbay.dialects import Dialect
from sickbay.faults.fault import Fault, fault_of
from sickbay.fhir.versions import VERSIONS
from sickbay.services import context, records
from sickbay.services.context import Tenant

TABLES = ("paths", "answers", "policy", "words", "token_response", "id_token", "discovery")
"""Tables whose members replace those of the dialect. All other values replace the dialect's as a whole."""


def create_hospital(document: Mapping[str, Any], base: str, digest: str) -> Tenant:
    """Make the hospital. base: Sickbay's base URL. digest: that of the file."""
    name = document["name"]
    dialect = dialects.read(document.get("like", dialects.STANDARD), _merge_dialect(document))
    types = {version: types_of(VERSIONS[version].number) for version in dialect.fhir}
    plain = context.make_tenant(name, base, dialect, types, resources=read_resources(document.get("resources", ())))
    return replace(plain, digest=digest, users=_users_of_file(document, dialect), faults=_faults_of_file(document))


def _users_of_file(document: Mapping[str, Any], dialect: Dialect) -> tuple[User, ...]:
    return tuple(_build_user(document["name"], dialect, sent) for sent in document.get("users", ()))


def _build_user(tenant: str, dialect: Dialect, sent: Mapping[str, Any]) -> User:
    """sent: with the hash of the password."""
    username, fhir_user, patients = sent["username"], sent["fhirUser"], sent.get("patients", "*")
    return User(
        username=username,
        tenant=tenant,
        fhir_user=fhir_user,
        name=sent.get("name") or username,
        patients=patients if patients == "*" else tuple([patients] if isinstance(patients, str) else patients),
        password=sent["password"],
        sub=dialect.subject.format(tenant=tenant, username=username, user_id=fhir_user.rpartition("/")[2]),
    )


def _merge_dialect(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document of a dialect: that of the dialect it is like, with the hospital's own members."""
    merged = dialects.read_document(document.get("like", dialects.STANDARD))
    own = {"about": document["title"]} | {name: value for name, value in document.items() if name not in TABLES}
    for name in TABLES:
        own[name] = {**merged.get(name, {}), **document.get(name, {})}
    own["policy"] |= _search_policy(document.get("search", {}))
    if "scopes" in document:
        own["policy"]["supported_scopes"] = document["scopes"]
    return merged | own


def _search_policy(search: Mapping[str, Any]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    if "required" in search:
        members["search_criteria"] = search["required"]
    if "alone" in search:
        members["search_alone"] = search["alone"]
    if "parameters" in search:
        members["search_parameters"] = [f"{type}: {' | '.join(codes)}" for type, codes in search["parameters"].items()]
    return members


def _faults_of_file(document: Mapping[str, Any]) -> tuple[Fault, ...]:
    name = document["name"]
    return tuple(
        fault_of({**fault, "tenant": name}, records.digest(f"{name} {position}")[:8])
        for position, fault in enumerate(document.get("faults", ()))
    )

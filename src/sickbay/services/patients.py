"""Patients and their records for Sickbay's own pages, limited to what the signed-in user may see."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

from sickbay.authorization.models import Policy, User
from sickbay.fhir import lossless_json
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import EVERYTHING, Clause, Visibility
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.answers import BadCursor
from sickbay.storage.interface import ResourceSpace

Json = dict[str, Any]


def visibility_of(user: User | None) -> Visibility:
    """The visibility of a user on our pages. None: the developer who runs the sandbox, who sees everything."""
    if user is None or user.patients == "*":
        return EVERYTHING
    patients = frozenset(user.patients)
    shared = (*Policy().shared_types, "Schedule", "Slot")
    return Visibility((Clause("*", "rs", patients), *(Clause(type, "rs", None) for type in shared)))


async def is_visible(runtime: Runtime, tenant: Tenant, version: str, user: User, patient: str) -> bool:
    """Whether this patient exists and this user may see the record."""
    return await read_resource(runtime, tenant, version, "Patient", patient, user) is not None


async def read_resource(runtime: Runtime, tenant: Tenant, version: str, type: str, id: str, user: User | None) -> Json | None:
    stored = await runtime.store.read(ResourceSpace(tenant.name, version), type, id, visibility_of(user))
    return None if stored is None or stored.deleted else lossless_json.loads(stored.body)


async def list_encounters(runtime: Runtime, tenant: Tenant, version: str, patient: str, user: User | None) -> list[Json]:
    """The patient's encounters, newest first."""
    return await find_resources(
        runtime, tenant, version, "Encounter", [("patient", patient), ("_sort", "-date"), ("_count", "50")], user
    )


async def encounter_fits(
    runtime: Runtime, tenant: Tenant, version: str, user: User | None, patient: str | None, encounter: str | None
) -> bool:
    """Whether this encounter belongs to this patient and this user may see it. True if there is no encounter."""
    if not encounter:
        return True
    resource = await read_resource(runtime, tenant, version, "Encounter", encounter, user)
    subject = (resource or {}).get("subject") or (resource or {}).get("patient") or {}
    return patient is None or str(subject.get("reference", "")).endswith(f"Patient/{patient}")


async def find_resources(
    runtime: Runtime, tenant: Tenant, version: str, type: str, filters: Sequence[tuple[str, str]], user: User | None
) -> list[Json]:
    """One page of resources. Raises ValueError if this version doesn't support the search."""
    query = search_parser.parse(version, type, filters, base=tenant.fhir_base(version), strict=True)
    if not isinstance(query, Query):
        raise ValueError(f"{type}: {query[0].parameter} {query[0].expected}")
    page = await runtime.store.search(ResourceSpace(tenant.name, version), query, visibility_of(user))
    return [lossless_json.loads(match.body) for match in page.matches]


def search_parameters(query: str) -> list[tuple[str, str]]:
    """Returns the search for a typed text: by birth date, record number or name, depending on its form."""
    if not query:
        return []
    try:
        return [("birthdate", datetime.date.fromisoformat(query[:10]).isoformat())]
    except ValueError:
        return [("identifier" if any(map(str.isdigit, query)) else "name", query)]


class Listed(NamedTuple):
    """One page of patients, the total number, and the cursor of the next page."""

    rows: list[Json]
    total: int
    next: str | None = None


async def list_patients(
    runtime: Runtime, tenant: Tenant, version: str, filters: Sequence[tuple[str, str]], user: User | None
) -> Listed:
    """One page of patients; empty if the search or its cursor is invalid."""
    query = search_parser.parse(version, "Patient", filters, base=tenant.fhir_base(version), strict=True)
    if not isinstance(query, Query):
        return Listed([], 0)
    space, visibility = ResourceSpace(tenant.name, version), visibility_of(user)
    try:
        page = await runtime.store.search(space, query, visibility)
    except BadCursor:
        return Listed([], 0)
    total = page.total if page.total is not None else await runtime.store.count(space, query, visibility)
    return Listed([lossless_json.loads(match.body) for match in page.matches], total, page.next)

"""Patients and their records, as our own pages read them: with the eyes of the person who is signed in."""

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
from sickbay.storage.interface import BadCursor, ResourceSpace

Json = dict[str, Any]


def eyes(user: User | None) -> Visibility:
    """What a person may see in our pages; None: the person at the keyboard, who runs the sandbox."""
    if user is None or user.patients == "*":
        return EVERYTHING
    seen = frozenset(user.patients)
    shared = (*Policy().shared_types, "Schedule", "Slot")
    return Visibility((Clause("*", "rs", seen), *(Clause(type, "rs", None) for type in shared)))


async def visible(runtime: Runtime, tenant: Tenant, version: str, user: User, patient: str) -> bool:
    """Whether this patient is there, and this user may see the record."""
    return await read(runtime, tenant, version, "Patient", patient, user) is not None


async def read(runtime: Runtime, tenant: Tenant, version: str, type: str, id: str, user: User | None) -> Json | None:
    stored = await runtime.store.read(ResourceSpace(tenant.name, version), type, id, eyes(user))
    return None if stored is None or stored.deleted else lossless_json.loads(stored.body)


async def encounters(runtime: Runtime, tenant: Tenant, version: str, patient: str, user: User | None) -> list[Json]:
    """The visits of a patient, the newest first."""
    return await find(runtime, tenant, version, "Encounter", [("patient", patient), ("_sort", "-date"), ("_count", "50")], user)


async def encounter_fits(
    runtime: Runtime, tenant: Tenant, version: str, user: User | None, patient: str | None, encounter: str | None
) -> bool:
    """Whether this encounter is this patient's, and this user may see it; true where there is none."""
    if not encounter:
        return True
    found = await read(runtime, tenant, version, "Encounter", encounter, user)
    whose = (found or {}).get("subject") or (found or {}).get("patient") or {}
    return patient is None or str(whose.get("reference", "")).endswith(f"Patient/{patient}")


async def find(
    runtime: Runtime, tenant: Tenant, version: str, type: str, asked: Sequence[tuple[str, str]], user: User | None
) -> list[Json]:
    """One page of resources. Raises ValueError for a search that this version does not know."""
    query = search_parser.parse(version, type, asked, base=tenant.fhir_base(version), strict=True)
    if not isinstance(query, Query):
        raise ValueError(f"{type}: {query[0].parameter} {query[0].expected}")
    page = await runtime.store.search(ResourceSpace(tenant.name, version), query, eyes(user))
    return [lossless_json.loads(one.body) for one in page.matches]


def sought(query: str) -> list[tuple[str, str]]:
    """The search for what a person typed: a birth date, a record number or a name, whichever it looks like."""
    if not query:
        return []
    try:
        return [("birthdate", datetime.date.fromisoformat(query[:10]).isoformat())]
    except ValueError:
        return [("identifier" if any(map(str.isdigit, query)) else "name", query)]


class Listed(NamedTuple):
    """One page of patients, how many there are in all, and the cursor of the next page."""

    rows: list[Json]
    total: int
    next: str | None = None


async def listed(runtime: Runtime, tenant: Tenant, version: str, asked: Sequence[tuple[str, str]], user: User | None) -> Listed:
    """Nobody, where the search or its cursor cannot be read."""
    query = search_parser.parse(version, "Patient", asked, base=tenant.fhir_base(version), strict=True)
    if not isinstance(query, Query):
        return Listed([], 0)
    space, sight = ResourceSpace(tenant.name, version), eyes(user)
    try:
        page = await runtime.store.search(space, query, sight)
    except BadCursor:
        return Listed([], 0)
    total = page.total if page.total is not None else await runtime.store.count(space, query, sight)
    return Listed([lossless_json.loads(one.body) for one in page.matches], total, page.next)

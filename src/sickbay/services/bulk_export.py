"""Bulk Data exports: what was asked is kept as a record; its files are made when they are read, as of one instant.

A file is a search, page by page, with the eyes of the token that reads it. What was changed since the export was begun is
given as it was then; what was deleted since is not given. So any worker can answer, and nothing has to be cleaned up.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import orjson
from msgspec import structs

from sickbay.fhir import lossless_json
from sickbay.fhir.attachments import with_absolute_attachments
from sickbay.fhir.operations.parameters import ASSOCIATED, NO_REFERENCES, OperationInput, type_filters
from sickbay.fhir.outcome import Issue, outcome
from sickbay.fhir.references import target
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.index import CROWDS
from sickbay.fhir.search.parameters import compartment_types, resource_types
from sickbay.fhir.search.query import DateValue, Query
from sickbay.fhir.subset import subset
from sickbay.fhir.visibility import Visibility, within
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Delete, Put, Record, ResourceSpace, Stored, whole

KIND = "export"
KEPT_FOR = 86_400
WAIT = 1
"""Seconds before the first manifest: a client that never has to wait is one that never learnt to."""
PAGE = 500
OUTCOMES = "OperationOutcome"
REFERENCED = ("Location", "Organization", "Practitioner", "PractitionerRole")
PORTION = 200
"""Ids in one search."""
Referenced: TypeAlias = dict[str, set[str]]
_REFERENCE = re.compile(rb'"reference"\s*:\s*"([^"]{1,300})"')


@dataclass(frozen=True, slots=True)
class Job:
    """at: the instant of it, epoch ms. patients: whose records, None for everybody's. everything: of the whole server.

    types: those asked for, () for all. filters: (type, search). ignored: parameters left out under lenient handling.
    elements: what is given of a resource, () for all of it.
    """

    version: str
    request: str
    at: int
    everything: bool
    types: tuple[str, ...] = ()
    since: tuple[int, int] | None = None
    filters: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    patients: tuple[str, ...] | None = None
    ignored: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    associated: bool = False
    """With the practitioners, organizations and places that the patients' resources refer to."""


def members(group: Stored, base: str) -> tuple[str, ...]:
    """Ids of the patients that a Group names and that are active in it."""
    listed = lossless_json.loads(group.body).get("member")
    held = [one for one in (listed if isinstance(listed, list) else []) if isinstance(one, dict) and not one.get("inactive")]
    entities = [one["entity"] for one in held if isinstance(one.get("entity"), dict)]
    found = (target(str(one.get("reference", "")), base) for one in entities)
    return tuple(sorted({one[1] for one in found if one is not None and one[0] == "Patient"}))


def job(runtime: Runtime, version: str, url: str, given: OperationInput, level: str, group: tuple[str, ...] | None) -> Job:
    """level: system, type (all patients) or instance (of a group, whose members are given)."""
    asked = {text.rpartition("/")[2] for text in given.texts.get("patient", ())}
    chosen = group if not asked else tuple(sorted(asked if group is None else asked & set(group)))
    known = ("_outputFormat", "_since", "_type", "_typeFilter", "_elements", "patient", "_format", "_pretty")
    ours = level == "instance" and set(given.listed(ASSOCIATED)) <= {NO_REFERENCES}
    ignored = tuple(name for name in (*given.texts, *given.things) if name not in known and not (name == ASSOCIATED and ours))
    return Job(
        version,
        url,
        int(runtime.effects.now() * 1000),
        level == "system",
        given.listed("_type"),
        given.since("_since"),
        tuple(type_filters(given)),
        chosen,
        ignored,
        given.listed("_elements"),
        level == "instance" and not given.listed("_type") and NO_REFERENCES not in given.listed(ASSOCIATED),
    )


async def begin(runtime: Runtime, tenant: Tenant, one: Job, client_id: str) -> str:
    """The id under which it is asked after."""
    id, now = runtime.effects.token(24).replace("_", "-"), runtime.now()
    record = Record(KIND, id, records.dump(one), tenant.name, client_id, label=one.version, at=now, expires_at=now + KEPT_FOR)
    await runtime.store.transaction([Put(record, if_revision=0)])
    return id


async def find(runtime: Runtime, tenant: Tenant, version: str, client_id: str, id: str) -> tuple[Job, Record] | None:
    """Of this client alone; another's, an expired and an unknown one are the same."""
    record = await runtime.store.get(KIND, id)
    if record is None or (record.tenant, record.owner, record.label) != (tenant.name, client_id, version):
        return None
    if record.expires_at is not None and record.expires_at <= runtime.now():
        return None
    return records.parse(Job, record.value), record


async def cancel(runtime: Runtime, id: str) -> None:
    await runtime.store.transaction([Delete(KIND, id)])


def wait(runtime: Runtime, one: Job) -> int:
    """Seconds until there is a manifest, 0 where there is one."""
    return max(0, round(WAIT - (runtime.effects.now() - one.at / 1000) + 0.5))


async def types(runtime: Runtime, space: ResourceSpace, one: Job, visibility: Visibility) -> list[str]:
    """Of which there is something to be read."""
    found = []
    wanted = await _referenced(runtime, space, one, visibility)
    for type in _types(one, visibility):
        async for _ in lines(runtime, space, one, visibility, type, page=1, wanted=wanted):
            found.append(type)
            break
    return found


def has(one: Job, visibility: Visibility, type: str) -> bool:
    """Whether there is a file of the type, though nothing may be in it."""
    return type in _types(one, visibility)


def _types(one: Job, visibility: Visibility) -> list[str]:
    """A patient's records by their compartment; what stands outside of it where it is asked for by name."""
    held = compartment_types(one.version)
    usual = [type for type in resource_types(one.version) if one.everything or (type in held and type not in CROWDS)]
    usual += [type for type in REFERENCED if one.associated and type in resource_types(one.version)]
    return [type for type in (sorted(one.types) or sorted(set(usual))) if visibility.of(type, "s")]


async def count(runtime: Runtime, space: ResourceSpace, one: Job, visibility: Visibility, type: str) -> int | None:
    """Lines of the file of a type, where that is known without reading it: None once any of the type was changed since."""
    if _is_referenced(one, type):
        return None
    eyes, asked = _eyes(one, visibility, type), _queries(one, type, PAGE)
    if len(asked) > 1 or (_is_held(one, type) and one.patients is None and not one.everything):
        return None
    later = await runtime.store.history(space, type, None, eyes, count=1, since=one.at + 1)
    return None if later.entries else await runtime.store.count(space, asked[0], eyes)


async def deleted(
    runtime: Runtime, space: ResourceSpace, one: Job, visibility: Visibility, page: int = PAGE
) -> AsyncIterator[bytes]:
    """What was deleted between `_since` and the instant of the export: a line for each page, a Bundle that deletes it again."""
    types = [type for type in _types(one, visibility) if not _is_referenced(one, type)]
    for type in types if one.since is not None else ():
        eyes, cursor = _eyes(one, visibility, type), None
        while True:
            asked = {"count": page, "cursor": cursor, "since": one.since and one.since[0], "at": (one.at, one.at + 1)}
            found = await runtime.store.history(space, type, None, eyes, **asked)  # type: ignore[arg-type]
            gone = [
                {"request": {"method": "DELETE", "url": f"{type}/{each.id}"}}
                for each, _ in found.entries
                if each.deleted and (one.everything or not _is_held(one, type) or each.patients)
            ]
            if gone:
                yield orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": gone}) + b"\n"
            if found.next is None:
                break
            cursor = found.next


async def any_deleted(runtime: Runtime, space: ResourceSpace, one: Job, visibility: Visibility) -> bool:
    async for _ in deleted(runtime, space, one, visibility):
        return True
    return False


def _is_held(one: Job, type: str) -> bool:
    """Whether it belongs to patients."""
    return type in compartment_types(one.version) and type not in CROWDS


def _eyes(one: Job, visibility: Visibility, type: str) -> Visibility:
    """Those of the token, on the patients of the export."""
    return within(visibility, frozenset(one.patients)) if one.patients is not None and _is_held(one, type) else visibility


async def lines(
    runtime: Runtime,
    space: ResourceSpace,
    one: Job,
    visibility: Visibility,
    type: str,
    page: int = PAGE,
    wanted: Referenced | None = None,
) -> AsyncIterator[bytes]:
    """The file of a type: a resource a line, each piece the lines of one page.

    wanted: the ids of the referenced resources, if they are known already.
    """
    base = runtime.tenants[space.tenant].fhir_base(space.version)
    async for found in _pages(runtime, space, one, visibility, type, page, wanted):
        if piece := _ndjson(one, base, found):
            yield piece


async def _pages(
    runtime: Runtime,
    space: ResourceSpace,
    one: Job,
    visibility: Visibility,
    type: str,
    page: int = PAGE,
    wanted: Referenced | None = None,
) -> AsyncIterator[list[Stored]]:
    if not has(one, visibility, type):
        return
    if _is_referenced(one, type):
        ids = (await _referenced(runtime, space, one, visibility) if wanted is None else wanted).get(type, set())
        queries = [structs.replace(query, ids=part) for query in _queries(one, type, page) for part in _portions(sorted(ids))]
    else:
        queries = _queries(one, type, page)
    held, eyes = _is_held(one, type), _eyes(one, visibility, type)
    seen: set[str] = set()
    for query in queries:
        cursor: str | None = None
        while True:
            found = await runtime.store.search(space, structs.replace(query, cursor=cursor), eyes)
            kept = [await _as_of(runtime, space, one, eyes, each) for each in whole(found) if each.id not in seen]
            if len(one.filters) > 1:
                seen |= {each.id for each in found.matches}
            yield [each for each in kept if each is not None and (one.everything or not held or each.patients)]
            if found.next is None:
                break
            cursor = found.next


def _queries(one: Job, type: str, page: int) -> list[Query]:
    """One for each filter of the type, or one for all of it."""
    updated = () if one.since is None else (DateValue("ge", *one.since),)
    plain = Query(one.version, type, count=page, total="none", updated=updated)
    asked = [search_parser.parse(one.version, type, pairs, base="", strict=True) for kind, pairs in one.filters if kind == type]
    read = [query for query in asked if isinstance(query, Query)]
    return [
        structs.replace(plain, filters=query.filters, ids=query.ids, updated=(*updated, *query.updated)) for query in read
    ] or [plain]


async def _as_of(runtime: Runtime, space: ResourceSpace, one: Job, eyes: Visibility, found: Stored) -> Stored | None:
    """The version that was there when the export was begun."""
    if found.at <= one.at:
        return found
    held = await runtime.store.history(space, found.type, found.id, eyes, count=1, at=(one.at, one.at + 1))
    then = next((kept for kept, _ in held.entries if not kept.deleted), None)
    return None if then is None or (one.since is not None and then.at < one.since[0]) else then


def _is_referenced(one: Job, type: str) -> bool:
    """Whether only those of the type are exported that the patients' resources refer to."""
    return one.associated and type in REFERENCED and not one.types


async def _referenced(runtime: Runtime, space: ResourceSpace, one: Job, visibility: Visibility) -> Referenced:
    """Ids by type: what the exported resources refer to, and what that refers to in turn. Filters do not count."""
    found: Referenced = {type: set() for type in REFERENCED}
    if not one.associated or one.types:
        return found
    whole_of_it = replace(one, since=None, filters=(), associated=False)
    for type in _types(whole_of_it, visibility):
        async for resources in _pages(runtime, space, whole_of_it, visibility, type):
            _collect(runtime, space, resources, found)
    followed: set[tuple[str, str]] = set()
    while rest := {(type, id) for type, ids in found.items() for id in ids} - followed:
        followed |= rest
        for type in {type for type, _ in rest if visibility.of(type, "s")}:
            ids = {type: {id for kind, id in rest if kind == type}}
            async for resources in _pages(runtime, space, replace(one, since=None), visibility, type, wanted=ids):
                _collect(runtime, space, resources, found)
    return found


def _collect(runtime: Runtime, space: ResourceSpace, resources: Iterable[Stored], found: Referenced) -> None:
    base = runtime.tenants[space.tenant].fhir_base(space.version)
    for each in resources:
        for match in _REFERENCE.finditer(each.body):
            named = target(match[1].decode("utf-8", "replace").replace("\\/", "/"), base)
            if named is not None and named[0] in found:
                found[named[0]].add(named[1])


def _portions(ids: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(ids[at : at + PORTION]) for at in range(0, len(ids), PORTION)]


def _ndjson(one: Job, base: str, found: Iterable[Stored]) -> bytes:
    """A body may be written over several lines; within JSON a line break is a blank."""
    parts = (with_absolute_attachments(one.version, each.type, _part(one, each), base) for each in found)
    return b"".join(part.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n" for part in parts)


def _part(one: Job, each: Stored) -> bytes:
    """Elements without a type are those of every type."""
    named = ((name.partition(".")[0] if name[:1].isupper() else each.type, name) for name in one.elements)
    wanted = tuple(name for type, name in named if type == each.type)
    return subset(one.version, each.type, each.body, None, wanted) if wanted else each.body


def outcomes(one: Job) -> bytes:
    issues = [Issue("not-supported", f"{name} was left out, as handling=lenient allows.", "warning") for name in one.ignored]
    return outcome(one.version, issues) + b"\n" if issues else b""

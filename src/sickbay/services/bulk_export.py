"""Bulk Data exports. A job is only a record. Its files are generated when they are read, and show the data as of one instant.

A file is a paged search with the visibility of the token that reads it. Resources that changed after the export began are
exported as they were then; resources deleted since then are left out. So any worker can answer, and nothing needs cleanup.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import TypeAlias

import orjson
from msgspec import Struct, structs
from msgspec.structs import replace

from sickbay.fhir import lossless_json
from sickbay.fhir.attachments import make_attachments_absolute
from sickbay.fhir.operations.parameters import ASSOCIATED, NO_REFERENCES, OperationInput, type_filters
from sickbay.fhir.outcome import Issue, make_outcome
from sickbay.fhir.routing import reference_target
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.index import CROWDS
from sickbay.fhir.search.parameters import compartment_types, resource_types
from sickbay.fhir.search.query import DateValue, Query
from sickbay.fhir.subset import make_subset
from sickbay.fhir.visibility import Visibility, limit_to_patients
from sickbay.services import records
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.answers import HistoryQuery, Stored, whole_matches
from sickbay.storage.interface import Delete, Put, Record, ResourceSpace

KIND = "export"
KEPT_FOR = 86_400
WAIT = 1
"""Seconds before the first manifest, so that every client learns to poll."""
IN_PROGRESS_AT_A_TIME = 5
"""Exports of one client whose manifest isn't available yet. Bulk Data Access lets a server refuse more of them with 429."""
KEPT_OF_A_CLIENT = 100
PAGE = 500
OUTCOMES = "OperationOutcome"
REFERENCED = ("Location", "Organization", "Practitioner", "PractitionerRole")
PORTION = 200
"""Number of ids in one search."""
Referenced: TypeAlias = dict[str, set[str]]
_REFERENCE = re.compile(rb'"reference"\s*:\s*"([^"]{1,300})"')


class Job(Struct, frozen=True):
    """at: the instant of the export, epoch ms. patients: whose records, None for all. everything: a system-level export.

    types: the requested ones, () for all. filters: (type, search). ignored: parameters left out under lenient handling.
    elements: the elements to export, () for all.
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
    """Adds the practitioners, organizations and locations that the patients' resources refer to."""


def list_members(group: Stored, base: str) -> tuple[str, ...]:
    """Ids of the active patients in a Group."""
    listed = lossless_json.loads(group.body).get("member")
    active = [
        member
        for member in (listed if isinstance(listed, list) else [])
        if isinstance(member, dict) and not member.get("inactive")
    ]
    entities = [member["entity"] for member in active if isinstance(member.get("entity"), dict)]
    references = (reference_target(str(entity.get("reference", "")), base) for entity in entities)
    return tuple(sorted({reference[1] for reference in references if reference is not None and reference[0] == "Patient"}))


def make_job(
    runtime: Runtime, version: str, url: str, parameters: OperationInput, level: str, group: tuple[str, ...] | None
) -> Job:
    """Creates a job. level: system, type (all patients) or instance (of a group). group: ids of the group's members."""
    requested = {text.rpartition("/")[2] for text in parameters.primitives.get("patient", ())}
    chosen = group if not requested else tuple(sorted(requested if group is None else requested & set(group)))
    known = ("_outputFormat", "_since", "_type", "_typeFilter", "_elements", "patient", "_format", "_pretty")
    ours = level == "instance" and set(parameters.values(ASSOCIATED)) <= {NO_REFERENCES}
    ignored = tuple(
        name
        for name in (*parameters.primitives, *parameters.objects)
        if name not in known and not (name == ASSOCIATED and ours)
    )
    return Job(
        version,
        url,
        int(runtime.effects.now() * 1000),
        level == "system",
        parameters.values("_type"),
        parameters.since("_since"),
        tuple(type_filters(parameters)),
        chosen,
        ignored,
        parameters.values("_elements"),
        level == "instance" and not parameters.values("_type") and NO_REFERENCES not in parameters.values(ASSOCIATED),
    )


async def begin_export(runtime: Runtime, tenant: Tenant, job: Job, client_id: str) -> str:
    """Stores the job and returns its id. The client's oldest export is deleted if it has too many."""
    id, now = runtime.effects.token(24).replace("_", "-"), runtime.now()
    kept = await runtime.store.find(KIND, tenant=tenant.name, owner=client_id, limit=KEPT_OF_A_CLIENT)
    record = Record(KIND, id, records.dump(job), tenant.name, client_id, label=job.version, at=now, expires_at=now + KEPT_FOR)
    oldest = [Delete(KIND, old.key) for old in kept[KEPT_OF_A_CLIENT - 1 :]]
    await runtime.store.transaction([Put(record, if_revision=0), *oldest])
    return id


async def count_seconds_until_free(runtime: Runtime, tenant: Tenant, client_id: str) -> int:
    """Seconds until this client may start another export, 0 if it may now."""
    newest = await runtime.store.find(KIND, tenant=tenant.name, owner=client_id, limit=IN_PROGRESS_AT_A_TIME)
    rests = [count_seconds_to_wait(runtime, records.parse(Job, record.value)) for record in newest]
    return min(rests) if len(rests) == IN_PROGRESS_AT_A_TIME else 0


async def find_job(runtime: Runtime, tenant: Tenant, version: str, client_id: str, id: str) -> tuple[Job, Record] | None:
    """The job, if it belongs to this client. Returns None for another client's, an expired and an unknown job alike."""
    record = await runtime.store.get(KIND, id)
    if record is None or (record.tenant, record.owner, record.label) != (tenant.name, client_id, version):
        return None
    if record.expires_at is not None and record.expires_at <= runtime.now():
        return None
    return records.parse(Job, record.value), record


async def cancel_job(runtime: Runtime, id: str) -> None:
    await runtime.store.transaction([Delete(KIND, id)])


def count_seconds_to_wait(runtime: Runtime, job: Job) -> int:
    """Seconds until the manifest is available, 0 if it already is."""
    return max(0, round(WAIT - (runtime.effects.now() - job.at / 1000) + 0.5))


async def list_types(runtime: Runtime, space: ResourceSpace, job: Job, visibility: Visibility) -> list[str]:
    """The types that have at least one resource to export."""
    found_types = []
    wanted = await _collect_referenced_ids(runtime, space, job, visibility)
    for type in _exported_types(job, visibility):
        async for _ in stream_lines(runtime, space, job, visibility, type, page=1, wanted=wanted):
            found_types.append(type)
            break
    return found_types


def has_file(job: Job, visibility: Visibility, type: str) -> bool:
    """Whether there is a file of this type, which may be empty."""
    return type in _exported_types(job, visibility)


def _exported_types(job: Job, visibility: Visibility) -> list[str]:
    """Returns the requested types, otherwise those of this kind of export, if the token can search them."""
    in_compartment = compartment_types(job.version)
    usual = [type for type in resource_types(job.version) if job.everything or (type in in_compartment and type not in CROWDS)]
    usual += [type for type in REFERENCED if job.associated and type in resource_types(job.version)]
    return [type for type in (sorted(job.types) or sorted(set(usual))) if visibility.of(type, "s")]


async def count_lines(runtime: Runtime, space: ResourceSpace, job: Job, visibility: Visibility, type: str) -> int | None:
    """Counts the lines in a type's file. None if it would have to be read, for example because resources have changed."""
    if _is_referenced(job, type):
        return None
    visible, queries = _limit_visibility(job, visibility, type), _queries_of_type(job, type, PAGE)
    if len(queries) > 1 or (_is_patient_data(job, type) and job.patients is None and not job.everything):
        return None
    changed = await runtime.store.history(space, HistoryQuery(type, None, 1, since=job.at + 1), visible)
    return None if changed.entries else await runtime.store.count(space, queries[0], visible)


async def export_deleted_resources(
    runtime: Runtime, space: ResourceSpace, job: Job, visibility: Visibility
) -> AsyncIterator[bytes]:
    """Yields the resources deleted between `_since` and the export's instant: a Bundle of DELETE requests for each page."""
    types = [type for type in _exported_types(job, visibility) if not _is_referenced(job, type)]
    for type in types if job.since is not None else ():
        visible, cursor = _limit_visibility(job, visibility, type), None
        while True:
            query = HistoryQuery(type, None, PAGE, cursor, job.since and job.since[0], (job.at, job.at + 1))
            versions = await runtime.store.history(space, query, visible)
            deletions = [
                {"request": {"method": "DELETE", "url": f"{type}/{version.id}"}}
                for version, _ in versions.entries
                if version.deleted and (job.everything or not _is_patient_data(job, type) or version.patients)
            ]
            if deletions:
                yield orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": deletions}) + b"\n"
            if versions.next is None:
                break
            cursor = versions.next


async def has_any_deleted(runtime: Runtime, space: ResourceSpace, job: Job, visibility: Visibility) -> bool:
    async for _ in export_deleted_resources(runtime, space, job, visibility):
        return True
    return False


def _is_patient_data(job: Job, type: str) -> bool:
    """Whether resources of this type belong to a patient."""
    return type in compartment_types(job.version) and type not in CROWDS


def _limit_visibility(job: Job, visibility: Visibility, type: str) -> Visibility:
    """The token's visibility, limited to the patients of the export."""
    return (
        limit_to_patients(visibility, frozenset(job.patients))
        if job.patients is not None and _is_patient_data(job, type)
        else visibility
    )


async def stream_lines(
    runtime: Runtime,
    space: ResourceSpace,
    job: Job,
    visibility: Visibility,
    type: str,
    page: int = PAGE,
    wanted: Referenced | None = None,
) -> AsyncIterator[bytes]:
    """The file of a type, one resource per line. Each item has the lines of one page.

    wanted: the ids of the referenced resources, if they are known already.
    """
    base = runtime.tenants[space.tenant].fhir_base(space.version)
    async for resources in _read_pages(runtime, space, job, visibility, type, page, wanted):
        if piece := _encode_ndjson(job, base, resources):
            yield piece


async def _read_pages(
    runtime: Runtime,
    space: ResourceSpace,
    job: Job,
    visibility: Visibility,
    type: str,
    page: int = PAGE,
    wanted: Referenced | None = None,
) -> AsyncIterator[list[Stored]]:
    if not has_file(job, visibility, type):
        return
    if _is_referenced(job, type):
        ids = (await _collect_referenced_ids(runtime, space, job, visibility) if wanted is None else wanted).get(type, set())
        queries = [
            structs.replace(query, ids=part) for query in _queries_of_type(job, type, page) for part in _split_ids(sorted(ids))
        ]
    else:
        queries = _queries_of_type(job, type, page)
    is_patient_data, visible = _is_patient_data(job, type), _limit_visibility(job, visibility, type)
    seen: set[str] = set()
    for query in queries:
        cursor: str | None = None
        while True:
            result = await runtime.store.search(space, structs.replace(query, cursor=cursor), visible)
            resources = [
                await _read_version_at_export(runtime, space, job, visible, match)
                for match in whole_matches(result)
                if match.id not in seen
            ]
            if len(job.filters) > 1:
                seen |= {match.id for match in result.matches}
            yield [
                resource
                for resource in resources
                if resource is not None and (job.everything or not is_patient_data or resource.patients)
            ]
            if result.next is None:
                break
            cursor = result.next


def _queries_of_type(job: Job, type: str, page: int) -> list[Query]:
    """One query for each filter of the type, or one for the whole type."""
    updated = () if job.since is None else (DateValue("ge", *job.since),)
    plain = Query(job.version, type, count=page, total="none", updated=updated)
    parsed = [
        search_parser.parse(job.version, type, pairs, base="", strict=True) for kind, pairs in job.filters if kind == type
    ]
    queries = [query for query in parsed if isinstance(query, Query)]
    return [
        structs.replace(plain, filters=query.filters, ids=query.ids, updated=(*updated, *query.updated)) for query in queries
    ] or [plain]


async def _read_version_at_export(
    runtime: Runtime, space: ResourceSpace, job: Job, visible: Visibility, current: Stored
) -> Stored | None:
    """The version that was current when the export began."""
    if current.at <= job.at:
        return current
    query = HistoryQuery(current.type, current.id, 1, at=(job.at, job.at + 1))
    history = await runtime.store.history(space, query, visible)
    exported = next((version for version, _ in history.entries if not version.deleted), None)
    return None if exported is None or (job.since is not None and exported.at < job.since[0]) else exported


def _is_referenced(job: Job, type: str) -> bool:
    """Whether the export includes only the resources of this type that the patients' resources refer to."""
    return job.associated and type in REFERENCED and not job.types


async def _collect_referenced_ids(runtime: Runtime, space: ResourceSpace, job: Job, visibility: Visibility) -> Referenced:
    """Returns, by type, the ids of resources that the exported ones refer to, directly or indirectly. Ignores filters."""
    references: Referenced = {type: set() for type in REFERENCED}
    if not job.associated or job.types:
        return references
    unfiltered = replace(job, since=None, filters=(), associated=False)
    for type in _exported_types(unfiltered, visibility):
        async for resources in _read_pages(runtime, space, unfiltered, visibility, type):
            _collect_files(runtime, space, resources, references)
    followed: set[tuple[str, str]] = set()
    while rest := {(type, id) for type, ids in references.items() for id in ids} - followed:
        followed |= rest
        for type in {type for type, _ in rest if visibility.of(type, "s")}:
            ids = {type: {id for kind, id in rest if kind == type}}
            async for resources in _read_pages(runtime, space, replace(job, since=None), visibility, type, wanted=ids):
                _collect_files(runtime, space, resources, references)
    return references


def _collect_files(runtime: Runtime, space: ResourceSpace, resources: Iterable[Stored], references: Referenced) -> None:
    base = runtime.tenants[space.tenant].fhir_base(space.version)
    for resource in resources:
        for match in _REFERENCE.finditer(resource.body):
            reference = reference_target(match[1].decode("utf-8", "replace").replace("\\/", "/"), base)
            if reference is not None and reference[0] in references:
                references[reference[0]].add(reference[1])


def _split_ids(ids: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(ids[start : start + PORTION]) for start in range(0, len(ids), PORTION)]


def _encode_ndjson(job: Job, base: str, resources: Iterable[Stored]) -> bytes:
    """One line per resource. A stored body may have line breaks between its members; they become spaces."""
    parts = (
        make_attachments_absolute(job.version, resource.type, _requested_elements(job, resource), base)
        for resource in resources
    )
    return b"".join(part.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n" for part in parts)


def _requested_elements(job: Job, resource: Stored) -> bytes:
    """The requested elements of a resource. Elements without a type apply to every type."""
    named = ((name.partition(".")[0] if name[:1].isupper() else resource.type, name) for name in job.elements)
    wanted = tuple(name for type, name in named if type == resource.type)
    return make_subset(job.version, resource.type, resource.body, None, wanted) if wanted else resource.body


def encode_outcomes(job: Job) -> bytes:
    issues = [Issue("not-supported", f"{name} was ignored, as handling=lenient allows.", "warning") for name in job.ignored]
    return make_outcome(job.version, issues) + b"\n" if issues else b""

"""search: one page of the resources that match, as a Bundle.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec import structs
from msgspec.structs import replace

from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.rule import Finding
from sickbay.fhir.bundle import BundleEntry, StoredResource, make_searchset, search_url
from sickbay.fhir.outcome import Issue, make_outcome
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.parser_state import SUGGESTED
from sickbay.fhir.search.query import Query
from sickbay.fhir.subset import make_subset
from sickbay.kernel import english
from sickbay.kernel.budget import yield_if_slice_is_over
from sickbay.services.empty_searches.examine import Cause
from sickbay.services.empty_searches.explain import access_with, cause_of, explain_in_response, make_search
from sickbay.services.empty_searches.memory import EmptySearch
from sickbay.storage.answers import BadCursor, Page, StaleCursor
from sickbay.web import counting
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.response import FhirResponse

WARNINGS = SUGGESTED
"""Ignored parameters, and codes that can't match, that the response names."""
LARGE_PAGE_RESOURCES = 200
"""Page size above which other requests get a turn before the Bundle is written."""


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    query = context.query
    assert query is not None  # errors were already refused
    store, space, visibility = context.base.store, context.base.space, context.access.visibility
    if query.summary == "count" or query.count == 0:
        page = Page([], [], None, await store.count(space, query, visibility))
        return _search_bundle(context, query, page) if page.total else await _respond_with_fewer(context, request, query, page)
    try:
        page = await store.search(space, query, visibility)
        if query.total == "accurate" and page.total is None:
            page = replace(page, total=await store.count(space, query, visibility))
    except StaleCursor:
        text = "Access has changed since this page link was created. Start the search again."
        return context.issue(410, Issue("expired", text))
    except BadCursor:
        text = "This page link doesn't belong to this search. Use the `next` link unchanged."
        return context.issue(400, Issue("value", text))
    if page.next is not None and len(page.matches) < query.count:
        counting.ANSWERS_CUT.labels("page").inc()
    if page.clipped:
        counting.ANSWERS_CUT.labels("include").inc()
    if query.count + len(page.included) > LARGE_PAGE_RESOURCES:
        await yield_if_slice_is_over()
    if not page.matches or (query.includes and not page.included) or (page.next and len(page.matches) < query.count):
        return await _respond_with_fewer(context, request, query, page)
    return (
        await _bundle_off_the_loop(context, query, page)
        if query.summary or query.elements
        else _search_bundle(context, query, page)
    )


async def _respond_with_fewer(context: FhirContext, request: AccessRequest, query: Query, page: Page) -> FhirResponse:
    """Respond with a page that has nothing, or less than was requested, and note that."""
    cause, empty = cause_of(query, page), None
    if cause[0] != "fhir-page-short":
        now = context.runtime.effects.now()
        empty = make_search(context.access, request, query, page, context.space, context.base.url, now)
    explained: list[BundleEntry] = []
    if empty is not None and context.tenant.server.policy.explain_empty:
        explained = await _explain_outcome(context, empty, cause)
    response = await _bundle_off_the_loop(context, query, page, explained)
    return structs.replace(response, access=access_with(context.access, cause), empty=empty)


async def _explain_outcome(context: FhirContext, search: EmptySearch, cause: Cause) -> list[BundleEntry]:
    """Return the explanation as an entry of the Bundle, where the hospital's policy adds it."""
    findings = await explain_in_response(context.runtime, search, cause)
    issues = [_issue_of_finding(finding) for finding in findings]
    return [BundleEntry("OperationOutcome", "", make_outcome(context.version, issues))] if issues else []


def _issue_of_finding(finding: Finding) -> Issue:
    severity = "warning" if finding.severity == "warning" else "information"
    text = f"{finding.title}. {finding.why} {finding.fix}"
    return Issue("informational", text, severity, finding.id, finding.title)  # type: ignore[arg-type]


async def _bundle_off_the_loop(
    context: FhirContext, query: Query, page: Page, explained: Sequence[BundleEntry] = ()
) -> FhirResponse:
    """The Bundle, made on a thread if parts of many resources are selected, which takes long."""
    if (query.summary or query.elements) and len(page.matches) + len(page.included) > LARGE_PAGE_RESOURCES:
        return await asyncio.to_thread(_search_bundle, context, query, page, explained)
    return _search_bundle(context, query, page, explained)


def _search_bundle(context: FhirContext, query: Query, page: Page, explained: Sequence[BundleEntry] = ()) -> FhirResponse:
    base = context.base
    within = query.within
    path = query.type if within is None else f"{within.type}/{within.id}/{query.type or '*'}"
    self_url = search_url(base.url, path, query.applied)
    following = None if page.next is None else f"{self_url}{'&' if query.applied else '?'}{search_parser.CURSOR}={page.next}"
    entries: dict[str, Sequence[StoredResource]] = {"match": page.matches, "include": page.included}
    if query.summary or query.elements:
        entries["match"] = _subsets_of_resources(base.version, page.matches, query.summary, query.elements)
        entries["include"] = _subsets_of_resources(base.version, page.included, query.summary, ())
    if query.ignored or query.doubted or page.clipped:
        entries["outcome"] = _search_warnings(base.version, query, page.clipped)
    if explained:
        entries["outcome"] = [*entries.get("outcome", ()), *explained]
    body = make_searchset(base.url, entries, self_url=self_url, next_url=following, total=page.total)
    return FhirResponse(200, body, context.content)


def _subsets_of_resources(
    version: str, resources: Sequence[StoredResource], summary: str | None, elements: Sequence[str]
) -> Sequence[StoredResource]:
    """The selected part of each resource on a page. _summary is about included resources too, _elements only about matches."""
    if not summary and not elements:
        return resources
    return [
        BundleEntry(resource.type, resource.id, make_subset(version, resource.type, resource.body, summary, elements))
        for resource in resources
    ]


def _search_warnings(version: str, query: Query, clipped: bool) -> list[BundleEntry]:
    """An OperationOutcome about ignored parameters, codes that can't match, and left out includes (R4, 3.1.1.5)."""
    issues = [
        Issue(
            "not-supported",
            f"{name} was not applied." + (f" Did you mean {near}?" if near else ""),
            "warning",
            "fhir-search-unknown-param",
        )
        for name, near in query.ignored[:WARNINGS]
    ]
    if (more := len(query.ignored) - WARNINGS) > 0:
        text = f"{english.count(more, 'more parameter')} {'was' if more == 1 else 'were'} not applied."
        issues.append(Issue("not-supported", text, "warning", "fhir-search-unknown-param"))
    for name, code, suggestion in query.doubted[:WARNINGS]:
        text = f"{name} can't be {code}: codes must be in the value set, with the same case. Use {suggestion}."
        issues.append(Issue("code-invalid", text, "warning"))
    if len(query.doubted) > WARNINGS:
        text = f"{english.count(len(query.doubted) - WARNINGS, 'more code')} can't match either."
        issues.append(Issue("code-invalid", text, "warning"))
    if clipped:
        text = (
            "Some included resources don't fit on the page. Request fewer matches with _count, or search for them separately."
        )
        issues.append(Issue("incomplete", text, "warning"))
    return [BundleEntry("OperationOutcome", "", make_outcome(version, issues))]

"""The history of a resource, a type or a whole base, and two versions side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from starlette.responses import Response

from sickbay.fhir.readable.budget import PageBudget
from sickbay.fhir.readable.dates import describe_date
from sickbay.fhir.readable.differences import Difference, compare_versions
from sickbay.fhir.readable.values import list_of, object_of, text_of
from sickbay.fhir.routing import ID
from sickbay.fhir.search.parameters import known_types
from sickbay.web import http_request
from sickbay.web.explorer import resource_page
from sickbay.web.explorer.asking import Asked, read_json, send_request
from sickbay.web.explorer.page import ExplorerPage, describe_sent_request, find_next, find_problem
from sickbay.web.explorer.place import COMPARE, ExplorerPlace
from sickbay.web.explorer.resource_page import list_tabs
from sickbay.web.explorer.views import ExplorerProblem, HistoryView, VersionComparisonView, VersionRow
from sickbay.web.pages.parts import Link

COMPARED_BYTES: Final = 80_000
"""Maximum size of the HTML of the differences, in bytes."""
MARKUP_BYTES: Final = 160
LISTED_VERSIONS: Final = 200
MAXIMUM_DIFFERENCES: Final = 400
METHODS: Final = {"POST": "created", "PUT": "saved", "PATCH": "patched", "DELETE": "deleted"}


async def show_history(page: ExplorerPage, asked: Asked) -> Response:
    if page.form and asked.is_ok:
        return await resource_page.show_raw(page, asked)
    place, problem = page.place, await find_problem(asked)
    bundle = await read_json(asked.response.body) if asked.is_ok else {}
    owner = place.path.rpartition("/")[0]
    rows = tuple(_list_versions(place, bundle))
    is_of_one = "/" in owner
    return await page.show(
        "explorer_history",
        lambda bar: HistoryView(
            bar=bar,
            title=f"History of {owner or 'all types'}",
            sent=describe_sent_request(page, asked),
            rows=rows,
            is_of_one=is_of_one,
            compare=place.at(f"{owner}/{COMPARE}") if is_of_one and len(rows) > 1 else "",
            next=find_next(place, bundle),
            problem=problem,
            tabs=list_tabs(place._replace(path=owner, query=""), "history") if is_of_one else (),
            up=Link(owner, place.at(owner)) if owner else None,
        ),
        asked.response.status,
    )


def _list_versions(place: ExplorerPlace, bundle: Mapping[str, Any]) -> Iterator[VersionRow]:
    """Returns the versions, newest first. A deleted version has only the facts of its entry."""
    for entry in islice(map(object_of, list_of(bundle.get("entry"))), LISTED_VERSIONS):
        resource, request = object_of(entry.get("resource")), object_of(entry.get("request"))
        response, meta = object_of(entry.get("response")), object_of(resource.get("meta"))
        version = text_of(meta.get("versionId")) or text_of(response.get("etag")).removeprefix('W/"').rstrip('"')
        name = "/".join(text_of(request.get("url")).removeprefix(f"{place.bases[0]}/").split("/")[:2])
        if resource:
            name = f"{text_of(resource.get('resourceType'))}/{text_of(resource.get('id'))}"
        at = describe_date(text_of(meta.get("lastUpdated")) or text_of(response.get("lastModified")))
        is_linked = bool(resource) and name.partition("/")[0] in known_types(place.version) and ID.fullmatch(version)
        href = place.at(f"{name}/_history/{version}") if is_linked else ""
        yield VersionRow(name, href, version, at, METHODS.get(text_of(request.get("method")), ""))


async def show_comparison(page: ExplorerPage, owner: str) -> Response:
    """Shows the differences between two versions. GET a and b: their numbers, in any order."""
    sent, place = http_request.query_of(page.request.scope), page.place
    first, second = sorted((sent.get("a") or "", sent.get("b") or ""), key=lambda version: (len(version), version))
    versions = [place._replace(path=f"{owner}/_history/{version}", query="") for version in (first, second)]
    asked = [await send_request(page.base, version, page.viewer) for version in versions]
    problem = next((found for found in [await find_problem(answer) for answer in asked] if found is not None), None)
    if problem is None and (first == second or any(answer.route.interaction != "vread" for answer in asked)):
        problem = ExplorerProblem(title="Choose two different versions", is_refused=False)
    rows, is_cut = await _compare_versions(asked) if problem is None else ((), False)
    return await page.show(
        "explorer_comparison",
        lambda bar: VersionComparisonView(
            bar=bar,
            title=f"Versions {first} and {second}",
            name=owner,
            before=Link(f"Version {first}", versions[0].at(versions[0].path)),
            after=Link(f"Version {second}", versions[1].at(versions[1].path)),
            rows=rows,
            is_cut=is_cut,
            problem=problem,
            up=Link(f"History of {owner}", place.at(f"{owner}/_history")),
        ),
        200 if problem is None else 422 if not problem.is_refused and problem.text == "" else 404,
    )


async def _compare_versions(asked: list[Asked]) -> tuple[tuple[Difference, ...], bool]:
    """The differences that fit on the page, and whether there are more."""
    before, after = [await read_json(answer.response.body) for answer in asked]
    return await asyncio.to_thread(_list_differences, before, after)


def _drop_version(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the resource without members that differ in every version."""
    meta = {key: value for key, value in object_of(resource.get("meta")).items() if key not in ("versionId", "lastUpdated")}
    return {**resource, "meta": meta}


def _list_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[tuple[Difference, ...], bool]:
    budget = PageBudget(COMPARED_BYTES)
    rows: list[Difference] = []
    for difference in compare_versions(_drop_version(before), _drop_version(after)):
        if budget.is_spent or len(rows) >= MAXIMUM_DIFFERENCES:
            return tuple(rows), True
        texts = [None if text is None else budget.take(text, 0) for text in (difference.before, difference.after)]
        rows.append(Difference(budget.take(difference.path, MARKUP_BYTES), *texts))
    return tuple(rows), False

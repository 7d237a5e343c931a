"""Collects the ids of a search's matches over all pages."""

from __future__ import annotations

from msgspec.structs import replace

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.services.context import Runtime
from sickbay.storage.interface import ResourceSpace


async def list_ids(runtime: Runtime, space: ResourceSpace, query: Query, visibility: Visibility, most: int) -> list[str]:
    """The ids of at most `most` matches. A page can have fewer matches than `count` if they are large."""
    matches: list[str] = []
    query = replace(query, count=most)
    while True:
        page = await runtime.store.search(space, query, visibility)
        matches += [resource.id for resource in page.matches]
        if page.next is None or len(matches) >= most:
            return matches[:most]
        query = replace(query, cursor=page.next)

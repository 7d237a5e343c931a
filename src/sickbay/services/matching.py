"""The ids of what a search matches, page after page."""

from __future__ import annotations

from msgspec.structs import replace

from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.services.context import Runtime
from sickbay.storage.interface import ResourceSpace


async def ids(runtime: Runtime, space: ResourceSpace, query: Query, visibility: Visibility, most: int) -> list[str]:
    """The ids of at most so many matches. A page may have fewer than it was asked for if they are large."""
    found: list[str] = []
    query = replace(query, count=most)
    while True:
        page = await runtime.store.search(space, query, visibility)
        found += [one.id for one in page.matches]
        if page.next is None or len(found) >= most:
            return found[:most]
        query = replace(query, cursor=page.next)

"""The ids of what a search matches, page after page."""

from __future__ import annotations

from msgspec.structs import replace

from sickbay.fhir.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.operations.context import World
from sickbay.storage.store import Space


async def ids(world: World, space: Space, query: Query, visibility: Visibility, most: int) -> list[str]:
    """The ids of at most so many matches. A page may have fewer than it was asked for if they are large."""
    found: list[str] = []
    query = replace(query, count=most)
    while True:
        page = await world.store.search(space, query, visibility)
        found += [one.id for one in page.matches]
        if page.next is None or len(found) >= most:
            return found[:most]
        query = replace(query, cursor=page.next)

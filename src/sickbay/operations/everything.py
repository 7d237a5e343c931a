"""$everything: what lies in the compartment of a patient or of an encounter, type by type, and what it refers to.

Every piece of it is a search with the token's own visibility, so that nothing comes this way that does not come by search.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from sickbay.fhir.index import CROWDS
from sickbay.fhir.query import DateValue, Filter, Include, Query, Within
from sickbay.fhir.search_parameters import compartment_types, find, parameters, resource_types
from sickbay.fhir.visibility import Visibility
from sickbay.operations.context import World
from sickbay.storage.store import BadCursor, Space, Stored

CARE_DATES = (
    "date", "period", "onset-date", "authoredon", "datewritten", "effective", "performed", "started", "issued",
    "recorded-date", "date-recorded", "occurrence", "created", "sent",
)  # fmt: skip
"""By which start and end look at a type, the first that it has; a type with none of them is not narrowed by them."""


class Asked(NamedTuple):
    """types: () for all. start, end, since: ranges in epoch ms. cursor: where the next page begins."""

    types: tuple[str, ...] = ()
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None
    since: tuple[int, int] | None = None
    most: int = 1000
    cursor: str | None = None


class Place(NamedTuple):
    """Where in it one is: which patient, by the cursor that leads there; which type; and how far in that type."""

    patient: str = ""
    type: str = ""
    inner: str = ""

    @property
    def text(self) -> str:
        return f"{self.patient}~{self.type}~{self.inner}"


class Found(NamedTuple):
    matches: list[Stored]
    included: list[Stored]
    next: str | None


class Walk:
    """One page of it, while it is collected."""

    def __init__(self, world: World, space: Space, visibility: Visibility, asked: Asked) -> None:
        self.store, self.space, self.visibility, self.asked = world.store, space, visibility, asked
        self.matches: list[Stored] = []
        self.included: dict[tuple[str, str], Stored] = {}

    @property
    def room(self) -> int:
        return self.asked.most - len(self.matches)

    async def of_one(self, holder: Stored) -> Found:
        """Of a patient or an encounter that was seen to be there."""
        place = _place(self.asked.cursor)
        if place is not None and place.patient:
            raise BadCursor("of another operation")
        following = await self._record(holder, place or Place())
        return self._found(following)

    async def of_all(self) -> Found:
        """Of every patient that may be seen, one after the other."""
        place: Place | None = _place(self.asked.cursor) or Place()
        while place is not None and self.room > 0:
            query = Query(self.space.version, "Patient", count=1, total="none", cursor=place.patient or None)
            page = await self.store.search(self.space, query, self.visibility)
            if not page.matches:
                break
            inside = await self._record(page.matches[0], place._replace(patient=""))
            if inside is not None:
                return self._found(inside._replace(patient=place.patient))
            place = Place(page.next) if page.next else None
        else:
            return self._found(place)
        return self._found(None)

    async def _record(self, holder: Stored, place: Place) -> Place | None:
        """Collect as much as there is room for; where it goes on, None where it is complete."""
        type, id = holder.type, holder.id
        types = self._types(type)
        if place.type and place.type not in types:
            raise BadCursor("of another operation")
        start = types.index(place.type) if place.type else 0
        for at, one in enumerate(types[start:]):
            inner = place.inner if at == 0 and place.type == one else ""
            if self.room == 0:
                if await self._any(self._query(type, id, one, 1)):
                    return Place("", one)
                continue
            if one == type and not self.visibility.of(type, "s"):
                self.matches.append(holder)  # it may be read, and not be searched for
                continue
            page = await self.store.search(self.space, self._query(type, id, one, self.room, inner), self.visibility)
            self.matches += page.matches
            for other in page.included:
                if self._goes_along(type, other.type):
                    self.included.setdefault((other.type, other.id), other)
            if page.next is not None:
                return Place("", one, page.next)
        return None

    async def _any(self, query: Query) -> bool:
        return bool((await self.store.search(self.space, query, self.visibility)).matches)

    def _types(self, holder: str) -> list[str]:
        """The holder first, which was seen; of the others those that the token shows at all."""
        others = sorted(one for one in _compartment(self.space.version, holder) if one not in (holder, *CROWDS))
        wanted = self.asked.types
        shown = [one for one in others if self.visibility.of(one, "s")]
        return [one for one in (holder, *shown) if not wanted or one in wanted]

    def _query(self, holder: str, id: str, type: str, most: int, cursor: str = "") -> Query:
        asked, version = self.asked, self.space.version
        updated = () if asked.since is None else (DateValue("ge", *asked.since),)
        query = Query(version, type, updated=updated, count=most, total="none", cursor=cursor or None,
                      includes=(Include(type, "*"),))  # fmt: skip
        if type == holder:
            return replace(query, ids=(id,))
        codes = _compartment(version, holder)[type]
        numbers = tuple(one.number for code in codes if (one := find(version, type, code)) is not None)
        return replace(query, filters=self._dated(type), within=Within(holder, id, numbers))

    def _dated(self, type: str) -> tuple[Filter, ...]:
        known = parameters(self.space.version, type)
        held = next((known[one] for one in CARE_DATES if one in known and known[one].kind == "date"), None)
        if held is None:
            return ()
        asked = self.asked
        ranges = (("ge", asked.start), ("le", asked.end))
        return tuple(Filter(held, (DateValue(prefix, *one),)) for prefix, one in ranges if one is not None)  # type: ignore[arg-type]

    def _goes_along(self, holder: str, type: str) -> bool:
        """What a record refers to outside of it, as who wrote it and where; never another patient's."""
        if self.asked.types and type not in self.asked.types:
            return False
        return type not in compartment_types(self.space.version) and type not in _compartment(
            self.space.version, holder
        )

    def _found(self, following: Place | None) -> Found:
        there = {(one.type, one.id) for one in self.matches}
        others = [one for key, one in self.included.items() if key not in there]
        return Found(self.matches, others, following.text if following is not None else None)


def _compartment(version: str, holder: str) -> dict[str, tuple[str, ...]]:
    """Where a version's tables have no such compartment: what refers to it by the parameter of its name."""
    held = compartment_types(version, holder)
    if held or holder == "Patient":
        return dict(held)
    code = holder.lower()
    return {type: (code,) for type in resource_types(version) if find(version, type, code) is not None}


def _place(cursor: str | None) -> Place | None:
    """Raises BadCursor. It grants nothing: what is found at a place is searched for with the token's own eyes."""
    if cursor is None:
        return None
    parts = cursor.split("~")
    if len(parts) != 3 or (parts[2] and not parts[1]):
        raise BadCursor("not a cursor")
    return Place(*parts)

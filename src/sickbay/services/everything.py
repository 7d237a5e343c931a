"""$everything: a patient or an encounter, what lies in its compartment, and what that refers to.

Every piece of it is a search with the token's own visibility, so that nothing comes this way that does not come by search.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from msgspec.structs import replace

from sickbay.fhir.search.index import CROWDS
from sickbay.fhir.search.parameters import compartment_types, find, parameters, resource_types
from sickbay.fhir.search.query import DateValue, Filter, Include, Query, Within
from sickbay.fhir.visibility import Visibility
from sickbay.kernel.budget import pause
from sickbay.services.context import Runtime
from sickbay.storage.interface import BadCursor, ResourceSpace, Stored, whole

CARE_DATES = (
    "date",
    "period",
    "onset-date",
    "authoredon",
    "datewritten",
    "effective",
    "performed",
    "started",
    "issued",
    "recorded-date",
    "date-recorded",
    "occurrence",
    "created",
    "sent",
)
"""By which start and end look at a type, the first that it has; a type with none of them is not narrowed by them."""


class EverythingParams(NamedTuple):
    """types: () for all. start, end, since: ranges in epoch ms. cursor: where the next page begins."""

    types: tuple[str, ...] = ()
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None
    since: tuple[int, int] | None = None
    most: int = 1000
    cursor: str | None = None


REST = "rest"
BYTES = 4_000_000
"""Of a page. What follows is on the next one."""


class EverythingPosition(NamedTuple):
    """Where in it one is: which patient, by the cursor that leads there; whether that was given (REST); how far in the rest."""

    patient: str = ""
    part: str = ""
    inner: str = ""

    @property
    def text(self) -> str:
        return f"{self.patient}~{self.part}~{self.inner}"


class Found(NamedTuple):
    matches: list[Stored]
    included: list[Stored]
    next: str | None


class Walk:
    """One page of it, while it is collected."""

    def __init__(self, runtime: Runtime, space: ResourceSpace, visibility: Visibility, asked: EverythingParams) -> None:
        self.store, self.space, self.visibility, self.asked = runtime.store, space, visibility, asked
        self.matches: list[Stored] = []
        self.size = 0
        self.included: dict[tuple[str, str], Stored] = {}

    @property
    def room(self) -> int:
        """Matches that still fit, at least as far as their bytes are concerned."""
        return self.asked.most - len(self.matches) if self.size < BYTES else 0

    async def of_one(self, holder: Stored) -> Found:
        """Of a patient or an encounter that was seen to be there."""
        place = _place(self.asked.cursor)
        if place is not None and place.patient:
            raise BadCursor("of another operation")
        following = await self._record(holder, place or EverythingPosition())
        return self._found(following)

    async def of_all(self) -> Found:
        """Of every patient that may be seen, one after the other."""
        place: EverythingPosition | None = _place(self.asked.cursor) or EverythingPosition()
        while place is not None and self.room > 0:
            await pause()
            query = Query(self.space.version, "Patient", count=1, total="none", cursor=place.patient or None)
            page = await self.store.search(self.space, query, self.visibility)
            if not page.matches:
                break
            inside = await self._record(whole(page)[0], place._replace(patient=""))
            if inside is not None:
                return self._found(inside._replace(patient=place.patient))
            place = EverythingPosition(page.next) if page.next else None
        else:
            return self._found(place)
        return self._found(None)

    async def _record(self, holder: Stored, place: EverythingPosition) -> EverythingPosition | None:
        """Collect as much as there is room for; where it goes on, None where it is complete."""
        if not place.part:
            await self._holder(holder)
        rest = self._rest(holder)
        if not rest.parts:
            return None
        if self.room == 0:
            left = await self.store.search(self.space, replace(rest, count=1, includes=()), self.visibility)
            return EverythingPosition("", REST) if left.matches else None
        following = await self._take(replace(rest, count=self.room, cursor=place.inner or None))
        return EverythingPosition("", REST, following) if following is not None else None

    async def _holder(self, holder: Stored) -> None:
        """It was seen; whoever may not search for it gets it as it was read."""
        if self.asked.types and holder.type not in self.asked.types:
            return
        if not self.visibility.of(holder.type, "s"):
            self.matches.append(holder)
            self.size += len(holder.body)
            return
        await self._take(replace(self._query(holder.type, holder.type), ids=(holder.id,), count=1))

    async def _take(self, query: Query) -> str | None:
        """Matches and what they bring along; the cursor of what follows."""
        page = await self.store.search(self.space, query, self.visibility)
        self.matches += whole(page)
        self.size += sum(len(one.body) for one in whole(page))
        for other in page.included:
            if (other.type, other.id) not in self.included:
                self.included[other.type, other.id] = other
                self.size += len(other.body)
        return page.next

    def _query(self, holder: str, type: str) -> Query:
        """On a type, bringing along what a record refers to outside of it, as who wrote it and where; never another patient."""
        version, without = self.space.version, _inside(self.space.version, holder)
        if self.asked.types:
            without |= frozenset(resource_types(version)).difference(self.asked.types)
        along = Include("*", "*", without=without)
        return Query(version, type, updated=self._updated(), includes=(along,), total="none")

    def _rest(self, holder: Stored) -> Query:
        """All of the compartment that the token shows, in one search."""
        version, wanted, updated = self.space.version, self.asked.types, self._updated()
        parts = tuple(
            Query(version, type, self._dated(type), updated=updated, within=Within(holder.type, holder.id, numbers))
            for type, numbers in _members(version, holder.type)
            if (not wanted or type in wanted) and self.visibility.of(type, "s")
        )
        return replace(self._query(holder.type, ""), parts=parts, within=Within(holder.type, holder.id, ()))

    def _updated(self) -> tuple[DateValue, ...]:
        return () if self.asked.since is None else (DateValue("ge", *self.asked.since),)

    def _dated(self, type: str) -> tuple[Filter, ...]:
        asked = self.asked
        if asked.start is None and asked.end is None:
            return ()
        known = parameters(self.space.version, type)
        held = next((known[one] for one in CARE_DATES if one in known and known[one].kind == "date"), None)
        if held is None:
            return ()
        ranges = (("ge", asked.start), ("le", asked.end))
        return tuple(Filter(held, (DateValue(prefix, *one),)) for prefix, one in ranges if one is not None)  # type: ignore[arg-type]

    def _found(self, following: EverythingPosition | None) -> Found:
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


@cache
def _members(version: str, holder: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The types of a compartment but for its holder's own, each with the parameters that make it a member."""
    held = _compartment(version, holder)
    types = sorted(type for type in held if type not in (holder, *CROWDS))
    return tuple((type, tuple(one.number for code in held[type] if (one := find(version, type, code)))) for type in types)


@cache
def _inside(version: str, holder: str) -> frozenset[str]:
    """Types that a record never brings along from outside of it."""
    return frozenset((holder, *compartment_types(version), *_compartment(version, holder)))


def _place(cursor: str | None) -> EverythingPosition | None:
    """Raises BadCursor. It grants nothing: what is found at a place is searched for with the token's own eyes."""
    if cursor is None:
        return None
    parts = cursor.split("~")
    if len(parts) != 3 or parts[1] not in ("", REST) or (parts[2] and not parts[1]):
        raise BadCursor("not a cursor")
    return EverythingPosition(*parts)

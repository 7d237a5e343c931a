"""$everything: a patient or an encounter, the resources in its compartment, and the resources that they refer to.

Every part is a search with the token's own visibility, so it returns nothing that a search wouldn't return.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from msgspec.structs import replace

from sickbay.fhir.search.index import CROWDS
from sickbay.fhir.search.parameters import compartment_types, find, load_parameters, resource_types
from sickbay.fhir.search.query import DateValue, Filter, Include, Query, Within
from sickbay.fhir.visibility import Visibility
from sickbay.kernel.budget import yield_if_slice_is_over
from sickbay.services.context import Runtime
from sickbay.storage.answers import BadCursor, Stored, whole_matches
from sickbay.storage.interface import ResourceSpace

CARE_DATES = tuple(
    """
    date period onset-date authoredon datewritten effective performed started issued recorded-date date-recorded
    occurrence created sent
    """.split()
)
"""Date parameters to which start and end apply. The first one that a type has is used. Types that have none aren't filtered."""


class EverythingParams(NamedTuple):
    """types: () for all. start, end, since: ranges in epoch ms. most: resources per page. cursor: start of the next page."""

    types: tuple[str, ...] = ()
    start: tuple[int, int] | None = None
    end: tuple[int, int] | None = None
    since: tuple[int, int] | None = None
    most: int = 1000
    cursor: str | None = None


REST = "rest"
BYTES = 4_000_000
"""Maximum number of bytes per page. Further resources are on the next page."""


class EverythingPosition(NamedTuple):
    """patient: cursor of the patient. part: REST once the patient itself was returned. inner: cursor in the rest."""

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
    """Collects one page."""

    def __init__(self, runtime: Runtime, space: ResourceSpace, visibility: Visibility, params: EverythingParams) -> None:
        self.store, self.space, self.visibility, self.params = runtime.store, space, visibility, params
        self.matches: list[Stored] = []
        self.size = 0
        self.included: dict[tuple[str, str], Stored] = {}

    @property
    def room(self) -> int:
        """Returns how many more matches fit: 0 once the page has reached BYTES."""
        return self.params.most - len(self.matches) if self.size < BYTES else 0

    async def collect_record(self, holder: Stored) -> Found:
        """Collects the record of one patient or encounter that the token can read."""
        place = _parse_cursor(self.params.cursor)
        if place is not None and place.patient:
            raise BadCursor("of another operation")
        following = await self._collect_record(holder, place or EverythingPosition())
        return self._make_page(following)

    async def page_of_all(self) -> Found:
        """Collects the records of all patients that the token can read, one after the other."""
        place: EverythingPosition | None = _parse_cursor(self.params.cursor) or EverythingPosition()
        while place is not None and self.room > 0:
            await yield_if_slice_is_over()
            query = Query(self.space.version, "Patient", count=1, total="none", cursor=place.patient or None)
            page = await self.store.search(self.space, query, self.visibility)
            if not page.matches:
                break
            following = await self._collect_record(whole_matches(page)[0], place._replace(patient=""))
            if following is not None:
                return self._make_page(following._replace(patient=place.patient))
            place = EverythingPosition(page.next) if page.next else None
        else:
            return self._make_page(place)
        return self._make_page(None)

    async def _collect_record(self, holder: Stored, place: EverythingPosition) -> EverythingPosition | None:
        """Collects as many resources as fit. Returns the position to continue from; None if the record is complete."""
        if not place.part:
            await self._add_holder(holder)
        rest = self._query_compartment(holder)
        if not rest.parts:
            return None
        if self.room == 0:
            remaining = await self.store.search(self.space, replace(rest, count=1, includes=()), self.visibility)
            return EverythingPosition("", REST) if remaining.matches else None
        following = await self._collect_page(replace(rest, count=self.room, cursor=place.inner or None))
        return EverythingPosition("", REST, following) if following is not None else None

    async def _add_holder(self, holder: Stored) -> None:
        """Adds the resource itself. If the token can read it but not search for it, it is added as it was read."""
        if self.params.types and holder.type not in self.params.types:
            return
        if not self.visibility.of(holder.type, "s"):
            self.matches.append(holder)
            self.size += len(holder.body)
            return
        await self._collect_page(replace(self._query_for_type(holder.type, holder.type), ids=(holder.id,), count=1))

    async def _collect_page(self, query: Query) -> str | None:
        """Adds the matches and their included resources. Returns the cursor of the next page."""
        page = await self.store.search(self.space, query, self.visibility)
        self.matches += whole_matches(page)
        self.size += sum(len(resource.body) for resource in whole_matches(page))
        for other in page.included:
            if (other.type, other.id) not in self.included:
                self.included[other.type, other.id] = other
                self.size += len(other.body)
        return page.next

    def _query_for_type(self, holder: str, type: str) -> Query:
        """Returns a query for a type that includes referenced resources outside the compartment, but never another patient."""
        version, without = self.space.version, _list_excluded_types(self.space.version, holder)
        if self.params.types:
            without |= frozenset(resource_types(version)).difference(self.params.types)
        along = Include("*", "*", without=without)
        return Query(version, type, updated=self._make_since_filter(), includes=(along,), total="none")

    def _query_compartment(self, holder: Stored) -> Query:
        """Returns a query for everything in the compartment that the token can see."""
        version, wanted_types, updated = self.space.version, self.params.types, self._make_since_filter()
        parts = tuple(
            Query(version, type, self._date_filters(type), updated=updated, within=Within(holder.type, holder.id, numbers))
            for type, numbers in _compartment_members(version, holder.type)
            if (not wanted_types or type in wanted_types) and self.visibility.of(type, "s")
        )
        return replace(self._query_for_type(holder.type, ""), parts=parts, within=Within(holder.type, holder.id, ()))

    def _make_since_filter(self) -> tuple[DateValue, ...]:
        return () if self.params.since is None else (DateValue("ge", *self.params.since),)

    def _date_filters(self, type: str) -> tuple[Filter, ...]:
        params = self.params
        if params.start is None and params.end is None:
            return ()
        known = load_parameters(self.space.version, type)
        parameter = next((known[code] for code in CARE_DATES if code in known and known[code].kind == "date"), None)
        if parameter is None:
            return ()
        ranges = (("ge", params.start), ("le", params.end))
        return tuple(
            Filter(parameter, (DateValue(prefix, *date_range),))  # type: ignore[arg-type]
            for prefix, date_range in ranges
            if date_range is not None
        )

    def _make_page(self, following: EverythingPosition | None) -> Found:
        matched = {(resource.type, resource.id) for resource in self.matches}
        others = [resource for key, resource in self.included.items() if key not in matched]
        return Found(self.matches, others, following.text if following is not None else None)


def _compartment_types(version: str, holder: str) -> dict[str, tuple[str, ...]]:
    """Returns the types of a compartment. If the version doesn't define it: types with a search parameter of its name."""
    types = compartment_types(version, holder)
    if types or holder == "Patient":
        return dict(types)
    code = holder.lower()
    return {type: (code,) for type in resource_types(version) if find(version, type, code) is not None}


@cache
def _compartment_members(version: str, holder: str) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Returns the types of a compartment, except that of its owner, with the parameters that define membership."""
    compartment = _compartment_types(version, holder)
    types = sorted(type for type in compartment if type not in (holder, *CROWDS))
    return tuple(
        (type, tuple(parameter.number for code in compartment[type] if (parameter := find(version, type, code))))
        for type in types
    )


@cache
def _list_excluded_types(version: str, holder: str) -> frozenset[str]:
    """Types that are never included from outside the compartment."""
    return frozenset((holder, *compartment_types(version), *_compartment_types(version, holder)))


def _parse_cursor(cursor: str | None) -> EverythingPosition | None:
    """Parses a cursor. Raises BadCursor. A cursor grants no access, because each search uses the token's own visibility."""
    if cursor is None:
        return None
    parts = cursor.split("~")
    if len(parts) != 3 or parts[1] not in ("", REST) or (parts[2] and not parts[1]):
        raise BadCursor("not a cursor")
    return EverythingPosition(*parts)

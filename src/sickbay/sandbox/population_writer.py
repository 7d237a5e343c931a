"""Writes the sample patients of a space in small transactions, so that this can be stopped, resumed, and shared by workers.

Each transaction stores whole patients, and a record of how many are stored (`population_progress`). After a stop or a crash,
the next use continues from that record. If two workers write one space, the slower one gets a Conflict, and waits while the
other one makes progress.

If this machine has a file with the same patients (`population_cache`), they are copied from it instead of created, except for
the last portion, which depends on the day. After a space was filled without a file, one is written.
"""

from __future__ import annotations

import asyncio
import datetime
import gc
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from time import monotonic
from typing import Any, Literal, NamedTuple, TypeAlias, cast

import orjson

from sickbay import population
from sickbay.fhir.search.index import extract_entries
from sickbay.kernel.garbage import pause_collection
from sickbay.sandbox import filled_space, population_progress
from sickbay.sandbox.filled_space import EMPTY, FILLED, PATIENTS, FilledSpace
from sickbay.sandbox.folder import Written
from sickbay.sandbox.population_cache import PopulationCache
from sickbay.sandbox.population_progress import PopulationProgress, WrittenPortions
from sickbay.services import reindexing
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import CannotCopy, Conflict, CopyResources, Mark, ResourceSpace, ReturnToMark, Save, Step

Version = population.Version
Json = dict[str, Any]
Outcome: TypeAlias = Literal["more", "complete", "taken"]
"""complete: everything is stored. taken: another worker is writing the space."""
ProgressListener: TypeAlias = Callable[[ResourceSpace, PopulationProgress], None]

RESOURCES_AT_A_TIME = 4000
"""A transaction ends with the patient that reaches this number of resources. Other writes wait about 0.2 s for it."""
COPIED_AT_A_TIME = 12_000
"""As many resources as are copied from a file in about the same time, at least one portion."""
LOOK_AGAIN_SECONDS = 0.25
OTHER_WORKER_SECONDS = 5.0
"""A worker that has stored nothing for this long no longer counts as writing."""


class Chunk(NamedTuple):
    """saves: the resources of some portions. of_day: the saves of the last portion, which depend on the day.

    complete: nothing follows.
    """

    saves: list[Save]
    of_day: list[Save]
    portions: int
    complete: bool


class _Source:
    """The portions of a space from `position` on. began: when the last chunk was begun, and how many portions it had."""

    def __init__(self, position: int, portions: Iterator[Iterator[Json]], patients: int) -> None:
        self.position, self._portions, self._patients = position, portions, patients
        self.began: tuple[float, int] | None = None

    def take(self, tenant: Tenant, space: ResourceSpace, day: datetime.date) -> Chunk:
        """Generates the next chunk, on a thread."""
        base = tenant.fhir_base(space.version)
        saves: list[Save] = []
        last: list[Save] = []
        before = self.position
        for portion in self._portions:
            saves += last
            last = [make_save(base, space, resource, 1, day) for resource in portion]
            self.position += 1
            if len(saves) + len(last) >= RESOURCES_AT_A_TIME and self.position <= self._patients + 1:
                return Chunk(saves + last, [], self.position - before, False)
        return Chunk(saves, last, self.position - before, True)


class PopulationWriter:
    """Writes one space after the other. Calls of `write_next` for the same space must not overlap."""

    def __init__(self, runtime: Runtime, written: Written, cache: PopulationCache | None = None) -> None:
        self.runtime, self.written, self.cache = runtime, written, cache
        self.listen: ProgressListener | None = None
        """Is called after each transaction."""
        self._sources: dict[ResourceSpace, _Source] = {}
        self._created: dict[ResourceSpace, int] = {}
        """How many resources of a space were created, if this process has created all from the first one on."""

    async def write_next(self, space: ResourceSpace, today: datetime.date) -> Outcome:
        """Store the next patients. today: the day of the appointments, unless the space was begun on another day."""
        stored = await self.read_stored_progress(space)
        if stored is None and await self.runtime.store.has_resources(space):
            return await self._record_day(space, today)
        state = stored or WrittenPortions(today)
        try:
            if await self.must_begin_again(space, state, today):
                return await self._begin_again(space, state)
            return await self._copy_next(space, state) or await self._create_next(space, state)
        except BaseException as error:
            self.forget(space)
            if isinstance(error, Conflict) and await self._is_taken(space, error):
                return "taken"
            raise

    async def must_begin_again(self, space: ResourceSpace, state: WrittenPortions, today: datetime.date) -> bool:
        """Whether the space began with a copy on another day, and was never complete."""
        if state.day == today or state.portions != self.written.patients + 1:
            return False
        marks = [await self.runtime.store.writes_since(space, mark) is not None for mark in (EMPTY, PATIENTS)]
        return marks == [True, False]

    async def _begin_again(self, space: ResourceSpace, state: WrittenPortions) -> Outcome:
        index = partial(reindexing.extract_entries_of_body, self.runtime, space)
        undo = ReturnToMark(space, EMPTY, index)
        await self.runtime.store.transaction([state.put(space), undo, population_progress.forget(space)])
        return "more"

    async def _create_next(self, space: ResourceSpace, state: WrittenPortions) -> Outcome:
        """Create the next chunk. After the last one, write a file of the space if all were created here."""
        is_first = not state.portions
        if is_first:
            self._created[space] = 0
        source = self._source_of_space(space, state)
        with pause_collection():
            state, chunk = await self._next_chunk(source, space, state)
            await self.runtime.store.transaction(_steps_of_chunk(space, state, chunk, self.written.patients))
            portions, complete, created = chunk.portions, chunk.complete, len(chunk.saves) + len(chunk.of_day)
            del chunk  # its objects are gone before the next search for garbage
            if is_first:
                gc.freeze()  # the tables that were loaded stay
        if space in self._created:
            self._created[space] += created
        if complete and self.cache is not None:
            if space in self._created:
                await self.cache.keep(self.runtime.store, space, self._created[space])
            else:
                self.cache.bring_up_to_date()
        return self._report_progress(space, state.add_portions(portions), complete)

    async def _copy_next(self, space: ResourceSpace, state: WrittenPortions) -> Outcome | None:
        """Copy the next portions from a file. None if no file has them."""
        file = await self.cache.find(space) if self.cache is not None and state.portions <= self.written.patients else None
        if self.cache is None or file is None:
            return None
        after = file.ends[state.portions - 1] if state.portions else 0
        end = max(bisect_right(file.ends, after + COPIED_AT_A_TIME), state.portions + 1)
        copy = CopyResources(space, file.path, after, file.ends[end - 1], convert_to_milliseconds(state.day))
        state = state.add_portions(end - state.portions)
        try:
            await self.runtime.store.transaction([state.put(space), copy])
        except CannotCopy:
            self.cache.refuse(space)
            return None
        return self._report_progress(space, state, False)

    async def _is_taken(self, space: ResourceSpace, conflict: Conflict) -> bool:
        """Whether another worker was faster. One that has stored everything leaves no record of the progress."""
        return (
            not isinstance(conflict.step, Save) or await filled_space.read_filled_space(self.runtime.store, space) is not None
        )

    async def read_stored_progress(self, space: ResourceSpace) -> WrittenPortions | None:
        """The stored progress of a space; None if nothing or everything is stored."""
        record = await self.runtime.store.get("meta", population_progress.make_key(space))
        return None if record is None else population_progress.parse(record)

    async def wait_for_other(self, space: ResourceSpace) -> None:
        """Return when the worker that is writing the space has finished, or has stored nothing for a while."""
        revision, since = -1, monotonic()
        while monotonic() - since < OTHER_WORKER_SECONDS:
            state = await self.read_stored_progress(space)
            if state is None:
                return
            if state.revision != revision:
                revision, since = state.revision, monotonic()
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    def forget(self, space: ResourceSpace) -> None:
        """Continue from what is stored, because it may have been changed or cleared."""
        self._sources.pop(space, None)
        self._created.pop(space, None)
        if self.cache is not None:
            self.cache.forget(space)

    async def _record_day(self, space: ResourceSpace, today: datetime.date) -> Outcome:
        """An earlier revision has written resources without a record of the day. They stay as they are until a reset."""
        await self.runtime.store.transaction([FilledSpace(today).put(space)])
        return "complete"

    def _source_of_space(self, space: ResourceSpace, state: WrittenPortions) -> _Source:
        source = self._sources.get(space)
        if source is None or source.position != state.portions:
            portions = population.generate_portions(**make_arguments(self.written, state.day, space), skip=state.portions)
            source = self._sources[space] = _Source(state.portions, portions, self.written.patients)
        return source

    async def _next_chunk(self, source: _Source, space: ResourceSpace, state: WrittenPortions) -> tuple[WrittenPortions, Chunk]:
        """The next chunk, and the state with the measured time of the one before."""
        now = monotonic()
        if source.began is not None:
            began, portions = source.began
            state = state.measure(portions, now - began)
        chunk = await asyncio.to_thread(source.take, self.runtime.tenants[space.tenant], space, state.day)
        source.began = (now, chunk.portions) if chunk.portions else None
        return state, chunk

    def _report_progress(self, space: ResourceSpace, state: WrittenPortions, complete: bool) -> Outcome:
        patients = self.written.patients
        if complete:
            self.forget(space)
        if self.listen is not None:
            self.listen(space, PopulationProgress(patients, patients, 0) if complete else state.progress(patients))
        return "complete" if complete else "more"


def _steps_of_chunk(space: ResourceSpace, state: WrittenPortions, chunk: Chunk, patients: int) -> list[Step]:
    """The record first: if it has changed, nothing needs to be undone."""
    record = state.add_portions(chunk.portions).put(space)
    if not chunk.complete:
        return [record, *chunk.saves]
    forget = population_progress.forget(space)
    if state.portions > patients + 1:  # an older Sickbay has stored the last portion, without the mark before it
        return [record, forget, FilledSpace(state.day).put(space)]
    filled = FilledSpace(state.day, state.day).put(space)
    return [record, forget, filled, *chunk.saves, Mark(space, PATIENTS), *chunk.of_day, Mark(space, FILLED)]


def make_arguments(written: Written, day: datetime.date, space: ResourceSpace) -> Any:
    """The arguments of the functions of `population`."""
    return {
        "seed": written.seed,
        "patients": written.patients,
        "today": day,
        "version": cast(Version, space.version),
        "messiness": written.messiness,
    }


def make_save(base: str, space: ResourceSpace, resource: Json, version_id: int, day: datetime.date) -> Save:
    """Prepare a resource for storage: add its meta and its index entries. base: the FHIR base of the space."""
    type, id = resource["resourceType"], resource["id"]
    meta = {**resource.get("meta", {}), "versionId": str(version_id), "lastUpdated": format_last_updated(day)}
    stored = {"resourceType": type, "id": id, "meta": None} | resource
    stored["meta"] = meta
    facts = extract_entries(space.version, stored, base)
    interaction: Literal["create", "update"] = "create" if version_id == 1 else "update"
    return Save(space, type, id, version_id, orjson.dumps(stored), facts, convert_to_milliseconds(day), interaction)


@lru_cache(maxsize=1)
def format_last_updated(day: datetime.date) -> str:
    return f"{day.isoformat()}T00:00:00.000Z"


@lru_cache(maxsize=1)
def convert_to_milliseconds(day: datetime.date) -> int:
    """The beginning of a day, since 1970."""
    return int(datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC).timestamp() * 1000)

"""Fills a hospital with sample patients on first use, and adds the appointments of each new day."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from contextvars import Context
from functools import partial

import orjson
from msgspec import structs

from sickbay import population
from sickbay.fhir.visibility import EVERYTHING
from sickbay.kernel.memory import ResetScope
from sickbay.sandbox import filled_space, population_progress
from sickbay.sandbox.filled_space import FILLED, PATIENTS, FilledSpace
from sickbay.sandbox.folder import Written
from sickbay.sandbox.population_cache import PopulationCache
from sickbay.sandbox.population_progress import PopulationProgress, WrittenPortions
from sickbay.sandbox.population_writer import Json, Outcome, PopulationWriter, make_arguments, make_save
from sickbay.services import reindexing, runtime_settings
from sickbay.services.context import Runtime, Tenant
from sickbay.settings.database import Stopping
from sickbay.storage.interface import Clear, Conflict, ResourceSpace, ReturnToMark, Step
from sickbay.storage.resets import WasReset, compare_with

DAY = 86_400
STOPPED = "Sickbay stopped while it created sample patients."
NEVER, ALWAYS = range(0), range(1 << 62)
RESETS_MEANWHILE = 5
"""Maximum number of times that filling a space restarts because the space was reset."""


class PopulationLoader:
    """Fills the resource spaces.

    current: for each filled space, the seconds since 1970, by Sickbay's clock, during which its appointments are those of the
    day. A FHIR request looks here and calls `ensure` only if a space isn't filled, or if other workers can reset it.
    """

    def __init__(self, runtime: Runtime, written: Written, cache: PopulationCache | None = None) -> None:
        self.runtime = runtime
        self.written = written
        self.cache = cache
        self.writer = PopulationWriter(runtime, written, cache)
        self.current: dict[ResourceSpace, range] = {}
        self._stamp: int | None = None
        self._locks: dict[ResourceSpace, asyncio.Lock] = {}
        self._begun: dict[ResourceSpace, asyncio.Task[None]] = {}
        self._stopping = False
        runtime.memory.register("filled hospitals", self)

    def is_ready(self, space: ResourceSpace) -> bool:
        """Whether this space is filled for today.

        If other workers can reset it, it counts as filled only until the next write.
        """
        if self.runtime.shared and ((stamp := self.runtime.store.stamp()) != self._stamp or stamp is None):
            self._stamp = stamp
            self.current.clear()
        return int(self.runtime.effects.now()) in self.current.get(space, NEVER)

    async def is_filled(self, space: ResourceSpace) -> bool:
        """Whether this space is filled for today, also by another worker. Looks it up only if this worker doesn't know."""
        return self.is_ready(space) or await self._is_current(space)

    async def ensure(self, space: ResourceSpace) -> None:
        """Fill the space on first use. Concurrent calls for the same space wait; other requests don't. Raises Stopping."""
        if not await self.is_filled(space):
            task = self.begin(space)
            await asyncio.wait({task})
            check_result(task)

    def begin(self, space: ResourceSpace) -> asyncio.Task[None]:
        """Start to fill the space as a task, which continues even if its caller stops waiting. Raises Stopping."""
        if self._stopping:
            raise Stopping(STOPPED)
        task = self._begun.get(space)
        if task is None or task.done():
            no_request = Context()  # the task outlives the request that started it, which must not stay in memory
            task = self._begun[space] = asyncio.get_running_loop().create_task(self._fill_space(space), context=no_request)
        return task

    def is_running(self, space: ResourceSpace) -> bool:
        """Whether this worker fills the space now."""
        task = self._begun.get(space)
        return task is not None and not task.done()

    async def wait_until_idle(self) -> bool:
        """Wait until this worker no longer creates patients. Returns whether it did."""
        did = False
        while tasks := {task for task in self._begun.values() if not task.done()}:
            did = bool(await asyncio.wait(tasks))
        return did

    def begin_to_stop(self) -> None:
        """Cancel all tasks. What they have stored stays, and the next use continues from there."""
        self._stopping = True
        for task in self._begun.values():
            task.cancel()

    async def stop(self) -> None:
        """Cancel all tasks and wait for their end."""
        self.begin_to_stop()
        await asyncio.gather(*self._begun.values(), return_exceptions=True)
        if self.cache is not None:
            await self.cache.stop()

    async def progress(self, space: ResourceSpace) -> PopulationProgress | None:
        """How many patients are stored of a space that is being filled, by this worker or another one.

        None if all are, and only appointments are missing.
        """
        state = await self.writer.read_stored_progress(space)
        if state is not None:
            return state.progress(self.written.patients) if state.portions <= self.written.patients else None
        is_new = await self._find_filled_space(space) is None
        return PopulationProgress(0, self.written.patients) if is_new else None

    def forget(self, reset: ResetScope) -> None:
        """Look again whether the spaces are filled. The tasks that fill them notice the reset when they write."""
        for space in self._spaces_of(reset.tenant):
            self.current.pop(space, None)
            self.writer.forget(space)

    def today(self, moved: float = 0.0) -> datetime.date:
        """The pinned day, or today by Sickbay's clock, which can be moved. moved: seconds to subtract from that clock."""
        if self.written.today:
            return datetime.date.fromisoformat(self.written.today)
        return _date_of(int((self.runtime.effects.now() - moved) // DAY))

    def _today_as_number(self) -> int:
        """The number of days from 1970 to today, in UTC."""
        return int(self.runtime.effects.now() // DAY)

    async def _is_current(self, space: ResourceSpace) -> bool:
        """Look whether the space is filled for today."""
        day, filled = self._today_as_number(), await self._find_filled_space(space)
        if filled is None or filled.day != self.today():
            return False
        self.current[space] = ALWAYS if self.written.today else range(day * DAY, day * DAY + DAY)
        return True

    async def _find_filled_space(self, space: ResourceSpace) -> FilledSpace | None:
        return await filled_space.read_filled_space(self.runtime.store, space)

    async def _fill_space(self, space: ResourceSpace) -> None:
        """Write until the space is complete, and start again after a reset. Raises WasReset if that happens too often."""
        tries_left = RESETS_MEANWHILE
        while True:
            try:
                with compare_with(self.runtime.resets.of[space.tenant]):
                    return await self._fill_once(space)
            except WasReset:
                tries_left -= 1
                if not tries_left:
                    raise
                await runtime_settings.refresh_settings(self.runtime)

    async def _fill_once(self, space: ResourceSpace) -> None:
        """Write until the space is complete. Between two transactions, a reset gets its turn. Raises WasReset after one."""
        while True:
            async with self._lock_of_space(space):
                if await self._is_current(space):
                    return
                outcome = await self._advance_space(space)
            if outcome == "taken":
                await self.writer.wait_for_other(space)

    async def _advance_space(self, space: ResourceSpace) -> Outcome:
        """Do the next step towards the data of today, unless another worker does it."""
        before = await self._find_filled_space(space)
        if before is None:
            return await self.writer.write_next(space, self.today())
        return await self._new_day(space, before, self.today())

    async def _new_day(self, space: ResourceSpace, before: FilledSpace, today: datetime.date) -> Outcome:
        """Save the appointments and slots of the new day. Resources that a client has changed stay as they are."""
        base = self.runtime.tenants[space.tenant].fhir_base(space.version)
        old = await asyncio.to_thread(_scheduled_resources, self.written, before.day, space)
        new = await asyncio.to_thread(_scheduled_resources, self.written, today, space)
        steps: list[Step] = []
        for name, resource in new.items():
            stored = await self.runtime.store.read(space, *name, EVERYTHING)
            if stored is None:
                steps.append(make_save(base, space, resource, 1, today))
            elif not stored.deleted and _drop_meta(orjson.loads(stored.body)) == old.get(name):
                number = self.runtime.next_version(space, stored.version_id)
                steps.append(structs.replace(make_save(base, space, resource, number, today), before=stored.version_id))
        after = before._replace(day=today, versions=before.versions + len(steps))
        try:
            await self.runtime.store.transaction([*steps, after.put(space)])
        except Conflict:  # another worker was first, or a client wrote one of them at the same time
            self.current.pop(space, None)
        return "complete"

    @asynccontextmanager
    async def pause(self, tenant: str | None) -> AsyncIterator[None]:
        """Block filling during a reset."""
        locks = [self._lock_of_space(space) for space in self._spaces_of(tenant)]
        for lock in locks:
            await lock.acquire()
        try:
            yield
        finally:
            for lock in locks:
                lock.release()

    async def list_filled_spaces(self) -> list[ResourceSpace] | None:
        """The spaces whose patients are stored. None if an older Sickbay filled one, without marks."""
        spaces = []
        for space in self._spaces_of(None):
            filled, begun = await self._find_filled_space(space), await self.writer.read_stored_progress(space)
            if await self._is_unmarked(space, filled, begun):
                return None
            stored = filled is not None or (begun is not None and begun.portions > self.written.patients)
            if (
                stored and await self.runtime.store.writes_since(space, PATIENTS) is not None
            ):  # a copy gets it with its first use
                spaces.append(space)
        return spaces

    async def steps_of_reset(
        self, tenant: str | None, today: datetime.date, kept: frozenset[ResourceSpace] = frozenset()
    ) -> list[Step]:
        """The steps that undo what was written since the hospitals were filled, and the appointments of other days.

        Hospitals that an older Sickbay has filled are emptied, because they have no marks. kept: spaces that stay as they are.
        """
        states = {
            space: (await self._find_filled_space(space), await self.writer.read_stored_progress(space))
            for space in self._spaces_of(tenant)
            if space not in kept
        }
        keeps_numbers = bool(await self.runtime.store.find("snapshot", limit=1))
        unmarked = {space.tenant for space, state in states.items() if await self._is_unmarked(space, *state)}
        steps: list[Step] = [Clear("resources", name) for name in sorted(unmarked)]
        for space, (filled, begun) in states.items():
            if space.tenant in unmarked:
                steps += [filled_space.forget(space), population_progress.forget(space)]
            elif begun is not None and await self.writer.must_begin_again(space, begun, today):
                continue  # no one has used it
            else:
                steps += self._undo_steps(space, filled, begun, today, keeps_numbers)
        return steps

    def steps_of_removal(self, tenant: Tenant) -> list[Step]:
        """The steps that delete all resources of a hospital that is removed."""
        spaces = [ResourceSpace(tenant.name, version) for version in tenant.dialect.fhir]
        forgotten = [step for space in spaces for step in (filled_space.forget(space), population_progress.forget(space))]
        return [*forgotten, Clear("resources", tenant.name)]

    async def _is_unmarked(self, space: ResourceSpace, filled: FilledSpace | None, begun: WrittenPortions | None) -> bool:
        """Whether the space has resources without a mark."""
        if filled is not None:
            return filled.first is None
        return begun is None and await self.runtime.store.has_resources(space)

    def _undo_steps(
        self,
        space: ResourceSpace,
        filled: FilledSpace | None,
        begun: WrittenPortions | None,
        today: datetime.date,
        keeps_numbers: bool,
    ) -> list[Step]:
        """The steps for one space. Another worker may complete it before they are applied, so that it may have a mark then."""
        index = partial(reindexing.extract_entries_of_body, self.runtime, space)
        if filled is not None and filled.first != today:  # then only the last portion is missing, which depends on the day
            rest = WrittenPortions(today, self.written.patients + 1)
            return [
                ReturnToMark(space, PATIENTS, index, keeps_numbers),
                filled_space.forget(space),
                rest.put(space, always=True),
            ]
        steps: list[Step] = [ReturnToMark(space, FILLED, index, keeps_numbers)]
        if filled is not None:
            steps.append(FilledSpace(today, today).put(space))
        elif begun is not None and begun.day != today:
            steps.append(begun._replace(day=today).put(space))
        return steps

    async def changes(self, tenant: str | None) -> int | None:
        """How many times resources were loaded, created, changed or deleted since a reset; None if that isn't known."""
        total = 0
        for space in self._spaces_of(tenant):
            filled = await self._find_filled_space(space)
            if filled is not None:
                written = await self.runtime.store.writes_since(space, FILLED) if filled.first else None
                if written is None:
                    return None
                total += written - filled.versions
        return total

    def _spaces_of(self, tenant: str | None) -> list[ResourceSpace]:
        chosen = [self.runtime.tenants[tenant]] if tenant else list(self.runtime.tenants.values())
        return sorted(ResourceSpace(tenant.name, version) for tenant in chosen for version in tenant.dialect.fhir)

    def _lock_of_space(self, space: ResourceSpace) -> asyncio.Lock:
        return self._locks.setdefault(space, asyncio.Lock())


def check_result(task: asyncio.Task[None]) -> None:
    """Raise what a finished task of `begin` raised; Stopping if the server stopped it."""
    if task.cancelled():
        raise Stopping(STOPPED)
    task.result()


def _date_of(day: int) -> datetime.date:
    """day: days since 1970."""
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=day)


def _scheduled_resources(written: Written, day: datetime.date, space: ResourceSpace) -> dict[tuple[str, str], Json]:
    resources: Iterable[Json] = population.schedule(**make_arguments(written, day, space))
    return {(resource["resourceType"], resource["id"]): _drop_meta(resource) for resource in resources}


def _drop_meta(resource: Json) -> Json:
    """The resource without the member that the server adds."""
    return {name: value for name, value in resource.items() if name != "meta"}

"""Fills a hospital with sample patients on first use, and adds the appointments of each new day."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import orjson

from sickbay import population
from sickbay.fhir.visibility import EVERYTHING
from sickbay.sandbox import population_progress
from sickbay.sandbox.folder import Written
from sickbay.sandbox.population_progress import PopulationProgress
from sickbay.sandbox.population_writer import Json, Outcome, PopulationWriter, arguments, key, remember, save, versions
from sickbay.services.context import Runtime, Tenant
from sickbay.settings.database import Stopping
from sickbay.storage.interface import Clear, Conflict, Delete, ResourceSpace, Step, Store

DAY = 86_400
STOPPED = "Sickbay stopped while it created sample patients."
NEVER, ALWAYS = range(0), range(1 << 62)


class PopulationLoader:
    """Fills the resource spaces.

    current: for each filled space, the seconds since 1970, by Sickbay's clock, during which its appointments are those of the
    day. A FHIR request looks here and calls `ensure` only if a space isn't filled, or if other workers can reset it.
    """

    def __init__(self, runtime: Runtime, written: Written) -> None:
        self.runtime = runtime
        self.written = written
        self.writer = PopulationWriter(runtime, written)
        self.current: dict[ResourceSpace, range] = {}
        self._stamp: int | None = None
        self._locks: dict[ResourceSpace, asyncio.Lock] = {}
        self._begun: dict[ResourceSpace, asyncio.Task[None]] = {}
        self._stopping = False

    def is_ready(self, space: ResourceSpace) -> bool:
        """Whether this space is filled for today.

        If other workers can reset it, it counts as filled only until the next write.
        """
        if self.runtime.shared and ((stamp := self.runtime.store.stamp()) != self._stamp or stamp is None):
            self._stamp = stamp
            self.current.clear()
        return int(self.runtime.effects.now()) in self.current.get(space, NEVER)

    async def ensure(self, space: ResourceSpace) -> None:
        """Fill the space on first use. Concurrent calls for the same space wait; other requests don't. Raises Stopping."""
        if not self.is_ready(space) and not await self._is_current(space):
            task = self.begun(space)
            await asyncio.wait({task})
            check_result(task)

    def begun(self, space: ResourceSpace) -> asyncio.Task[None]:
        """Start to fill the space as a task, which continues even if its caller stops waiting. Raises Stopping."""
        if self._stopping:
            raise Stopping(STOPPED)
        task = self._begun.get(space)
        if task is None or task.done():
            task = self._begun[space] = asyncio.get_running_loop().create_task(self._fill(space))
        return task

    def begin_to_stop(self) -> None:
        """Cancel all tasks. What they have stored stays, and the next use continues from there."""
        self._stopping = True
        for task in self._begun.values():
            task.cancel()

    async def stop(self) -> None:
        """Cancel all tasks and wait for their end."""
        self.begin_to_stop()
        await asyncio.gather(*self._begun.values(), return_exceptions=True)

    async def progress(self, space: ResourceSpace) -> PopulationProgress | None:
        """How many patients are stored of a space that is being filled, by this worker or another one.

        None if all are, and only the appointments of a new day are missing.
        """
        state = await self.writer.stored(space)
        if state is not None:
            return state.progress(self.written.patients)
        is_new = await _day_of(self.runtime.store, space) is None
        return PopulationProgress(0, self.written.patients) if is_new else None

    def today(self) -> datetime.date:
        """The pinned day, or today by Sickbay's clock, which can be moved."""
        return datetime.date.fromisoformat(self.written.today) if self.written.today else _date_of(self._day())

    def _day(self) -> int:
        """The number of days from 1970 to today, in UTC."""
        return int(self.runtime.effects.now() // DAY)

    async def _is_current(self, space: ResourceSpace) -> bool:
        """Look whether the space is filled for today."""
        day, today = self._day(), self.today()
        if await _day_of(self.runtime.store, space) != today:
            return False
        self.current[space] = ALWAYS if self.written.today else range(day * DAY, day * DAY + DAY)
        return True

    async def _fill(self, space: ResourceSpace) -> None:
        """Write until the space is complete. Between two transactions, a reset gets its turn."""
        while True:
            async with self._lock(space):
                if await self._is_current(space):
                    return
                outcome = await self._advance(space)
            if outcome == "taken":
                await self.writer.wait_for_other(space)

    async def _advance(self, space: ResourceSpace) -> Outcome:
        """Do the next step towards the data of today, unless another worker does it."""
        before = await _day_of(self.runtime.store, space)
        if before is None:
            return await self.writer.write_next(space, self.today())
        return await self._new_day(self.runtime.tenants[space.tenant], space, before, self.today())

    async def _new_day(self, tenant: Tenant, space: ResourceSpace, before: datetime.date, today: datetime.date) -> Outcome:
        """Save the appointments and slots of the new day. Resources that a client has changed stay as they are."""
        old = await asyncio.to_thread(_schedule, self.written, before, space)
        new = await asyncio.to_thread(_schedule, self.written, today, space)
        steps: list[Step] = []
        for name, resource in new.items():
            stored = await self.runtime.store.read(space, *name, EVERYTHING)
            if stored is None:
                steps.append(save(tenant, space, resource, 1, today))
            elif not stored.deleted and _plain(orjson.loads(stored.body)) == old.get(name):
                steps.append(save(tenant, space, resource, stored.version_id + 1, today))
        untouched = await self.is_untouched(space)
        total = await versions(self.runtime.store, space) + len(steps) if untouched else CHANGED
        try:
            await self.runtime.store.transaction([*steps, remember(space, today, total)])
        except Conflict:  # another worker was first, or a client wrote one of them at the same time
            self.current.pop(space, None)
        return "complete"

    @asynccontextmanager
    async def paused(self, tenant: str | None) -> AsyncIterator[None]:
        """Block filling during a reset. The next use fills the space again."""
        spaces = self._spaces(tenant)
        locks = [self._lock(space) for space in spaces]
        for lock in locks:
            await lock.acquire()
        try:
            yield
        finally:
            for space, lock in zip(spaces, locks, strict=True):
                self.current.pop(space, None)
                self.writer.forget(space)
                lock.release()

    async def changed(self, tenant: str | None) -> list[Step]:
        """The steps that empty the hospitals in which anything was written since they were filled.

        The others still have their initial data, and creating that again takes seconds.
        """
        spaces = self._spaces(tenant)
        tenants = {space.tenant for space in spaces if not await self.is_untouched(space)}
        steps: list[Step] = [Clear("resources", name) for name in sorted(tenants)]
        for space in spaces:
            if space.tenant in tenants:
                steps += [Delete("meta", key(space)), population_progress.forget(space)]
        return steps

    async def is_untouched(self, space: ResourceSpace) -> bool:
        """Whether the space is empty or has only initial data: each write adds a version, deleting included."""
        record = await self.runtime.store.get("meta", key(space))
        if record is None:
            state = await self.writer.stored(space)
            return await versions(self.runtime.store, space) == (0 if state is None else state.versions)
        total = record.value.decode().partition(" ")[2]
        return total.isdecimal() and int(total) == await versions(self.runtime.store, space)

    def _spaces(self, tenant: str | None) -> list[ResourceSpace]:
        chosen = [self.runtime.tenants[tenant]] if tenant else list(self.runtime.tenants.values())
        return sorted(ResourceSpace(tenant.name, version) for tenant in chosen for version in tenant.dialect.fhir)

    def _lock(self, space: ResourceSpace) -> asyncio.Lock:
        return self._locks.setdefault(space, asyncio.Lock())


def check_result(task: asyncio.Task[None]) -> None:
    """Raise what a finished task of `begun` raised; Stopping if the server stopped it."""
    if task.cancelled():
        raise Stopping(STOPPED)
    task.result()


def _date_of(day: int) -> datetime.date:
    """day: days since 1970."""
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=day)


def _schedule(written: Written, day: datetime.date, space: ResourceSpace) -> dict[tuple[str, str], Json]:
    resources: Iterable[Json] = population.schedule(**arguments(written, day, space))
    return {(resource["resourceType"], resource["id"]): _plain(resource) for resource in resources}


def _plain(resource: Json) -> Json:
    """The resource without the member that the server adds."""
    return {name: value for name, value in resource.items() if name != "meta"}


async def _day_of(store: Store, space: ResourceSpace) -> datetime.date | None:
    """The day for which a space is complete; None if it isn't."""
    record = await store.get("meta", key(space))
    return None if record is None else datetime.date.fromisoformat(record.value.decode().partition(" ")[0])


CHANGED = -1
"""Instead of the number of versions, if a client has written something."""

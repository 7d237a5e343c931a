"""Fills a hospital with sample patients on first use, and adds the appointments of each new day."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal, cast

import orjson

from sickbay import population
from sickbay.fhir.search.index import extract
from sickbay.fhir.visibility import EVERYTHING
from sickbay.sandbox.folder import Written
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Clear, Conflict, Delete, Put, Record, ResourceSpace, Save, Step, Store

Version = population.Version
Json = dict[str, Any]
DAY = 86_400
NEVER, ALWAYS = range(0), range(1 << 62)


class PopulationLoader:
    """Fills the resource spaces.

    current: for each filled space, the seconds since 1970, by Sickbay's clock, during which its appointments are those of the
    day. A FHIR request looks here and calls `ensure` only if a space isn't filled, or if other workers can reset it.
    """

    def __init__(self, runtime: Runtime, written: Written) -> None:
        self.runtime = runtime
        self.written = written
        self.current: dict[ResourceSpace, range] = {}
        self._stamp: int | None = None
        self._locks: dict[ResourceSpace, asyncio.Lock] = {}
        self._begun: dict[ResourceSpace, asyncio.Task[None]] = {}

    def is_ready(self, space: ResourceSpace) -> bool:
        """Whether this space is filled for today.

        If other workers can reset it, it counts as filled only until the next write.
        """
        if self.runtime.shared and ((stamp := self.runtime.store.stamp()) != self._stamp or stamp is None):
            self._stamp = stamp
            self.current.clear()
        return int(self.runtime.effects.now()) in self.current.get(space, NEVER)

    async def ensure(self, space: ResourceSpace) -> None:
        """Fill the space on first use. Concurrent calls for the same space wait; other requests don't."""
        if self.is_ready(space):
            return
        async with self._locks.setdefault(space, asyncio.Lock()):
            if not self.is_ready(space):
                await self._fill(space)

    def begun(self, space: ResourceSpace) -> asyncio.Task[None]:
        """Start `ensure` as a task, which continues even if its caller stops waiting."""
        task = self._begun.get(space)
        if task is None or task.done():
            task = self._begun[space] = asyncio.get_running_loop().create_task(self.ensure(space))
        return task

    async def stop(self) -> None:
        """Cancel all tasks."""
        for task in self._begun.values():
            task.cancel()
        await asyncio.gather(*self._begun.values(), return_exceptions=True)

    def today(self) -> datetime.date:
        """The pinned day, or today by Sickbay's clock, which can be moved."""
        return datetime.date.fromisoformat(self.written.today) if self.written.today else _date_of(self._day())

    def _day(self) -> int:
        """The number of days from 1970 to today, in UTC."""
        return int(self.runtime.effects.now() // DAY)

    async def _fill(self, space: ResourceSpace) -> None:
        day, today = self._day(), self.today()
        tenant = self.runtime.tenants[space.tenant]
        store = self.runtime.store
        before = await _day(store, space)
        if before is None:
            await store.fill(space, self._saves(tenant, space, today))
            await store.transaction([_remember(space, today, await _versions(store, space))])
        elif before != today:
            await self._new_day(tenant, space, before, today)
        self.current[space] = ALWAYS if self.written.today else range(day * DAY, day * DAY + DAY)

    def _saves(self, tenant: Tenant, space: ResourceSpace, today: datetime.date) -> Iterator[Save]:
        """Generate all resources to save. Runs on the writer's thread."""
        written, version = self.written, cast(Version, space.version)
        for make in (population.generate, population.schedule):
            for resource in make(**_arguments(written, today, version)):
                yield save(tenant, space, resource, 1, today)

    async def _new_day(self, tenant: Tenant, space: ResourceSpace, before: datetime.date, today: datetime.date) -> None:
        """Save the appointments and slots of the new day. Resources that a client has changed stay as they are."""
        written, version = self.written, cast(Version, space.version)
        old = await asyncio.to_thread(_schedule, written, before, version)
        new = await asyncio.to_thread(_schedule, written, today, version)
        steps: list[Step] = []
        for key, resource in new.items():
            stored = await self.runtime.store.read(space, *key, EVERYTHING)
            if stored is None:
                steps.append(save(tenant, space, resource, 1, today))
            elif not stored.deleted and _plain(orjson.loads(stored.body)) == old.get(key):
                steps.append(save(tenant, space, resource, stored.version_id + 1, today))
        untouched = await self.is_untouched(space)
        total = await _versions(self.runtime.store, space) + len(steps) if untouched else CHANGED
        try:
            await self.runtime.store.transaction([*steps, _remember(space, today, total)])
        except Conflict:  # another worker was first, or a client wrote one of them at the same time
            self.current.pop(space, None)

    @asynccontextmanager
    async def paused(self, tenant: str | None) -> AsyncIterator[None]:
        """Block filling during a reset. The next use fills the space again."""
        spaces = self._spaces(tenant)
        locks = [self._locks.setdefault(space, asyncio.Lock()) for space in spaces]
        for lock in locks:
            await lock.acquire()
        try:
            yield
        finally:
            for space, lock in zip(spaces, locks, strict=True):
                self.current.pop(space, None)
                lock.release()

    async def changed(self, tenant: str | None) -> list[Step]:
        """The steps that empty the hospitals in which anything was written since they were filled.

        The others still have their initial data, and creating that again takes seconds.
        """
        spaces = self._spaces(tenant)
        tenants = {space.tenant for space in spaces if not await self.is_untouched(space)}
        steps: list[Step] = [Clear("resources", name) for name in sorted(tenants)]
        return [*steps, *(Delete("meta", _key(space)) for space in spaces if space.tenant in tenants)]

    async def is_untouched(self, space: ResourceSpace) -> bool:
        """Whether the space is empty or has only the initial data: each write adds a version, deleting included."""
        record = await self.runtime.store.get("meta", _key(space))
        if record is None:
            return not await self.runtime.store.filled(space)
        total = record.value.decode().partition(" ")[2]
        return total.isdecimal() and int(total) == await _versions(self.runtime.store, space)

    def _spaces(self, tenant: str | None) -> list[ResourceSpace]:
        chosen = [self.runtime.tenants[tenant]] if tenant else list(self.runtime.tenants.values())
        return sorted(ResourceSpace(tenant.name, version) for tenant in chosen for version in tenant.dialect.fhir)


def _date_of(day: int) -> datetime.date:
    """day: days since 1970."""
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=day)


def save(tenant: Tenant, space: ResourceSpace, resource: Json, version_id: int, day: datetime.date) -> Save:
    """Prepare a resource for storage: add its meta and its index entries."""
    at = int(datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC).timestamp() * 1000)
    meta = {**resource.get("meta", {}), "versionId": str(version_id), "lastUpdated": f"{day.isoformat()}T00:00:00.000Z"}
    head = {"resourceType": resource["resourceType"], "id": resource["id"], "meta": meta}
    stored = {**head, **{key: value for key, value in resource.items() if key not in head}}
    facts = extract(space.version, stored, tenant.fhir_base(space.version))
    interaction: Literal["create", "update"] = "create" if version_id == 1 else "update"
    return Save(space, stored["resourceType"], stored["id"], version_id, orjson.dumps(stored), facts, at, interaction)


def _schedule(written: Written, day: datetime.date, version: Version) -> dict[tuple[str, str], Json]:
    resources: Iterable[Json] = population.schedule(**_arguments(written, day, version))
    return {(resource["resourceType"], resource["id"]): _plain(resource) for resource in resources}


def _arguments(written: Written, day: datetime.date, version: Version) -> Any:
    return {
        "seed": written.seed,
        "patients": written.patients,
        "today": day,
        "version": version,
        "messiness": written.messiness,
    }


def _plain(resource: Json) -> Json:
    """The resource without the member that the server adds."""
    return {key: value for key, value in resource.items() if key != "meta"}


def _key(space: ResourceSpace) -> str:
    return f"filled/{space.tenant}/{space.version}"


async def _day(store: Store, space: ResourceSpace) -> datetime.date | None:
    record = await store.get("meta", _key(space))
    return None if record is None else datetime.date.fromisoformat(record.value.decode().partition(" ")[0])


async def _versions(store: Store, space: ResourceSpace) -> int:
    """The number of versions of all resources, deleted ones included."""
    return (await store.history(space, None, None, EVERYTHING, count=0)).total or 0


CHANGED = -1
"""Instead of the number of versions, if a client has written something."""


def _remember(space: ResourceSpace, day: datetime.date, versions: int) -> Put:
    """Stores the day, and the number of versions that the initial data have."""
    return Put(Record("meta", _key(space), f"{day.isoformat()} {versions}".encode(), space.tenant))

"""Fills a hospital with sample patients on first use, and adds the appointments of each new day."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Literal, NamedTuple, cast

import orjson

from sickbay import population
from sickbay.fhir.search.index import extract
from sickbay.fhir.visibility import EVERYTHING
from sickbay.kernel.memory import Reset
from sickbay.sandbox.folder import Written
from sickbay.services import runtime_settings
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Clear, Conflict, Delete, Put, Record, ResourceSpace, Save, Step, Store
from sickbay.storage.resets import WasReset, began

Version = population.Version
Json = dict[str, Any]
DAY = 86_400
NEVER, ALWAYS = range(0), range(1 << 62)
RESETS_MEANWHILE = 5
"""How often filling a space starts again because the space was reset."""


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
        runtime.memory.keep("filled hospitals", self)

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
        if self.is_ready(space):
            return True
        filled = await self._filled(space)
        return filled is not None and filled.day == self.today()

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

    def forget(self, reset: Reset) -> None:
        """Look again whether the spaces are filled. The tasks that fill them notice the reset when they write."""
        for space in [space for space in self.current if reset.tenant in (None, space.tenant)]:
            del self.current[space]

    def today(self, moved: float = 0.0) -> datetime.date:
        """The pinned day, or today by Sickbay's clock, which can be moved. moved: seconds to subtract from that clock."""
        if self.written.today:
            return datetime.date.fromisoformat(self.written.today)
        return _date_of(int((self.runtime.effects.now() - moved) // DAY))

    def _day(self) -> int:
        """The number of days from 1970 to today, in UTC."""
        return int(self.runtime.effects.now() // DAY)

    async def _fill(self, space: ResourceSpace) -> None:
        """Fill the space, and start again if it was reset meanwhile. Raises WasReset if that happens too often."""
        for tries_left in reversed(range(RESETS_MEANWHILE)):
            try:
                with began(self.runtime.resets.of[space.tenant]):
                    return await self._fill_once(space)
            except WasReset:
                if not tries_left:
                    raise
                await runtime_settings.refresh(self.runtime)

    async def _fill_once(self, space: ResourceSpace) -> None:
        day, today = self._day(), self.today()
        tenant = self.runtime.tenants[space.tenant]
        store = self.runtime.store
        before = await self._filled(space)
        if before is None:
            await store.fill(space, self._saves(tenant, space, today))
            await store.transaction([_remember(space, Filled(today, await _versions(store, space), today))])
        elif before.day != today:
            await self._new_day(tenant, space, before, today)
        self.current[space] = ALWAYS if self.written.today else range(day * DAY, day * DAY + DAY)

    async def _filled(self, space: ResourceSpace) -> Filled | None:
        record = await self.runtime.store.get("meta", _key(space))
        return None if record is None else _read(record)

    def _saves(self, tenant: Tenant, space: ResourceSpace, today: datetime.date) -> Iterator[Save]:
        """Generate all resources to save. Runs on the writer's thread."""
        written, version = self.written, cast(Version, space.version)
        for make in (population.generate, population.schedule):
            for resource in make(**_arguments(written, today, version)):
                yield save(tenant, space, resource, 1, today)

    async def _new_day(self, tenant: Tenant, space: ResourceSpace, before: Filled, today: datetime.date) -> None:
        """Save the appointments and slots of the new day. Resources that a client has changed stay as they are."""
        written, version = self.written, cast(Version, space.version)
        old = await asyncio.to_thread(_schedule, written, before.day, version)
        new = await asyncio.to_thread(_schedule, written, today, version)
        steps: list[Step] = []
        for key, resource in new.items():
            stored = await self.runtime.store.read(space, *key, EVERYTHING)
            if stored is None:
                steps.append(save(tenant, space, resource, 1, today))
            elif not stored.deleted and _plain(orjson.loads(stored.body)) == old.get(key):
                steps.append(save(tenant, space, resource, stored.version_id + 1, today))
        own = before.versions + len(steps) if before.versions is not None else None
        try:
            await self.runtime.store.transaction([*steps, _remember(space, Filled(today, own, before.first))])
        except Conflict:  # another worker was first, or a client wrote one of them at the same time
            self.current.pop(space, None)

    @asynccontextmanager
    async def paused(self, tenant: str | None) -> AsyncIterator[None]:
        """Block filling during a reset."""
        spaces = self._spaces(tenant)
        locks = [self._locks.setdefault(space, asyncio.Lock()) for space in spaces]
        for lock in locks:
            await lock.acquire()
        try:
            yield
        finally:
            for lock in locks:
                lock.release()

    async def changed(self, tenant: str | None, today: datetime.date) -> list[Step]:
        """The steps that empty the hospitals that have something else than the initial data of today.

        The others are left as they are, because creating their data again takes seconds.
        """
        spaces = self._spaces(tenant)
        tenants = {space.tenant for space in spaces if not await self._is_initial(space, today)}
        steps: list[Step] = [Clear("resources", name) for name in sorted(tenants)]
        return [*steps, *(Delete("meta", _key(space)) for space in spaces if space.tenant in tenants)]

    async def _is_initial(self, space: ResourceSpace, today: datetime.date) -> bool:
        """Whether the space is empty, or was filled today and nothing was written since."""
        filled = await self._filled(space)
        if filled is None:
            return not await self.runtime.store.filled(space)
        return filled.day == filled.first == today and await self._written_since(space, filled) == 0

    async def _written_since(self, space: ResourceSpace, filled: Filled) -> int | None:
        """How many versions clients and loads have written: each write adds one, deleting included. None if not known."""
        return None if filled.versions is None else await _versions(self.runtime.store, space) - filled.versions

    async def changes(self, tenant: str | None) -> int | None:
        """How many times resources were loaded, created, changed or deleted since a reset; None if that isn't known."""
        total = 0
        for space in self._spaces(tenant):
            filled = await self._filled(space)
            written = await self._written_since(space, filled) if filled else await _versions(self.runtime.store, space)
            if written is None:
                return None
            total += written
        return total

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


class Filled(NamedTuple):
    """What is stored about a space. day: of its appointments. first: the day when it was filled; None if that isn't known.

    versions: how many versions of resources Sickbay itself has written there; None if that isn't known.
    """

    day: datetime.date
    versions: int | None
    first: datetime.date | None


def _read(record: Record) -> Filled:
    """An older Sickbay stored no first day, and -1 or nothing instead of the versions after someone had written."""
    day, versions, first = [*record.value.decode().split(" "), "", ""][:3]
    return Filled(
        datetime.date.fromisoformat(day),
        int(versions) if versions.isdecimal() else None,
        datetime.date.fromisoformat(first) if first else None,
    )


async def _versions(store: Store, space: ResourceSpace) -> int:
    """The number of versions of all resources, deleted ones included."""
    return (await store.history(space, None, None, EVERYTHING, count=0)).total or 0


def _remember(space: ResourceSpace, filled: Filled) -> Put:
    first = filled.first.isoformat() if filled.first else ""
    versions = filled.versions if filled.versions is not None else -1
    return Put(Record("meta", _key(space), f"{filled.day.isoformat()} {versions} {first}".encode(), space.tenant))

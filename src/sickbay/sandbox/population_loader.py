"""Filling a hospital on its first use: the population in one version, and the appointments of each new day."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Literal, cast

import orjson

from sickbay import population
from sickbay.fhir.search.index import extract
from sickbay.fhir.visibility import EVERYTHING
from sickbay.kernel.memoize import memoized
from sickbay.sandbox.folder import Written
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Conflict, Delete, Put, Record, ResourceSpace, Save, Step, Store

Version = population.Version
Json = dict[str, Any]


class PopulationLoader:
    """Knows what is filled, so that after the first use `ensure` costs a look into a dict."""

    def __init__(self, runtime: Runtime, written: Written) -> None:
        self.runtime = runtime
        self.written = written
        self._days: dict[ResourceSpace, datetime.date] = {}
        self._stamp: int | None = None
        self._locks: dict[ResourceSpace, asyncio.Lock] = {}
        self._begun: dict[ResourceSpace, asyncio.Task[None]] = {}

    def is_ready(self, space: ResourceSpace) -> bool:
        """Whether this space is filled, for this day; where other workers may reset it, until anything was written."""
        if self.runtime.shared and ((stamp := self.runtime.store.stamp()) != self._stamp or stamp is None):
            self._stamp = stamp
            self._days.clear()
        return self._days.get(space) == self.today()

    async def ensure(self, space: ResourceSpace) -> None:
        """Fill on first use. Others who come meanwhile wait; other requests do not."""
        if self.is_ready(space):
            return
        async with self._locks.setdefault(space, asyncio.Lock()):
            if not self.is_ready(space):
                await self._fill(space)

    def begun(self, space: ResourceSpace) -> asyncio.Task[None]:
        """`ensure`, which goes on where whoever asked for it does not wait for its end."""
        task = self._begun.get(space)
        if task is None or task.done():
            task = self._begun[space] = asyncio.get_running_loop().create_task(self.ensure(space))
        return task

    async def stop(self) -> None:
        """Nobody waits any more."""
        for task in self._begun.values():
            task.cancel()
        await asyncio.gather(*self._begun.values(), return_exceptions=True)

    def today(self) -> datetime.date:
        """The pinned day, else the day of the (moved) clock."""
        return _pinned(self.written.today) if self.written.today else _day_of(int(self.runtime.effects.now() // 86_400))

    async def _fill(self, space: ResourceSpace) -> None:
        today = self.today()
        tenant = self.runtime.tenants[space.tenant]
        store = self.runtime.store
        before = await _day(store, space)
        if before is None:
            await store.fill(space, self._saves(tenant, space, today))
            await store.transaction([_remember(space, today)])
        elif before != today:
            await self._new_day(tenant, space, before, today)
        self._days[space] = today

    def _saves(self, tenant: Tenant, space: ResourceSpace, today: datetime.date) -> Iterator[Save]:
        """Runs on the writer's thread."""
        written, version = self.written, cast(Version, space.version)
        for make in (population.generate, population.schedule):
            for resource in make(**_asked(written, today, version)):
                yield save(tenant, space, resource, 1, today)

    async def _new_day(self, tenant: Tenant, space: ResourceSpace, before: datetime.date, today: datetime.date) -> None:
        """Appointments and slots of the new day; what somebody changed stays as it is."""
        written, version = self.written, cast(Version, space.version)
        old = await asyncio.to_thread(_schedule, written, before, version)
        new = await asyncio.to_thread(_schedule, written, today, version)
        steps: list[Step] = [_remember(space, today)]
        for key, resource in new.items():
            stored = await self.runtime.store.read(space, *key, EVERYTHING)
            if stored is None:
                steps.append(save(tenant, space, resource, 1, today))
            elif not stored.deleted and _plain(orjson.loads(stored.body)) == old.get(key):
                steps.append(save(tenant, space, resource, stored.version_id + 1, today))
        try:
            await self.runtime.store.transaction(steps)
        except Conflict:  # another worker was first, or somebody wrote one of them in this moment
            self._days.pop(space, None)

    @asynccontextmanager
    async def paused(self, tenant: str | None) -> AsyncIterator[None]:
        """Nothing is filled while a reset runs; afterwards the first use fills again."""
        spaces = self._spaces(tenant)
        locks = [self._locks.setdefault(space, asyncio.Lock()) for space in spaces]
        for lock in locks:
            await lock.acquire()
        try:
            yield
        finally:
            for space, lock in zip(spaces, locks, strict=True):
                self._days.pop(space, None)
                lock.release()

    def forgotten(self, tenant: str | None) -> list[Delete]:
        return [Delete("meta", _key(space)) for space in self._spaces(tenant)]

    def _spaces(self, tenant: str | None) -> list[ResourceSpace]:
        chosen = [self.runtime.tenants[tenant]] if tenant else list(self.runtime.tenants.values())
        return sorted(ResourceSpace(one.name, version) for one in chosen for version in one.dialect.fhir)


@cache
def _pinned(day: str) -> datetime.date:
    return datetime.date.fromisoformat(day)


@memoized(64)
def _day_of(number: int) -> datetime.date:
    """Days since 1970, in UTC."""
    return datetime.date(1970, 1, 1) + datetime.timedelta(days=number)


def save(tenant: Tenant, space: ResourceSpace, resource: Json, version_id: int, day: datetime.date) -> Save:
    """The resource as it is stored: with its meta, and the facts that are searched by."""
    at = int(datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC).timestamp() * 1000)
    meta = {**resource.get("meta", {}), "versionId": str(version_id), "lastUpdated": f"{day.isoformat()}T00:00:00.000Z"}
    head = {"resourceType": resource["resourceType"], "id": resource["id"], "meta": meta}
    whole = {**head, **{key: value for key, value in resource.items() if key not in head}}
    facts = extract(space.version, whole, tenant.fhir_base(space.version))
    interaction: Literal["create", "update"] = "create" if version_id == 1 else "update"
    return Save(space, whole["resourceType"], whole["id"], version_id, orjson.dumps(whole), facts, at, interaction)


def _schedule(written: Written, day: datetime.date, version: Version) -> dict[tuple[str, str], Json]:
    made: Iterable[Json] = population.schedule(**_asked(written, day, version))
    return {(one["resourceType"], one["id"]): _plain(one) for one in made}


def _asked(written: Written, day: datetime.date, version: Version) -> Any:
    return {
        "seed": written.seed,
        "patients": written.patients,
        "today": day,
        "version": version,
        "messiness": written.messiness,
    }


def _plain(resource: Json) -> Json:
    """Without what the server adds."""
    return {key: value for key, value in resource.items() if key != "meta"}


def _key(space: ResourceSpace) -> str:
    return f"filled/{space.tenant}/{space.version}"


async def _day(store: Store, space: ResourceSpace) -> datetime.date | None:
    record = await store.get("meta", _key(space))
    return None if record is None else datetime.date.fromisoformat(record.value.decode())


def _remember(space: ResourceSpace, day: datetime.date) -> Put:
    return Put(Record("meta", _key(space), day.isoformat().encode(), space.tenant))

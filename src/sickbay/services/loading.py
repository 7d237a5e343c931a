"""Loads resources under their own ids, one transaction per batch, and exports all of them again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import orjson
from msgspec.structs import replace

from sickbay.fhir.loading import Ready
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import EVERYTHING
from sickbay.services.context import Runtime, Tenant
from sickbay.storage.interface import Conflict, Put, Record, ResourceSpace, Save

TRIES = 5
PAGE = 500
_BREAKS = b"\r\n"
Key: TypeAlias = tuple[str, str]
Seen: TypeAlias = tuple[int, list[str]]


@dataclass(slots=True)
class Loading:
    """One run. name: the same for the same files, so that running it again changes nothing.

    A file may contain an id several times. The hashes of the bodies that led to its last version are stored, so that loading
    one of these bodies again changes nothing.

    new, changed, same: how many resources were added, replaced and unchanged so far.
    """

    runtime: Runtime
    tenant: Tenant
    version: str
    name: str
    new: int = 0
    changed: int = 0
    same: int = 0
    _started: int = field(init=False)
    _writing: asyncio.Task[None] | None = None
    _keys: set[Key] = field(default_factory=set)
    _only_new: bool = False

    def __post_init__(self) -> None:
        self._started = self._now_in_seconds()

    async def store_batch(self, batch: Sequence[Ready]) -> None:
        """Stores a batch, all or nothing. Compares it while the previous batch is written, and raises that one's Conflict."""
        keys = {(resource.type, resource.id) for resource in batch}
        if not keys.isdisjoint(self._keys):
            await self.finish()
        steps = await self._prepare_batch(batch, looking=not self._only_new)
        await self.finish()
        self._keys = keys
        self._writing = asyncio.create_task(self._write_batch(batch, steps))
        await asyncio.sleep(0)

    async def finish(self) -> None:
        """Waits until everything is written to disk. Cancelling it doesn't cancel the write, which it can wait for again."""
        writing = self._writing
        if writing is None:
            return
        try:
            await asyncio.shield(writing)
        finally:
            if writing.done():
                self._writing = None

    async def _write_batch(self, batch: Sequence[Ready], steps: _Batch) -> None:
        """Writes a batch. Compares it again if one of its resources exists after all or is written at the same moment."""
        for attempt in range(TRIES):
            try:
                await self.runtime.store.transaction([*steps.saves, *steps.list_memories()])
                break
            except Conflict:
                if attempt == TRIES - 1:
                    raise
                steps = await self._prepare_batch(batch, looking=True)
        new = sum(save.interaction == "create" for save in steps.saves)
        self._only_new = new == len(batch)
        self.new += new
        self.changed += len(steps.saves) - new
        self.same += len(batch) - len(steps.saves)

    async def _prepare_batch(self, batch: Sequence[Ready], looking: bool) -> _Batch:
        """looking: reads the stored versions first. Otherwise all count as new, and the store raises Conflict if one isn't."""
        steps = _Batch(self, self._now_in_seconds(), looking)
        for resource in batch:
            await steps.add(resource)
        return steps

    def _now_in_seconds(self) -> int:
        return int(self.runtime.effects.now() * 1000)

    @property
    def started(self) -> int:
        return self._started

    @property
    def space(self) -> ResourceSpace:
        return ResourceSpace(self.tenant.name, self.version)


class _Batch:
    """The steps of one transaction. seen: the version and the hashes of the bodies that led to it."""

    def __init__(self, run: Loading, now: int, looking: bool) -> None:
        self.run, self.now, self.looking = run, now, looking
        self.saves: list[Save] = []
        self.before: dict[Key, tuple[int, int, bytes]] = {}
        self.seen: dict[Key, Seen] = {}

    async def add(self, resource: Ready) -> None:
        run, key = self.run, (resource.type, resource.id)
        number, at, body = await self._find_current_version(key)
        if number and is_same(body, resource.body):
            return
        following = run.runtime.next_version(run.space, number) if number else 1
        if number:
            version, hashes = await self._find_seen_resource(key)
            if version == number and _hash_body(resource.body) in hashes:
                return
            if at >= run.started:
                known = hashes if version == number else [_hash_body(body)]
                self.seen[key] = following, [*known, _hash_body(resource.body)]
        kind: Literal["create", "update"] = "update" if number else "create"
        saved = Save(run.space, *key, following, resource.body, resource.facts, self.now, kind, number or 0, "load", number)
        self.saves.append(saved)
        self.before[key] = following, self.now, resource.body

    async def _find_current_version(self, key: Key) -> tuple[int, int, bytes]:
        """Version, time and body; 0 as the version if there is none. A deleted resource has an empty body."""
        if key not in self.before:
            stored = await self.run.runtime.store.read(self.run.space, *key, EVERYTHING) if self.looking else None
            self.before[key] = (stored.version_id, stored.at, stored.body) if stored else (0, 0, b"")
        return self.before[key]

    async def _find_seen_resource(self, key: Key) -> Seen:
        if key not in self.seen:
            record = await self.run.runtime.store.get("loaded", self._name_of_key(key))
            version, hashes = orjson.loads(record.value) if record else (0, [])
            self.seen[key] = version, hashes
        return self.seen[key]

    def list_memories(self) -> list[Put]:
        tenant, at = self.run.tenant.name, self.now // 1000
        saved = {(save.type, save.id) for save in self.saves}
        return [
            Put(Record("loaded", self._name_of_key(key), orjson.dumps(seen), tenant, at=at))
            for key, seen in self.seen.items()
            if key in saved and seen[1]
        ]

    def _name_of_key(self, key: Key) -> str:
        return "/".join((self.run.name, *self.run.space, *key))


def _hash_body(body: bytes) -> str:
    return hashlib.sha256(body.translate(None, _BREAKS)).hexdigest()


def is_same(first: bytes, second: bytes) -> bool:
    """Compares two bodies, ignoring line breaks between elements, which an exported line doesn't have."""
    return first == second or first.translate(None, _BREAKS) == second.translate(None, _BREAKS)


async def export_lines(runtime: Runtime, space: ResourceSpace, type: str) -> AsyncIterator[bytes]:
    """The bodies of one type, one per line: as stored, without the line breaks, which have no meaning in JSON."""
    query = Query(space.version, type, count=PAGE, total="none")
    while True:
        page = await runtime.store.search(space, query, EVERYTHING)
        for resource in page.matches:
            yield resource.body.translate(None, _BREAKS) + b"\n"
        if page.next is None:
            return
        query = replace(query, cursor=page.next)

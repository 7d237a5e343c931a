"""What a crash is tested with: transactions of three parts, a process that writes them until it is killed, and a disk that
forgets what was not synced when the power is cut."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import apsw
from tests.storage.making import SPACE, asked, find, observation, where

from sickbay.fhir.query import ReferenceValue
from sickbay.fhir.visibility import EVERYTHING
from sickbay.storage.sqlite.connection import connect, rows
from sickbay.storage.sqlite.store import open_store
from sickbay.storage.store import Put, Record, Step

SECTOR = 512
PADDING = b"x" * 1500


def parts(number: int) -> list[Step]:
    """One transaction: two records and a resource, all named by the number."""
    records = [Put(Record(kind, str(number), PADDING)) for kind in ("left", "right")]
    return [*records, observation(f"o{number}", "p", date=number, body=PADDING)]


async def examined(path: Path) -> set[int]:
    """The numbers whose transactions are whole; fails where one is half. The file must open and be sound."""
    store = open_store(path, find)
    numbers = [{int(one.key) for one in await store.find(kind, limit=100_000)} for kind in ("left", "right")]
    query = asked("Observation", where("Observation", "patient", ReferenceValue("Patient", "p")), count=100_000)
    found = await store.search(SPACE, query, EVERYTHING)
    numbers.append({int(one.id[1:]) for one in found.matches})
    assert numbers[0] == numbers[1] == numbers[2]
    await store.transaction([Put(Record("alive", "x", b""))])
    await store.close()
    db = connect(path)
    assert rows(db, "PRAGMA integrity_check") == [("ok",)]
    db.close()
    return numbers[0]


async def write_forever(path: Path, first: int) -> None:
    """Eight tasks that write, and print each number once its transaction is answered."""
    store = open_store(path, find)
    numbers = iter(range(first, sys.maxsize))

    async def work() -> None:
        for number in numbers:
            await store.transaction(parts(number))
            print(number, flush=True)

    await asyncio.gather(*(work() for _ in range(8)))


class PowerCut(apsw.VFS):
    """A disk with a volatile cache. The power goes at the operation `at`; `image` is what the platters hold then."""

    def __init__(self, name: str, at: int, dice: random.Random) -> None:
        super().__init__(name, "")
        self.name, self.at, self.dice = name, at, dice
        self.durable: dict[str, bytearray] = defaultdict(bytearray)
        self.waiting: dict[str, list[tuple[int, bytes | None]]] = defaultdict(list)
        self.operations = 0

    def xOpen(self, name: Any, flags: Any) -> apsw.VFSFile:
        return _File(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        self.spend()
        self.durable.pop(filename, None)
        self.waiting.pop(filename, None)
        super().xDelete(filename, syncdir)

    def spend(self) -> None:
        self.operations += 1
        if self.operations >= self.at:
            raise apsw.IOError("the power is cut")

    def sync(self, path: str) -> None:
        for change in self.waiting.pop(path, []):
            _apply(self.durable[path], *change)

    def image(self, place: Path) -> None:
        """Of what was not synced some is there, some is not and some is torn at a sector. Then the power is back."""
        for path, held in {**dict.fromkeys(self.waiting, bytearray()), **self.durable}.items():
            content = bytearray(held)
            share = self.dice.choice((0.0, 0.5, 0.9, 1.0))
            for offset, data in self.waiting.get(path, []):
                if self.dice.random() < share:
                    _apply(content, offset, self._torn(data))
            (place / Path(path).name).write_bytes(content)
        self.at = sys.maxsize

    def _torn(self, data: bytes | None) -> bytes | None:
        if data is None or self.dice.random() < 0.7:
            return data
        return data[: self.dice.randrange(0, len(data) + 1, SECTOR)]


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """A write, or (None) a truncation to the offset."""
    if data is None:
        del content[offset:]
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


class _File(apsw.VFSFile):
    def __init__(self, disk: PowerCut, name: Any, flags: Any) -> None:
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("", name, flags)
        self._disk, self._path = disk, path
        disk.durable[path]

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.waiting[self._path].append((offset, bytes(data)))
        self._disk.spend()
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:
        self._disk.waiting[self._path].append((newsize, None))
        self._disk.spend()
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:
        self._disk.spend()
        super().xSync(flags)
        self._disk.sync(self._path)


if __name__ == "__main__":
    asyncio.run(write_forever(Path(sys.argv[1]), int(sys.argv[2])))

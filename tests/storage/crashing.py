"""The tools for power cut tests: transactions that create, change and delete, and a disk that loses unsynced writes."""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import apsw
import orjson
from tests.storage.making import SPACE, find
from tests.storage.replaying import differences, versions

from sickbay.fhir.search.index import extract_entries
from sickbay.storage.interface import Put, Record, Save, Step
from sickbay.storage.sqlite.store import open_store

SECTOR = 512
PADDING = "x" * 1200
WRITERS = 5


def parts(number: int) -> list[Step]:
    """Return the steps of one transaction: two records and a new resource, all named by the number. For the resource that the
    same writer created before, it also has the next version or a delete.
    """
    records = [Put(Record(kind, str(number), PADDING.encode())) for kind in ("left", "right")]
    return [*records, _make_save(number, 1), *([_make_save(before(number), 2)] if before(number) >= 0 else [])]


def before(number: int) -> int:
    return number - WRITERS


def ends(number: int) -> bool:
    """Return whether the second version of this resource is a delete."""
    return number % 3 == 0


def _make_save(number: int, version: int) -> Save:
    if version == 2 and ends(number):
        return Save(SPACE, "Observation", f"o{number}", 2, b"", extract_entries("r4", {}, ""), 2000, "delete", 1)
    resource = {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": ("preliminary", "final")[version - 1],
        "code": {"coding": [{"system": "http://loinc.org", "code": str(number % 7 + version)}], "text": PADDING},
        "subject": {"reference": f"Patient/{number % 11}"},
        "effectiveDateTime": f"2025-0{version}-01",
        "valueQuantity": {"value": number, "unit": "kg"},
    }
    kind, facts = ("create", "update")[version - 1], extract_entries("r4", resource, "")
    return Save(SPACE, "Observation", f"o{number}", version, orjson.dumps(resource), facts, 1000 * version, kind, version - 1)  # type: ignore[arg-type]


async def examine(path: Path) -> set[int]:
    """Return the numbers of complete transactions. Fails if one is incomplete, the file is corrupt or the index is wrong."""
    store = open_store(path, find)
    left, right = [{int(record.key) for record in await store.find(kind, limit=100_000)} for kind in ("left", "right")]
    await store.transaction([Put(Record("alive", "x", b""))])
    await store.close()
    bodies_by_number = {int(id[1:]): bodies for (_, id), bodies in versions(path).items()}
    assert left == right == bodies_by_number.keys()
    for number, bodies in bodies_by_number.items():
        assert len(bodies) == 1 + (number + WRITERS in bodies_by_number)
        assert (bodies[-1] == b"") == (len(bodies) == 2 and ends(number))
    assert differences(path) == []
    return left


class PowerCut(apsw.VFS):
    """A disk with a volatile cache. The power fails at operation `at`; `image` writes the disk's content at that time."""

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
            raise apsw.IOError("the power failed")

    def sync(self, path: str) -> None:
        for change in self.waiting.pop(path, []):
            _apply(self.durable[path], *change)

    def image(self, place: Path) -> None:
        """Write the content of the disk: unsynced writes are present, missing or torn at a sector. Then restore the power."""
        for path, durable in {**dict.fromkeys(self.waiting, bytearray()), **self.durable}.items():
            content = bytearray(durable)
            share = self.dice.choice((0.0, 0.5, 0.9, 1.0))
            for offset, data in self.waiting.get(path, []):
                if self.dice.random() < share:
                    _apply(content, offset, self._tear(data))
            (place / Path(path).name).write_bytes(content)
        self.at = sys.maxsize

    def _tear(self, data: bytes | None) -> bytes | None:
        if data is None or self.dice.random() < 0.7:
            return data
        return data[: self.dice.randrange(0, len(data) + 1, SECTOR)]


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """Apply a write, or (None) a truncation to the offset."""
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

"""After a power cut, acknowledged transactions are complete, none is partially stored, and the index is correct."""

from __future__ import annotations

import asyncio
import random
from functools import partial
from pathlib import Path

import apsw
import pytest
from tests.storage.crashing import WRITERS, PowerCut, examine, parts

from sickbay.settings.database import CannotOpen
from sickbay.storage.sqlite.connection import connect, migrate
from sickbay.storage.sqlite.steps import apply
from sickbay.storage.sqlite.writer import Writer

pytestmark = pytest.mark.anyio


async def write(disk: PowerCut, path: Path, image: Path) -> set[int]:
    """Write until the power fails. Returns the acknowledged numbers; `image` gets the content of the disk."""
    answered: set[int] = set()
    try:
        db = connect(path, vfs=disk.name)
        migrate(db)
    except (apsw.Error, CannotOpen):
        disk.image(image)
        return answered
    writer = Writer(db, pages=40)

    async def work(numbers: range) -> None:
        for number in numbers:
            await writer.run(partial(apply, steps=parts(number)))
            answered.add(number)

    works = [work(range(first, 1000, WRITERS)) for first in range(WRITERS)]
    await asyncio.gather(*works, return_exceptions=True)
    assert disk.operations >= disk.at
    disk.image(image)
    writer.close()
    return answered


async def power_cut(place: Path, seed: int) -> int:
    """Simulate one power cut and return the number of acknowledged transactions."""
    before, after = place / "before", place / "after"
    before.mkdir(parents=True)
    after.mkdir()
    dice = random.Random(seed)
    disk = PowerCut(f"power-{seed}", dice.choice((60, 300, 1500)) + dice.randrange(300), dice)
    answered = await write(disk, before / "sickbay.db", after)
    assert answered <= await examine(after / "sickbay.db")
    return len(answered)


async def test_twenty_power_cuts_lose_nothing(tmp_path: Path) -> None:
    answered = [await power_cut(tmp_path / str(seed), seed) for seed in range(20)]
    assert sum(answered) > 200


@pytest.mark.prove
@pytest.mark.timeout(1800)
async def test_five_hundred_power_cuts_lose_nothing(tmp_path: Path) -> None:
    answered = [await power_cut(tmp_path / str(seed), seed) for seed in range(100, 600)]
    assert sum(answered) > 5000


async def test_the_simulated_disk_loses_unsynced_writes(tmp_path: Path) -> None:
    """Otherwise the power cut tests would prove nothing."""
    lost = 0
    for seed in range(5):
        place = tmp_path / str(seed)
        place.mkdir()
        disk = PowerCut(f"forgetful-{seed}", 10_000, random.Random(seed))
        db = connect(place / "a.db", vfs=disk.name)
        db.pragma("synchronous", "off")
        db.execute("CREATE TABLE a (b)")
        for number in range(50):
            db.execute("INSERT INTO a VALUES (?)", (number,))
        after = place / "after"
        after.mkdir()
        disk.image(after)
        db.close()
        lost += _rows_left(after / "a.db") < 50
    assert lost > 0


def _rows_left(path: Path) -> int:
    try:
        count: int = apsw.Connection(str(path)).execute("SELECT count(*) FROM a").get
    except apsw.Error:
        return 0
    return count

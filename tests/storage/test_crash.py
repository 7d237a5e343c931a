"""Nothing that was answered is lost, nothing is half there, and the next start is clean."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import apsw
import pytest
from tests.storage.crashing import PowerCut, examined, parts

from sickbay.storage.sqlite.connection import connect, migrate
from sickbay.storage.sqlite.steps import apply
from sickbay.storage.sqlite.writer import Writer

pytestmark = pytest.mark.anyio
ROOT = Path(__file__).parents[2]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def killed(path: Path, first: int, after: int) -> set[int]:
    """The numbers that a writer answered until it was killed, `after` that many."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.storage.crashing", str(path), str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environment) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline() for _ in range(after)]
        process.send_signal(signal.SIGKILL)
        answered += process.stdout.readlines()
    return {int(line) for line in answered if line.endswith(b"\n")}


async def killing(path: Path, times: int) -> None:
    dice, answered = random.Random(times), set[int]()
    for turn in range(times):
        answered |= killed(path, turn * 100_000, dice.randrange(1, 400))
        found = await examined(path)
        assert answered <= found
        assert len(answered) >= turn + 1


async def test_a_killed_writer_loses_nothing(tmp_path: Path) -> None:
    await killing(tmp_path / "sickbay.db", 3)


@pytest.mark.prove
async def test_a_writer_killed_fifty_times_loses_nothing(tmp_path: Path) -> None:
    await killing(tmp_path / "sickbay.db", 50)


async def written(disk: PowerCut, path: Path, image: Path) -> set[int]:
    """The numbers that were answered before the power went; `image` gets what the disk then holds."""
    answered: set[int] = set()
    try:
        db = connect(path, vfs=disk.name)
        db.wal_autocheckpoint(40)
        migrate(db)
    except apsw.Error:
        disk.image(image)
        return answered
    writer = Writer(db)

    async def work(numbers: range) -> None:
        for number in numbers:
            await writer.run(partial(apply, steps=parts(number)))
            answered.add(number)

    works = [work(range(first, 1000, 5)) for first in range(5)]
    await asyncio.gather(*works, return_exceptions=True)
    assert disk.operations >= disk.at
    disk.image(image)
    writer.close()
    return answered


async def cutting(place: Path, seed: int) -> int:
    """One power cut; how many transactions had been answered."""
    before, after = place / "before", place / "after"
    before.mkdir(parents=True)
    after.mkdir()
    dice = random.Random(seed)
    disk = PowerCut(f"power-{seed}", dice.choice((60, 300, 1500)) + dice.randrange(300), dice)
    answered = await written(disk, before / "sickbay.db", after)
    assert answered <= await examined(after / "sickbay.db")
    return len(answered)


async def test_ten_power_cuts_lose_nothing(tmp_path: Path) -> None:
    answered = [await cutting(tmp_path / str(seed), seed) for seed in range(10)]
    assert sum(answered) > 100


@pytest.mark.prove
async def test_a_hundred_power_cuts_lose_nothing(tmp_path: Path) -> None:
    answered = [await cutting(tmp_path / str(seed), seed) for seed in range(100, 200)]
    assert sum(answered) > 1000


async def test_the_disk_of_the_test_does_forget(tmp_path: Path) -> None:
    """Without this the power cuts would prove nothing."""
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

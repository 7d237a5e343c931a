"""The server and `sickbay load` are killed during many writes: no confirmed write is lost, and the server starts again."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from pathlib import Path
from statistics import median

import httpx2
import pytest
from tests.cli.command import sickbay
from tests.flows.crash_clients import App, Ledger
from tests.storage.replaying import differences, versions

from sickbay.cli.commands.load import BATCH
from sickbay.testing.server import Live, serving

APPS = 6
LOADED = 12_000
SOON = 2.0
"""Median CPU seconds until a killed server works again. A busy machine delays single starts."""
MAXIMUM_WRITES, MAXIMUM_LOAD_WRITES = 100, 3
"""Maximum writes before a kill: fewer during a load, which takes only a second."""
LIVES = 5
"""Kills per data folder. Then a new one is used, since all data is compared after each kill."""


async def killing(folder: Path, times: int, seed: int) -> tuple[int, int, float]:
    """The number of confirmed writes, the number of interrupted loads, and the median CPU seconds of a start."""
    dice, count, halves, starts = random.Random(seed), 0, 0, list[float]()
    for turn in range(times):
        place = folder / str(turn // LIVES)
        ledger, loads = Ledger(), turn % LIVES == LIVES - 1
        with serving("--data", str(place), "--patients", "0") as live:
            starts.append(use(live.process.pid))
            await one_life(live, place, ledger, f"{seed}-{turn}", dice, loads)
        stored = versions(place / "sickbay.db")
        assert ledger.faults(stored) == []
        assert differences(place / "sickbay.db", "http://nowhere") == []
        if loads:
            halves += has_resumed(place)
        assert ledger.count() > 0
        count += ledger.count()
    return count, halves, median(starts)


async def one_life(live: Live, place: Path, ledger: Ledger, name: str, dice: random.Random, loads: bool) -> None:
    fhir = live.line["tenants"]["general"]["fhir"]["r4"]
    async with httpx2.AsyncClient(base_url=fhir, trust_env=False, timeout=60) as http:
        http.headers["Authorization"] = f"Bearer {await token(http, live)}"
        apps = [asyncio.create_task(App(http, ledger, f"{name}-{n}").write_until_it_dies()) for n in range(APPS)]
        load = loading(place) if loads else None
        if load is not None:
            while load.poll() is None and (await http.get("/Patient/l0")).status_code != 200:
                pass
        await until(ledger, ledger.count() + dice.randrange(1, MAXIMUM_LOAD_WRITES if loads else MAXIMUM_WRITES), apps)
        await asyncio.sleep(dice.random() / 50)
        if load is not None:
            load.kill()
        live.process.kill()
        await asyncio.gather(*apps)
        if load is not None:
            load.wait()


async def until(ledger: Ledger, count: int, apps: list[asyncio.Task[None]]) -> None:
    while ledger.count() < count:
        assert not any(app.done() for app in apps), await asyncio.gather(*apps)
        await asyncio.sleep(0.001)


async def token(http: httpx2.AsyncClient, live: Live) -> str:
    app = {"name": "Writer", "type": "system", "client": "symmetric", "scope": "system/*.cruds"}
    registered = (await http.post(live.base + "/admin/apps", json=app)).json()["app_id"]
    body = {"tenant": "general", "app": registered, "scope": "system/*.cruds"}
    return str((await http.post(live.base + "/admin/tokens", json=body)).json()["access_token"])


def loading(place: Path) -> subprocess.Popen[bytes]:
    lines = [json.dumps({"resourceType": "Patient", "id": f"l{n}", "gender": "other"}) for n in range(LOADED)]
    (place.parent / "lines.ndjson").write_text("\n".join(lines))
    command = [sys.executable, "-m", "sickbay", "load", str(place.parent / "lines.ndjson"), "--data", str(place)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def has_resumed(place: Path) -> bool:
    """Resume the interrupted load. Returns whether it had more to do."""
    before = sum(type == "Patient" and id.startswith("l") for type, id in versions(place / "sickbay.db"))
    assert before % BATCH == 0
    told = sickbay("load", str(place.parent / "lines.ndjson"), folder=place)
    assert told.stdout == f"{LOADED - before:,} new, 0 changed, {before:,} unchanged, 0 failed.\n", told.stderr
    assert differences(place / "sickbay.db", "http://nowhere") == []
    return before < LOADED


def use(pid: int) -> float:
    """The CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_the_test_detects_lost_partial_and_duplicate_writes() -> None:
    def bodies(*marks: str) -> list[bytes]:
        return [b'{"identifier":[{"system":"urn:mark","value":"%s"}]}' % mark.encode() if mark else b"" for mark in marks]

    a, b = ("Observation", "a"), ("Observation", "b")
    ledger = Ledger({a: ["1", "2"]}, {a: ""}, {"t"}, {"t", "u"}, {"o"}, {"o", "p"})
    sound = {a: bodies("1", "2"), b: bodies("t", "t", "t", "o")}
    for more in ({}, {a: bodies("1", "2", "")}, {("Observation", "c"): bodies("u", "u", "u", "p")}):
        assert ledger.faults(sound | more) == []
    for bad in ({a: bodies("1")}, {a: bodies("1", "3")}, {b: bodies("o")}, {b: bodies("t", "t", "t")}):
        assert len(ledger.faults(sound | bad)) == 1
    for half in (bodies("u", "u"), bodies("p", "p")):
        assert len(ledger.faults(sound | {("Observation", "c"): half})) == 1


@pytest.mark.timeout(300)
@pytest.mark.anyio
async def test_five_kills_lose_nothing(tmp_path: Path) -> None:
    """The last one interrupts a load. make prove kills 200 times."""
    result, _, _ = await killing(tmp_path, LIVES, 1)
    assert result > 50


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.anyio
async def test_two_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    result, halves, start = await killing(tmp_path, 200, 2)
    assert result > 2000
    assert halves > 10
    assert start < SOON

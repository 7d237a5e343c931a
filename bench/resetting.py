"""Measures a reset after writes, until the next FHIR answer, and a suite of tests that each write and reset.

`make bench ARGS="--resets [--against PATH]"` measures only that, and writes nothing. CPU is that of the server.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx2

from bench import process
from bench.scenes import Desk
from sickbay.testing.server import Live, serving

PATIENTS: Final = 50
WRITES: Final = {"create": (5, 1_000, 10_000), "update": (5, 1_000), "delete": (5, 1_000)}
"""Numbers of writes by kind."""
ROUNDS: Final = {5: 5, 1_000: 5, 10_000: 1}
"""How often each reset is measured, by the number of writes. The first ones of a process take 10 % more."""
MAX_SHARE: Final = 0.02
"""Of the first fill, for up to 1,000 writes."""
TESTS: Final = 200
MAX_TEST_SECONDS: Final = 0.1
BATCH: Final = 100
"""Entries of a transaction that writes."""
SUITE: Final = """
import httpx2
import pytest

HTTP = httpx2.Client(trust_env=False, timeout=60)

@pytest.mark.parametrize("number", range({tests}))
def test_writes_are_undone(sickbay, number):
    token = sickbay.token(sickbay.app(scope="user/*.cruds"), "user/*.cruds", user="okafor")["access_token"]
    headers = {{"Authorization": "Bearer " + token}}
    assert HTTP.get(sickbay.fhir() + "/Basic?_summary=count", headers=headers).json()["total"] == 0
    for _ in range(5):
        basic = {{"resourceType": "Basic", "code": {{"text": "x"}}, "subject": {{"reference": "Patient/p-0001"}}}}
        assert HTTP.post(sickbay.fhir() + "/Basic", json=basic, headers=headers).status_code == 201
"""


class Undone(NamedTuple):
    """Seconds of CPU of a reset, by kind of write and their number, until the next answer, and of the first fill. Medians."""

    first_fill: float
    resets: dict[tuple[str, int], float]


def measure(folder: Path, checkout: Path | None = None) -> Undone:
    """Return the costs in a new folder. checkout: another one; None for this one."""
    environment = {"PYTHONPATH": str(checkout / "src")} if checkout else {}
    with serving("--data", str(folder), "--patients", str(PATIENTS), environment=environment) as live:
        begin = process.cpu(live.process.pid)
        desk = Desk(live.line, PATIENTS)
        desk.total("Observation")
        first_fill = process.cpu(live.process.pid) - begin
        process.settle(live.process.pid)  # it imports pages, and writes the file with the population
        resets: dict[tuple[str, int], float] = {("none", 0): _reset(live, desk)}
        for kind, counts in WRITES.items():
            for count in counts:
                print(f"measuring: a reset after {count:,} × {kind}", file=sys.stderr)
                resets[kind, count] = _median_reset(live, desk, kind, count)
        return Undone(first_fill, resets)


def _median_reset(live: Live, desk: Desk, kind: str, count: int) -> float:
    """Return the CPU seconds of a reset after so many writes."""
    times = []
    for _ in range(ROUNDS[count]):
        _write_resources(live, kind, count)
        times.append(_reset(live, desk))
    return statistics.median(times)


def _reset(live: Live, desk: Desk) -> float:
    """Return the CPU seconds of a reset and the next answer. The tokens are gone, so that includes a new app and token."""
    desk.flush()
    begin = process.cpu(live.process.pid)
    desk.http.post("/admin/reset", json={"everything": True}).raise_for_status()
    desk.total("Observation")
    return process.cpu(live.process.pid) - begin


def _write_resources(live: Live, kind: str, count: int) -> None:
    """Write so many resources in transactions."""
    desk = Desk(live.line, PATIENTS)
    base = live.line["tenants"]["general"]["fhir"]["r4"]
    headers = {"Authorization": f"Bearer {desk.token_to_write}", "Content-Type": "application/fhir+json"}
    entries = list(_bundle_entries(desk.http, base, headers, kind, count))
    for first in range(0, len(entries), BATCH):
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries[first : first + BATCH]}
        desk.http.post(base, json=bundle, headers=headers).raise_for_status()


def _bundle_entries(http: httpx2.Client, base: str, headers: dict[str, str], kind: str, count: int) -> Iterator[dict[str, Any]]:
    address: str | None = f"{base}/Observation?_count=1000"
    while address and count:
        page = http.get(address, headers=headers).raise_for_status().json()
        for entry in page["entry"][:count]:
            resource, count = entry["resource"], count - 1
            if kind == "create":
                yield {"resource": resource, "request": {"method": "POST", "url": "Observation"}}
            elif kind == "update":
                changed = resource | {"note": [{"text": "changed"}]}
                yield {"resource": changed, "request": {"method": "PUT", "url": f"Observation/{resource['id']}"}}
            else:
                yield {"request": {"method": "DELETE", "url": f"Observation/{resource['id']}"}}
        following = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
        address = following or (address if kind == "create" else None)


class TestCost(NamedTuple):
    """Seconds for each test of a suite: elapsed, and CPU of pytest and the server together."""

    elapsed: float
    cpu: float


def suite(tests: int = TESTS) -> TestCost:
    """Run a suite whose tests each reset, and create five resources. Starting isn't counted."""
    with tempfile.TemporaryDirectory(prefix="sickbay-bench-") as folder:
        (Path(folder) / "test_writes.py").write_text(SUITE.format(tests=tests))
        print(f"measuring: a suite of {tests} tests", file=sys.stderr)
        first, every = (_run_suite(Path(folder), *chosen) for chosen in (("-k", "undone[0]"), ()))
        return TestCost((every.elapsed - first.elapsed) / (tests - 1), (every.cpu - first.cpu) / (tests - 1))


def _run_suite(folder: Path, *chosen: str) -> TestCost:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SICKBAY_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen]
    before, begin = os.times(), time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    after, elapsed = os.times(), time.perf_counter() - begin
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return TestCost(elapsed, used)


def text(own: Undone, test: TestCost, other: Undone | None = None) -> tuple[str, ...]:
    """Return a table. other: the measurement of the other checkout, to whose first fill the shares refer."""
    fill = (other or own).first_fill
    heads = ("other checkout, ms", "times the other") if other else ()
    rows = [
        f"| {count:,} × {kind} | {seconds * 1000:,.0f} | {seconds / fill:.3f} |"
        + (f" {other.resets[kind, count] * 1000:,.0f} | {seconds / other.resets[kind, count]:.2f} |" if other else "")
        for (kind, count), seconds in own.resets.items()
    ]
    whose = "the other checkout's first fill" if other else "the first fill"
    return (
        f"A reset after writes until the next FHIR answer, {PATIENTS} patients, CPU of the server. The first fill takes"
        f" {fill:.2f} s; up to 1,000 writes should take at most {MAX_SHARE} of it:",
        "",
        f"| written since | ms | of {whose} |{''.join(f' {head} |' for head in heads)}",
        f"|---|---:|---:|{'---:|' * len(heads)}",
        *rows,
        "",
        f"Each of {TESTS} tests of a pytest suite that resets and creates five resources takes {test.elapsed:.3f} s"
        f" (at most {MAX_TEST_SECONDS} on two cores) and {test.cpu:.3f} s of CPU. Load average: {os.getloadavg()[1]:.1f}.",
        "",
    )

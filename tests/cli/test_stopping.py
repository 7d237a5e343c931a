"""A signal ends Sickbay and its commands at once, whatever they do, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import apsw
import httpx2
import pytest
from tests.cli.test_serve import workers_of

MANY_PATIENTS = "5000"
"""Creating so many patients takes minutes."""


@contextmanager
def running(*arguments: str, place: Path, stdout: Any = subprocess.DEVNULL) -> Iterator[subprocess.Popen[str]]:
    """A command whose temporary files are in this folder."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SICKBAY_")}
    command = [sys.executable, "-m", "sickbay", *arguments]
    environment = inherited | {"TMPDIR": str(place), "SICKBAY_DATA": str(place / "data")}
    process = subprocess.Popen(command, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def filling(place: Path, *arguments: str, after: int = 0) -> Iterator[tuple[subprocess.Popen[str], list[httpx2.Response]]]:
    """A server that creates patients, because a request waits for them. after: it has created more than these."""
    with running(
        "serve", "--port", "0", "--json", "--patients", MANY_PATIENTS, *arguments, place=place, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        base, responses = json.loads(process.stdout.readline())["base"], list[httpx2.Response]()
        waiting = threading.Thread(target=_launch, args=(base, responses))
        waiting.start()
        _wait_for_patients(base, after)
        yield process, responses
        waiting.join(30)


def _wait_for_patients(base: str, after: int) -> None:
    """Return when more patients are stored, as the page says that waits for them."""
    until = time.monotonic() + 60
    with httpx2.Client(base_url=base, trust_env=False, timeout=30, headers={"Accept": "text/html"}) as http:
        while True:
            found = re.search(r"\(([\d,]+) of 5,000\)", http.get("/developer/apps/sample-app-general").text)
            if found and int(found[1].replace(",", "")) > after:
                return
            assert time.monotonic() < until
            time.sleep(0.1)


def wait_until_gone(processes: list[int]) -> None:
    """If their parent has ended, the system removes them a little later."""
    until = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in processes):
        assert time.monotonic() < until
        time.sleep(0.02)


def _launch(base: str, responses: list[httpx2.Response]) -> None:
    with suppress(httpx2.TransportError):
        body = {"app": "sample-general", "patient": "p-0001"}
        responses.append(httpx2.post(f"{base}/admin/launches", json=body, trust_env=False, timeout=120))


@pytest.mark.parametrize(
    ("workers", "numbers"),
    [
        pytest.param("1", [signal.SIGTERM], id="one worker", marks=pytest.mark.prove),
        pytest.param("2", [signal.SIGINT], id="two workers", marks=pytest.mark.prove),
        pytest.param("1", [signal.SIGINT] * 2, id="twice"),
        pytest.param("2", [signal.SIGTERM] * 2, id="two workers, twice"),
    ],
)
def test_a_server_that_creates_patients_stops_and_removes_its_temporary_folder(
    tmp_path: Path, workers: str, numbers: list[int]
) -> None:
    with filling(tmp_path, "--ephemeral", "--workers", workers) as (process, responses):
        children = workers_of(process)
        for number in numbers:
            process.send_signal(number)
            time.sleep(0.05)
        assert process.wait(60) == 0
    assert not list(tmp_path.iterdir())
    wait_until_gone(children)
    for response in responses:
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert response.json()["title"] == "Sickbay is stopping"


def test_a_folder_stays_sound_and_is_completed_later(tmp_path: Path) -> None:
    with filling(tmp_path, "--data", str(tmp_path / "data")) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    database = apsw.Connection(str(tmp_path / "data" / "sickbay.db"))
    assert database.execute("PRAGMA integrity_check").get == "ok"
    written = database.execute("SELECT value FROM record WHERE kind = 'meta' AND key LIKE 'filling/%'").get
    stored = database.execute("SELECT count(*) FROM resource_history").get
    created = database.execute("SELECT count(*) FROM resource WHERE id GLOB 'p-[0-9][0-9][0-9][0-9]'").get
    database.close()
    patients = int(written.split()[1]) - 1  # the first portion is the hospital
    assert created == patients > 0
    assert not (tmp_path / "data" / "runtime.json").exists()
    assert not list((tmp_path / "data").glob("*-wal"))
    with filling(tmp_path, "--data", str(tmp_path / "data"), after=patients) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    database = apsw.Connection(str(tmp_path / "data" / "sickbay.db"))
    assert database.execute("SELECT count(*) FROM resource_history").get > stored
    database.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes long to load, and is read by its own process."""
    path = tmp_path_factory.mktemp("large") / "observations.ndjson"
    code = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}], "text": "x" * 200}
    with path.open("w") as file:
        for number in range(60_000):
            body = {"resourceType": "Observation", "id": f"o{number}", "status": "final", "code": code}
            file.write(json.dumps(body | {"subject": {"reference": f"Patient/p{number % 50}"}}) + "\n")
    return path


def test_a_load_stops_with_the_process_that_reads_its_files(tmp_path: Path, large: Path) -> None:
    with running("load", str(large), "--patients", "0", place=tmp_path) as process:
        until = time.monotonic() + 60
        while not (children := workers_of(process)):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    wait_until_gone(children)


def test_a_population_that_is_being_written_stops_and_leaves_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with running("population", "--patients", MANY_PATIENTS, "--out", str(folder), place=tmp_path) as process:
        until = time.monotonic() + 60
        while not list(folder.glob("*")):
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
        assert process.stderr
        assert process.stderr.read() == ""
    assert list(folder.iterdir()) == []


INTERRUPTED_EXPORT = """
import signal, sys
from sickbay.cli import main
from sickbay.cli.commands import export as command

async def interrupted(*arguments, lines=command.exported):
    async for line in lines(*arguments):
        yield line
        print(line)
        signal.raise_signal(signal.SIGINT)

command.exported = interrupted
main.main(["export", sys.argv[1]])
"""
"""Ctrl-C arrives when the first line is written: an export takes too little time to send it from outside."""


def test_an_export_stops_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"resourceType": "Basic", "id": "a", "code": {"text": "a"}}')
    with running("load", str(tmp_path / "a.ndjson"), "--patients", "3", place=tmp_path) as process:
        assert process.wait(60) == 0
    folder = tmp_path / "out"
    command = [sys.executable, "-c", INTERRUPTED_EXPORT, str(folder)]
    environment = os.environ | {"TMPDIR": str(tmp_path), "SICKBAY_DATA": str(tmp_path / "data")}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (finished.returncode, finished.stderr) == (128 + signal.SIGINT, "")
    assert len(finished.stdout.splitlines()) == 1
    assert list(folder.iterdir()) == []

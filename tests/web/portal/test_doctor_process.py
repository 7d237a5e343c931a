"""A long text is examined in a process with limits, which ends with the request and with the server."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from tests.flows.flow import Flow, run
from tests.flows.test_security import field

from sickbay.web.portal import doctor_process
from sickbay.web.portal.diagnosis_views import examine
from sickbay.web.portal.doctor_process import LONG_TEXT_BYTES, NotFinished, examine_apart
from sickbay.web.portal.doctor_views import DoctorView

HTML = {"Accept": "text/html"}
REFUSED = "https://ehr.example.org/authorize?response_type=code&client_id=my-app&scope=launch,openid"
LONG_TEXT = f"{REFUSED}\n\n" + "and so on, " * (LONG_TEXT_BYTES // 10)
HEAVY = f"{REFUSED}\n\n" + 'error "a" {b} c=d&e ' * 100_000
"""Takes several seconds."""


class Started:
    """The processes that were started. event: the first one was."""

    def __init__(self) -> None:
        self.processes: list[asyncio.subprocess.Process] = []
        self.event = asyncio.Event()
        self.environment: dict[str, str] = {}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that runs many tests may need more than the usual time to start a process."""
    monkeypatch.setattr(doctor_process, "LIMIT_SECONDS", 60)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Started]:
    """None of the processes is left after the test."""
    started = Started()
    start = asyncio.create_subprocess_exec

    async def record(*command: Any, **options: Any) -> asyncio.subprocess.Process:
        started.environment = options["env"]
        started.processes.append(await start(*command, **options))
        started.event.set()
        return started.processes[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", record)
    yield started
    assert started.processes
    assert all(process.returncode is not None for process in started.processes)


def test_a_process_gives_the_same_view(started: Started) -> None:
    view = asyncio.run(examine_apart(LONG_TEXT, "added"))
    here = examine(LONG_TEXT, "added")
    new_pair: dict[str, Any] = {"tabs": (), "rows": (), "filled": ""}  # each has a new PKCE pair
    assert replace(view, **new_pair) == replace(here, **new_pair)
    assert [tab.name for tab in view.tabs] == [tab.name for tab in here.tabs]
    assert view.verdict == "A server would refuse this"


@pytest.mark.parametrize(
    "view", [DoctorView(), examine(REFUSED, ""), examine('{"error": "invalid_client"}', ""), examine("?", "")]
)
def test_a_view_is_the_same_after_it_was_sent(view: DoctorView) -> None:
    assert msgspec.json.decode(msgspec.json.encode(view), type=DoctorView) == view


def test_a_process_that_takes_too_long_is_ended(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_process, "LIMIT_SECONDS", 0.5)
    with pytest.raises(NotFinished):
        asyncio.run(examine_apart(HEAVY, ""))


def test_a_process_ends_when_the_request_is_cancelled(started: Started) -> None:
    async def cancel() -> None:
        task = asyncio.create_task(examine_apart(HEAVY, ""))
        await started.event.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())


def test_a_process_ends_when_the_server_is_gone() -> None:
    """Its standard input closes then. The text is read before that, so only the watching thread can notice."""
    command = [sys.executable, "-P", "-m", doctor_process.__name__]
    sent = msgspec.json.encode({"text": HEAVY * 2, "added": ""})
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(len(sent).to_bytes(8) + sent)
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 1


LIMITED = """
from sickbay.web.portal.doctor_process import _limit_resources

_limit_resources()
try:
    bytearray(600_000_000)
except MemoryError:
    print("refused")
"""


def test_a_process_gets_no_more_memory_than_its_limit() -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


def list_files(process: Path) -> Iterator[int]:
    """The inodes of its open files. It may close some while they are listed."""
    for name in os.listdir(process / "fd"):
        with suppress(FileNotFoundError):
            yield os.stat(process / "fd" / name).st_ino


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux lists the open files of a process")
def test_a_process_inherits_no_socket_and_no_setting(started: Started, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SICKBAY_ADMIN_TOKEN", "secret-of-the-server")

    async def look() -> set[int]:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.set_inheritable(True)
            task = asyncio.create_task(examine_apart(HEAVY, ""))
            await started.event.wait()
            place = Path(f"/proc/{started.processes[0].pid}")
            for _ in range(600):
                if b"doctor_process" in (place / "cmdline").read_bytes():
                    break
                await asyncio.sleep(0.05)
            files = set(list_files(place))
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return files & {os.fstat(listening.fileno()).st_ino}

    assert not asyncio.run(look())
    assert "PATH" in started.environment
    assert not [name for name in started.environment if name.startswith("SICKBAY")]


def test_the_page_examines_one_long_text_at_a_time(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        csrf = field(await flow.http.get("/doctor", headers=HTML), "csrf")
        examined = await flow.http.post("/doctor", data={"csrf": csrf, "input": LONG_TEXT}, headers=HTML, timeout=60)
        assert examined.status_code == 200
        assert "A server would refuse this" in examined.text
        async with flow.sandbox.long_texts:
            busy = await flow.http.post("/doctor", data={"csrf": csrf, "input": LONG_TEXT}, headers=HTML)
            short = await flow.http.post("/doctor", data={"csrf": csrf, "input": REFUSED}, headers=HTML)
        assert (busy.status_code, busy.headers["retry-after"]) == (503, str(doctor_process.LIMIT_SECONDS))
        assert "This text wasn’t examined" in busy.text
        assert short.status_code == 200

    run(steps, tmp_path)

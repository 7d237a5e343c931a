"""What ends a process: a signal in the middle of anything, and the deadline if something can't be cancelled."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from sickbay.cli import serving

PRELUDE = """
import asyncio, os, signal, sys, threading, time
from functools import partial
from pathlib import Path
from sickbay.cli import signals
signals.STOP_SECONDS = 0.3
mark = Path(sys.argv[1])
signals.enable_interruption()
cleaning_up = signals.cleaning_up(partial(mark.write_text, "cleaned up"))
def ready(): print("ready", flush=True)
"""
HANGING = {
    "a thread": "threading.Thread(target=time.sleep, args=(60,)).start(); ready(); time.sleep(60)",
    "an executor": """
from concurrent.futures import ThreadPoolExecutor
ThreadPoolExecutor(1).submit(time.sleep, 60)
ready()
time.sleep(60)
""",
    "the threads of an event loop": """
async def main():
    waiting = asyncio.create_task(asyncio.to_thread(time.sleep, 60))
    await asyncio.sleep(0.05)
    ready()
    await waiting
with cleaning_up: asyncio.run(main())
""",
    "a cleanup": """
with cleaning_up:
    try:
        ready()
        time.sleep(60)
    finally:
        time.sleep(60)
""",
}
"""What Python would wait for before it ends."""


def run(code: str, place: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PRELUDE + code, str(place / "mark")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("code", HANGING.values(), ids=HANGING)
def test_the_deadline_ends_what_can_not_be_cancelled_and_cleans_up(code: str, number: int, tmp_path: Path) -> None:
    process = run(code, tmp_path)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert (tmp_path / "mark").exists() is ("cleaning_up" in code)


def test_work_that_never_waits_is_interrupted_and_can_wait_for_its_cleanup(tmp_path: Path) -> None:
    """The handler of asyncio would wait for the next await."""
    code = """
async def main():
    try:
        ready()
        while True: pass
    finally:
        await asyncio.sleep(0.01)
        mark.write_text("left")
signals.run(main())
"""
    process = run(code, tmp_path)
    process.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in process.communicate(timeout=60)[1]
    assert (tmp_path / "mark").read_text() == "left"


def test_only_the_work_itself_is_cancelled(tmp_path: Path) -> None:
    """It can wait for a task that is storing something."""
    code = """
async def store():
    await asyncio.sleep(0.1)
    mark.write_text("stored")
async def main():
    storing = asyncio.create_task(store())
    try:
        ready()
        await asyncio.sleep(60)
    finally:
        await storing
signals.run(main())
"""
    process = run(code, tmp_path)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[1].splitlines()[-1] == "KeyboardInterrupt"
    assert (tmp_path / "mark").read_text() == "stored"


def test_a_second_signal_ends_a_cleanup_at_once(tmp_path: Path) -> None:
    code = """
signals.STOP_SECONDS, signals.REPEATED_SECONDS = 60, 0
with cleaning_up:
    try:
        ready()
        time.sleep(60)
    finally:
        ready()
        time.sleep(60)
"""
    process = run(code, tmp_path)
    process.send_signal(signal.SIGTERM)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert (tmp_path / "mark").read_text() == "cleaned up"


def test_the_same_signal_from_the_terminal_and_from_npm_counts_once(tmp_path: Path) -> None:
    code = """
signals.STOP_SECONDS, signals.REPEATED_SECONDS = 60, 60
try:
    ready()
    time.sleep(60)
finally:
    ready()
    time.sleep(0.5)
    mark.write_text("left")
"""
    process = run(code, tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert (tmp_path / "mark").read_text() == "left"


def test_a_process_that_ignores_hangups_keeps_running(tmp_path: Path) -> None:
    """As with nohup."""
    code = "ready(); time.sleep(0.3); mark.write_text('still there')"
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = run(code, tmp_path)
    finally:
        signal.signal(signal.SIGHUP, before)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert (tmp_path / "mark").read_text() == "still there"


DELETIONS = {
    "a finalizer": """
class Deleted:
    def __del__(self):
        ready()
        time.sleep(60)
def delete(): Deleted()
""",
    "a callback of a weak reference": """
import weakref
class Deleted: pass
def callback(reference):
    ready()
    time.sleep(60)
def delete():
    deleted = Deleted()
    reference = weakref.ref(deleted, callback)
    del deleted
""",
}
"""Python drops an exception that is raised there."""
INTERRUPTED = {
    "a command": """
try:
    delete()
    time.sleep(60)
except KeyboardInterrupt:
    mark.write_text("left")
""",
    "the work of an event loop": """
async def main():
    try:
        delete()
        await asyncio.sleep(60)
    finally:
        mark.write_text("left")
try: signals.run(main())
except KeyboardInterrupt: pass
""",
}


@pytest.mark.parametrize("work", INTERRUPTED.values(), ids=INTERRUPTED)
@pytest.mark.parametrize("deletion", DELETIONS.values(), ids=DELETIONS)
def test_a_signal_while_python_deletes_an_object_still_interrupts(deletion: str, work: str, tmp_path: Path) -> None:
    process = run("signals.begin_deadline = lambda code: None\n" + deletion + work, tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "")
    assert (process.returncode, (tmp_path / "mark").read_text()) == (0, "left")


def test_work_that_had_not_begun_is_interrupted_in_silence(tmp_path: Path) -> None:
    """Python would print that the coroutine was never awaited."""
    code = """
def begin(work):
    ready()
    time.sleep(60)
asyncio.run = begin
async def main(): pass
try: signals.run(main())
except KeyboardInterrupt: pass
"""
    process = run("signals.begin_deadline = lambda code: None\n" + code, tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "ending",
    [
        "class Deleted:\n    def __del__(self, kill=os.kill, pid=os.getpid()): kill(pid, NUMBER)\nkept = Deleted()\n",
        "threading.Thread(target=time.sleep, args=(60,)).start()\n"
        "threading._register_atexit(lambda: os.kill(os.getpid(), NUMBER))\n",
        "import atexit\natexit.register(lambda: os.kill(os.getpid(), NUMBER))\n",
    ],
    ids=["Python deletes its modules", "Python waits for a thread", "Python calls what was registered"],
)
def test_a_signal_after_a_command_leaves_its_exit_code(ending: str, number: int, tmp_path: Path) -> None:
    command = "ready()\nfrom sickbay.cli.main import main\nmain(['doctor', 'https://ehr.example/authorize?client_id=a'])"
    process = run(ending.replace("NUMBER", str(number)) + command, tmp_path)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (1, "")
    assert output


def test_a_signal_before_the_server_serves_prints_no_warning_about_a_coroutine() -> None:
    async def serve() -> None:
        """What uvicorn has created when the signal comes, and not started."""

    server = serving._SingleProcess.__new__(serving._SingleProcess)
    server.should_exit = False
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        unstarted = serve()
        with pytest.raises(KeyboardInterrupt):
            server.handle_signal(signal.SIGTERM, None)
        del unstarted
        gc.collect()
    assert [str(warning.message) for warning in shown] == []

"""Make ready what all workers share, start them, say when every one of them answers, and end cleanly."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from sickbay.cli import folder, signals, streams, terminal, worker
from sickbay.cli import sockets as doors
from sickbay.cli.output import CommandError, as_json, note, wrong
from sickbay.cli.ready_line import line
from sickbay.sandbox import seeding
from sickbay.sandbox.sandbox import open_sandbox
from sickbay.settings import Settings

PATIENCE = 60
"""Seconds that a worker has to start."""


def run(settings: Settings, wishes: dict[str, Any], sockets: list[socket.socket]) -> None:
    """Until a signal. wishes: what was asked for by name, and must agree with the folder. Raises Trouble."""
    told = asyncio.run(_prepared(settings, wishes))
    served = worker.config(worker.Worker(settings), settings)

    def ready() -> None:
        assert settings.folder
        here = {"base": told["base"], "pid": os.getpid(), "port": settings.port, "host": doors.reached_at(sockets)}
        if settings.certificate is not None:
            here["certificate"] = str(settings.certificate.resolve())
        folder.write(settings.folder / folder.RUNTIME, here)
        if settings.json:
            terminal.put(streams.shown(as_json(told, pretty=False)))
            _note(terminal.administration(settings, shows_key=False))
        else:
            greeting = terminal.greeting(told, settings.place)
            told_to_user = (greeting, terminal.administration(settings, terminal.is_terminal()))
            terminal.put(streams.shown("\n".join(filter(None, told_to_user))))

    if settings.workers == 1:
        server = _One(served, ready)
        for number in signals.SIGNALS:
            signal.signal(number, server.signalled)
        server.run(sockets)
        if not server.started:
            raise CommandError("Sickbay could not start.")
    else:
        _metrics(settings)
        workers = _Many(served, sockets, ready)
        workers.run()
        if workers.interrupted:
            raise KeyboardInterrupt
        if not workers.started:
            raise CommandError("Sickbay could not start.")


def _note(sentence: str) -> None:
    if sentence:
        note(sentence)


async def _prepared(settings: Settings, wishes: dict[str, Any]) -> dict[str, Any]:
    """Migrate, make keys, users and the sample app; compare the wishes with the folder; what `--json` prints."""
    sandbox = await open_sandbox(settings)
    folder.note_replaced(sandbox.runtime.keys.replaced)
    try:
        for name, wish in wishes.items():
            kept = getattr(sandbox.filling.written, name)
            if wish != kept:
                there = "the real day" if kept is None else kept
                wrong(f"--{name} {wish} contradicts {settings.place}, made with {there}; choose another folder with --data.")
        await seeding.settle(sandbox.runtime)
        return await line(sandbox)
    finally:
        await sandbox.close()


def _metrics(settings: Settings) -> None:
    """Where workers put their counts, so that /metrics of one shows all. Read when the library is imported."""
    assert settings.folder
    place = settings.folder / "metrics"
    folder.made(place)
    for old in place.glob("*.db"):
        old.unlink()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(place)


def _forget(pid: int | None) -> None:
    """Remove the gauges of a worker that has ended."""
    for old in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob(f"gauge_live*_{pid}.db"):
        old.unlink(missing_ok=True)


class _One(uvicorn.Server):
    """The server in this process."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    def signalled(self, number: int, frame: Any) -> None:
        """uvicorn raises again what ended it, when it has ended: there is still a folder to leave."""
        if not self.should_exit:
            raise KeyboardInterrupt


class _Many(Multiprocess):
    """Workers in processes of their own, behind the same sockets.

    started: all of them were ready once. interrupted: a signal came before.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket], ready: Callable[[], None]) -> None:
        before = signal.getsignal(signal.SIGHUP)
        super().__init__(config, sockets)
        if before is signal.SIG_IGN:  # under nohup it is to go on
            signal.signal(signal.SIGHUP, before)
        self._ready = ready
        self.started = self.interrupted = False

    def init_processes(self) -> None:
        with signals.withheld():
            super().init_processes()
        if all(self._comes(process) for process in self.processes):
            self.started = True
            self._ready()
        else:
            self.should_exit.set()

    def keep_subprocess_alive(self) -> None:
        before = {process.pid for process in self.processes}
        with signals.withheld():
            super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            _forget(pid)  # its gauges would count on

    def handle_hup(self) -> None:
        """The terminal was closed; uvicorn would start the workers anew, for nobody."""
        self.should_exit.set()

    def _comes(self, process: Process) -> bool:
        """Whether it is ready within PATIENCE; signals are heard meanwhile."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and process.process.is_alive():
            self.handle_signals()
            if self.should_exit.is_set():
                self.interrupted = True
                return False
            if process.is_ready(timeout=0.2):
                return True
            time.sleep(0.02)
        return False

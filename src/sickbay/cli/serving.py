"""Prepares the data, starts the workers, announces when all of them respond, and shuts down."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from sickbay.cli import folder, json_log, running_servers, signals, streams, telemetry, terminal, worker
from sickbay.cli import sockets as doors
from sickbay.cli.output import CommandError, as_json, note, reject_argument
from sickbay.kernel.worker_channel import remove_sockets
from sickbay.sandbox import seeding
from sickbay.sandbox.sandbox import WORKERS_FOLDER, open_sandbox
from sickbay.settings import Settings
from sickbay.web.admin.ready_line import line

WORKER_START_SECONDS = 180
"""Seconds that a worker has to start."""


def run(settings: Settings, folder_options: dict[str, Any], sockets: list[socket.socket]) -> None:
    """Serves until a signal. folder_options: must match those that the folder was created with. Raises CommandError."""
    _note_if_any(telemetry.problem())
    announcement = signals.run(_prepare(settings, folder_options))
    config = worker.config(worker.Worker(settings), settings)
    ready = partial(_announce, settings, announcement, sockets)
    if settings.workers == 1:
        server = _SingleProcess(config, ready)
        for number in signals.SIGNALS:
            signal.signal(number, server.handle_signal)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup: keep running
            signal.signal(signal.SIGHUP, lambda number, frame: signal.raise_signal(signal.SIGTERM))
        server.run(sockets)
        if not server.started:
            raise CommandError("Sickbay couldn't start.")
    else:
        _prepare_workers(settings)
        workers = _ManyProcesses(settings, config, sockets, ready)
        workers.run()
        if workers.interrupted:
            raise KeyboardInterrupt
        if not workers.started:
            raise CommandError("Sickbay couldn't start.")


def _announce(settings: Settings, announcement: dict[str, Any], sockets: list[socket.socket]) -> None:
    """Writes runtime.json for the other commands, and says that Sickbay is ready."""
    assert settings.folder
    info = {"base": announcement["base"], "pid": os.getpid(), "port": settings.port, "host": doors.find_address(sockets)}
    if settings.certificate is not None:
        info["certificate"] = str(settings.certificate.resolve())
    if settings.database:
        info["database"] = True
    folder.write(settings.folder / folder.RUNTIME, info)
    running_servers.add(settings.folder, announcement["base"], str(settings.folder) if settings.ephemeral else settings.place)
    if settings.json:
        terminal.put(streams.escape_text(as_json(announcement, pretty=False)))
        _note_if_any(terminal.administration(settings, shows_key=False))
    elif settings.log_format == "json":
        terminal.put(json_log.line(time.time(), "info", f"Sickbay is ready: {announcement['base']}"))
        _note_if_any(terminal.administration(settings, shows_key=False))
    else:
        greeting = terminal.describe_start(announcement, settings.place)
        paragraphs = (greeting, terminal.administration(settings, terminal.is_terminal()))
        terminal.put(streams.escape_text("\n".join(filter(None, paragraphs))))
        if "class" in announcement:
            terminal.put(terminal.class_link(announcement["class"]["join"], terminal.is_terminal()))


def _note_if_any(sentence: str) -> None:
    if sentence:
        note(sentence)


async def _prepare(settings: Settings, folder_options: dict[str, Any]) -> dict[str, Any]:
    """Migrates the tables, makes keys, users and the sample app, and checks the options. Returns what `--json` prints."""
    sandbox = await open_sandbox(settings)
    folder.note_replaced(sandbox.runtime.keys.replaced)
    try:
        for name, value in folder_options.items():
            stored = getattr(sandbox.filling.written, name)
            if value != stored:
                reject_argument(
                    f"--{name} {value} doesn't match {settings.place}, which was created with "
                    f"{'the real day' if stored is None else stored}. Omit the option, or choose another folder with --data."
                )
        await seeding.settle(sandbox.runtime)
        return await line(sandbox)
    finally:
        await sandbox.close()


def _prepare_workers(settings: Settings) -> None:
    """Removes what workers of an earlier server left. Sets the folder for the metrics of all workers, so that each can report
    them. The library reads it at its import.
    """
    assert settings.folder
    remove_sockets(settings.folder / WORKERS_FOLDER)
    place = settings.folder / "metrics"
    folder.create(place)
    for old in place.glob("*.db"):
        old.unlink()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(place)


def _forget(settings: Settings, pid: int) -> None:
    """Removes the socket of a worker that has ended, and its gauges, which would still be counted."""
    assert settings.folder
    remove_sockets(settings.folder / WORKERS_FOLDER, pid)
    for old in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob(f"gauge_live*_{pid}.db"):
        old.unlink(missing_ok=True)


class _SingleProcess(uvicorn.Server):
    """The server with one worker, in this process."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: Any) -> None:
        signals.begin_deadline()
        super().handle_exit(sig, frame)

    def handle_signal(self, number: int, frame: Any) -> None:
        """uvicorn sends the signal again after it has shut down. This handler lets the folder be cleaned up first."""
        if not self.should_exit:
            signals.expect_unstarted_coroutines()
            raise KeyboardInterrupt


class _ManyProcesses(Multiprocess):
    """Several workers, each in its own process, on the same sockets.

    started: all workers were ready. interrupted: a signal came earlier.
    """

    def __init__(
        self, settings: Settings, config: uvicorn.Config, sockets: list[socket.socket], ready: Callable[[], None]
    ) -> None:
        self._settings = settings
        before = signal.getsignal(signal.SIGHUP)
        super().__init__(config, sockets)
        for number in (*signals.SIGNALS, signal.SIGHUP):
            signal.signal(number, self._pass_on)
        if before is signal.SIG_IGN:  # nohup: keep running
            signal.signal(signal.SIGHUP, before)
        self._ready = ready
        self.started = self.interrupted = False

    def run(self) -> None:
        with signals.cleaning_up(partial(self._send, signal.SIGKILL)):
            super().run()

    def init_processes(self) -> None:
        with signals.interrupt_blocked():
            super().init_processes()
        if all(self._becomes_ready(process) for process in self.processes):
            self.started = True
            self._ready()
        else:
            self.should_exit.set()

    def keep_subprocess_alive(self) -> None:
        if self.signal_queue:  # the workers are about to end
            return
        before = {process.pid for process in self.processes}
        with signals.interrupt_blocked():
            super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            if pid is not None:
                _forget(self._settings, pid)

    def terminate_all(self) -> None:
        """Also closes the ports in this process. Otherwise connections would wait for workers that no longer accept any."""
        super().terminate_all()
        self._close_ports()

    def _close_ports(self) -> None:
        for listening in self.sockets:
            listening.close()

    def _pass_on(self, number: int, frame: Any) -> None:
        """Stops the workers and closes the ports at once. This process looks at its queue only twice a second."""
        signals.begin_deadline()
        self.signal_queue.append(number)
        self._send(signal.SIGTERM)
        if self.started:
            self._close_ports()

    def _send(self, number: int) -> None:
        for process in self.processes:
            if process.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, number)

    def handle_hup(self) -> None:
        """Shuts down when the terminal is closed. uvicorn would restart the workers."""
        self.should_exit.set()

    def _becomes_ready(self, process: Process) -> bool:
        """Whether the worker is ready within WORKER_START_SECONDS. Handles signals meanwhile."""
        until = time.monotonic() + WORKER_START_SECONDS
        while time.monotonic() < until and process.process.is_alive() and not self.should_exit.is_set():
            if process.is_ready(timeout=0.2):
                return True
            time.sleep(0.02)
            self.handle_signals()
        self.handle_signals()  # one of them may have ended the worker before this process looked at it
        self.interrupted = self.should_exit.is_set()
        return False

"""Several workers, each in its own process."""

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

from uvicorn import Config
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from sickbay.cli import folder, signals
from sickbay.cli.output import CommandError
from sickbay.kernel.worker_channel import remove_sockets
from sickbay.sandbox.sandbox import WORKERS_FOLDER
from sickbay.settings import Settings

WORKER_START_SECONDS = 180
"""Seconds that a worker has to start."""


def run_workers(settings: Settings, config: Config, sockets: list[socket.socket], ready: Callable[[], None]) -> None:
    """Serves until a signal. Raises KeyboardInterrupt if it came before all workers were ready; CommandError if one failed."""
    _prepare_workers(settings)
    workers = _ManyProcesses(settings, config, sockets, ready)
    workers.run()
    if workers.interrupted:
        raise KeyboardInterrupt
    if not workers.started:
        raise CommandError("Sickbay couldn't start.")


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


def _clean_up_after_worker(settings: Settings, pid: int) -> None:
    """Removes the socket of a worker that has ended, and its gauges, which would still be counted."""
    assert settings.folder
    remove_sockets(settings.folder / WORKERS_FOLDER, pid)
    for old in Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).glob(f"gauge_live*_{pid}.db"):
        old.unlink(missing_ok=True)


class _ManyProcesses(Multiprocess):
    """Several workers, each in its own process, on the same sockets.

    started: all workers were ready. interrupted: a signal came earlier.
    """

    def __init__(self, settings: Settings, config: Config, sockets: list[socket.socket], ready: Callable[[], None]) -> None:
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
        with signals.cleaning_up(partial(self._send_signal, signal.SIGKILL)):
            super().run()

    def init_processes(self) -> None:
        with signals.block_interrupts():
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
        with signals.block_interrupts():
            super().keep_subprocess_alive()
        for pid in before - {process.pid for process in self.processes}:
            if pid is not None:
                _clean_up_after_worker(self._settings, pid)

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
        self._send_signal(signal.SIGTERM)
        if self.started:
            self._close_ports()

    def _send_signal(self, number: int) -> None:
        for process in self.processes:
            if process.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, number)

    def handle_hup(self) -> None:
        """Shuts down when the terminal is closed. uvicorn would restart the workers."""
        self.should_exit.set()

    def _becomes_ready(self, process: Process) -> bool:
        """Whether the worker is ready within WORKER_START_SECONDS. Handles signals in the meantime."""
        until = time.monotonic() + WORKER_START_SECONDS
        while time.monotonic() < until and process.process.is_alive() and not self.should_exit.is_set():
            if process.is_ready(timeout=0.2):
                return True
            time.sleep(0.02)
            self.handle_signals()
        self.handle_signals()  # one of them may have ended the worker before this process looked at it
        self.interrupted = self.should_exit.is_set()
        return False

"""Prepares the data, starts the workers, announces when all of them respond, and shuts down."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn

from sickbay.cli import folder, json_log, running_servers, signals, streams, telemetry, terminal, worker
from sickbay.cli import sockets as doors
from sickbay.cli.output import CommandError, format_json, print_note, reject_argument
from sickbay.sandbox import seeding
from sickbay.sandbox.sandbox import open_sandbox
from sickbay.settings import Settings
from sickbay.web.admin.ready_line import make_line


def run(settings: Settings, folder_options: dict[str, Any], sockets: list[socket.socket]) -> None:
    """Serves until a signal. folder_options: must match those that the folder was created with. Raises CommandError."""
    _note_if_any(telemetry.find_problem())
    announcement = signals.run(_prepare_data(settings, folder_options))
    config = worker.make_config(worker.Worker(settings), settings)
    ready = partial(_announce_ready, settings, announcement, sockets)
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
        from sickbay.cli.worker_processes import run_workers  # multiprocessing takes memory, and a single process needs none

        run_workers(settings, config, sockets, ready)


def _announce_ready(settings: Settings, announcement: dict[str, Any], sockets: list[socket.socket]) -> None:
    """Writes runtime.json for the other commands, and says that Sickbay is ready."""
    assert settings.folder
    info = {"base": announcement["base"], "pid": os.getpid(), "port": settings.port, "host": doors.find_address(sockets)}
    if settings.certificate is not None:
        info["certificate"] = str(settings.certificate.resolve())
    if settings.database:
        info["database"] = True
    folder.write(settings.folder / folder.RUNTIME, info)
    running_servers.add_server(
        settings.folder, announcement["base"], str(settings.folder) if settings.ephemeral else settings.place
    )
    if settings.json:
        terminal.print_line(streams.escape_text(format_json(announcement, pretty=False)))
        _note_if_any(terminal.describe_administration(settings, shows_key=False))
    elif settings.log_format == "json":
        terminal.print_line(json_log.format_line(time.time(), "info", f"Sickbay is ready: {announcement['base']}"))
        _note_if_any(terminal.describe_administration(settings, shows_key=False))
    else:
        greeting = terminal.describe_start(announcement, settings.place)
        paragraphs = (greeting, terminal.describe_administration(settings, terminal.is_terminal()))
        terminal.print_line(streams.escape_text("\n".join(filter(None, paragraphs))))
        if "class" in announcement:
            terminal.print_line(terminal.class_link(announcement["class"]["join"], terminal.is_terminal()))


def _note_if_any(sentence: str) -> None:
    if sentence:
        print_note(sentence)


async def _prepare_data(settings: Settings, folder_options: dict[str, Any]) -> dict[str, Any]:
    """Migrates the tables, makes keys, users and the sample app, and checks the options. Returns what `--json` prints."""
    sandbox = await open_sandbox(settings)
    folder.report_replaced_keys(sandbox.runtime.keys.replaced)
    try:
        for name, value in folder_options.items():
            stored = getattr(sandbox.filling.written, name)
            if value != stored:
                reject_argument(
                    f"--{name} {value} doesn't match {settings.place}, which was created with "
                    f"{'the real day' if stored is None else stored}. Omit the option, or choose another folder with --data."
                )
        await seeding.update_samples(sandbox.runtime)
        return await make_line(sandbox)
    finally:
        await sandbox.close()


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

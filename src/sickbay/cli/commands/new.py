"""`sickbay new`: copies a starter app, registers it at Sickbay, and starts it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter

from sickbay.cli import admin_client, folder, starters
from sickbay.cli.argument_types import Data, SomeOrNone
from sickbay.cli.output import CommandError, print_note, print_result, reject_argument
from sickbay.cli.starters import CopiedApp, Starter

READY_SECONDS: Final = 60
"""Maximum seconds until an app listens on its port."""
STOP_SECONDS: Final = 5
"""Maximum seconds that an app may take to stop."""
LOOK_SECONDS: Final = 0.2


def new(
    name: Annotated[str, Parameter(name="NAME")],
    /,
    *,
    template: str | None = None,
    tenant: str = "general",
    app_port: SomeOrNone = None,
    no_start: bool = False,
    data: Data = None,
) -> int:
    """Copy a starter app into the folder NAME, register it, install what it needs, and start it until Ctrl-C.

    Parameters
    ----------
    name
        The folder to create. Its last part is the app's name and client_id.
    template
        The starter to copy. Leave it out to list all of them.
    tenant
        The hospital to register the app at.
    app_port
        The port of the app. Default: the first free one from 8100.
    no_start
        Only copy and register the app, and print the next commands.
    """
    starter, target = starters.load(template), Path(name).expanduser().absolute()
    if not starters.NAME.fullmatch(target.name):
        reject_argument(
            f"{target.name or name} can’t be the name of an app. Use letters, digits, dots, hyphens and underscores."
        )
    starters.require_programs(starter.needs, os.environ.get("PATH", ""))
    server = folder.find_running_server(folder.data_folder(data))
    base = server["base"] if server else folder.read_settings(data).base
    place = CopiedApp(target.name, base, starters.choose_port(app_port))
    if any(app.get("client_id") == place.client_id for app in admin_client.list_apps(data)):
        raise CommandError(
            f"An app {place.client_id} is already registered. Nothing was written. Choose another name, or remove the app with "
            f"`sickbay apps remove {place.client_id}`."
        )
    starters.write(starters.read_files(str(template), starter, place), target)
    print_result(f"Copied {template} to {name}.")
    app = _register_app(starter, place, target, tenant, data)
    print_result(f"Registered {app['client_id']} at {base}, hospital {tenant}.")
    if no_start or server is None:
        return _print_next(starter, place, name, is_running=server is not None)
    return _start_app(starter, place, target, f"{base}/{tenant}/ehr/launch?app={app['app_id']}&patient=p-0001")


def _register_app(starter: Starter, place: CopiedApp, target: Path, tenant: str, data: str | None) -> dict[str, Any]:
    """Registers the app. Its secret is written to the file .env of the app."""
    if starter.prepare:
        _run_command(starter.prepare, target)
    registration = json.loads(place.fill(json.dumps(starter.app), starter))
    if starter.jwks:
        registration["jwks"] = json.loads((target / starter.jwks).read_text(encoding="utf-8"))
    body = {"tenant": tenant, "name": place.client_id, "client_id": place.client_id} | registration
    app: dict[str, Any] = admin_client.ask(data, "POST", "/admin/apps", body)
    if app.get("client_secret"):
        starters.write_secret(target / ".env", f"CLIENT_ID={app['client_id']}\nCLIENT_SECRET={app['client_secret']}\n")
    return app


def _run_command(command: str, target: Path) -> None:
    """Runs a command in the folder of the app. Raises CommandError if it fails."""
    print_note(f"$ {command}")
    try:
        done = subprocess.run(starters.arguments_of(command), cwd=target, check=False)
    except OSError as error:
        raise CommandError(f"`{command}` can’t be run: {error.strerror}.") from error
    if done.returncode:
        raise CommandError(f"`{command}` failed with exit code {done.returncode}. The files of the app are in {target}.")


def _print_next(starter: Starter, place: CopiedApp, directory: str, *, is_running: bool) -> int:
    commands = starters.next_commands(starter, place, directory)
    if not is_running:
        print_note("Sickbay isn’t running on this data folder. Start it first, in another terminal: sickbay serve")
    print_result("\n".join(["Next:", *(f"  {command}" for command in commands)]))
    return 0


def _start_app(starter: Starter, place: CopiedApp, target: Path, link: str) -> int:
    """Installs what the app needs, and runs it until Ctrl-C, or until it ends."""
    for command in starter.install:
        _run_command(place.fill(command, starter), target)
    command = place.fill(starter.start, starter)
    print_note(f"$ {command}")
    with _run_app(command, target) as process:
        if not starter.is_service:
            _wait_until_ready(process, place.port)
            print_result(
                f"{place.client_id} is running at http://localhost:{place.port}. Stop it with Ctrl-C.\nLaunch it: {link}"
            )
        return process.wait()


@contextmanager
def _run_app(command: str, target: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs the app and its child processes in their own session, and ends all of them with the block."""
    try:
        process = subprocess.Popen(starters.arguments_of(command), cwd=target, start_new_session=True)
    except OSError as error:
        raise CommandError(f"`{command}` can’t be run: {error.strerror}.") from error
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    """Waits until the app listens. Raises CommandError if it ends before, or takes too long."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CommandError(f"The app ended with exit code {process.returncode} before it listened on port {port}.")
        for host in ("127.0.0.1", "::1"):
            with suppress(OSError), socket.create_connection((host, port), 1):
                return
        time.sleep(LOOK_SECONDS)
    raise CommandError(f"The app doesn’t listen on port {port} after {READY_SECONDS} seconds.")

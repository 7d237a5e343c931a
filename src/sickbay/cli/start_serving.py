"""Begins to serve: locks the data folder, binds the sockets, and only then imports the server."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sickbay.cli import admin_key, imports, running_servers, signals
from sickbay.cli import folder as folders
from sickbay.cli import sockets as doors
from sickbay.cli.output import CommandError, print_note
from sickbay.kernel import temporary_folder
from sickbay.settings import Settings


def serve_until_stopped(settings: Settings, folder_options: dict[str, Any]) -> None:
    """Serve until Ctrl-C. folder_options: those that are stored in the data folder."""
    os.umask(0o077)  # for files that a library writes, such as the metrics of workers
    with (
        _open_data_folder(settings.data, settings.ephemeral) as place,
        folders.lock_folder(place),
        running_servers.remove_afterwards(),
    ):
        listening = doors.listen(settings.host, settings.port)
        port = doors.port_of(listening)
        sample = _sample_sockets(settings.host, settings.sample_port, doors.next_port(settings.port))
        key = admin_key.ensure(place)
        settled = replace(settings, port=port, folder=place, sample_port=doors.port_of(sample), admin_key=key)
        settled = _adapt_to_class(settled) if settled.class_mode else settled
        _note_base_url(settled)
        with signals.delay_signals(), imports.pause_collection():
            imports.import_uvicorn()
            from sickbay.cli.serving import run

        run(_add_certificate(settled), folder_options, [*listening, *sample])


def _adapt_to_class(settings: Settings) -> Settings:
    """The settings with the base URL that students use: this machine's address on its network, unless the user chose one."""
    if settings.base_url is not None or settings.host in doors.LOOPBACK:
        return settings
    address = settings.host if settings.host not in doors.EVERY_ADDRESS else doors.find_network_address()
    if address is None:
        print_note("Sickbay found no address of this machine on a network, so only this machine can join. Set --base-url.")
        return settings
    scheme, name = "https" if settings.https else "http", f"[{address}]" if ":" in address else address
    return replace(settings, base_url=f"{scheme}://{name}:{settings.port}")


def _note_base_url(settings: Settings) -> None:
    """Warns that other machines can't connect without --base-url: requests under another host name get 421."""
    if settings.host not in doors.LOOPBACK and settings.base_url is None and not settings.allowed_hosts:
        print_note(
            f"Sickbay accepts requests only at {settings.base}. To let other machines connect, add "
            f"--base-url http://NAME:{settings.port} with the name they use for this machine."
        )


def _add_certificate(settings: Settings) -> Settings:
    """The settings with the certificate of --https: the user's, or Sickbay's own."""
    if not settings.https or settings.certificate is not None:
        return settings
    from sickbay.cli import certificate

    assert settings.folder
    names = (urlsplit(settings.base).hostname or "localhost", *settings.allowed_hosts)
    cert, key = certificate.ensure_certificate(settings.folder, *names)
    return replace(settings, certificate=cert, certificate_key=key)


@contextmanager
def _open_data_folder(data: str | None, ephemeral: bool) -> Iterator[Path]:
    temporary_folder.remove_abandoned_folders()
    if not ephemeral:
        place = folders.data_folder(data)
        folders.claim(place)
        yield place
        return
    with ExitStack() as stack:
        with signals.delay_signals():
            temporary = temporary_folder.TemporaryFolder()
            stack.callback(temporary.remove)
            stack.enter_context(signals.cleaning_up(temporary.remove))
        try:
            yield temporary.path
        finally:
            signals.ignore_signals()


def _sample_sockets(host: str, port: int | None, default: int) -> list[socket.socket]:
    """Returns the sample app's sockets: on its own port if set, otherwise on the default port or a free one."""
    if port is not None:
        return doors.listen(host, port, "--sample-port")
    with suppress(CommandError):
        return doors.listen(host, default)
    return doors.listen(host, 0)

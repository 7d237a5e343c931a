"""`sickbay serve`: checks the options, locks the data folder and binds the sockets; `serving.py` does the rest."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sickbay.cli import admin_key, config_file, imports, json_log, running_servers, signals
from sickbay.cli import folder as folders
from sickbay.cli import sockets as doors
from sickbay.cli.output import CommandError, note, reject_argument
from sickbay.cli.serve_options import ServeOptions
from sickbay.kernel import english, temporary_folder
from sickbay.settings import Settings

_DEFAULT = ServeOptions()
SHORT = 16
"""A shorter admin token gets a warning."""


def serve(*, options: ServeOptions = _DEFAULT) -> None:
    """Serve Sickbay until Ctrl-C."""
    json_log.choose(options.log_format)
    _check_addresses(options)
    _check_certificate(options.https, options.cert, options.key)
    _check_admin_token(options.admin_token)
    settings = options.settings()
    _check_keep_bodies(settings)
    _begin(settings, options.of_folder())


def _check_admin_token(token: str | None) -> None:
    """Refuses characters that a header can't contain in a token (RFC 6750 2.1 allows even fewer)."""
    if token and not all("!" <= letter <= "~" for letter in token):
        reject_argument("--admin-token may contain only ASCII letters, digits and punctuation, and no spaces.")
    if token and len(token) < SHORT:
        note(f"The admin token has only {english.count(len(token), 'character')} and can be guessed. Use at least {SHORT}.")


def _begin(settings: Settings, folder_options: dict[str, Any]) -> None:
    """Lock the folder, bind the sockets, and only then import the server."""
    for sentence in config_file.used_options([field.name for field in fields(ServeOptions)], config_file.TABLES):
        note(sentence)
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
        with signals.delay(), imports.pause_collection():
            imports.import_uvicorn()
            from sickbay.cli.serving import run

        run(_add_certificate(settled), folder_options, [*listening, *sample])


def _check_addresses(options: ServeOptions) -> None:
    if options.host is not None and not options.host.strip():  # the system would listen on every address of the machine
        reject_argument("--host must be an address or a name, such as 127.0.0.1, or 0.0.0.0 for all addresses of this machine.")
    if options.base_url is not None and not _is_base(options.base_url):
        reject_argument(f"--base-url must be a URL such as https://ehr.example.org, without ? and #, not {options.base_url}.")
    if options.port and options.sample_port == options.port:
        reject_argument("--sample-port must be another port than --port.")
    if options.messiness is not None and not 0 <= options.messiness <= 1:
        reject_argument("--messiness must be a number from 0 to 1.")


def _check_keep_bodies(settings: Settings) -> None:
    """Patients' data is shown only on this machine, and one process has all of it."""
    if settings.keep_bodies and urlsplit(settings.base).hostname not in doors.LOOPBACK:
        reject_argument("--keep-bodies needs a base URL on this machine, such as http://localhost:7425.")
    if settings.keep_bodies and settings.workers > 1:
        reject_argument("--keep-bodies needs --workers 1, because the bodies are kept in the memory of one process.")


def _is_base(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not set("?# ") & set(text)
    except ValueError:
        return False


def _check_certificate(https: bool, cert: Path | None, key: Path | None) -> None:
    if (cert is None) != (key is None) or (cert is not None and not https):
        reject_argument("--cert and --key must be used together, and with --https.")
    for path in (cert, key):
        if path is not None and not path.is_file():
            reject_argument(f"{path} doesn't exist or isn't a file.")
    if cert is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        except ssl.SSLError as error:
            reject_argument(f"{cert} and {key} aren't a certificate and its key: {error.reason or error}.")


def _adapt_to_class(settings: Settings) -> Settings:
    """The settings with the base URL that students use: this machine's address in its network, unless the user chose one."""
    if settings.base_url is not None or settings.host in doors.LOOPBACK:
        return settings
    address = settings.host if settings.host not in doors.EVERY_ADDRESS else doors.find_network_address()
    if address is None:
        note("Sickbay found no address of this machine in a network, so only this machine can join. Set --base-url.")
        return settings
    scheme, name = "https" if settings.https else "http", f"[{address}]" if ":" in address else address
    return replace(settings, base_url=f"{scheme}://{name}:{settings.port}")


def _note_base_url(settings: Settings) -> None:
    """Warns that other machines can't connect without --base-url: requests under another host name get 421."""
    if settings.host not in doors.LOOPBACK and settings.base_url is None and not settings.allowed_hosts:
        note(
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
    cert, key = certificate.self_signed(settings.folder, *names)
    return replace(settings, certificate=cert, certificate_key=key)


@contextmanager
def _open_data_folder(data: str | None, ephemeral: bool) -> Iterator[Path]:
    temporary_folder.sweep()
    if not ephemeral:
        place = folders.data_folder(data)
        folders.claim(place)
        yield place
        return
    with ExitStack() as stack:
        with signals.delay():
            temporary = temporary_folder.TemporaryFolder()
            stack.callback(temporary.remove)
            stack.enter_context(signals.cleaning_up(temporary.remove))
        try:
            yield temporary.path
        finally:
            signals.ignore()


def _sample_sockets(host: str, port: int | None, default: int) -> list[socket.socket]:
    """The sample app's sockets: on its own port if there is one, else on the default port, else on a free one."""
    if port is not None:
        return doors.listen(host, port, "--sample-port")
    with suppress(CommandError):
        return doors.listen(host, default)
    return doors.listen(host, 0)

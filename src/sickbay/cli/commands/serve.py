"""`sickbay serve`: checks the options, locks the data folder and binds the sockets; `serving.py` does the rest."""

from __future__ import annotations

import gc
import os
import socket
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from cyclopts import Parameter

from sickbay.cli import admin_key, config_file, json_log, signals
from sickbay.cli import folder as folders
from sickbay.cli import sockets as doors
from sickbay.cli.argument_types import Count, CountOrNone, DayOrNone, Port, PortOrNone, Some
from sickbay.cli.output import CommandError, note, wrong
from sickbay.cli.paths import PlaceOrNone
from sickbay.kernel import english
from sickbay.settings import PORT, Settings

Host = Annotated[
    str, Parameter(help="The address to listen on. For a loopback address, Sickbay listens on both 127.0.0.1 and ::1.")
]
ListenPort = Annotated[Port, Parameter(help="The port. 0 takes a free one.")]
Data = Annotated[
    str | None,
    Parameter(help="The data folder, or postgresql://user@host/database. Default: ~/.local/share/sickbay."),
]
Patients = Annotated[
    CountOrNone,
    Parameter(help="Number of synthetic patients of each hospital (default: 50). Set when the data folder is created."),
]
Seed = Annotated[
    CountOrNone,
    Parameter(
        help="Selects the patients: the same seed gives the same people (default: 1). Set when the data folder is created."
    ),
]
Workers = Annotated[Some, Parameter(help="Number of worker processes.")]
AllowedHost = Annotated[
    tuple[str, ...], Parameter(help="Another host name that requests may use. Repeat the option for each one.")
]
TrustedProxy = Annotated[
    tuple[str, ...],
    Parameter(
        help="Address of a proxy whose X-Forwarded headers are trusted. Its requests never count as the person at the keyboard."
    ),
]
Admin = Annotated[
    str | None,
    Parameter(help="The token to administer from another machine or through a proxy. Default: generated, in the data folder."),
]
RequireToken = Annotated[bool, Parameter(help="Require the admin token on this machine too.")]
OpenSignIn = Annotated[
    Literal["keyboard", "everyone"],
    Parameter(help="Who can use one-click sign-in and auto_approve: only the person at the keyboard, or everyone."),
]
SamplePort = Annotated[PortOrNone, Parameter(help="The port of the sample app. Default: the next port.")]
Messiness = Annotated[
    float | None,
    Parameter(help="Errors in the records, from 0 (none, the default) to 1. Set when the data folder is created."),
]
Today = Annotated[
    DayOrNone,
    Parameter(help="The day of the appointments, such as 2026-03-31. Default: today. Set when the data folder is created."),
]
Throttle = Annotated[
    Count,
    Parameter(help="Wrong secrets that one app may send from one address in a minute, before it must wait. 0 = unlimited."),
]
Connections = Annotated[Some, Parameter(help="Connections of each worker. Above this limit, idle connections are closed.")]
PerAddress = Annotated[Count, Parameter(help="Connections from one address, if other machines can connect. 0 = unlimited.")]
JournalExchanges = Annotated[Some, Parameter(help="Number of stored exchanges. Above this limit, the oldest are deleted.")]
JournalSize = Annotated[
    Some, Parameter(help="Size of the stored exchanges in megabytes. Above this limit, the oldest are deleted.")
]
BaseUrl = Annotated[str | None, Parameter(help="Public base URL for generated links. Default: http://localhost:PORT.")]
Ephemeral = Annotated[bool, Parameter(help="Store nothing: use a temporary folder and remove it at the end.")]
Json = Annotated[bool, Parameter(help="Print one line of JSON when Sickbay is ready, and nothing else.")]
LogFormat = Annotated[
    Literal["text", "json"],
    Parameter(help="How exchanges, notes and errors are logged: as text, or as one JSON object a line."),
]
Https = Annotated[bool, Parameter(help="Serve only https. Sickbay makes a certificate and stores it in the data folder.")]
Cert = Annotated[PlaceOrNone, Parameter(help="Your own certificate chain for --https (PEM).")]
Key = Annotated[PlaceOrNone, Parameter(help="The key of --cert (PEM).")]


SHORT = 16
"""A shorter admin token gets a warning."""


def serve(
    *,
    host: Host = "127.0.0.1",
    port: ListenPort = PORT,
    base_url: BaseUrl = None,
    data: Data = None,
    ephemeral: Ephemeral = False,
    patients: Patients = None,
    seed: Seed = None,
    messiness: Messiness = None,
    today: Today = None,
    workers: Workers = 1,
    allowed_host: AllowedHost = (),
    trusted_proxy: TrustedProxy = (),
    admin_token: Admin = None,
    require_admin_token: RequireToken = False,
    open_sign_in: OpenSignIn = "keyboard",
    sample_port: SamplePort = None,
    throttle: Throttle = 300,
    max_connections: Connections = 1000,
    max_connections_per_address: PerAddress = 200,
    journal_exchanges: JournalExchanges = 20_000,
    journal_size: JournalSize = 64,
    https: Https = False,
    cert: Cert = None,
    key: Key = None,
    log_format: LogFormat = "text",
    json: Json = False,
) -> None:
    """Serve Sickbay until Ctrl-C."""
    json_log.choose(log_format)
    _check_options(host, base_url, messiness, https, cert, key, admin_token)
    folder_options = _folder_options(patients=patients, seed=seed, messiness=messiness, today=today and today.isoformat())
    settings = Settings(
        host=host,
        port=port,
        base_url=base_url,
        data=data,
        ephemeral=ephemeral,
        workers=workers,
        json=json,
        log_format=log_format,
        allowed_hosts=allowed_host,
        trusted_proxies=trusted_proxy,
        admin_token=admin_token or None,
        require_admin_token=require_admin_token,
        open_sign_in=open_sign_in,
        sample_port=sample_port,
        policies=config_file.policies(),
        throttle=throttle,
        max_connections=max_connections,
        max_connections_per_address=max_connections_per_address,
        journal_exchanges=journal_exchanges,
        journal_size=journal_size,
        https=https,
        certificate=cert,
        certificate_key=key,
        **folder_options,
    )
    _begin(settings, folder_options)


def _check_admin_token(token: str | None) -> None:
    """Refuses characters that a header can't contain in a token (RFC 6750 2.1 allows even fewer)."""
    if token and not all("!" <= letter <= "~" for letter in token):
        wrong("--admin-token may contain only ASCII letters, digits and punctuation, and no spaces.")
    if token and len(token) < SHORT:
        note(f"The admin token has only {english.count(len(token), 'character')} and can be guessed. Use at least {SHORT}.")


def _folder_options(**options: Any) -> dict[str, Any]:
    """The options that are stored in the folder, without those that were omitted."""
    return {name: value for name, value in options.items() if value is not None}


def _begin(settings: Settings, folder_options: dict[str, Any]) -> None:
    """Lock the folder, bind the sockets, and only then import the server."""
    for sentence in config_file.used_options([*signature(serve).parameters], config_file.TABLES):
        note(sentence)
    signals.handle_sigterm()
    os.umask(0o077)  # for files that a library writes, such as the metrics of workers
    with _place(settings.data, settings.ephemeral) as place, folders.locked(place):
        listening = doors.listen(settings.host, settings.port)
        port = doors.port_of(listening)
        sample = _sample_sockets(settings.host, settings.sample_port, 0 if settings.port == 0 else port + 1)
        key = admin_key.ensure(place)
        settled = replace(settings, port=port, folder=place, sample_port=doors.port_of(sample), admin_key=key)
        _note_base_url(settled)
        with signals.delayed():
            gc.disable()  # imported modules stay in memory, so collecting garbage among them is useless
            from sickbay.cli.serving import run

            gc.freeze()
            gc.enable()
        run(_with_certificate(settled), folder_options, [*listening, *sample])


def _check_options(
    host: str,
    base_url: str | None,
    messiness: float | None,
    https: bool,
    cert: Path | None,
    key: Path | None,
    admin_token: str | None,
) -> None:
    _check_addresses(host, base_url, messiness)
    _check_certificate(https, cert, key)
    _check_admin_token(admin_token)


def _check_addresses(host: str, base_url: str | None, messiness: float | None) -> None:
    if not host.strip():  # the system would listen on every address of the machine
        wrong("--host must be an address or a name, such as 127.0.0.1, or 0.0.0.0 for all addresses of this machine.")
    if base_url is not None and not _is_base(base_url):
        wrong(f"--base-url must be a URL such as https://ehr.example.org, without ? and #, not {base_url}.")
    if messiness is not None and not 0 <= messiness <= 1:
        wrong("--messiness must be a number from 0 to 1.")


def _is_base(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not set("?# ") & set(text)
    except ValueError:
        return False


def _check_certificate(https: bool, cert: Path | None, key: Path | None) -> None:
    if (cert is None) != (key is None) or (cert is not None and not https):
        wrong("--cert and --key must be used together, and with --https.")
    for path in (cert, key):
        if path is not None and not path.is_file():
            wrong(f"{path} doesn't exist or isn't a file.")
    if cert is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        except ssl.SSLError as error:
            wrong(f"{cert} and {key} aren't a certificate and its key: {error.reason or error}.")


def _note_base_url(settings: Settings) -> None:
    """Warns that other machines can't connect without --base-url: requests under another host name get 421."""
    if settings.host not in doors.LOOPBACK and settings.base_url is None and not settings.allowed_hosts:
        note(
            f"Sickbay accepts requests only at {settings.base}. To let other machines connect, add "
            f"--base-url http://NAME:{settings.port} with the name they use for this machine."
        )


def _with_certificate(settings: Settings) -> Settings:
    """The settings with the certificate of --https: the user's, or Sickbay's own."""
    if not settings.https or settings.certificate is not None:
        return settings
    from sickbay.cli import certificate

    assert settings.folder
    cert, key = certificate.self_signed(settings.folder, urlsplit(settings.base).hostname or "localhost")
    return replace(settings, certificate=cert, certificate_key=key)


@contextmanager
def _place(data: str | None, ephemeral: bool) -> Iterator[Path]:
    if not ephemeral:
        place = folders.data_folder(data)
        folders.claim(place)
        yield place
        return
    with ExitStack() as stack:
        with signals.delayed():
            temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="sickbay-", ignore_cleanup_errors=True))
        try:
            yield Path(temporary)
        finally:
            signals.ignore()


def _sample_sockets(host: str, port: int | None, default: int) -> list[socket.socket]:
    """The sample app's sockets: on its own port if there is one, else on the default port, else on a free one."""
    if port is not None:
        return doors.listen(host, port)
    with suppress(CommandError):
        return doors.listen(host, default)
    return doors.listen(host, 0)

"""`sickbay serve`: what may be chosen, the data folder and the sockets; `serving.py` does the rest."""

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

from sickbay.cli import admin_key, config_file, signals
from sickbay.cli import folder as folders
from sickbay.cli import sockets as doors
from sickbay.cli.argument_types import Count, CountOrNone, DayOrNone, Port, PortOrNone, Some
from sickbay.cli.output import CommandError, note, wrong
from sickbay.cli.paths import PlaceOrNone
from sickbay.settings import PORT, Settings

Host = Annotated[str, Parameter(help="Where to listen. On loopback both 127.0.0.1 and ::1 are bound.")]
ListenPort = Annotated[Port, Parameter(help="0 takes a free one.")]
Data = Annotated[
    str | None,
    Parameter(
        help="The data folder, or postgresql://user@host/database. Default: your own folder, such as ~/.local/share/sickbay."
    ),
]
Patients = Annotated[
    CountOrNone,
    Parameter(help="How many synthetic patients each hospital has (50). Holds for the folder from its first use on."),
]
Seed = Annotated[
    CountOrNone,
    Parameter(help="Which patients: the same seed gives the same people (1). Holds for the folder likewise."),
]
Workers = Annotated[Some, Parameter(help="Processes that serve side by side.")]
AllowedHost = Annotated[tuple[str, ...], Parameter(help="Another name by which Sickbay may be asked.")]
TrustedProxy = Annotated[
    tuple[str, ...],
    Parameter(help="An address whose forwarded headers count. What comes from it is never the person at the keyboard."),
]
Admin = Annotated[
    str | None,
    Parameter(help="What administers from elsewhere, or through a proxy. Default: the key in the data folder."),
]
RequireToken = Annotated[bool, Parameter(help="Even on this machine, administering needs the admin token.")]
OpenSignIn = Annotated[
    Literal["keyboard", "everyone"],
    Parameter(help="Who may sign in by one click, and be approved by auto_approve: only this machine, or everyone."),
]
SamplePort = Annotated[PortOrNone, Parameter(help="Where the sample app is served. Default: the next port.")]
Messiness = Annotated[
    float | None,
    Parameter(help="How badly the records are written, from 0 (clean) to 1 (0). Holds for the folder likewise."),
]
Today = Annotated[
    DayOrNone,
    Parameter(help="The day of the appointments, such as 2026-03-31. Kept in the folder. Default: the real day."),
]
Throttle = Annotated[
    Count,
    Parameter(help="Wrong secrets of one app from one address in a minute, before it must wait. 0: nobody waits."),
]
Connections = Annotated[
    Some, Parameter(help="Connections that a worker keeps open; above, those that wait for a request are closed.")
]
PerAddress = Annotated[Count, Parameter(help="The same for one address, if other machines can connect. 0: no limit.")]
JournalExchanges = Annotated[Some, Parameter(help="How many exchanges are kept (20000); the oldest are deleted first.")]
JournalSize = Annotated[
    Some, Parameter(help="How many megabytes of exchanges are kept (64), whichever bound is reached first.")
]
BaseUrl = Annotated[str | None, Parameter(help="The only source of every absolute URL. Default: http://localhost:PORT.")]
Ephemeral = Annotated[bool, Parameter(help="Store nothing: use a temporary folder and remove it at the end.")]
Json = Annotated[bool, Parameter(help="Print one line of JSON when ready, and nothing after it.")]
Https = Annotated[bool, Parameter(help="Serve by https alone; its certificate is made, and kept in the data folder.")]
Cert = Annotated[PlaceOrNone, Parameter(help="A certificate of your own for --https, as PEM, with those that vouch for it.")]
Key = Annotated[PlaceOrNone, Parameter(help="Its key, as PEM.")]


SHORT = 16


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
    json: Json = False,
) -> None:
    """Serve Sickbay until Ctrl-C, and show one line per exchange."""
    _fitting(host, base_url, messiness, https, cert, key)
    _sendable(admin_token)
    wishes = _wishes(patients=patients, seed=seed, messiness=messiness, today=today and today.isoformat())
    settings = Settings(
        host=host,
        port=port,
        base_url=base_url,
        data=data,
        ephemeral=ephemeral,
        workers=workers,
        json=json,
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
        **wishes,
    )
    for sentence in config_file.settled([*signature(serve).parameters], config_file.TABLES):
        note(sentence)
    _begin(settings, wishes)


def _sendable(token: str | None) -> None:
    """A header has no other characters in a token (RFC 6750 2.1 allows fewer still)."""
    if token and not all("!" <= letter <= "~" for letter in token):
        wrong("--admin-token may have letters, digits and punctuation of ASCII, and no spaces.")
    if token and len(token) < SHORT:
        note(f"The admin token has only {len(token)} characters, so it may be guessed; take at least {SHORT}.")


def _wishes(**asked: Any) -> dict[str, Any]:
    """What the folder keeps, as far as it was said."""
    return {name: wish for name, wish in asked.items() if wish is not None}


def _begin(settings: Settings, wishes: dict[str, Any]) -> None:
    """Hold the folder, bind the sockets, and only then import what serves."""
    signals.heard()
    os.umask(0o077)  # for what a library writes, such as the counts of workers
    with _place(settings.data, settings.ephemeral) as place, folders.held(place):
        listening = doors.listen(settings.host, settings.port)
        port = doors.port_of(listening)
        beside = _beside(settings.host, settings.sample_port, 0 if settings.port == 0 else port + 1)
        settled = replace(settings, port=port, folder=place, sample_port=doors.port_of(beside), admin_key=admin_key.made(place))
        _named(settled)
        with signals.later():
            gc.disable()  # what is imported stays: looking through it finds nothing, now or later
            from sickbay.cli.serving import run

            gc.freeze()
            gc.enable()
        run(_secured(settled), wishes, [*listening, *beside])


def _fitting(
    host: str, base_url: str | None, messiness: float | None, https: bool, cert: Path | None, key: Path | None
) -> None:
    _sensible(host, base_url, messiness)
    _paired(https, cert, key)


def _sensible(host: str, base_url: str | None, messiness: float | None) -> None:
    if not host.strip():  # to the system it would mean every address of the machine
        wrong("--host must be an address or a name, such as 127.0.0.1, or 0.0.0.0 for all of this machine's.")
    if base_url is not None and not _is_base(base_url):
        wrong(f"--base-url must be an address such as https://ehr.example.org, without ? and #, not {base_url}.")
    if messiness is not None and not 0 <= messiness <= 1:
        wrong("--messiness must be from 0 to 1.")


def _is_base(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not set("?# ") & set(text)
    except ValueError:
        return False


def _paired(https: bool, cert: Path | None, key: Path | None) -> None:
    if (cert is None) != (key is None) or (cert is not None and not https):
        wrong("--cert and --key belong together, and to --https.")
    for path in (cert, key):
        if path is not None and not path.is_file():
            wrong(f"There is no file {path}.")
    if cert is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
        except ssl.SSLError as error:
            wrong(f"{cert} and {key} are no certificate with its key: {error.reason or error}.")


def _named(settings: Settings) -> None:
    """Who lets others in has to say what they call this machine: under another name they are turned away (421)."""
    if settings.host not in doors.LOOPBACK and settings.base_url is None and not settings.allowed_hosts:
        note(
            f"Sickbay answers as {settings.base} alone; for other machines say what they call this one: --base-url http://NAME:{settings.port}"
        )


def _secured(settings: Settings) -> Settings:
    """With the certificate of --https: the given one, or our own."""
    if not settings.https or settings.certificate is not None:
        return settings
    from sickbay.cli import certificate

    assert settings.folder
    cert, key = certificate.own(settings.folder, urlsplit(settings.base).hostname or "localhost")
    return replace(settings, certificate=cert, certificate_key=key)


@contextmanager
def _place(data: str | None, ephemeral: bool) -> Iterator[Path]:
    if not ephemeral:
        place = folders.chosen(data)
        folders.claimed(place)
        yield place
        return
    with ExitStack() as held:
        with signals.later():
            temporary = held.enter_context(tempfile.TemporaryDirectory(prefix="sickbay-", ignore_cleanup_errors=True))
        try:
            yield Path(temporary)
        finally:
            signals.deaf()


def _beside(host: str, wish: int | None, default: int) -> list[socket.socket]:
    """The sample app's sockets: on the port that was wished for, else on the next one, else on a free one."""
    if wish is not None:
        return doors.listen(host, wish)
    with suppress(CommandError):
        return doors.listen(host, default)
    return doors.listen(host, 0)

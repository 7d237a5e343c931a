"""The options of `sickbay serve`, and the settings that they result in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from cyclopts import Parameter

from sickbay.cli import config_file
from sickbay.cli.argument_types import Count, CountOrNone, DayOrNone, Port, PortOrNone, ShareOrNone, Some
from sickbay.cli.paths import PlaceOrNone
from sickbay.settings import PORT, Settings

EVERY_ADDRESS = "0.0.0.0"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ServeOptions:
    """The options of `sickbay serve`.

    Parameters
    ----------
    host
        The address to listen on (default: 127.0.0.1). For a loopback address, Sickbay listens on both 127.0.0.1 and ::1.
    port
        The port. 0 chooses a free one.
    base_url
        Public base URL for generated links. Default: http://localhost:PORT.
    data
        The data folder, or postgresql://user@host/database. Default: ~/.local/share/sickbay.
    ephemeral
        Store nothing: use a temporary folder and remove it at the end.
    patients
        Number of synthetic patients of each hospital (default: 50). Set when the data folder is created.
    seed
        Selects the patients: the same seed gives the same people (default: 1). Set when the data folder is created.
    messiness
        Errors in the records, from 0 (none, the default) to 1. Set when the data folder is created.
    today
        The day of the appointments, such as 2026-03-31. Default: today. Set when the data folder is created.
    no_population_cache
        Always create the patients, instead of copying them from the cache of an earlier run. Also writes no cache.
    workers
        Number of worker processes.
    allowed_host
        Another host name that requests may use. Repeat the option for each one.
    trusted_proxy
        Address of a proxy whose X-Forwarded headers are trusted. Its requests never count as the person at the keyboard.
    admin_token
        The token to administer from another machine or through a proxy. Default: generated, in the data folder.
    require_admin_token
        Require the admin token on this machine too.
    open_sign_in
        Who can use one-click sign-in and auto_approve: only the person at the keyboard, or everyone.
    mcp
        What coding agents may do at /mcp: everything that /admin allows (on), only read (read-only), or nothing (off).
    class_mode
        For a class: students join with a link, and each has their own apps, launches and exchanges. By default, other machines
        can then connect, at this machine's address on its network.
    sample_port
        The port of the sample app. Default: the next port.
    throttle
        Wrong secrets that one app may send from one address in a minute, before it must wait. 0 = unlimited.
    max_connections
        Connections of each worker. Above this limit, idle connections are closed.
    max_connections_per_address
        Connections from one address, if other machines can connect. 0 = unlimited.
    journal_exchanges
        Number of stored exchanges. Above this limit, the oldest are deleted.
    journal_size
        Size of the stored exchanges in megabytes. Above this limit, the oldest are deleted.
    https
        Serve only https. Sickbay makes a certificate and stores it in the data folder.
    cert
        Your own certificate chain for --https (PEM).
    key
        The key of --cert (PEM).
    log_format
        How exchanges, notes and errors are logged: as text, or as one JSON object per line.
    keep_bodies
        Show the bodies of FHIR requests and responses in exchanges. They contain patients' data, and are kept in memory only.
        Needs one worker and a base URL on this machine.
    debug_loop
        Log what keeps the event loop from responding for 50 milliseconds: the request, and where in the code.
    json
        Print one line of JSON when Sickbay is ready, and nothing else.
    """

    host: str | None = None
    port: Port = PORT
    base_url: str | None = None
    data: str | None = None
    ephemeral: bool = False
    patients: CountOrNone = None
    seed: CountOrNone = None
    messiness: ShareOrNone = None
    today: DayOrNone = None
    no_population_cache: bool = False
    workers: Some = 1
    allowed_host: tuple[str, ...] = ()
    trusted_proxy: tuple[str, ...] = ()
    admin_token: str | None = None
    require_admin_token: bool = False
    open_sign_in: Literal["keyboard", "everyone"] = "keyboard"
    mcp: Literal["on", "read-only", "off"] = "on"
    class_mode: bool = False
    sample_port: PortOrNone = None
    throttle: Count = 300
    max_connections: Some = 1000
    max_connections_per_address: Count = 200
    journal_exchanges: Some = 20_000
    journal_size: Some = 64
    https: bool = False
    cert: PlaceOrNone = None
    key: PlaceOrNone = None
    log_format: Literal["text", "json"] = "text"
    keep_bodies: bool = False
    debug_loop: bool = False
    json: bool = False

    def folder_options(self) -> dict[str, Any]:
        """The options that are stored in the data folder, without those that were omitted."""
        today = self.today.isoformat() if self.today else None
        options = {"patients": self.patients, "seed": self.seed, "messiness": self.messiness, "today": today}
        return {name: value for name, value in options.items() if value is not None}

    def settings(self) -> Settings:
        return Settings(
            host=self.host or (EVERY_ADDRESS if self.class_mode else "127.0.0.1"),
            port=self.port,
            base_url=self.base_url,
            data=self.data,
            ephemeral=self.ephemeral,
            population_cache=not self.no_population_cache,
            workers=self.workers,
            json=self.json,
            log_format=self.log_format,
            keep_bodies=self.keep_bodies,
            debug_loop=self.debug_loop,
            allowed_hosts=self.allowed_host,
            trusted_proxies=self.trusted_proxy,
            admin_token=self.admin_token or None,
            require_admin_token=self.require_admin_token,
            open_sign_in=self.open_sign_in,
            mcp=self.mcp,
            class_mode=self.class_mode,
            sample_port=self.sample_port,
            **config_file.read_hospitals(),
            throttle=self.throttle,
            max_connections=self.max_connections,
            max_connections_per_address=self.max_connections_per_address,
            journal_exchanges=self.journal_exchanges,
            journal_size=self.journal_size,
            https=self.https,
            certificate=self.cert,
            certificate_key=self.key,
            **self.folder_options(),
        )

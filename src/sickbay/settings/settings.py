"""All settings with their defaults. The command fills them from flags, SICKBAY_… variables and sickbay.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from sickbay.settings.database import hide_password, is_database

PORT = 7425
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings.

    data: a folder or postgresql://…; None if ephemeral. folder: the data folder, or the folder for files that aren't in the
    database. today: ISO date; None for the real day.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    base_url: str | None = None
    data: str | None = field(default=None, repr=False)
    ephemeral: bool = False
    patients: int = 50
    seed: int = 1
    messiness: float = 0.0
    today: str | None = None
    population_cache: bool = True
    """Copy the sample patients from the user's cache folder if a Sickbay on this machine has created the same before."""
    workers: int = 1
    https: bool = False
    certificate: Path | None = None
    certificate_key: Path | None = None
    json: bool = False
    log_format: Literal["text", "json"] = "text"
    keep_bodies: bool = False
    """Keep the bodies of FHIR requests and responses in memory."""
    debug_loop: bool = False
    """Log code that blocks the event loop."""
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    admin_token: str | None = field(default=None, repr=False)
    admin_key: str | None = field(default=None, repr=False)
    """The random admin token of the data folder. The commands use it, and it works if no other token is set."""
    require_admin_token: bool = False
    """Require the admin token even for requests from this machine."""
    open_sign_in: Literal["keyboard", "everyone"] = "keyboard"
    """From where one-click sign-in and auto_approve work: only this machine, or everywhere."""
    mcp: Literal["on", "read-only", "off"] = "on"
    """Access of coding agents at /mcp."""
    class_mode: bool = False
    """Whether students who join with a link have their own apps, launches and exchanges."""
    instance: str = "sickbay"
    folder: Path | None = None
    sample_port: int | None = None
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Policy overrides by tenant name, "" for all tenants (authorization.policy)."""
    resources: Mapping[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """Protected resources by tenant name, as in sickbay.toml (authorization.protected_resource)."""
    journal_exchanges: int = 20_000
    journal_size: int = 64
    """Limits of the journal: number of exchanges, and size in megabytes. Whichever is reached first applies."""
    throttle: int = 300
    """Wrong secrets per minute, client and address before the client has to wait; 0 = unlimited."""
    max_connections: int = 1000
    """Maximum open connections per worker."""
    max_connections_per_address: int = 200
    """Maximum open connections per address, if other machines can connect; 0 = unlimited."""

    @property
    def base(self) -> str:
        """Public base URL for generated links, without a trailing slash."""
        scheme = "https" if self.https else "http"
        return (self.base_url or f"{scheme}://localhost:{self.port}").rstrip("/")

    @property
    def place(self) -> str:
        """Where the data is stored, for messages."""
        if self.ephemeral:
            return "not stored (--ephemeral)"
        return hide_password(self.database) if self.database else str(self.folder)

    @property
    def database(self) -> str | None:
        """The URL of the database, with its secrets; None if there is none."""
        return self.data if is_database(self.data) and not self.ephemeral else None

    @property
    def loopback(self) -> bool:
        """Whether only this machine can connect: Sickbay listens on loopback, and its base URL is a loopback name."""
        return {self.host, urlsplit(self.base).hostname} <= LOOPBACK

    @property
    def needs_token(self) -> bool:
        """Whether requests from this machine also need the admin token."""
        return self.require_admin_token or self.class_mode or urlsplit(self.base).hostname not in LOOPBACK

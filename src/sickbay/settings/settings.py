"""Everything a person may set, with its default. The command fills it from flags, SICKBAY_… and sickbay.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from sickbay.settings.database import is_database, shown

PORT = 7425
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """data: a folder or postgresql://…; None with ephemeral. folder: its place, or that of what is not in the database.

    today: ISO date, None: the real day.
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
    workers: int = 1
    https: bool = False
    certificate: Path | None = None
    certificate_key: Path | None = None
    json: bool = False
    allowed_hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    admin_token: str | None = field(default=None, repr=False)
    admin_key: str | None = field(default=None, repr=False)
    """The random key of the data folder: an admin token too, of the commands and for who set no other."""
    require_admin_token: bool = False
    """Even the person at the keyboard needs the admin token."""
    open_sign_in: Literal["keyboard", "everyone"] = "keyboard"
    """Who may sign in by one click and be approved by auto_approve."""
    instance: str = "sickbay"
    folder: Path | None = None
    sample_port: int | None = None
    policies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By tenant, "" for all: what is decided otherwise than its dialect has it (authorization.policy)."""
    journal_exchanges: int = 20_000
    journal_size: int = 64
    """What the journal keeps: exchanges, and megabytes of them; whichever bound is reached first."""
    throttle: int = 300
    """Wrong secrets of one client from one address in a minute, before it has to wait; 0: none ever waits."""
    max_connections: int = 1000
    """Open connections of each worker."""
    max_connections_per_address: int = 200
    """The same from one address, if other machines can connect; 0: no limit."""

    @property
    def base(self) -> str:
        """The only source of every absolute URL; no trailing slash."""
        scheme = "https" if self.https else "http"
        return (self.base_url or f"{scheme}://localhost:{self.port}").rstrip("/")

    @property
    def place(self) -> str:
        """Where the data are, as it is told to people."""
        if self.ephemeral:
            return "kept nowhere (--ephemeral)"
        return shown(self.database) if self.database else str(self.folder)

    @property
    def database(self) -> str | None:
        """The address of the database, with its secrets, if there is one."""
        return self.data if is_database(self.data) and not self.ephemeral else None

    @property
    def loopback(self) -> bool:
        """Whether only this machine gets in: it listens on loopback, and no public name is served from there."""
        return {self.host, urlsplit(self.base).hostname} <= LOOPBACK

    @property
    def needs_token(self) -> bool:
        """Whether even the person at the keyboard administers with the admin token."""
        return self.require_admin_token or urlsplit(self.base).hostname not in LOOPBACK

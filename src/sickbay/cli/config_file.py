"""sickbay.toml: options, and the policy of all hospitals or of one.

    token_lifetime in [policy] holds for every hospital, in [tenants.epic.policy] for that one.

Read are the file named by --config or SICKBAY_CONFIG; without one, sickbay.toml in the current folder and then the one in
the user's own configuration folder. Anyone may have written what is in the current folder, so TRUSTED keys are ignored there.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sickbay.cli.output import wrong

FILE = Path("sickbay.toml")
LONGEST = 1_000_000
"""Bytes of a file."""
TRUSTED = frozenset(
    (
        "host",
        "allowed_host",
        "admin_token",
        "trusted_proxy",
        "base_url",
        "https",
        "cert",
        "key",
        "data",
        "open_sign_in",
        "require_admin_token",
        "throttle",
        "client_secret",
        "jwks",
        "jwks_uri",
        "auto_approve",
        "cards",
        "out",
        "everything",
        "open",
        "launch_uri",
        "redirect_uri",
        "post_logout_redirect_uri",
        "client",
        "pkce",
        "native",
        "scope_mode",
        "app_policy",
    )
)
"""Keys that let others in, hold a secret or a key, name a file to read or a place to write, say where an app's codes go and
how it is checked, or delete.
"""
OPTIONS = (
    "admin_token",
    "allowed_host",
    "app",
    "app_context",
    "app_policy",
    "as",
    "auto_approve",
    "base_url",
    "cards",
    "cert",
    "client",
    "client_id",
    "client_secret",
    "data",
    "encounter",
    "ephemeral",
    "everything",
    "fhir",
    "host",
    "https",
    "journal_exchanges",
    "journal_size",
    "json",
    "jsonl",
    "jwks",
    "jwks_uri",
    "key",
    "launch_uri",
    "max_connections",
    "max_connections_per_address",
    "messiness",
    "name",
    "native",
    "open",
    "open_sign_in",
    "out",
    "patient",
    "patients",
    "pkce",
    "port",
    "post_logout_redirect_uri",
    "redirect_uri",
    "require_admin_token",
    "sample_port",
    "scope",
    "scope_mode",
    "seed",
    "smart_version",
    "stop",
    "tenant",
    "throttle",
    "today",
    "token_lifetime",
    "trusted_proxy",
    "type",
    "user",
    "validate",
    "workers",
)
"""Every option of every command; importing the commands to know them would take half a second."""
TABLES = ("policy", "tenants")
SECRET = frozenset(("admin_token", "client_secret"))


@dataclass(frozen=True, slots=True)
class File:
    """One sickbay.toml. given: all of it. trusted: the user named it, or it is in the user's own configuration folder."""

    path: Path
    given: dict[str, Any]
    trusted: bool

    @property
    def options(self) -> dict[str, Any]:
        """What counts of it, by the name that the command line uses."""
        return {name: value for name, value in self._every.items() if self.trusted or _plain(name) not in TRUSTED}

    @property
    def ignored(self) -> list[str]:
        return [_plain(name) for name in self._every if not self.trusted and _plain(name) in TRUSTED]

    @property
    def _every(self) -> dict[str, Any]:
        return {name: value for name, value in self.given.items() if name not in TABLES}


_named: list[Path] = []
"""The file of --config, once main has read the command line."""


def use(path: str | None) -> None:
    """path: of --config; "" or None for none."""
    _named[:] = [Path(path)] if path else []


def files() -> list[File]:
    """The files that are read, the one that counts most first. Raises Trouble on a key that means nothing."""
    if named := _named or ([Path(given)] if (given := os.environ.get("SICKBAY_CONFIG")) else []):
        return [_file(named[0], trusted=True, must_exist=True)]
    found = [one for path in (FILE, _own()) if path is not None and (one := _file(path, trusted=path != FILE)).given]
    return found[1:] if len(found) > 1 and found[0].path.resolve() == found[1].path.resolve() else found


def _own() -> Path | None:
    """In the user's configuration folder; a relative XDG_CONFIG_HOME is invalid (XDG Base Directory Specification)."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or "")
    try:
        return (home if home.is_absolute() else Path.home() / ".config") / "sickbay" / FILE
    except RuntimeError:
        return None


def _file(path: Path, *, trusted: bool, must_exist: bool = False) -> File:
    given = _read(path, must_exist)
    _known(given, (*OPTIONS, *TABLES), "option or table", path)
    return File(path, given, trusted)


def policies() -> dict[str, dict[str, Any]]:
    """By tenant; "" for all of them. Raises Trouble."""
    found: dict[str, dict[str, Any]] = {}
    for file in reversed(files()):
        for name, one in _policies(file).items():
            found[name] = found.get(name, {}) | one
    return found


def _policies(file: File) -> dict[str, dict[str, Any]]:
    if not file.given.keys() & set(TABLES):
        return {}
    from sickbay import dialects

    given, path = file.given, file.path
    tenants = _table(given, "tenants", path)
    _known(tenants, dialects.names(), "hospital", path)
    for name in tenants:
        _known(_table(tenants, name, path), ("policy",), f"tenants.{name} table", path)
    found = {"": _table(given, "policy", path)} | {
        name: _table(_table(tenants, name, path), "policy", path) for name in tenants
    }
    _fit(found, path)
    return {name: one for name, one in found.items() if one}


def settled(names: Sequence[str], tables: Sequence[str] = ()) -> list[str]:
    """What each file sets of the options with these names, and which of the tables: a sentence a file, without any secret."""
    told, taken = [], set[str]()
    for file in files():
        mine = {_plain(name): value for name, value in file.options.items() if _plain(name) in names}
        parts = [f"{name}{_shown(name, value)}" for name, value in mine.items() if name not in taken and not _given(name)]
        parts += [_printable(f"[{table}]") for table in file.given if table in tables]
        taken |= mine.keys()
        told += [f"Settings from {file.path.absolute()}: {', '.join(parts)}."] if parts else []
    return told


def _given(name: str) -> bool:
    """Whether the environment or the command line says it, which count more."""
    option = f"--{name.replace('_', '-')}"
    return bool(os.environ.get(f"SICKBAY_{name.upper()}")) or any(one.partition("=")[0] == option for one in sys.argv)


def _shown(name: str, value: Any) -> str:
    if name in SECRET:
        return " (not shown)"
    from sickbay.settings.database import is_database, shown

    text = shown(value) if name == "data" and isinstance(value, str) and is_database(value) else value
    return f" = {_printable(json.dumps(text, ensure_ascii=False, default=str))[:200]}"


def said(names: Sequence[str]) -> list[str]:
    """What the current folder's file sets in vain, of the options with these names: one sentence, or none."""
    vain = [name for file in files() for name in file.ignored if name in names]
    if not vain:
        return []
    own = _own()
    where = f"named by --config or in {own}" if own else "named by --config"
    return [f"{FILE} in this folder sets {', '.join(vain)}: ignored, since they count only in a file {where}."]


def _read(path: Path, must_exist: bool) -> dict[str, Any]:
    if not path.exists():
        if must_exist:
            wrong(f"There is no file {path} (--config or SICKBAY_CONFIG).")
        return {}
    try:
        if not path.is_file() and not path.is_dir():
            wrong(f"{path} cannot be read: it is not a regular file.")
        with path.open("rb") as file:
            text = file.read(LONGEST + 1)
        if len(text) > LONGEST:
            wrong(f"{path} cannot be read: it has more than {LONGEST:,} bytes.")
        return tomllib.loads(text.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        wrong(f"{path} cannot be read: {getattr(error, 'strerror', None) or _printable(str(error))}.")


def _table(given: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    found = given.get(name, {})
    if not isinstance(found, dict):
        wrong(f"{name} in {path} must be a table, as in [{name}].")
    return found


def _known(given: dict[str, Any], names: tuple[str, ...], what: str, path: Path) -> None:
    for name in given:
        if _plain(name) not in names:
            from sickbay.authorization.policy import meant

            wrong(f"There is no {what} {_printable(name)} in {path}{meant(name, names)}.")


def _plain(name: str) -> str:
    return name.replace("-", "_")


def _printable(text: str) -> str:
    """Without what would move the cursor or change the colours of a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _fit(found: dict[str, dict[str, Any]], path: Path) -> None:
    from sickbay.authorization.policy import faults

    for name, one in found.items():
        for fault in faults(one):
            wrong(f"{_printable(fault)} ({path}, {f'tenants.{name}.policy' if name else 'policy'}).")

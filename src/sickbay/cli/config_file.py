"""Reads sickbay.toml: options, and policies of all hospitals or of one.

[policy] applies to every hospital, [tenants.epic.policy] to one.

Sickbay reads the file named by --config or SICKBAY_CONFIG. Without one, it reads sickbay.toml in the current folder, then the
one in the user's configuration folder. Anyone may have written the file in the current folder, so it can't set TRUSTED keys.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sickbay.cli import byte_order_mark
from sickbay.cli.output import reject_argument

FILE = Path("sickbay.toml")
MAXIMUM_FILE_BYTES = 1_000_000
"""Largest size of a file, in bytes."""
TRUSTED = frozenset(
    """
    host allowed_host admin_token trusted_proxy base_url https cert key data mcp open_sign_in class_mode read_only
    keep_bodies require_admin_token throttle client_secret jwks jwks_uri auto_approve cards out everything yes open
    launch_uri redirect_uri post_logout_redirect_uri client pkce native scope_mode app_policy
    """.split()
)
"""Keys that give others access, contain a secret or a key, name a file to read or write, decide where an app's codes are sent
and how the app is checked, or delete something.
"""
OPTIONS = tuple(
    """
    admin_token allowed_host app app_context app_policy app_port as auto_approve base_url cards cert class_mode client
    client_id client_secret data debug_loop encounter ephemeral everything fhir hospital host https journal_exchanges
    journal_size json jsonl jwks jwks_uri keep_bodies key last launch_uri log_format max_connections
    max_connections_per_address mcp messiness name native no_population_cache no_start open open_sign_in out patient
    patients pkce port post_logout_redirect_uri read_only redirect_uri require_admin_token rule sample_port scope
    scope_mode search seed smart_version stage status stop template tenant throttle today token_lifetime trusted_proxy
    type user validate workers yes
    """.split()
)
"""The options of all commands. Importing the commands to collect them would take half a second."""
TABLES = ("policy", "tenants")
TRUE = frozenset(("true", "t", "yes", "y", "1"))
"""Values that switch an option on, in the syntax of Cyclopts."""
SECRET = frozenset(("admin_token", "client_secret"))


class File(NamedTuple):
    """A sickbay.toml. given: its content. trusted: the user named it, or it is in the user's own configuration folder."""

    path: Path
    given: dict[str, Any]
    trusted: bool

    @property
    def options(self) -> dict[str, Any]:
        """The options that apply, by their names on the command line."""
        return {name: value for name, value in self._all_tables.items() if self.trusted or _normalise_name(name) not in TRUSTED}

    @property
    def ignored(self) -> list[str]:
        return [_normalise_name(name) for name in self._all_tables if not self.trusted and _normalise_name(name) in TRUSTED]

    @property
    def _all_tables(self) -> dict[str, Any]:
        return {name: value for name, value in self.given.items() if name not in TABLES}


_named: list[Path] = []
"""The file of --config, after main has read the command line."""


def set_config_file(path: str | None) -> None:
    """Sets the file of --config; "" or None removes it."""
    _named[:] = [Path(path)] if path else []


def list_files() -> list[File]:
    """The files to read; earlier ones override later ones. Raises CommandError for an unknown key."""
    if named := _named or ([Path(path)] if (path := os.environ.get("SICKBAY_CONFIG")) else []):
        return [_read_file(named[0], trusted=True, must_exist=True)]
    paths = [path for path in (FILE, _find_user_file()) if path is not None]
    read = [file for path in paths if (file := _read_file(path, trusted=path != FILE)).given]
    return read[1:] if len(read) > 1 and read[0].path.resolve() == read[1].path.resolve() else read


def is_present() -> bool:
    """Whether there is a file to read, or one is named."""
    own = _find_user_file()
    return bool(_named) or "SICKBAY_CONFIG" in os.environ or _may_exist(FILE) or (own is not None and _may_exist(own))


def _may_exist(path: Path) -> bool:
    """Whether there is such a file, or another user's folder hides it. In that case, reading it reports the problem."""
    try:
        return path.exists()
    except PermissionError:
        return True


def _find_user_file() -> Path | None:
    """The file in the user's configuration folder. A relative XDG_CONFIG_HOME is invalid (XDG Base Directory Specification)."""
    home = Path(os.environ.get("XDG_CONFIG_HOME") or "")
    try:
        return (home if home.is_absolute() else Path.home() / ".config") / "sickbay" / FILE
    except RuntimeError:
        return None


def _read_file(path: Path, *, trusted: bool, must_exist: bool = False) -> File:
    given = _read_toml(path, must_exist)
    _reject_unknown_names(given, (*OPTIONS, *TABLES), "option or table", path)
    return File(path, given, trusted)


def read_policies() -> dict[str, dict[str, Any]]:
    """Policies by tenant; "" for all tenants. Raises CommandError."""
    merged: dict[str, dict[str, Any]] = {}
    for file in reversed(list_files()):
        for name, policy in _policies_of_tenants(file).items():
            merged[name] = merged.get(name, {}) | policy
    return merged


def _policies_of_tenants(file: File) -> dict[str, dict[str, Any]]:
    if not file.given.keys() & set(TABLES):
        return {}
    from sickbay import dialects

    given, path = file.given, file.path
    tenants = _read_config_table(given, "tenants", path)
    _reject_unknown_names(tenants, dialects.list_names(), "hospital", path)
    for name in tenants:
        _reject_unknown_names(_read_config_table(tenants, name, path), ("policy", "resources"), f"tenants.{name} table", path)
    by_tenant = {"": _read_config_table(given, "policy", path)} | {
        name: _read_config_table(_read_config_table(tenants, name, path), "policy", path) for name in tenants
    }
    _validate_policies(by_tenant, path)
    return {name: policy for name, policy in by_tenant.items() if policy}


def read_hospitals() -> dict[str, Any]:
    """The settings of hospitals. Raises CommandError."""
    return {"policies": read_policies(), "resources": read_resources()}


def read_resources() -> dict[str, tuple[dict[str, Any], ...]]:
    """Protected resources by tenant; a file closer to the command replaces the list of the other. Raises CommandError."""
    listed: dict[str, tuple[dict[str, Any], ...]] = {}
    for file in reversed(list_files()):
        for name, table in _read_config_table(file.given, "tenants", file.path).items():
            if isinstance(table, dict) and "resources" in table:
                listed[name] = _read_resources(name, table["resources"], file.path)
    return listed


def _read_resources(name: str, given: object, path: Path) -> tuple[dict[str, Any], ...]:
    from sickbay.authorization.protected_resource import MAXIMUM_RESOURCES, read_resource

    place = f"{path}, tenants.{name}.resources"
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        reject_argument(f"Write a protected resource as [[tenants.{name}.resources]] ({place}).")
    if len(given) > MAXIMUM_RESOURCES:
        reject_argument(f"A hospital has at most {MAXIMUM_RESOURCES} registered resources ({place}).")
    for entry in given:
        if isinstance(wrong := read_resource(entry), str):
            reject_argument(f"{_replace_unprintable(wrong)} ({place}).")
    return tuple(given)


def is_on(name: str) -> bool:
    """Whether the environment or a file switches this option on, for commands that don't have it."""
    given: Any = os.environ.get(f"SICKBAY_{name.upper()}")
    if not given:
        given = next((file.options[name] for file in list_files() if name in file.options), False)
    return str(given).lower() in TRUE


def used_options(names: Sequence[str], tables: Sequence[str] = ()) -> list[str]:
    """Yields a sentence for each file, with the options and tables of these names that it sets, without secrets."""
    sentences, taken = [], set[str]()
    for file in list_files():
        options = {_normalise_name(name): value for name, value in file.options.items() if _normalise_name(name) in names}
        parts = [
            f"{name}{_describe_value(name, value)}"
            for name, value in options.items()
            if name not in taken and not _is_given(name)
        ]
        parts += [_replace_unprintable(f"[{table}]") for table in file.given if table in tables]
        taken |= options.keys()
        sentences += [f"Settings from {file.path.absolute()}: {', '.join(parts)}."] if parts else []
    return sentences


def _is_given(name: str) -> bool:
    """Whether the environment or the command line, which override the file, sets this option."""
    option = f"--{name.replace('_', '-')}"
    return bool(os.environ.get(f"SICKBAY_{name.upper()}")) or any(argument.partition("=")[0] == option for argument in sys.argv)


def _describe_value(name: str, value: Any) -> str:
    if name in SECRET:
        return " (not shown)"
    from sickbay.settings.database import hide_password, is_database

    text = hide_password(value) if name == "data" and isinstance(value, str) and is_database(value) else value
    return f" = {_replace_unprintable(json.dumps(text, ensure_ascii=False, default=str))[:200]}"


def ignored_options(names: Sequence[str]) -> list[str]:
    """A sentence with the options of these names that are ignored in the current folder's file; [] if there are none."""
    ignored = [name for file in list_files() for name in file.ignored if name in names]
    if not ignored:
        return []
    from sickbay.kernel import english

    own = _find_user_file()
    where = f"named by --config or in {own}" if own else "named by --config"
    return [f"{FILE} in this folder can't set {english.join(ignored)}, so Sickbay ignores that. Use a file {where} instead."]


def _read_toml(path: Path, must_exist: bool) -> dict[str, Any]:
    if not _may_exist(path):
        if must_exist:
            reject_argument(f"{path} doesn't exist (set by --config or SICKBAY_CONFIG).")
        return {}
    try:
        if not path.is_file() and not path.is_dir():
            reject_argument(f"{path} can't be read: it isn't a regular file.")
        with path.open("rb") as file:
            text = file.read(MAXIMUM_FILE_BYTES + 1)
        if len(text) > MAXIMUM_FILE_BYTES:
            reject_argument(f"{path} can't be read: it has more than {MAXIMUM_FILE_BYTES:,} bytes.")
        import tomllib  # most people have no file

        return tomllib.loads(byte_order_mark.decode(text))
    except RecursionError as error:
        reject_argument(f"{path} can't be read: {error}.")
    except (OSError, ValueError) as error:
        reject_argument(f"{path} can't be read: {_replace_unprintable(byte_order_mark.explain(error))}.")


def _read_config_table(given: dict[str, Any], name: str, path: Path) -> dict[str, Any]:
    table = given.get(name, {})
    if not isinstance(table, dict):
        reject_argument(f"{name} in {path} must be a table: [{name}].")
    return table


def _reject_unknown_names(given: dict[str, Any], names: tuple[str, ...], what: str, path: Path) -> None:
    for name in given:
        if _normalise_name(name) not in names:
            from sickbay.authorization.policy import suggest_names

            reject_argument(f"Unknown {what} in {path}: {_replace_unprintable(name)}{suggest_names(name, names)}.")


def _normalise_name(name: str) -> str:
    return name.replace("-", "_")


def _replace_unprintable(text: str) -> str:
    """Replaces characters that would move the cursor or change the colours of a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _validate_policies(policies: dict[str, dict[str, Any]], path: Path) -> None:
    from sickbay.authorization.policy import find_problems

    for name, policy in policies.items():
        for fault in find_problems(policy):
            reject_argument(f"{_replace_unprintable(fault)} ({path}, {f'tenants.{name}.policy' if name else 'policy'}).")

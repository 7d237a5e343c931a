"""sickbay.toml in the folder where a command is run: options, and the policy of all hospitals or of one.

    token_lifetime in [policy] holds for every hospital, in [tenants.epic.policy] for that one.

Options are read by cyclopts; here it is seen to that nothing in the file is misspelt, and the policies are read.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from sickbay.cli.words import wrong

FILE = Path("sickbay.toml")
OPTIONS = (
    "admin_token", "allowed_host", "app", "app_context", "app_policy", "as", "auto_approve", "base_url", "cert",
    "cards", "client", "client_id", "client_secret", "data", "encounter", "ephemeral", "everything", "fhir", "host", "https",
    "journal_exchanges", "journal_size", "json", "jsonl", "jwks", "jwks_uri", "key", "launch_uri", "messiness", "name",
    "native", "open", "out", "patient", "patients", "pkce", "port", "post_logout_redirect_uri", "redirect_uri", "sample_port",
    "scope", "scope_mode", "seed",
    "smart_version", "stop", "tenant", "throttle", "today", "token_lifetime", "trusted_proxy", "type", "user",
    "validate", "workers",
)  # fmt: skip
"""Every option of every command; importing the commands to know them would take half a second."""
TABLES = ("policy", "tenants")


def checked() -> None:
    """Raises Trouble on a key that means nothing, with the one that was likely meant."""
    policies()


def policies() -> dict[str, dict[str, Any]]:
    """By tenant; "" for all of them. Raises Trouble."""
    given = _read()
    if not given:
        return {}
    from sickbay import dialects

    _known(given, (*OPTIONS, *TABLES), "option or table")
    tenants = _table(given, "tenants")
    _known(tenants, dialects.names(), "hospital")
    for name in tenants:
        _known(_table(tenants, name), ("policy",), f"tenants.{name} table")
    found = {"": _table(given, "policy")} | {name: _table(_table(tenants, name), "policy") for name in tenants}
    _fit(found)
    return {name: one for name, one in found.items() if one}


def _read() -> dict[str, Any]:
    if not FILE.exists():
        return {}
    try:
        return tomllib.loads(FILE.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        wrong(f"{FILE} cannot be read: {getattr(error, 'strerror', None) or error}.")


def _table(given: dict[str, Any], name: str) -> dict[str, Any]:
    found = given.get(name, {})
    if not isinstance(found, dict):
        wrong(f"{name} in {FILE} must be a table, as in [{name}].")
    return found


def _known(given: dict[str, Any], names: tuple[str, ...], what: str) -> None:
    from sickbay.authorization.policy import meant

    for name in given:
        if name.replace("-", "_") not in names:
            wrong(f"There is no {what} {name} in {FILE}{meant(name, names)}.")


def _fit(found: dict[str, dict[str, Any]]) -> None:
    from sickbay.authorization.policy import faults

    for name, one in found.items():
        for said in faults(one):
            wrong(f"{said} ({FILE}, {f'tenants.{name}.policy' if name else 'policy'}).")

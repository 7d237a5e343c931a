"""`sickbay reset`: restores the initial data and deletes sessions, tokens, launches and exchanges."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlencode

from sickbay.cli import admin_client
from sickbay.cli.argument_types import Data
from sickbay.cli.output import CommandError, print_note, prompt
from sickbay.kernel import english


def reset(*, tenant: str | None = None, everything: bool = False, yes: bool = False, data: Data = None) -> None:
    """Reset to the initial data.

    Parameters
    ----------
    tenant
        Reset only this hospital, such as general.
    everything
        Also remove the apps and users that you added, and without --tenant the snapshots.
    yes
        Don't ask for confirmation. Without a terminal, the command never asks.
    """
    body = ({"tenant": tenant} if tenant else {}) | ({"everything": True} if everything else {})
    if sys.stdin.isatty() and not yes:
        path = "/admin/reset" + (f"?{urlencode({name: str(value).lower() for name, value in body.items()})}" if body else "")
        losses = admin_client.ask(data, "GET", path)
        if not prompt(format_question(losses, tenant, everything)):
            raise CommandError("Nothing was reset.")
    admin_client.ask(data, "POST", "/admin/reset", body)
    print_note(f"Reset {tenant or 'all hospitals'} to the initial data.")


def format_question(losses: dict[str, Any], tenant: str | None, everything: bool) -> str:
    """Returns the question that lists the deleted data and asks for confirmation. losses: the JSON of `GET /admin/reset`."""
    changes, exchanges = losses["changes"], losses["exchanges"]
    added = english.join([english.count(losses["apps"], "app"), english.count(losses["users"], "user")])
    items = [
        "all changes to FHIR data, loaded resources included"
        if changes is None
        else f"{english.count(changes, 'change')} to FHIR data, loaded resources included",
        *([f"{added} that you added"] if everything else []),
        *([english.count(snapshots, "snapshot")] if (snapshots := losses.get("snapshots")) else []),
        "all exchanges of this hospital" if exchanges is None else english.count(exchanges, "exchange"),
        "all sign-ins, tokens, launches and consents, and changes of policies",
    ]
    kept = "" if everything else "Apps and users that you added stay.\n"
    lines = "".join(f"  - {item}\n" for item in items)
    return f"Resetting {tenant or 'all hospitals'} deletes:\n{lines}{kept}Reset? [y/N] "

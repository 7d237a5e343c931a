"""`sickbay snapshot`: saves, restores, lists and removes snapshots through /admin/snapshots."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from sickbay.cli import admin_client
from sickbay.cli.argument_types import Data
from sickbay.cli.output import as_json, help_epilogue, note, say, table
from sickbay.kernel import english

EXAMPLE = "sickbay snapshot save before-upgrade"
snapshot = App(
    name="snapshot", help="Save and restore everything that apps and users change.", help_epilogue=help_epilogue(EXAMPLE)
)
Name = Annotated[str, Parameter(name="NAME", help="1 to 64 of a to z, 0 to 9 and hyphens.")]
Json = Annotated[bool, Parameter(help="Print JSON.")]


@snapshot.command(help_epilogue=help_epilogue(EXAMPLE))
def save(name: Name, /, *, json: Json = False, data: Data = None) -> None:
    """Save a snapshot of FHIR data, apps, users, sessions, tokens, policies and the clock of all hospitals."""
    saved = admin_client.ask(data, "POST", "/admin/snapshots", {"name": name})
    if json:
        say(as_json(saved))
    else:
        note(f"Saved the snapshot {name} ({english.size(saved['bytes'])}).")


@snapshot.command(help_epilogue=help_epilogue("sickbay snapshot restore before-upgrade"))
def restore(name: Name, /, *, data: Data = None) -> None:
    """Restore a snapshot, on every worker.

    The journal, injected faults, administrators and signing keys stay as they are.
    """
    admin_client.ask(data, "POST", f"/admin/snapshots/{quote(name, safe='')}/restore")
    note(f"Restored the snapshot {name}.")


@snapshot.command(name="list", help_epilogue=help_epilogue("sickbay snapshot list"))
def list_(*, json: Json = False, data: Data = None) -> None:
    """List the snapshots, the newest first."""
    snapshots = admin_client.ask(data, "GET", "/admin/snapshots")
    if json:
        say(as_json(snapshots))
    elif snapshots:
        say(table([_row(saved) for saved in snapshots], ("NAME", "SAVED (UTC)", "SIZE", "HOSPITALS")))
    else:
        note("There are no snapshots.")


@snapshot.command(help_epilogue=help_epilogue("sickbay snapshot remove before-upgrade"))
def remove(name: Name, /, *, data: Data = None) -> None:
    """Remove a snapshot."""
    admin_client.ask(data, "DELETE", f"/admin/snapshots/{quote(name, safe='')}")
    note(f"Removed the snapshot {name}.")


def _row(saved: dict[str, Any]) -> tuple[str, ...]:
    return saved["name"], english.moment(saved["at"]), english.size(saved["bytes"]), ", ".join(saved["hospitals"])

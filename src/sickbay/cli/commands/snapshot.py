"""`sickbay snapshot`: saves, restores, lists and removes snapshots through /admin/snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from cyclopts import App, Parameter

from sickbay.cli import admin_client, folder
from sickbay.cli.argument_types import Data
from sickbay.cli.output import CommandError, format_json, format_table, help_epilogue, print_note, print_result
from sickbay.cli.paths import Place, PlaceOrNone
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
        print_result(format_json(saved))
    else:
        print_note(f"Saved the snapshot {name} ({english.describe_size(saved['bytes'])}).")


@snapshot.command(help_epilogue=help_epilogue("sickbay snapshot restore before-upgrade"))
def restore(name: Name, /, *, data: Data = None) -> None:
    """Restore a snapshot, on every worker.

    The journal, injected faults, administrators and signing keys stay as they are.
    """
    admin_client.ask(data, "POST", f"/admin/snapshots/{quote(name, safe='')}/restore")
    print_note(f"Restored the snapshot {name}.")


@snapshot.command(name="list", help_epilogue=help_epilogue("sickbay snapshot list"))
def list_(*, json: Json = False, data: Data = None) -> None:
    """List the snapshots, the newest first."""
    snapshots = admin_client.ask(data, "GET", "/admin/snapshots")
    if json:
        print_result(format_json(snapshots))
    elif snapshots:
        print_result(format_table([_snapshot_row(saved) for saved in snapshots], ("NAME", "SAVED (UTC)", "SIZE", "HOSPITALS")))
    else:
        print_note("There are no snapshots.")


@snapshot.command(help_epilogue=help_epilogue("sickbay snapshot remove before-upgrade"))
def remove(name: Name, /, *, data: Data = None) -> None:
    """Remove a snapshot."""
    admin_client.ask(data, "DELETE", f"/admin/snapshots/{quote(name, safe='')}")
    print_note(f"Removed the snapshot {name}.")


@snapshot.command(name="export", help_epilogue=help_epilogue("sickbay snapshot export before-upgrade"))
def export_(name: Name, file: Annotated[PlaceOrNone, Parameter(name="FILE")] = None, /, *, data: Data = None) -> None:
    """Write a snapshot to a file that you can attach to a bug report.

    The file has no keys, sessions, tokens, secrets or password hashes. It has the FHIR data that was written.

    Parameters
    ----------
    file
        The zip to write (default: NAME.zip in the current folder). A file of this name is replaced.
    """
    content = admin_client.download(data, f"/admin/snapshots/{quote(name, safe='')}/export")
    place = file or Path(f"{name}.zip")
    try:
        with folder.open_drafts(place.parent) as files:
            files.file(place.name).write(content)
    except OSError as error:
        raise CommandError(f"{place} can't be written: {error.strerror}.") from None
    print_note(f"Exported the snapshot {name} to {place} ({english.describe_size(len(content))}).")


@snapshot.command(name="import", help_epilogue=help_epilogue("sickbay snapshot import before-upgrade.zip"))
def import_(
    file: Annotated[Place, Parameter(name="FILE")],
    name: Annotated[str | None, Parameter(name="NAME")] = None,
    /,
    *,
    json: Json = False,
    data: Data = None,
) -> None:
    """Add the snapshot in a file. Restore it to use it.

    Users get the password `sickbay`. Apps with a secret get a new one, which is shown only here.

    Parameters
    ----------
    file
        A zip that `sickbay snapshot export` wrote.
    name
        The snapshot's name (default: the one in the file).
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}.", 2) from None
    path = "/admin/snapshots/import" + (f"?name={quote(name, safe='')}" if name is not None else "")
    imported = admin_client.upload(data, path, content, "application/zip")
    if json:
        print_result(format_json(imported))
        return
    name = imported["name"]
    print_note(f"Imported the snapshot {name}. Run `sickbay snapshot restore {name}` to use it.")
    if secrets := imported["apps"]:
        print_note("New secrets, shown only now:")
        columns = ("tenant", "app_id", "client_id", "client_secret")
        print_result(
            format_table(
                [tuple(app[column] for column in columns) for app in secrets],
                ("HOSPITAL", "APP_ID", "CLIENT_ID", "CLIENT_SECRET"),
            )
        )


def _snapshot_row(saved: dict[str, Any]) -> tuple[str, ...]:
    hospitals = ", ".join(saved["hospitals"])
    return saved["name"], english.format_time(saved["at"]), english.describe_size(saved["bytes"]), hospitals

"""`sickbay hospitals`: adds, lists and removes hospitals through /admin/hospitals."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from cyclopts import App, Parameter

from sickbay.cli import admin_client, byte_order_mark
from sickbay.cli.argument_types import Data
from sickbay.cli.output import CommandError, format_json, format_table, help_epilogue, print_note, print_result

EXAMPLE = "sickbay hospitals add riverside.toml"
hospitals = App(name="hospitals", help="Add hospitals of your own.", help_epilogue=help_epilogue(EXAMPLE))
Json = Annotated[bool, Parameter(help="Print JSON.")]


@hospitals.command(name="list", help_epilogue=help_epilogue("sickbay hospitals list"))
def list_(*, json: Json = False, data: Data = None) -> None:
    """List the hospitals."""
    found = admin_client.ask(data, "GET", "/admin/hospitals")
    if json:
        print_result(format_json(found))
        return
    rows: list[tuple[str, ...]] = []
    for row in found:
        rows.append((row["name"], row["title"], ", ".join(row["fhir"]), "added" if row["added"] else "built in"))
    print_result(format_table(rows, ("HOSPITAL", "TITLE", "FHIR", "FROM")))


@hospitals.command(help_epilogue=help_epilogue(EXAMPLE))
def add(
    file: Annotated[str, Parameter(name="FILE", help="A TOML or JSON file; - reads TOML from standard input.")],
    /,
    *,
    json: Json = False,
    data: Data = None,
) -> None:
    """Add the hospital that a file describes. A running Sickbay serves it at once."""
    text = _read_hospital_file(file)
    media_type = "application/json" if file.endswith(".json") else "application/toml"
    try:
        added = admin_client.ask(data, "POST", "/admin/hospitals", admin_client.RequestContent(text, media_type))
    except CommandError as error:
        raise CommandError(str(error).replace("The file ", f"{file} ", 1), error.code) from error
    if json:
        print_result(format_json(added))
        return
    print_note(f"Added {added['title']}.")
    rows = [("EHR", added["ehr"]), *((f"FHIR {version}", base) for version, base in added["fhir"].items())]
    print_result(format_table([*rows, ("authorize", added["authorize"]), ("token", added["token"])], ("ENDPOINT", "URL")))


@hospitals.command(help_epilogue=help_epilogue("sickbay hospitals remove riverside"))
def remove(name: Annotated[str, Parameter(name="NAME", help="The hospital's name.")], /, *, data: Data = None) -> None:
    """Remove a hospital that was added, with its apps, users and data."""
    admin_client.ask(data, "DELETE", f"/admin/hospitals/{quote(name, safe='')}")
    print_note(f"Removed {name}.")


def _read_hospital_file(file: str) -> str:
    return sys.stdin.read() if file == "-" else byte_order_mark.read_file(Path(file))

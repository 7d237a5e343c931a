"""The reference of the settings: every key of sickbay.toml and every SICKBAY_ variable."""

from __future__ import annotations

from typing import Any

from tools.reference import options
from tools.reference.options import Option
from tools.reference.tables import WRITTEN, quote_code, write_table

from sickbay.cli.config_file import OPTIONS, TRUSTED

HEAD = ("key", "value", "default", "what it does", "commands")
INTRODUCTION = f"""# Settings

{WRITTEN}

Each setting can be given in four ways. Earlier ones override later ones:

1. an option of the command: `--max-connections 500`
2. an environment variable: `SICKBAY_MAX_CONNECTIONS=500`
3. the file that `--config` or `SICKBAY_CONFIG` names, or `sickbay.toml` in the current folder: `max_connections = 500`
4. `~/.config/sickbay/sickbay.toml`, unless a file was named

A misspelt key in a file is refused with a suggestion. Keys marked with * are ignored in a `sickbay.toml` of the
current folder, because it may come from a repository that you cloned; see
[Configuration files](../security.md#configuration-files). Put them into another file.

[sickbay-toml.schema.json](sickbay-toml.schema.json) is the JSON Schema of the file, for editors. With the extension
Even Better TOML or with Taplo, write `#:schema` and the path of the schema in the first line of `sickbay.toml`.

"""

TABLES = """## Tables

`[policy]` sets policies of all hospitals, `[tenants.NAME.policy]` of one: see [Policies](policies.md).
`[[tenants.NAME.resources]]` adds a server that tokens can be for, with `url`, `name`, `scopes` and `client_id`: see
[Give an agent access to an EHR](../how-to/agent-access.md).
"""


def make_page() -> str:
    everything = options.list_options()
    serve = {name: entries for name, entries in everything.items() if entries[0].command == "serve"}
    others = {name: entries for name, entries in everything.items() if name not in serve and name in OPTIONS}
    return (
        INTRODUCTION
        + f"## Settings of the server\n\n{_write_table(serve)}\n\n## Settings of other commands\n\n{_write_table(others)}\n\n"
        + TABLES
    )


def _write_table(entries: dict[str, list[Option]]) -> str:
    return write_table(HEAD, [_setting_row(name, listed) for name, listed in entries.items()])


def _setting_row(name: str, listed: list[Option]) -> tuple[str, ...]:
    first = listed[0]
    star = "*" if name in TRUSTED else ""
    commands = ", ".join(dict.fromkeys(option.command for option in listed))
    default = "" if first.default is False else quote_code(first.default)
    return f"`{name}`{star}", describe(first.schema), default, first.help, commands


def describe(schema: dict[str, Any]) -> str:
    """The values that a schema allows, in words."""
    if "enum" in schema:
        return ", ".join(quote_code(value) for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {describe(schema['items'])}"
    if schema.get("type") == "boolean":
        return "`true`, `false`"
    return {"integer": "whole number", "string": "text"}.get(schema.get("type", ""), str(schema.get("type", "any")))

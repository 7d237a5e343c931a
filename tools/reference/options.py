"""The options of all commands, as the command line defines them."""

from __future__ import annotations

import datetime
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from cyclopts import App

from sickbay.cli.command_line import app

SIMPLE = {str: "string", Path: "string", datetime.date: "string", int: "integer", float: "number", bool: "boolean"}


class Option(NamedTuple):
    """name: as in sickbay.toml. schema: JSON Schema of its value there. command: the first command that has it."""

    name: str
    schema: dict[str, Any]
    default: Any
    help: str
    command: str


def list_options() -> dict[str, list[Option]]:
    """All options by name; an option that several commands have is listed for each."""
    by_name: dict[str, list[Option]] = {}
    for command, subcommand in list_commands(app, ()):
        for option in _options_of_command(" ".join(command), subcommand):
            by_name.setdefault(option.name, []).append(option)
    return dict(sorted(by_name.items()))


def list_commands(parent: App, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], App]]:
    """Yields the path and the app of each command that can be called."""
    for name in parent:
        if not name.startswith("-"):
            child = parent[name]
            if child.default_command is not None:
                yield (*path, name), child
            yield from list_commands(child, (*path, name))


def _options_of_command(command: str, subcommand: App) -> Iterator[Option]:
    texts = _help_texts(subcommand)
    for argument in subcommand.assemble_argument_collection():
        names = [name for name in argument.names if name.startswith("--")]
        if names and argument.show and names[0] == names[0].lower():
            default = argument.field_info.default
            known = None if default is argument.field_info.empty else default
            help_text = argument.parameter.help or texts.get(names[0], "")
            yield Option(names[0][2:].replace("-", "_"), make_schema(argument.hint), known, help_text, command)


def _help_texts(subcommand: App) -> dict[str, str]:
    """The texts that help shows. Those in docstrings are only there."""
    with subcommand.app_stack([subcommand]):
        panels = subcommand._assemble_help_panels([], "markdown")
    return {name: _plain_text(entry.description) for _, panel in panels for entry in panel.entries for name in entry.names}


def _plain_text(description: Any) -> str:
    renderable = getattr(description, "primary_renderable", None) or description or ""
    return str(getattr(renderable, "markup", renderable))


def make_schema(hint: Any) -> dict[str, Any]:
    """The JSON Schema of an option's type."""
    hint = getattr(hint, "__origin__", hint) if hasattr(hint, "__metadata__") else hint
    if get_origin(hint) in (Union, types.UnionType):
        return make_schema(next(part for part in get_args(hint) if part is not type(None)))
    if get_origin(hint) is Literal:
        return {"enum": list(get_args(hint))}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": make_schema(get_args(hint)[0])}
    return {"type": SIMPLE[hint]}

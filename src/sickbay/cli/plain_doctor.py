"""Reads a plain command line of `sickbay doctor` without the library that parses all others, which takes long to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sickbay.cli import config_file

SWITCHES = {"--json": "json", "--all": "everything"}
OPTIONS = ("exchange", "live", "self", "everything", "all", "json", "jsonl")
"""The names that the environment may set. --data matters only with --self."""


def read_options(arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any] | None:
    """Returns the options; None if there are any besides SWITCHES, or if the environment or a file sets some."""
    if (
        arguments[:1] != ["doctor"]
        or any(f"SICKBAY_{name.upper()}" in environment for name in OPTIONS)
        or config_file.is_present()
    ):
        return None
    given = [argument for argument in arguments[1:] if argument not in SWITCHES]
    if len(given) > 1 or any(argument.startswith("-") and argument != "-" for argument in given):
        return None
    switches = {SWITCHES[argument]: True for argument in arguments[1:] if argument in SWITCHES}
    return {"exchange": given[0] if given else None, **switches}

"""Reads a plain command line of `sickbay serve` without the library that parses all others, which takes long to import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sickbay.cli import config_file

SWITCHES = ("--ephemeral", "--json")
NUMBERS = ("--port", "--patients")
LARGEST = 65_535
FOLDER_OPTIONS = ("patients",)
"""The options that are stored in the data folder."""


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any] | None:
    """The settings; None if there are other options or unusual values, or if the environment or a file sets some."""
    if arguments[:1] != ["serve"] or any(name.startswith("SICKBAY_") for name in environment) or config_file.is_present():
        return None
    settings: dict[str, Any] = {}
    rest = iter(arguments[1:])
    for option in rest:
        value = True if option in SWITCHES else _read_value(option, next(rest, ""))
        if value is None or option[2:] in settings:
            return None
        settings[option[2:]] = value
    return None if {"data", "ephemeral"} <= settings.keys() else settings


def _read_value(option: str, text: str) -> int | str | None:
    """The value of an option; None if the parser of all options has to look at it, because it may be wrong."""
    if option == "--data":
        return text if text[:1] not in ("", "-") else None
    is_number = option in NUMBERS and text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST))
    return number if is_number and (number := int(text)) <= LARGEST else None

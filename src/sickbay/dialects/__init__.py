"""The differences between vendors as data: one TOML file for each dialect. No vendor is named in code."""

from sickbay.dialects.dialect import (
    STANDARD,
    STANDARD_PATHS,
    Dialect,
    ErrorWording,
    ResponseStyle,
    list_names,
    load,
    read,
    read_document,
    short_path,
)

__all__ = [
    "STANDARD",
    "STANDARD_PATHS",
    "Dialect",
    "ErrorWording",
    "ResponseStyle",
    "list_names",
    "load",
    "read",
    "read_document",
    "short_path",
]

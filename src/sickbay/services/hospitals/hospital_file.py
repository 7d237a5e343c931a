"""Reads the file that describes a hospital, and finds the lines of its keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from sickbay.protocol import unicode

MAXIMUM_CHARACTERS: Final = 64_000
RESERVED: Final = frozenset(
    """admin developer docs doctor exchanges healthz llms.txt mcp metrics readyz rules static theme timelines .well-known
    """.split()
)
"""First segments of Sickbay's own addresses."""
KeyPath: TypeAlias = tuple[str | int, ...]
"""The keys that lead to a value, and the positions in lists: ("users", 0, "username")."""
_HEADER: Final = re.compile(r"(\[\[?)([^\[\]]{1,200})\]")
_KEY: Final = re.compile(r"([A-Za-z0-9_.\"'-]{1,200})[ \t]{0,100}=")
_LINE_OF_ERROR: Final = re.compile(r"\(at line (\d+), column \d+\)")


class FileProblem(NamedTuple):
    """A problem in the file. line: from 1; 0 if it isn't known, as in JSON."""

    line: int
    sentence: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.sentence}" if self.line else self.sentence


class HospitalFile(NamedTuple):
    """document: the parsed file. lines: the line of each key of a TOML file."""

    document: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    def problem(self, path: KeyPath, sentence: str) -> FileProblem:
        """A problem with the value at this path, on its line or that of the nearest key around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return FileProblem(self.lines.get(path, 0), sentence)


def read_hospital_file(text: str, *, toml: bool = True) -> HospitalFile | FileProblem:
    """Parse the file. toml: otherwise it is JSON."""
    if len(text) > MAXIMUM_CHARACTERS:
        return FileProblem(0, f"The file has {len(text):,} characters; at most {MAXIMUM_CHARACTERS:,} are read.")
    try:
        document = tomllib.loads(text.removeprefix("\ufeff")) if toml else unicode.loads(text, unique=True)
    except tomllib.TOMLDecodeError as error:
        return _unreadable_toml(text, str(error))
    except ValueError as error:
        return FileProblem(0, f"The file isn't valid JSON: {error}.")
    if not isinstance(document, dict):
        return FileProblem(0, 'The file must be one object, such as {"name": "riverside", "title": "Riverside Hospital"}.')
    return HospitalFile(document, find_lines(text) if toml else {})


def _unreadable_toml(text: str, error: str) -> FileProblem:
    found = _LINE_OF_ERROR.search(error)
    line = int(found[1]) if found else text.count("\n") + 1
    return FileProblem(line, f"The file isn't TOML: {_LINE_OF_ERROR.sub('', error).strip()}.")


def find_lines(text: str) -> dict[KeyPath, int]:
    """The first line of each key and table of a TOML text. Keys in inline tables have the line of the table."""
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    for number, line in enumerate(map(str.lstrip, text.splitlines()), 1):
        if header := _HEADER.match(line):
            table = _table_path(lines, header[1] == "[[", _split_key(header[2]))
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_split_key(key[1])), number)
    return lines


def _split_key(dotted: str) -> tuple[str, ...]:
    parts = re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted)
    return tuple(part.strip("\"'") for part in parts)


def _table_path(lines: Mapping[KeyPath, int], is_list: bool, keys: tuple[str, ...]) -> KeyPath:
    if not is_list:
        return keys
    position = 0
    while (*keys, position) in lines:
        position += 1
    return (*keys, position)

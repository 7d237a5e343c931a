"""What a command says: results on standard output, trouble in one sentence on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson

from sickbay.cli.streams import shown


class CommandError(Exception):
    """One sentence for the person who typed the command. code: what the process ends with; 2 is a wrong argument."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def wrong(sentence: str) -> NoReturn:
    """The command was used wrongly."""
    raise CommandError(sentence, 2)


def say(text: str) -> None:
    """The result, on standard output. What a terminal would obey is escaped; nothing else prints (a test sees to it)."""
    print(shown(text))


def note(text: str) -> None:
    """Said besides the result: never on standard output, which scripts read."""
    print(shown(text), file=sys.stderr)


def note_counts(place: object, counts: Mapping[str, int], none: str) -> None:
    """What was written there, by type; none: in place of nothing."""
    note(f"{place}: " + (", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items())) or none))


def as_json(value: Any, *, pretty: bool = True) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 if pretty else 0).decode()
    except TypeError:  # half of a surrogate pair, which only an escape can say
        return json.dumps(value, indent=2 if pretty else None)


def table(rows: list[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """Columns as wide as their widest cell; no frame, so that it can be cut and pasted. A row is one line whatever it holds."""
    head, rows = _line(head), [_line(row) for row in rows]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows))


def _line(row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(shown(cell, "") for cell in row)

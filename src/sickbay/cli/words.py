"""What a command says: results on standard output, trouble in one sentence on standard error."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import orjson


class Trouble(Exception):
    """One sentence for the person who typed the command. code: what the process ends with; 2 is a wrong argument."""

    def __init__(self, sentence: str, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def wrong(sentence: str) -> NoReturn:
    """The command was used wrongly."""
    raise Trouble(sentence, 2)


def note(text: str) -> None:
    """Said besides the result: never on standard output, which scripts read."""
    print(text, file=sys.stderr)


def note_counts(place: object, counts: Mapping[str, int], none: str) -> None:
    """What was written there, by type; none: in place of nothing."""
    note(f"{place}: " + (", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items())) or none))


def as_json(value: Any, *, pretty: bool = True) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 if pretty else 0).decode()


def table(rows: list[tuple[str, ...]], head: tuple[str, ...]) -> str:
    """Columns as wide as their widest cell; no frame, so that it can be cut and pasted."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows))

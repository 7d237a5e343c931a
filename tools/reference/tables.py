"""Tables and values in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

WRITTEN = "Written by `make docs` from the code."


def write_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_escape_cell(text) for text in line) + " |" for line in lines)


def quote_code(value: Any) -> str:
    """A value as code: text as it is, everything else as JSON; "" for None and for empty values."""
    if value is None or value == () or value == []:
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _escape_cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())

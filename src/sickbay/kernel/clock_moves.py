"""Parses clock moves such as +2h, -30m and +1d12h."""

from __future__ import annotations

import re
from typing import Final

UNIT_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_MOVE: Final = re.compile(r"[+-](?:[0-9]{1,9}[smhdw]){1,5}")
_PART: Final = re.compile(r"([0-9]{1,9})([smhdw])")


def parse_move(text: str) -> int | None:
    """Returns the seconds, negative for a move back; None if the text isn't a move."""
    if not _MOVE.fullmatch(text):
        return None
    seconds = sum(int(number) * UNIT_SECONDS[unit] for number, unit in _PART.findall(text))
    return -seconds if text.startswith("-") else seconds

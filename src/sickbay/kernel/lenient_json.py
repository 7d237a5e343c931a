"""Parses text that may be JSON."""

from __future__ import annotations

import json
from typing import Any


def load_json(text: str) -> Any:
    """None if it isn't JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None

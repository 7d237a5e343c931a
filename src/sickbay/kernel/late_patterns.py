"""Regular expressions that are compiled on first use, because a text needs only a few of the doctor's hundreds."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, cast


class _LatePattern:
    def __init__(self, pattern: str, flags: int) -> None:
        self._source = pattern, flags

    def __getattr__(self, name: str) -> Any:
        """Called for a name that isn't set. Setting it makes all later uses as fast as those of the pattern."""
        value = getattr(re.compile(*self._source), name)
        setattr(self, name, value)
        return value


def compile_late(pattern: str, flags: int = 0) -> re.Pattern[str]:
    """Like `re.compile`. The functions of `re` don't accept the result as a pattern: call its methods."""
    return cast("re.Pattern[str]", _LatePattern(pattern, flags))


compile_once = cache(re.compile)
"""Like `re.compile`, but keeps every pattern. For patterns from data files, whose number is fixed."""

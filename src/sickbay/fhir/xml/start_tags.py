"""Finds an element with too many attributes, before Expat reads it. Expat reads an element at once, and meanwhile no other
thread of Python runs: 400,000 attributes take more than a second.
"""

from __future__ import annotations

import re
from typing import Final

MAXIMUM_ATTRIBUTES: Final = 1000
SMALL: Final = 100_000
"""Length in characters below which a text isn't searched, because its elements can't take long."""
_TAG = re.compile(r"""(?:"[^"<]*+"|'[^'<]*+'|[^"'<>]++)*+""")


def has_too_many_attributes(text: str) -> bool:
    """Whether an element of the XML text has more than MAXIMUM_ATTRIBUTES. A text below SMALL characters isn't searched."""
    if len(text) < SMALL:
        return False
    start = text.find("<") + 1
    while start:
        end = text.find("<", start)
        if (end if end >= 0 else len(text)) - start > MAXIMUM_ATTRIBUTES and _count_attributes(
            text, start
        ) > MAXIMUM_ATTRIBUTES:
            return True
        start = end + 1
    return False


def _count_attributes(text: str, start: int) -> int:
    """Returns the number of attributes of the element whose name begins here; 0 for a comment or an instruction."""
    tag = _TAG.match(text, start)
    return tag[0].count("=") if tag is not None and text[start : start + 1] not in "!?" else 0

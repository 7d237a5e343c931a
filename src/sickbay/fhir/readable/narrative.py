"""Turns the XHTML of a narrative into plain text, so that no script in it can run."""

from __future__ import annotations

import html
import re
from typing import Final

NARRATIVE_CHARACTERS: Final = 50_000
_BREAK = re.compile(r"<(?:/?(?:p|div|tr|li|h[1-6]|table|ul|ol|br)\b[^<>]*+)>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*+>|<")
"""Matches a tag, or the `<` of a tag that has no end."""
_SPACES = re.compile(r"[^\S\n]++")


def read_narrative(div: str) -> str:
    """Returns the text of a narrative, with a line for each paragraph, row and item. Tags are removed, so scripts become text.

    Only the beginning of a long one is read.
    """
    if len(div) > NARRATIVE_CHARACTERS:
        div = f"{div[:NARRATIVE_CHARACTERS].rpartition('<')[0]}…"
    text = _TAG.sub("", _CELL.sub(" · ", _BREAK.sub("\n", div.replace("\n", " "))))
    lines = (_SPACES.sub(" ", html.unescape(line)).strip(" ·") for line in text.split("\n"))
    return "\n".join(filter(None, lines))

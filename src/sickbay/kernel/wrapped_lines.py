"""Undoes the line breaks of wrapped paragraphs."""

from __future__ import annotations

from itertools import pairwise

SHORTEST_WIDTH = 40
"""Lines that are all shorter weren't wrapped."""


def join_lines(text: str) -> str:
    """Replaces line breaks in wrapped paragraphs with spaces: those before which the next word didn't fit."""
    return "\n\n".join(map(_join_paragraph, text.split("\n\n")))


def _join_paragraph(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.split("\n")]
    width = max(SHORTEST_WIDTH, *map(len, lines))
    breaks = (
        " " if line and following and len(line) + 1 + len(following.split(" ", 1)[0]) > width else "\n"
        for line, following in pairwise(lines)
    )
    return lines[0] + "".join(f"{end}{line}" for end, line in zip(breaks, lines[1:], strict=True))

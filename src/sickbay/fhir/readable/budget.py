"""Limits how much text a page gets, counted as bytes of HTML, and remembers whether something was left out."""

from __future__ import annotations

from typing import Final

VALUE_CHARACTERS: Final = 2_000
"""Maximum number of characters shown of a value. The raw JSON shows the whole value."""
_ESCAPED: Final = "&<>\"'"
"""Characters that take up to six bytes in HTML."""


def html_bytes(text: str) -> int:
    """Returns an upper limit for the bytes that this text takes in a page."""
    return len(text.encode("utf-8", "replace")) + 5 * sum(map(text.count, _ESCAPED))


class PageBudget:
    """The remaining size of a page. bytes: those of text and of the markup around it."""

    def __init__(self, bytes: int) -> None:
        self._left = bytes
        self.is_exceeded = False

    @property
    def is_spent(self) -> bool:
        """Whether nothing more fits. Also records that something was left out, because the caller then omits it."""
        if self._left <= 0:
            self.is_exceeded = True
        return self._left <= 0

    def take(self, text: str, markup: int) -> str:
        """Returns the text, or the start of a long one. markup: size of the markup around it, in bytes."""
        text = shorten_text(text, VALUE_CHARACTERS)
        self._left -= html_bytes(text) + markup
        return text


def shorten_text(text: str, characters: int) -> str:
    """Returns the start of a text, and how many characters are missing."""
    if len(text) <= characters:
        return text
    return f"{text[:characters]}… ({len(text) - characters:,} more characters)"


def cut_lines(text: str, bytes: int) -> tuple[str, int]:
    """Returns the first lines that fit into this many bytes of HTML, and how many bytes of the text are missing."""
    if html_bytes(text) <= bytes:
        return text, 0
    low, high = 0, min(len(text), bytes)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if html_bytes(text[:middle]) <= bytes else (low, middle - 1)
    end = text.rfind("\n", 0, low) + 1 or low
    return text[:end], len(text[end:].encode("utf-8", "replace"))

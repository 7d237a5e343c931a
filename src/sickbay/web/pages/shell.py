"""Text that is safe to paste: as a word of a shell, as a URL, as a string of JavaScript, and as a line in a terminal.

What is copied comes from a request that anybody may have sent. No character of it may end a quotation, begin an option,
name a file for curl, or reach a terminal as a control character or a change of the writing direction.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote

PLAIN = re.compile(r"[A-Za-z0-9/][A-Za-z0-9_./:,%+-]*")
"""What no shell reads as anything but itself: without ~ and =, which zsh expands at the beginning of a word."""
WEB = re.compile(r"https?://", re.I)
GLOBS = re.compile(r"[\[\]{}]")
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A method or a header's name (RFC 9110, 5.6.2)."""


def word(text: str) -> str:
    """One word of a POSIX shell that stands for exactly this text, as far as it can be shown (`shown`)."""
    text = shown(text, "\n\t")
    return text if PLAIN.fullmatch(text) else "'" + text.replace("'", "'\"'\"'") + "'"


def is_shown(text: str, keep: str = "") -> bool:
    """Whether every character of it can be seen, or is one of `keep`."""
    return text.isprintable() or all(char.isprintable() or char in keep for char in text)


def shown(text: str, keep: str = "") -> str:
    """The text with every character that cannot be seen written out as <U+XXXX>."""
    if is_shown(text, keep):
        return text
    return "".join(char if char.isprintable() or char in keep else f"<U+{ord(char):04X}>" for char in text)


def encoded(text: str) -> str:
    """For a query or a form: everything but unreserved characters is percent-encoded."""
    return quote(text, safe="~.-_", errors="surrogatepass")


def address(text: str) -> str:
    """A URL as it was sent, with what no URL has percent-encoded: blanks, quotes, and what cannot be seen."""
    return "".join(
        char if char.isprintable() and char not in " \"<>\\^`|'" else quote(char, safe="", errors="surrogatepass")
        for char in text
    )


def script(text: str) -> str:
    """A string of JavaScript. What cannot be seen is escaped."""
    return escaped(json.dumps(text, ensure_ascii=False))


def escaped(text: str) -> str:
    r"""JSON or JavaScript in which what cannot be seen stands as \uXXXX; blanks between its members stay."""
    if is_shown(text, "\n\t"):
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else json.dumps(char)[1:-1] for char in text)

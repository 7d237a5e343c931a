"""Text that is safe to paste: as a word in a shell, as a URL, as a JavaScript string, and as a line in a terminal.

The text comes from a request that anyone may have sent. None of its characters may end a quotation, start an option,
name a file for curl, or reach a terminal as a control character or as a change of the writing direction.
"""

from __future__ import annotations

import json
import re
from urllib.parse import quote

PLAIN = re.compile(r"[A-Za-z0-9/][A-Za-z0-9_./:,%+-]*")
"""Characters without a special meaning in any shell. Not ~ and =, which zsh expands at the start of a word."""
WEB = re.compile(r"https?://", re.I)
GLOBS = re.compile(r"[\[\]{}]")
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A method or a header's name (RFC 9110, 5.6.2)."""


def word(text: str) -> str:
    """Quote the text as one word of a POSIX shell. Invisible characters are written out (`shown`)."""
    text = shown(text, "\n\t")
    return text if PLAIN.fullmatch(text) else "'" + text.replace("'", "'\"'\"'") + "'"


def is_shown(text: str, keep: str = "") -> bool:
    """Whether every character is visible or one of `keep`."""
    return text.isprintable() or text.translate(dict.fromkeys(map(ord, keep))).isprintable()


def shown(text: str, keep: str = "") -> str:
    """Write out every invisible character as <U+XXXX>."""
    if is_shown(text, keep):
        return text
    return "".join(char if char.isprintable() or char in keep else f"<U+{ord(char):04X}>" for char in text)


def encoded(text: str) -> str:
    """Percent-encode everything except unreserved characters, for a query or a form."""
    return quote(text, safe="~.-_", errors="surrogatepass")


def address(text: str) -> str:
    """Percent-encode what a URL can't contain: spaces, quotes and invisible characters. The rest stays as it was sent."""
    return "".join(
        char if char.isprintable() and char not in " \"<>\\^`|'" else quote(char, safe="", errors="surrogatepass")
        for char in text
    )


def script(text: str) -> str:
    """A JavaScript string literal, with invisible characters escaped."""
    return escaped(json.dumps(text, ensure_ascii=False))


def escaped(text: str) -> str:
    r"""JSON or JavaScript with invisible characters as \uXXXX; its own spaces and line breaks stay."""
    if is_shown(text, "\n\t"):
        return text
    return "".join(char if char.isprintable() or char in "\n\t" else json.dumps(char)[1:-1] for char in text)

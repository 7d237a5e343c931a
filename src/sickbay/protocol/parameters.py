"""Parses query strings and forms. Keeps their order, repetitions and raw text, because explanations quote them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from operator import itemgetter
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from msgspec import Struct

from sickbay.kernel.memoize import memoize

MAXIMUM_PARAMETERS = 1000
"""The maximum number of parameters that are parsed separately."""
_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*")
_NAME: Callable[[tuple[str, str]], object] = itemgetter(0)


class Parameters(Struct, frozen=True, dict=True):
    """Decoded pairs in the order received, and the raw text they were decoded from (RFC 6749 appendix B)."""

    pairs: tuple[tuple[str, str], ...] = ()
    raw: str = ""

    @cached_property
    def get(self) -> Callable[[str], str | None]:
        """Returns the first value of a name that isn't empty, or None. Empty values count as not sent (RFC 6749 3.1).

        A dictionary's method, because an authorization code flow calls it about a hundred times.
        """
        return {name: value for name, value in reversed(self.pairs) if value}.get

    @property
    def sent(self) -> Iterator[object]:
        """The names in the order received, including repeated ones."""
        return map(_NAME, self.pairs)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.pairs if key == name)

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for key, _ in self.pairs))

    def list_repeated_names(self) -> tuple[str, ...]:
        """Returns names that occur more than once (RFC 6749 3.1: MUST NOT)."""
        if len(dict(self.pairs)) == len(self.pairs):
            return ()
        return tuple(name for name, count in Counter(name for name, _ in self.pairs).items() if count > 1)

    def __contains__(self, name: object) -> bool:
        return name in self.sent

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    def replace(self, changes: Sequence[tuple[str, str | None]]) -> Parameters:
        """Returns a copy in which each name occurs once with its new value. None removes a name; new names are appended."""
        pairs = list(self.pairs)
        for name, value in changes:
            pairs = _set_parameter(pairs, name, value)
        return Parameters(tuple(pairs), encode(pairs))


def _set_parameter(pairs: list[tuple[str, str]], name: str, value: str | None) -> list[tuple[str, str]]:
    indexes = [index for index, (key, _) in enumerate(pairs) if key == name]
    remaining = [pair for pair in pairs if pair[0] != name]
    if value is not None:
        remaining.insert(indexes[0] if indexes else len(remaining), (name, value))
    return remaining


_NONE = Parameters()


def parse(raw: str) -> Parameters:
    """Form-decodes the text once. Never fails: invalid bytes become U+FFFD, which no registered value contains.

    Everything after MAXIMUM_PARAMETERS parameters becomes part of the last value, which limits the time for comparing them.
    """
    if not raw:
        return _NONE
    pairs: list[tuple[str, str]] = []
    for piece in raw.split("&", MAXIMUM_PARAMETERS - 1):
        if piece:
            name, _, value = piece.partition("=")
            literal = "%" not in piece and "+" not in piece
            pairs.append((name, value) if literal else (_decode_text(name), _decode_text(value)))
    return Parameters(tuple(pairs), raw)


def find_first_value(raw: str, name: str) -> str | None:
    """Returns the decoded value of the first parameter with this name, without parsing the others. The name is plain."""
    start = f"&{raw}".find(f"&{name}=")
    return None if start < 0 else _decode_text(raw[start + len(name) + 1 :].partition("&")[0])


def _decode_text(text: str) -> str:
    """Decodes a text. Most texts don't need it, so they are returned as they are."""
    if "%" not in text and "+" not in text:
        return text
    return _decode_cached(text)


@memoize(512)
def _decode_cached(text: str) -> str:
    """Decodes a text. Cached, because apps repeat redirect_uri, aud and scope. ASCII text takes half the time."""
    if text.isascii():
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")
    return unquote_plus(text, errors="replace")


def encode(pairs: Sequence[tuple[str, str]]) -> str:
    """The inverse of parse. A space becomes %20, which all servers read in the same way."""
    return "&".join([f"{_encode_text(name)}={_encode_text(value)}" for name, value in pairs])


def _encode_text(text: str) -> str:
    """Skips the encoding for texts that don't need it, such as nearly all names and codes."""
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe="", errors="replace")

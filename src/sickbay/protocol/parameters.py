"""Query strings and forms as they came: order, repetition and raw text kept, since explanations quote them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from sickbay.kernel.memoize import memoize

MANY = 1000
"""Parameters of a request."""
_NAME: Callable[[tuple[str, str]], object] = itemgetter(0)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Decoded pairs in the order received, and the raw text they were decoded from (RFC 6749 appendix B)."""

    pairs: tuple[tuple[str, str], ...] = ()
    raw: str = ""
    _first: dict[str, str] | None = field(default=None, init=False, repr=False, compare=False)
    """What `get` says: a code flow asks a hundred times."""

    @property
    def sent(self) -> Iterator[object]:
        """The names as they came, repeated ones too."""
        return map(_NAME, self.pairs)

    def get(self, name: str) -> str | None:
        """The first value, or None; an empty value is as if it were not sent (RFC 6749 3.1)."""
        first = self._first
        if first is None:
            first = {key: value for key, value in reversed(self.pairs) if value}
            object.__setattr__(self, "_first", first)
        return first.get(name)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.pairs if key == name)

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for key, _ in self.pairs))

    def repeated(self) -> tuple[str, ...]:
        """Names that occur more than once (RFC 6749 3.1: MUST NOT)."""
        if len(self.names()) == len(self.pairs):
            return ()
        return tuple(name for name, count in Counter(name for name, _ in self.pairs).items() if count > 1)

    def __contains__(self, name: object) -> bool:
        return name in self.sent

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.pairs)

    def replaced(self, changes: Sequence[tuple[str, str | None]]) -> Parameters:
        """A copy with each name set once to its new value, in place; None removes it; unknown names go to the end."""
        pairs = list(self.pairs)
        for name, value in changes:
            pairs = _set(pairs, name, value)
        return Parameters(tuple(pairs), encode(pairs))


def _set(pairs: list[tuple[str, str]], name: str, value: str | None) -> list[tuple[str, str]]:
    places = [index for index, (key, _) in enumerate(pairs) if key == name]
    kept = [pair for pair in pairs if pair[0] != name]
    if value is not None:
        kept.insert(places[0] if places else len(kept), (name, value))
    return kept


_NONE = Parameters()


def parse(raw: str) -> Parameters:
    """Form-decode once. Never fails: undecodable bytes become U+FFFD, which no registered value contains.

    Of more than MANY all that follows stands in the value of the last: nobody waits for thousands to be compared.
    """
    if not raw:
        return _NONE
    pairs: list[tuple[str, str]] = []
    for piece in raw.split("&", MANY - 1):
        if piece:
            name, _, value = piece.partition("=")
            pairs.append((_decoded(name), _decoded(value)))
    return Parameters(tuple(pairs), raw)


def _decoded(text: str) -> str:
    """Most needs no decoding, and most that does is ASCII, which takes half the time."""
    if "%" not in text and "+" not in text:
        return text
    return _unescaped(text)


@memoize(512)
def _unescaped(text: str) -> str:
    """Remembered, since redirect_uri, aud and scope come again and again."""
    if text.isascii():
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")
    return unquote_plus(text, errors="replace")


def encode(pairs: Sequence[tuple[str, str]]) -> str:
    """The inverse of parse: a blank is %20, which every server reads alike."""
    return "&".join(
        f"{quote(name, safe='', errors='replace')}={quote(value, safe='~', errors='replace')}" for name, value in pairs
    )

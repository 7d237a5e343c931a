"""What explanations and answers may quote of a request: words of ours, and what was kept of the request itself."""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from sickbay.services.journal import vocabulary as known
from sickbay.services.journal.masking import length
from sickbay.services.journal.safe_values import SafeValues, looks_random

MOST = 70_000
"""Characters that are compared; of a larger request nothing is quoted but words of ours."""
LAYERS = 3
"""How often an encoding is undone."""
_QUOTED = re.compile(r"""[^\s"'`<>(),;\[\]{}|=&?‹›]+""")
_PIECE = re.compile(r"[^\W_]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u00ad\u200b-\u200f\u2060\ufeff]")
_SEVERAL = re.compile(r"‹(\d+) characters?›(?:[\s,;/]+‹(\d+) characters?›)+")
_LENGTH = re.compile(r"‹(\d+) characters?›")
_MASKED = re.compile(r"‹[^›]*›|\w{0,4}…\(\d+\)|…")
SHORT = 3
"""Characters of a text that says nothing by itself."""


class Quoting:
    """sent: all that came with the request."""

    def __init__(self, harmless: SafeValues, sent: Iterable[str]) -> None:
        self.harmless = harmless
        self._sent = tuple(one for one in sent if one)
        self._raw: str | None = None
        self._later: list[Any] = []
        self._kept: list[str] = []
        self._shown: dict[str, str] = {}
        self._remembered: dict[str, str] = {}

    def keep(self, shown: Any) -> None:
        """All of this was found harmless. It is read once something is quoted."""
        self._later.append(shown)

    def _keeps(self) -> list[str]:
        if not self._kept:
            self._kept = [one.casefold() for one in self.harmless.public]
        for text in _texts(self._later):
            plain = _MASKED.sub(" ", text)
            self._kept.append("\n".join({plain, unquote_plus(plain), unquote(plain)}).casefold())
        self._later = []
        return self._kept

    def replaces(self, value: str, shown: str) -> None:
        """shown: what stands for this value of the request, wherever it is quoted."""
        if value != shown and value:
            self._shown[value] = shown

    def walk(self, value: Any) -> Any:
        """JSON, with every string in it as `text` has it."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(name) if isinstance(name, str) else name: self.walk(one) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.walk(one) for one in value]
        if isinstance(value, (set, frozenset)):
            return sorted(map(str, map(self.walk, value)))
        return value

    def text(self, text: str) -> str:
        if text in self._shown:
            return self._shown[text]
        if len(text) <= SHORT or self.harmless.is_public(text):
            return text
        for value, shown in self._shown.items():
            if len(value) >= 8 and value in text:
                text = text.replace(value, shown)
        shown = _QUOTED.sub(self._quoted, text)
        return _SEVERAL.sub(lambda found: length("x" * sum(map(int, _LENGTH.findall(found[0])))), shown)

    def _quoted(self, found: re.Match[str]) -> str:
        whole = found[0]
        text = whole.strip(".,:;!?")
        if len(text) <= SHORT - 1 or "…" in text:
            return whole
        shown = self._remembered.get(text)
        if shown is None:
            shown = self._remembered[text] = text if self._may(text) else length(text)
        return whole.replace(text, shown, 1)

    def _may(self, text: str) -> bool:
        """Whether it may be quoted. Of what is percent-encoded, each part must be quotable once it is decoded."""
        if "%" in text and (plain := unquote(text)) != text:
            return all(map(self._may, _QUOTED.findall(plain)))
        folded = text.casefold()
        pieces = [one.casefold() for one in _PIECE.findall(text)]
        strange = [one for one in pieces if len(one) >= SHORT and one not in known.everyday()]
        if not strange and not any(one.isdigit() for one in pieces):
            return True
        kept = self._keeps()
        if any(folded in one for one in kept):
            return True
        raw = self._everything()
        if raw is None:
            return not strange
        if folded in raw or any(one in raw and not any(one in each for each in kept) for one in strange):
            return False
        return not looks_random(text) and not self.harmless.live.within(text)

    def _everything(self) -> str | None:
        """What came, with its encodings undone; None where it is too much to compare."""
        if self._raw is None:
            if sum(map(len, self._sent)) > MOST:
                return None
            self._raw = "\n".join(undone(self._sent)).casefold()
        return self._raw


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def undone(texts: Iterable[str]) -> set[str]:
    """The texts, and what they are once percent encoding, HTML's and JSON's escapes and base64 are undone."""
    found = set(texts)
    latest = set(found)
    for _ in range(LAYERS):
        latest = {each for one in latest for each in _undone(one)} - found
        if not latest or sum(map(len, latest)) > MOST:
            break
        found |= latest
    return found


def _undone(text: str) -> Iterable[str]:
    yield unquote(text)
    yield unquote_plus(text)
    yield html.unescape(text)
    yield _UNSEEN.sub("", text)
    yield _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text).replace('\\"', '"').replace("\\/", "/")
    for run in _BASE64.findall(text)[:20]:
        plain = _decoded(run)
        if plain:
            yield plain


def _decoded(run: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(run.rstrip("=").replace("+", "-").replace("/", "_") + "=" * (-len(run.rstrip("=")) % 4))
        text = raw.decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() else ""

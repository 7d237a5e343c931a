"""Limits what explanations and responses quote from a request: Sickbay's own words, and the recorded parts."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, unquote_plus

from sickbay.protocol.unicode import decode_html_escapes
from sickbay.services.redaction import vocabulary as known
from sickbay.services.redaction.masking import describe_length
from sickbay.services.redaction.safe_values import SafeValues, looks_random

MAXIMUM_COMPARED_CHARACTERS = 70_000
"""Characters that are compared. From a larger request, only Sickbay's own words are quoted."""
LAYERS = 3
"""How many nested encodings are decoded."""
_QUOTED = re.compile(r"""[^\s"'`<>(),;\[\]{}|=&?‹›]+""")
_PIECE = re.compile(r"[^\W_]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f\u00ad\u200b-\u200f\u2060\ufeff]")
_SEVERAL = re.compile(r"‹(\d+) characters?›(?:[\s,;/]+‹(\d+) characters?›)+")
_LENGTH = re.compile(r"‹(\d+) characters?›")
_MASKED = re.compile(r"‹[^‹›]*›|\w{0,4}…\(\d+\)|…")
SHORT = 3
"""Maximum length of a text that reveals nothing."""


class Quoting:
    """sent: the texts of the request. whole: False if there are more; then only what was kept and own words are quoted."""

    def __init__(self, harmless: SafeValues, sent: Iterable[str], *, whole: bool = True) -> None:
        self.harmless = harmless
        self._whole = whole
        self._sent = tuple(filter(None, sent))
        self._raw: str | None = None
        self._later: list[Any] = []
        self._kept: list[str] = []
        self._shown: dict[str, str] = {}
        self._remembered: dict[str, str] = {}

    def allow(self, shown: Any) -> None:
        """Allows quoting from `shown`, which was found harmless. Its texts are extracted when something is quoted."""
        self._later.append(shown)

    def _kept_texts(self) -> list[str]:
        if not self._kept:
            self._kept = [text.casefold() for text in self.harmless.public]
        for text in _texts_of_value(self._later):
            plain = _MASKED.sub(" ", text)
            self._kept.append("\n".join({plain, unquote_plus(plain), unquote(plain)}).casefold())
        self._later = []
        return self._kept

    def add_replacement(self, value: str, shown: str) -> None:
        """Shows `shown` wherever this value of the request is quoted."""
        if value != shown and value:
            self._shown[value] = shown

    def walk(self, value: Any) -> Any:
        """JSON in which `text` was applied to every string."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(name) if isinstance(name, str) else name: self.walk(member) for name, member in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.walk(member) for member in value]
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
        shown = _QUOTED.sub(self._replace_quote, text)
        return _SEVERAL.sub(lambda match: describe_length("x" * sum(map(int, _LENGTH.findall(match[0])))), shown)

    def _replace_quote(self, match: re.Match[str]) -> str:
        whole = match[0]
        text = whole.strip(".,:;!?")
        if len(text) <= SHORT - 1 or "…" in text:
            return whole
        shown = self._remembered.get(text)
        if shown is None:
            shown = self._remembered[text] = text if self._is_quotable(text) else describe_length(text)
        return whole.replace(text, shown, 1)

    def _is_quotable(self, text: str) -> bool:
        """Whether a text may be quoted. In a percent-encoded text, each decoded part must be quotable."""
        if "%" in text and (plain := unquote(text)) != text:
            return all(map(self._is_quotable, _QUOTED.findall(plain)))
        folded = text.casefold()
        pieces = [piece.casefold() for piece in _PIECE.findall(text)]
        strange = [piece for piece in pieces if len(piece) >= SHORT and piece not in known.load_everyday_words()]
        if not strange and not any(piece.isdigit() for piece in pieces):
            return True
        kept_texts = self._kept_texts()
        if any(folded in kept_text for kept_text in kept_texts):
            return True
        request_text = self._request_text()
        if request_text is None:
            return not strange
        if folded in request_text or any(
            piece in request_text and not any(piece in kept_text for kept_text in kept_texts) for piece in strange
        ):
            return False
        return not looks_random(text) and not self.harmless.live.are_in(text)

    def _request_text(self) -> str | None:
        """The decoded texts of the request; None if they aren't known or are too long to compare."""
        if not self._whole:
            return None
        if self._raw is None:
            if sum(map(len, self._sent)) > MAXIMUM_COMPARED_CHARACTERS:
                return None
            self._raw = "\n".join(undo_encodings(self._sent)).casefold()
        return self._raw


def _texts_of_value(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _texts_of_value(member)
    elif isinstance(value, (list, tuple)):
        for member in value:
            yield from _texts_of_value(member)


def undo_encodings(texts: Iterable[str]) -> set[str]:
    """The texts, also with percent encoding, HTML and JSON escapes and base64 decoded."""
    texts_found = set(texts)
    latest = set(texts_found)
    for _ in range(LAYERS):
        latest = {decoded for text in latest for decoded in _undo_encodings(text)} - texts_found
        if not latest or sum(map(len, latest)) > MAXIMUM_COMPARED_CHARACTERS:
            break
        texts_found |= latest
    return texts_found


def _undo_encodings(text: str) -> Iterable[str]:
    yield unquote(text)
    yield unquote_plus(text)
    yield decode_html_escapes(text)
    yield _UNSEEN.sub("", text)
    yield _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text).replace('\\"', '"').replace("\\/", "/")
    for run in _BASE64.findall(text)[:20]:
        plain = _decode_run(run)
        if plain:
            yield plain


def _decode_run(run: str) -> str:
    try:
        raw = base64.urlsafe_b64decode(run.rstrip("=").replace("+", "-").replace("/", "_") + "=" * (-len(run.rstrip("=")) % 4))
        text = raw.decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() else ""

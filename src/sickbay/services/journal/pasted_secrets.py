"""Masks the secrets of a pasted text wherever it is shown. What is shown isn't stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sickbay.diagnosis.paste.piece import Piece
from sickbay.diagnosis.values import is_no_secret
from sickbay.protocol import unicode
from sickbay.protocol.parameters import parse
from sickbay.services.journal import masking, named_secrets
from sickbay.services.journal.named_secrets import Span

LONG, SHORTEST = 8, 4
"""A text from LONG characters on is a secret wherever it stands; a shorter one only as a word, since it could be part of other
words. One below SHORTEST is masked only where its name says that it is a secret."""
PROSE = frozenset(("title", "why", "fix", "confidence"))
"""Members with sentences. In these a short secret is masked only in `code`, because it may be an ordinary word."""
OURS = masking.OURS | {"parameter"}
_CODE = re.compile(r"`[^`]*`")


def of_input(evidence: Mapping[str, Any]) -> set[str]:
    """The secrets in an input of diagnose(): in its URL, headers and body, or in the members of a response."""
    url, body = str(evidence.get("url") or ""), str(evidence.get("body") or "")
    headers = {str(name).lower(): str(value) for name, value in _object(evidence.get("headers")).items()}
    sent = [parse(part) for part in url.replace("#", "?").split("?")[1:]]
    fhir = evidence.get("kind") == "fhir_request"
    found = masking.secrets(headers, *sent, parse(body), fhir=fhir)
    for text in (url, body, *(f"{name}: {value}" for name, value in headers.items())):
        head = text[: named_secrets.MOST]
        found |= {head[start:end] for start, end in named_secrets.spans(head, fhir=fhir)}
    found |= masking.given(_json(body)) | masking.given(dict(_object(evidence.get("json"))))
    return {secret for secret in found if len(secret) >= SHORTEST and not is_no_secret(secret)}


def of_pieces(pieces: Sequence[Piece]) -> set[str]:
    """The secrets of everything that was recognised in a paste, as they are written there."""
    found: set[str] = set()
    for piece in pieces:
        found |= of_input({"kind": piece.subkind, **piece.values}) | masking.given(dict(piece.values))
        found |= {str(piece.values["token"])} if piece.kind == "jwt" else set()
    return found


def hidden(shown: Mapping[str, Any], evidence: Mapping[str, Any], pieces: Sequence[Piece] = ()) -> dict[str, Any]:
    """A copy without the secrets. In `corrected` they are named placeholders, because a mask that is sent is refused."""
    fhir = evidence.get("kind") == "fhir_request"
    by_name = {
        name: named_secrets.in_request(value, fhir=fhir) if name in ("request", "corrected") and value else value
        for name, value in shown.items()
    }
    secrets = of_input(evidence) | of_pieces(pieces)
    masked = dict(masking.mask(by_name, {secret for secret in secrets if len(secret) >= LONG}))
    words = _words(secrets)
    if words is not None:
        masked |= {name: _without(masked[name], words, name) for name in ("findings", "causes") if name in masked}
    if masked.get("corrected"):
        masked["corrected"] = masking.named(masked["corrected"])
    return masked


def in_paste(text: str, pieces: Sequence[Piece]) -> list[Span]:
    """Where the secrets of a paste are: where a name says so, and every other occurrence of the same secret."""
    queries = [(piece.start, piece.end) for piece in pieces if piece.subkind == "fhir_request"]
    found = named_secrets.spans(text, fhir=bool(queries))
    for start, end in ((piece.start, piece.end) for piece in pieces if queries and piece.subkind != "fhir_request"):
        found += [(start + first, start + last) for first, last in named_secrets.spans(text[start:end])]
    secrets = of_pieces(pieces) | {text[start:end] for start, end in found}
    for secret in secrets:
        found += _occurrences(text, secret) if len(secret) >= LONG else []
    words = _words(secrets)
    found += [match.span() for match in words.finditer(text)] if words is not None else []
    return named_secrets.merged(found)


def _occurrences(text: str, secret: str) -> list[Span]:
    return [match.span() for form in masking.forms(secret) for match in re.finditer(re.escape(form), text)]


def _words(secrets: Iterable[str]) -> re.Pattern[str] | None:
    """Matches the short secrets as whole words, in each encoding."""
    short = [secret for secret in secrets if SHORTEST <= len(secret) < LONG and secret not in masking.SECRET]
    forms = sorted({form for secret in short for form in masking.forms(secret)}, key=len, reverse=True)
    return re.compile(rf"(?<![A-Za-z0-9_])(?:{'|'.join(map(re.escape, forms))})(?![A-Za-z0-9_])") if forms else None


def _without(value: Any, words: re.Pattern[str], name: str = "") -> Any:
    """JSON without the short secrets."""
    if isinstance(value, str):
        return _CODE.sub(lambda code: _masked(code[0], words), value) if name in PROSE else _masked(value, words)
    if isinstance(value, Mapping):
        return {key: member if key in OURS else _without(member, words, key) for key, member in value.items()}
    return [_without(member, words, name) for member in value] if isinstance(value, list | tuple) else value


def _masked(text: str, words: re.Pattern[str]) -> str:
    return words.sub(lambda match: masking.masked(match[0]), text)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _json(text: str) -> Any:
    try:
        return unicode.loads(text) if text[:1] == "{" else None
    except (ValueError, RecursionError):
        return None

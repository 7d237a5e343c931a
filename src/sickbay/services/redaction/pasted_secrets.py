"""Masks the secrets of a pasted text wherever it is shown. What is shown isn't stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sickbay.diagnosis.answers.finding import UNEXPLAINED
from sickbay.diagnosis.values import is_no_secret
from sickbay.doctor.pieces.piece import Piece
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import unicode
from sickbay.protocol.parameters import parse
from sickbay.services.redaction import masking, named_secrets
from sickbay.services.redaction.named_secrets import Span

LONG_CHARACTERS, SHORTEST_CHARACTERS = 8, 4
"""A text of at least LONG_CHARACTERS is a secret wherever it stands; a shorter one only as a word, since it could be part of
other words. One below SHORTEST_CHARACTERS is masked only where its name says that it is a secret."""
PROSE = frozenset(("title", "why", "fix", "confidence"))
"""Members with sentences. In these a short secret is masked only in `code`, because it may be an ordinary word."""
UNSEARCHED_MEMBERS = masking.UNSEARCHED_MEMBERS | {"parameter"}
_CODE = compile_late(r"`[^`]*`")


def secrets_of_input(evidence: Mapping[str, Any]) -> set[str]:
    """The secrets in an input of diagnose(): in its URL, headers and body, or in the members of a response."""
    url, body = str(evidence.get("url") or ""), str(evidence.get("body") or "")
    headers = {str(name).lower(): str(value) for name, value in _object_or_empty(evidence.get("headers")).items()}
    sent = [parse(part) for part in url.replace("#", "?").split("?")[1:]]
    fhir = evidence.get("kind") == "fhir_request"
    found = masking.collect_secrets(headers, *sent, parse(body), fhir=fhir)
    for text in (url, body, *(f"{name}: {value}" for name, value in headers.items())):
        head = text[: named_secrets.SEARCHED_CHARACTERS]
        found |= {head[start:end] for start, end in named_secrets.find_spans(head, fhir=fhir)}
    found |= masking.find_secrets(_parse_json(body)) | masking.find_secrets(dict(_object_or_empty(evidence.get("json"))))
    return {secret for secret in found if len(secret) >= SHORTEST_CHARACTERS and not is_no_secret(secret)}


def secrets_of_pieces(pieces: Sequence[Piece]) -> set[str]:
    """The secrets of everything that was recognised in a paste, as they are written there."""
    found: set[str] = set()
    for piece in pieces:
        found |= secrets_of_input({"kind": piece.subkind, **piece.values}) | masking.find_secrets(dict(piece.values))
        found |= {str(piece.values["token"])} if piece.kind == "jwt" else set()
    return found


def hide_secrets(shown: Mapping[str, Any], evidence: Mapping[str, Any], pieces: Sequence[Piece] = ()) -> dict[str, Any]:
    """A copy without the secrets. In `corrected` they are named placeholders, because a mask that is sent is refused."""
    fhir = evidence.get("kind") == "fhir_request"
    by_name = {
        name: named_secrets.redact_request(value, fhir=fhir) if name in ("request", "corrected") and value else value
        for name, value in shown.items()
    }
    secrets = secrets_of_input(evidence) | secrets_of_pieces(pieces)
    masked = dict(masking.mask_secrets(by_name, {secret for secret in secrets if len(secret) >= LONG_CHARACTERS}))
    if words := _short_secrets(secrets):
        masked |= {name: _hide_short_secrets(masked[name], words, name) for name in ("findings", "causes") if name in masked}
    if masked.get("findings"):
        masked["findings"] = list(map(_hide_in_quotation, masked["findings"]))
    if masked.get("corrected"):
        masked["corrected"] = masking.insert_placeholders(masked["corrected"])
    return masked


def _hide_in_quotation(finding: Mapping[str, Any]) -> Mapping[str, Any]:
    """A quoted line of a log can have a secret outside of the pieces, such as the value of a header."""
    if finding.get("id") != UNEXPLAINED:
        return finding
    facts = {name: _mask_named_secrets(text) for name, text in finding.get("facts", {}).items()}
    return {**finding, "why": _mask_named_secrets(finding["why"]), "facts": facts}


def _mask_named_secrets(text: str) -> str:
    return named_secrets.mask_spans(text, named_secrets.find_spans(text))


def find_in_paste(text: str, pieces: Sequence[Piece]) -> list[Span]:
    """Where the secrets of a paste are: where a name says so, and every other occurrence of the same secret."""
    queries = [(piece.start, piece.end) for piece in pieces if piece.subkind == "fhir_request"]
    found = named_secrets.find_spans(text, fhir=bool(queries))
    for start, end in ((piece.start, piece.end) for piece in pieces if queries and piece.subkind != "fhir_request"):
        found += [(start + first, start + last) for first, last in named_secrets.find_spans(text[start:end])]
    secrets = secrets_of_pieces(pieces) | {text[start:end] for start, end in found}
    for secret in secrets:
        found += _find_occurrences(text, secret) if len(secret) >= LONG_CHARACTERS else []
    return named_secrets.merge_spans([*found, *_short_secrets(secrets).find(text)])


def _find_occurrences(text: str, secret: str) -> Iterator[Span]:
    for form in masking.list_forms(secret):
        place = text.find(form)
        while place >= 0:
            yield place, place + len(form)
            place = text.find(form, place + len(form))


class _Words:
    """The short secrets, which are found only as whole words. The time doesn't depend on their number."""

    def __init__(self, forms: frozenset[str]) -> None:
        self._forms = forms
        self._lengths = sorted({len(form) for form in forms}, reverse=True)

    def find(self, text: str) -> Iterator[Span]:
        end = 0
        for match in _WORD_BEGINS.finditer(text) if self._forms else ():
            start = match.start()
            if start >= end and (length := next((size for size in self._lengths if self._is_at(text, start, size)), 0)):
                end = start + length
                yield start, end

    def _is_at(self, text: str, start: int, length: int) -> bool:
        return text[start : start + length] in self._forms and not _WORD_GOES_ON.match(text, start + length)

    def mask(self, text: str) -> str:
        return named_secrets.mask_spans(text, [*self.find(text)])


_WORD_BEGINS, _WORD_GOES_ON = compile_late(r"(?<![A-Za-z0-9_])(?=\S)"), compile_late(r"[A-Za-z0-9_]")


def _short_secrets(secrets: Iterable[str]) -> _Words:
    """The short secrets in each encoding."""
    short = [
        secret for secret in secrets if SHORTEST_CHARACTERS <= len(secret) < LONG_CHARACTERS and secret not in masking.SECRET
    ]
    return _Words(frozenset(form for secret in short for form in masking.list_forms(secret)))


def _hide_short_secrets(value: Any, words: _Words, name: str = "") -> Any:
    """JSON without the short secrets."""
    if isinstance(value, str):
        return _CODE.sub(lambda code: words.mask(code[0]), value) if name in PROSE else words.mask(value)
    if isinstance(value, Mapping):
        return {
            key: member if key in UNSEARCHED_MEMBERS else _hide_short_secrets(member, words, key)
            for key, member in value.items()
        }
    return [_hide_short_secrets(member, words, name) for member in value] if isinstance(value, list | tuple) else value


def _object_or_empty(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _parse_json(text: str) -> Any:
    try:
        return unicode.loads(text) if text[:1] == "{" else None
    except (ValueError, RecursionError):
        return None

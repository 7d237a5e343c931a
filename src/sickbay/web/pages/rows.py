"""Received and expected: one row a parameter, the faulty ones first, with the smallest difference marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.rule import seen
from sickbay.operations import masking
from sickbay.web.pages import code
from sickbay.web.pages.marks import Marked, Piece, mark
from sickbay.web.pages.parts import VERDICTS, Verdict

Found: TypeAlias = tuple[int, Mapping[str, Any]]
"""The number of a finding, and the finding."""
_PARAMETERS = {rule.id: rule.parameter for rule in RULES}


@dataclass(frozen=True, slots=True)
class Row:
    """One parameter: a faulty one has a finding's number and both sides; received None: not sent."""

    name: str
    received: tuple[Piece, ...] | None
    expected: tuple[Piece, ...] | None = None
    note: str = ""
    number: int = 0
    kind: Verdict = "refused"
    unknown: bool = False
    """What is expected can't be written down here: another code, a value that only the app has."""
    more: tuple[tuple[int, Verdict], ...] = ()
    """Other findings that concern the same parameter: number and kind of each."""

    @property
    def faulty(self) -> bool:
        return self.expected is not None


def compared(
    request: code.Request, corrected: code.Request | None, found: Sequence[Found], sent_headers: Mapping[str, Any]
) -> tuple[Row, ...]:
    """Faulty ones first, in the order of the findings; then the right ones, each once."""
    sent, right = _joined(request), _joined(corrected) if corrected else {}
    headers = {str(name).lower(): str(value) for name, value in sent_headers.items()}
    faulty: dict[str, Row] = {}
    for number, one in found:
        name = one.get("parameter") or _PARAMETERS.get(one["id"])
        if name and name not in faulty:
            row = _faulty(name, sent.get(name, headers.get(name.lower())), right.get(name), number, one, corrected is not None)
            if row:
                faulty[name] = row
        elif not name and (named := _named(number, one, sent)):
            faulty.setdefault(named.name, named)
        elif one["id"] == "parameter-name-wrong":
            faulty |= {row.name: row for row in _misnamed(number, one, sent) if row.name not in faulty}
        elif name:
            also = (*faulty[name].more, (number, VERDICTS.get(one["severity"], "advice")))
            faulty[name] = replace(faulty[name], more=also)
    for name, value in right.items():
        if name not in faulty and not _is_same(sent.get(name), value):
            faulty[name] = _differs(name, sent.get(name), value)
    for name in sent if corrected else ():
        if name not in faulty and name not in right:
            faulty[name] = Row(name, (Piece(sent[name], "slip"),), ())
    quiet = [Row(name, (Piece(value),)) for name, value in sent.items() if name not in faulty]
    return tuple(_visible(row) for row in (*faulty.values(), *quiet))


def _is_same(sent: str | None, value: str) -> bool:
    """Also where the secret that was sent is masked: its mask is the one that the expected value would have."""
    return sent == value or (sent is not None and code.masked(sent) and sent == masking.masked(value) != "…")


def _visible(row: Row) -> Row:
    """What nobody sees is written out: what was sent is shown character by character."""
    received = None if row.received is None else tuple(Piece(seen(one.text), one.kind) for one in row.received)
    return replace(row, name=seen(row.name), received=received)


def _named(number: int, one: Mapping[str, Any], sent: Mapping[str, str]) -> Row | None:
    """The parameter that a finding's facts name, as it was sent: of a search any may be at fault."""
    name = (one.get("facts") or {}).get("parameter")
    if not isinstance(name, str) or name not in sent:
        return None
    kind = VERDICTS.get(one["severity"], "advice")
    piece = Piece(sent[name], "bad" if kind == "refused" else "slip")
    return Row(name, (piece,), (), "", number, kind, one["id"] != "fhir-search-unknown-param")


def _misnamed(number: int, one: Mapping[str, Any], sent: Mapping[str, str]) -> list[Row]:
    """What no parameter is called: it is nobody's, and must not stand among the right ones."""
    names = (one.get("facts") or {}).get("names") or ()
    kind = VERDICTS.get(one["severity"], "advice")
    return [Row(name, (Piece(sent[name], "slip"),), (), "", number, kind) for name in names if name in sent]


def _joined(request: code.Request) -> dict[str, str]:
    """Name -> value; one sent twice shows both."""
    values: dict[str, str] = {}
    for name, value in request.parameters:
        values[name] = f"{values[name]} + {value}" if name in values else value
    return values


def _faulty(name: str, sent: str | None, right: str | None, number: int, one: Mapping[str, Any], mended: bool) -> Row | None:
    facts = one.get("facts") or {}
    expected = right if right not in (None, sent) else _whole(sent, _word(facts.get("received")), _word(facts.get("expected")))
    if expected is None and (one["severity"] != "error" or (sent is None and mended)):
        return None
    wrong = "bad" if one["severity"] == "error" else "slip"
    kind: Verdict = "refused" if wrong == "bad" else "warning" if one["severity"] == "warning" else "advice"
    pieces = mark(sent or "", expected or "", "bad" if wrong == "bad" else "slip")
    if expected is None:
        pieces = Marked(parts_marked(sent or "", _word(facts.get("received"))), ())
    received = None if sent is None else pieces.received
    note = _word(facts.get("note")) or ""
    unknown = expected is None and (bool(note) or not (mended and right is None))
    return Row(name, received, pieces.expected, note, number, kind, unknown)


def _whole(sent: str | None, received: str | None, expected: str | None) -> str | None:
    """The value with the part put right that a finding names; what it expects, where that is all of it."""
    if not sent or not received or expected is None or received == sent or received not in sent:
        return expected
    return sent.replace(received, expected)


def parts_marked(sent: str, received: str | None) -> tuple[Piece, ...]:
    """All of it, or the part that the finding names where that is less."""
    before, found, after = sent.partition(received) if received else ("", sent, "")
    pieces = (Piece(before), Piece(found or sent, "bad"), Piece(after)) if found else (Piece(sent, "bad"),)
    return tuple(piece for piece in pieces if piece.text)


def _differs(name: str, sent: str | None, value: str) -> Row:
    pieces = mark(sent or "", value)
    return Row(name, None if sent is None else pieces.received, pieces.expected)


def _word(value: Any) -> str | None:
    if isinstance(value, (list, tuple)):
        return " ".join(str(one) for one in value)
    return None if value is None else str(value)

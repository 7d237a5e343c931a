"""The table of received and expected values: one row per parameter, faulty ones first, with the smallest difference marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sickbay.diagnosis import placeholders
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.rule import escape_unprintable
from sickbay.kernel.similar_names import count_common_start
from sickbay.services.redaction import masking
from sickbay.services.redaction.masking import describe_name
from sickbay.web.exchanges import code_samples
from sickbay.web.pages.parts import VERDICTS, Mark, TextPiece, Verdict

Found: TypeAlias = tuple[int, Mapping[str, Any]]
"""The number of a finding, and the finding."""
ALIKE = 0.55
"""Texts with a smaller share of equal characters are marked as a whole."""
SHORTEST = 3
"""Minimum length of an equal run between two differences. A shorter one is marked as a part of them."""
MAXIMUM_COMPARED_CHARACTERS = 600
"""Maximum length of texts that are compared. Longer ones are marked as a whole."""
_PARAMETERS = {rule.id: rule.parameter for rule in RULES}
_SECRET_IN = {"client_secret_basic": "Authorization", "client_secret_post": "client_secret"}
"""The header or parameter of a secret, by the method of client authentication."""


class Row(Struct, frozen=True):
    """One parameter. A faulty one has the number of a finding. received None: the parameter wasn't sent."""

    name: str
    received: tuple[TextPiece, ...] | None
    expected: tuple[TextPiece, ...] | None = None
    note: str = ""
    number: int = 0
    kind: Verdict = "refused"
    unknown: bool = False
    """Sickbay doesn't know the expected value: another code, or a value that only the app has."""
    more: tuple[tuple[int, Verdict], ...] = ()
    """Number and kind of the other findings about the same parameter."""

    @property
    def is_faulty(self) -> bool:
        return self.expected is not None

    @property
    def has_expectation(self) -> bool:
        """Whether the page can say what to send instead: a value, a note, or to leave the parameter out."""
        return self.is_faulty and bool(self.expected or self.note or not self.unknown)


def compare_parameters(
    request: code_samples.RequestParts,
    corrected: code_samples.RequestParts | None,
    numbered: Sequence[Found],
    sent_headers: Mapping[str, Any],
) -> tuple[Row, ...]:
    """Faulty parameters first, in the order of the findings, then the correct ones."""
    sent = _join_values(request)
    right = _mask_as_sent(_join_values(corrected), sent) if corrected else {}
    headers = {str(name).lower(): str(value) for name, value in sent_headers.items()}
    faulty: dict[str, Row] = {}
    removed: dict[str, tuple[int, Verdict]] = {}
    for number, finding in numbered:
        facts = finding.get("facts") or {}
        name = finding.get("parameter") or _PARAMETERS.get(finding["id"])
        if finding["id"] == "client-secret-wrong" and (name := _SECRET_IN.get(str(facts.get("received")))):
            finding = {**finding, "facts": {"note": "the registered secret"}}
        if "told" in facts and name not in sent:  # the response explains a request that isn't known
            continue
        if name in sent and corrected and name not in right and finding["severity"] != "error":
            removed.setdefault(name, (number, VERDICTS.get(finding["severity"], "advice")))
        elif name and name not in faulty:
            value = sent.get(name, headers.get(name.lower()))
            if value is None and not request.address:  # a text that says in words what was sent
                value = _word_for_value(facts.get("received"))
            row = _make_faulty_row(name, value, right.get(name), number, finding, corrected is not None)
            if row:
                faulty[name] = row
        elif not name and (named := _find_named_row(number, finding, sent)):
            faulty.setdefault(named.name, named)
        elif finding["id"] == "parameter-name-wrong":
            faulty |= {row.name: row for row in _list_misnamed_parameters(number, finding, sent) if row.name not in faulty}
        elif name:
            others = (*faulty[name].more, (number, VERDICTS.get(finding["severity"], "advice")))
            faulty[name] = replace(faulty[name], more=others)
    replaced = {new for _, finding in numbered for new, _ in _list_pairs(finding)}
    for name, value in right.items():
        if name not in faulty and name not in replaced and not _is_same(sent.get(name), value):
            faulty[name] = _mark_difference(name, sent.get(name), value)
    for name in sent if corrected else ():
        if name not in faulty and name not in right:
            faulty[name] = Row(name, (TextPiece(sent[name], "slip"),), (), "", *removed.get(name, ()))
    quiet = [Row(name, (TextPiece(value),)) for name, value in sent.items() if name not in faulty]
    return tuple(_make_visible(row) for row in (*faulty.values(), *quiet))


def _list_pairs(finding: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The parameters that an empty search should have instead. Another rule has a text in the fact with this name."""
    instead = (finding.get("facts") or {}).get("instead")
    return [(name, value) for name, value in instead] if isinstance(instead, (list, tuple)) else []


def _mask_as_sent(right: Mapping[str, str], sent: Mapping[str, str]) -> dict[str, str]:
    """Mask each expected secret that was sent: it is masked in the request, so the two could not be compared."""
    return {name: sent[name] if _is_masked(sent.get(name), value) else value for name, value in right.items()}


def _is_masked(sent: str | None, value: str) -> bool:
    return sent is not None and code_samples.is_masked(sent) and sent == masking.mask_secret(value) != "…"


def _is_same(sent: str | None, value: str) -> bool:
    """The code of a launch is replaced by a placeholder for most readers. If it were wrong, a finding would say so."""
    return sent == value or (value == placeholders.PLACEHOLDER_LAUNCH and sent is not None and code_samples.is_masked(sent))


def _make_visible(row: Row) -> Row:
    """Write out invisible characters of the sent text, and describe parts of a name that aren't recorded."""
    name = describe_name(escape_unprintable(row.name))
    if name == row.name and "".join([piece.text for piece in row.received or ()]).isprintable():
        return row
    received = (
        None if row.received is None else tuple(TextPiece(escape_unprintable(part.text), part.kind) for part in row.received)
    )
    return replace(row, name=name, received=received)


def _find_named_row(number: int, finding: Mapping[str, Any], sent: Mapping[str, str]) -> Row | None:
    """The parameter that the facts of the finding name: in a search, any parameter can be wrong."""
    facts = finding.get("facts") or {}
    name = facts.get("parameter")
    if not isinstance(name, str) or name not in sent:
        return None
    kind = VERDICTS.get(finding["severity"], "advice")
    piece = TextPiece(sent[name], "bad" if kind == "refused" else "slip")
    expected = _format_replacement(name, _list_pairs(finding))
    note = f"such as {facts['suggestion']}" if facts.get("suggestion") and not expected else ""
    is_unknown = not expected and finding["id"] != "fhir-search-unknown-param"
    return Row(name, (piece,), _text_pieces(expected, "good"), note, number, kind, is_unknown)


def _format_replacement(name: str, instead: Sequence[Sequence[str]]) -> str:
    """Returns the replacement for a parameter: values, or other parameters with their names; "" if unknown."""
    is_renamed = any(new != name for new, _ in instead)
    return ("&" if is_renamed else " + ").join(f"{new}={text}" if is_renamed else text for new, text in instead)


def _list_misnamed_parameters(number: int, finding: Mapping[str, Any], sent: Mapping[str, str]) -> list[Row]:
    names = (finding.get("facts") or {}).get("names") or ()
    kind = VERDICTS.get(finding["severity"], "advice")
    return [Row(name, (TextPiece(sent[name], "slip"),), (), "", number, kind) for name in names if name in sent]


def _join_values(request: code_samples.RequestParts) -> dict[str, str]:
    """Name -> value. The values of a parameter that was sent twice are joined."""
    values: dict[str, str] = {}
    for name, value in request.parameters:
        values[name] = f"{values[name]} + {value}" if name in values else value
    return values


def _make_faulty_row(
    name: str, sent: str | None, right: str | None, number: int, finding: Mapping[str, Any], corrected: bool
) -> Row | None:
    facts = finding.get("facts") or {}
    expected = (
        right
        if right not in (None, sent)
        else _correct_whole(sent, _word_for_value(facts.get("received")), _word_for_value(facts.get("expected")))
    )
    if expected is None and (finding["severity"] != "error" or (sent is None and corrected)):
        return None
    wrong = "bad" if finding["severity"] == "error" else "slip"
    kind: Verdict = "refused" if wrong == "bad" else "warning" if finding["severity"] == "warning" else "advice"
    pieces = mark_differences(sent or "", expected or "", "bad" if wrong == "bad" else "slip")
    if expected is None:
        pieces = Marked(mark_part(sent or "", _word_for_value(facts.get("received"))), ())
    received = None if sent is None else pieces.received
    note = _word_for_value(facts.get("note")) or ""
    unknown = expected is None and (bool(note) or not (corrected and right is None))
    return Row(name, received, pieces.expected, note, number, kind, unknown)


def _correct_whole(sent: str | None, received: str | None, expected: str | None) -> str | None:
    """The whole value with the wrong part replaced, if the finding names only a part."""
    if not sent or not received or expected is None or received == sent or received not in sent:
        return expected
    return sent.replace(received, expected)


def mark_part(sent: str, received: str | None) -> tuple[TextPiece, ...]:
    """Mark the part that the finding names, or the whole value."""
    before, part, after = sent.partition(received) if received else ("", sent, "")
    pieces = (TextPiece(before), TextPiece(part or sent, "bad"), TextPiece(after)) if part else (TextPiece(sent, "bad"),)
    return tuple(piece for piece in pieces if piece.text)


def _mark_difference(name: str, sent: str | None, value: str) -> Row:
    pieces = mark_differences(sent or "", value)
    return Row(name, None if sent is None else pieces.received, pieces.expected)


def _word_for_value(value: Any) -> str | None:
    if isinstance(value, (list, tuple)):
        return " ".join(str(part) for part in value)
    return None if value is None else str(value)


class Marked(Struct, frozen=True):
    """The texts of `received`, joined, are the received text. The same holds for `expected`."""

    received: tuple[TextPiece, ...]
    expected: tuple[TextPiece, ...]


def mark_differences(received: str, expected: str, wrong: Literal["bad", "slip"] = "bad") -> Marked:
    """Mark the differences by character if the two texts are similar, else mark each as a whole."""
    if received == expected:
        return Marked(_text_pieces(received), _text_pieces(expected))
    head = count_common_start(received, expected)
    tail = count_common_start(received[head:][::-1], expected[head:][::-1])
    end, finish = len(received) - tail, len(expected) - tail
    steps = list(_diff_steps(received[head:end], expected[head:finish]))
    if not _is_alike(received, expected, head + tail + sum(size for same, _, _, size in steps if same)):
        return Marked(_text_pieces(received, wrong), _text_pieces(expected, "good"))
    before, after = _text_pieces(received[:head]), _text_pieces(received[end:])
    left = tuple(piece for same, old, new, _ in steps for piece in _mark_side(old, new, same, wrong))
    right = tuple(piece for same, old, new, _ in steps for piece in _mark_side(new, old, same, "good"))
    return Marked(before + left + after, before + right + after)


def _text_pieces(text: str, kind: Mark = "") -> tuple[TextPiece, ...]:
    return (TextPiece(text, kind),) if text else ()


def _mark_side(mine: str, other: str, same: bool, kind: Mark) -> tuple[TextPiece, ...]:
    if same:
        return _text_pieces(mine)
    return _text_pieces(mine, kind) or _mark_gap(kind, other)


def _mark_gap(kind: Mark, other: str) -> tuple[TextPiece, ...]:
    return (TextPiece("", "cut"),) if kind == "good" and other else ()


def _is_alike(received: str, expected: str, same: int) -> bool:
    return 2 * same >= ALIKE * (len(received) + len(expected)) and same > 0


_DiffStep: TypeAlias = tuple[bool, str, str, int]


def _diff_steps(old: str, new: str) -> Iterator[_DiffStep]:
    """(same?, old, new, length if the same). Short equal runs between two differences count as differences."""
    if len(old) + len(new) > MAXIMUM_COMPARED_CHARACTERS:
        yield (False, old, new, 0)
        return
    pending = ["", ""]
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        inside = a > 0 and b < len(old) and c > 0 and d < len(new)
        if tag != "equal" or (inside and b - a < SHORTEST):
            pending = [pending[0] + old[a:b], pending[1] + new[c:d]]
            continue
        if pending != ["", ""]:
            yield (False, pending[0], pending[1], 0)
        pending = ["", ""]
        yield (True, old[a:b], new[c:d], b - a)
    if pending != ["", ""]:
        yield (False, pending[0], pending[1], 0)

"""Fills the slots of a text, such as {redirect_uri}, with values from the paste."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from sickbay.diagnosis.values import is_masked
from sickbay.doctor.model import Message
from sickbay.kernel.late_patterns import compile_late

VALUES: dict[str, str] = {name: f"the {name}" for name in "scope audience issuer parameter project claim".split()} | {
    "redirect_uri": "the redirect URI",
    "client_id": "the client ID",
    "resource": "the resource type",
    "role": "the permission",
}
"""The slots, and words for a value that isn't in the text. What a title says after its last colon is left out with it."""
WORDLESS = frozenset(("expected", "received", "first", "second", "value"))
"""Slots that no word can replace, so their sentence is left out."""
VALUE_CHARACTERS = 120
"""The maximum length of a value that is repeated."""
SEARCHED_CHARACTERS = 200_000
CAPTURED_CHARACTERS = 200
CAPTURE_PLACES = 20
"""The maximum number of occurrences of a template's beginning that are tried."""
_SLOT = compile_late(r"`?\{(\w+)\}`?")
_BRACES = compile_late(r"\{(\w+)\}")
_LAST_VALUE = compile_late(r"(?:\{[\w.-]{1,40}\}|[^\s\"'`<>,;)\]}&{])*")
"""A value at the end of a template. A name in braces is a placeholder for a part that was removed from the text."""
_SENTENCE = compile_late(r"(?<=[.!?]) ")
_NAME = compile_late(r"`[^`]*`|\{\w+\}|(?<![\w./:@-])[a-z0-9]+(?:_[a-z0-9]+)+(?![\w/(])(?:=[\w*/.%-]*\w)?")
"""A text in backticks, a slot, or the name of a parameter or an error code, but not of a function."""


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replaces slots with values, or with words. Names with underscores and values are put in backticks."""
    if "{" in text:  # most texts have no slot
        values = {name: value for name, value in values.items() if not (is_masked(value) or unquote(value)[-3:] in ("", "://"))}
        title, colon, tail = text.rpartition(": ")
        if colon and not text.endswith(".") and _slots_of_text(tail) - values.keys():
            text = title
        text = " ".join(part for part in _SENTENCE.split(text) if not (_slots_of_text(part) - values.keys()) & WORDLESS)
    elif "_" not in text:  # a thousand titles are filled for a search
        return text
    text = _NAME.sub(lambda match: match[0] if match[0][0] in "`{" else f"`{match[0]}`", text)
    return _SLOT.sub(lambda match: _quote(values[match[1]]) if match[1] in values else VALUES.get(match[1], match[0]), text)


def _slots_of_text(text: str) -> set[str]:
    return set(_SLOT.findall(text))


def _quote(value: str) -> str:
    """A URL that was copied from a query, as it is registered."""
    value = unquote(value) if "%3a%2f%2f" in value.lower() else value
    return f"`{value if len(value) <= VALUE_CHARACTERS else value[:VALUE_CHARACTERS] + '…'}`"


def capture_values(messages: Iterable[Message], text: str) -> dict[str, str]:
    """The values that the captures of messages find in the text."""
    text = " ".join(text[:SEARCHED_CHARACTERS].split())
    lowered = text.lower()
    found: dict[str, str] = {}
    for template in (template for message in messages for template in message.captures):
        for name, value in _capture_values(template, text, lowered).items():
            found.setdefault(name, value)
    return found


def _capture_values(template: str, text: str, lowered: str) -> dict[str, str]:
    """The values of a template such as `URI '{redirect_uri}' specified` at its first occurrence in the text."""
    first, *rest = _BRACES.split(template)
    start = lowered.find(first.lower())
    for _ in range(CAPTURE_PLACES):
        if start < 0:
            break
        if (values := _values_at(rest, text, lowered, start + len(first))) is not None:
            return values
        start = lowered.find(first.lower(), start + 1)
    return {}


def _values_at(rest: list[str], text: str, lowered: str, place: int) -> dict[str, str] | None:
    """rest: the names of the slots, each with what follows it. place: where the first slot begins."""
    values = {}
    for name, literal in zip(rest[::2], rest[1::2], strict=True):
        if literal:
            end = lowered.find(literal.lower(), place + 1, place + CAPTURED_CHARACTERS + len(literal))
        else:
            end = _LAST_VALUE.match(text, place, place + CAPTURED_CHARACTERS).end()  # type: ignore[union-attr]
        value = text[place:end].strip() if end >= 0 else ""
        if not value:
            return None
        values[name] = value
        place = end + len(literal)
    return values

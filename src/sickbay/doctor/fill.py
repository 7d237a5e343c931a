"""Fills the slots of a text, such as {redirect_uri}, with values from the paste."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import unquote

from sickbay.doctor.model import Message

VALUES: dict[str, str] = {
    "redirect_uri": "the redirect URI",
    "client_id": "the client ID",
    "scope": "the scope",
    "audience": "the audience",
    "issuer": "the issuer",
    "resource": "the resource type",
    "parameter": "the parameter",
    "role": "the permission",
    "project": "the project",
    "claim": "the claim",
}
"""The slots, and words for a value that isn't in the text. What a title says after its last colon is left out with it."""
WORDLESS = frozenset(("expected", "received", "first", "second", "value"))
"""Slots for which no word would do: the sentence is left out."""
VALUE_CHARACTERS = 120
"""The maximum length of a value that is repeated."""
SEARCHED_CHARACTERS = 200_000
_SLOT = re.compile(r"`?\{(\w+)\}`?")
_TAIL = re.compile(r": ([^:]*\{\w+\}[^:]*)$")
_SENTENCE = re.compile(r"(?<=[.!?]) ")
_NAME = re.compile(r"`[^`]*`|\{\w+\}|(?<![\w./:@-])[a-z0-9]+(?:_[a-z0-9]+)+(?![\w/])(?:=[\w*/.-]*\w)?")
"""A text in backticks, a slot, or the name of a parameter or an error code."""


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replaces slots by values, or by words. Names with underscores and values are put in backticks."""
    if not text.endswith("."):
        text = _TAIL.sub(lambda match: match[0] if values.keys() >= _slots(match[1]) else "", text)
    text = " ".join(part for part in _SENTENCE.split(text) if not (_slots(part) - values.keys()) & WORDLESS)
    text = _NAME.sub(lambda match: match[0] if match[0][0] in "`{" else f"`{match[0]}`", text)
    return _SLOT.sub(lambda match: _quoted(values[match[1]]) if values.get(match[1]) else VALUES.get(match[1], match[0]), text)


def _slots(text: str) -> set[str]:
    return set(_SLOT.findall(text))


def _quoted(value: str) -> str:
    """A URL that was copied from a query, as it is registered."""
    value = unquote(value) if "%3a%2f%2f" in value.lower() else value
    return f"`{value if len(value) <= VALUE_CHARACTERS else value[:VALUE_CHARACTERS] + '…'}`"


def capture(messages: Iterable[Message], text: str) -> dict[str, str]:
    """The values that the captures of messages find in the text."""
    found: dict[str, str] = {}
    for message in messages:
        for template in message.captures:
            match = _pattern(template).search(text, 0, SEARCHED_CHARACTERS)
            for name, value in (match.groupdict("") if match else {}).items():
                found.setdefault(name, value.strip())
    return {name: value for name, value in found.items() if value}


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """A template such as `URI '{redirect_uri}' specified` as a pattern: what is around a slot is literal."""
    parts = re.split(r"\{(\w+)\}", template)
    literals = [r"\s{1,9}".join(map(re.escape, part.split(" "))) for part in parts[::2]]
    slots = [rf"(?P<{name}>[^\n]{{1,200}}?)" for name in parts[1::2]]
    if not parts[-1] and slots:
        slots[-1] = rf"(?P<{parts[-2]}>[^\s\"'`<>,;)\]}}&]{{1,200}})"
    return re.compile("".join(part for pair in zip(literals, [*slots, ""], strict=True) for part in pair), re.I)

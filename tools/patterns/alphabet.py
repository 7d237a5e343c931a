"""Divides all characters into classes: characters that a pattern can't tell apart are in the same one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from re import _constants as constants  # type: ignore[attr-defined]
from typing import Any

_OTHERS = "\x85\xa0\xadµéßİıſK“”„‘’«»–—−→⇒…‹›\u200b\u2028\ufeff٣\ue000中：＝😀"
"""Characters outside ASCII that patterns often treat differently: spaces, quotation marks, dashes, digits, cased letters."""
_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    constants.CATEGORY_DIGIT: lambda char: re.match(r"\d", char) is not None,
    constants.CATEGORY_NOT_DIGIT: lambda char: re.match(r"\D", char) is not None,
    constants.CATEGORY_SPACE: lambda char: re.match(r"\s", char) is not None,
    constants.CATEGORY_NOT_SPACE: lambda char: re.match(r"\S", char) is not None,
    constants.CATEGORY_WORD: lambda char: re.match(r"\w", char) is not None,
    constants.CATEGORY_NOT_WORD: lambda char: re.match(r"\W", char) is not None,
}


class Alphabet:
    """Sample characters, one bit each. A set of characters is an integer. The samples include the ends of every range."""

    def __init__(self, tree: Any, flags: int) -> None:
        around = {chr(code + step) for code in _character_codes(tree) for step in (-1, 0, 1) if 0 <= code + step < 0x110000}
        folded = {form for char in around for form in (char.lower(), char.upper()) if len(form) == 1}
        samples = dict.fromkeys((*map(chr, range(128)), *_OTHERS, *sorted(around | folded)))
        self.samples = "".join(samples)
        self.everything = (1 << len(self.samples)) - 1
        self._flags = flags
        self._known: dict[str, int] = {}

    def matched_by(self, op: Any, argument: Any) -> int:
        """The characters that an element of a parsed pattern matches, such as a literal or a set."""
        key = f"{op} {argument}"
        if key not in self._known:
            self._known[key] = self.where(lambda char: self._accepts_char(op, argument, char))
        return self._known[key]

    def where(self, accepts: Callable[[str], bool]) -> int:
        return sum(1 << index for index, char in enumerate(self.samples) if accepts(char))

    def _accepts_char(self, op: Any, argument: Any, char: str) -> bool:
        if op is constants.ANY:
            return bool(self._flags & re.DOTALL) or char != "\n"
        if op is constants.NOT_LITERAL:
            return not self._is_in(((constants.LITERAL, argument),), char)
        return self._is_in(argument if op is constants.IN else ((op, argument),), char)

    def _is_in(self, items: Iterable[tuple[Any, Any]], char: str) -> bool:
        cased = (char.lower(), char.upper(), char.upper().lower(), char.lower().upper())
        forms = {char, *cased} if self._flags & re.IGNORECASE else {char}
        items = list(items)
        negated = bool(items) and items[0][0] is constants.NEGATE
        return negated != any(_class_holds(op, value, form) for op, value in items for form in forms if len(form) == 1)


def _class_holds(op: Any, value: Any, char: str) -> bool:
    if op is constants.LITERAL:
        return bool(ord(char) == value)
    if op is constants.RANGE:
        return bool(value[0] <= ord(char) <= value[1])
    return op is constants.CATEGORY and _CATEGORIES[value](char)


def _character_codes(value: Any) -> Iterator[int]:
    """Every number in a parsed pattern. Those that aren't characters do no harm."""
    if isinstance(value, int) and not isinstance(value, bool):
        yield min(int(value), 0x10FFFF) if value < 0x110000 else 0
    elif isinstance(value, str):
        return
    elif hasattr(value, "__iter__") or hasattr(value, "data"):
        for item in getattr(value, "data", value):
            yield from _character_codes(item)

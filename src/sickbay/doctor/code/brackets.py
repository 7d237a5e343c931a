"""Finds the matching bracket of each bracket. Tolerates brackets that are missing, in linear time."""

from __future__ import annotations

from sickbay.doctor.code.tokens import OPERATOR, CodeToken

_OPENERS = {")": "(", "]": "[", "}": "{"}


def partners(tokens: list[CodeToken]) -> dict[int, int]:
    """The index of the closing bracket for each index of an opening bracket. An unclosed bracket ends with the text."""
    result: dict[int, int] = {}
    open_at: list[int] = []
    count = {"(": 0, "[": 0, "{": 0}
    for index, token in enumerate(tokens):
        if token.kind != OPERATOR:
            continue
        if token.text in count:
            open_at.append(index)
            count[token.text] += 1
        elif token.text in _OPENERS and count[_OPENERS[token.text]]:
            _close(tokens, open_at, count, index, result)
    return result | dict.fromkeys(open_at, len(tokens))


def _close(tokens: list[CodeToken], open_at: list[int], count: dict[str, int], index: int, result: dict[int, int]) -> None:
    """Closes the innermost bracket of this kind, and the unclosed ones in it."""
    opener = _OPENERS[tokens[index].text]
    while open_at:
        start = open_at.pop()
        count[tokens[start].text] -= 1
        result[start] = index
        if tokens[start].text == opener:
            return

"""Finds the members of a JSON object as bytes without parsing their values, so that decimals keep their text."""

from __future__ import annotations

import re

_MARKS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[{}\[\],:]')


def split_members(body: bytes) -> list[tuple[str, bytes]]:
    """Returns (key, unparsed value) of each member, in order. Raises ValueError if `body` isn't a JSON object."""
    pairs: list[tuple[str, bytes]] = []
    depth, key, begin, text = 0, b"", 0, b""
    for mark in _MARKS.finditer(body):
        letter = mark[0]
        if letter in b"{[":
            depth += 1
        elif depth == 1 and letter == b":" and not key:
            key, begin = text, mark.end()
        elif depth == 1 and letter in b",}":
            if key:
                pairs.append((key[1:-1].decode(), body[begin : mark.start()].strip()))
            key = b""
        elif depth == 1:
            text = letter
        if letter in b"}]":
            depth -= 1
    if depth != 0 or not body.lstrip().startswith(b"{"):
        raise ValueError("not a JSON object")
    return pairs


def join_members(pairs: list[tuple[str, bytes]]) -> bytes:
    return b"{" + b",".join(b'"' + key.encode() + b'":' + value for key, value in pairs) + b"}"

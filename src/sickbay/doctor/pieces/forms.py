"""Finds the parameters of a request in text: a form body, or a list with one parameter on each line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote_plus

from sickbay.doctor.pieces.piece import Piece
from sickbay.protocol.parameters import parse

_NAMES = """
grant_type response_type client_id client_secret redirect_uri scope state nonce code code_verifier code_challenge
code_challenge_method refresh_token aud audience resource launch client_assertion client_assertion_type username password
response_mode prompt assertion iss
"""
NAMES = frozenset(_NAMES.split())
_TELLING = frozenset(("grant_type", "response_type", "code_verifier", "client_assertion"))
"""Parameters that only occur in requests: without one of them a list may be anything."""
_NAME = r"[A-Za-z_][\w.-]{0,40}="
_FIRST_NAME, _NEXT_NAME = re.compile(rf"(?<![\w?&=.%/-]){_NAME}"), re.compile(rf"&\s?{_NAME}")
_VALUE = re.compile(r"[^\s&\"'<>`]*+")
_LINE = re.compile(
    rf"^[ \t>*•+-]{{0,12}}[\"'`]?(?P<name>{'|'.join(sorted(NAMES))})[\"'`]?[ \t]{{0,20}}(?:=>|[:=])[ \t]{{0,20}}"
    r"(?P<value>[^\r\n]{1,8000}?)[ \t,;&]{0,8}$",
    re.M | re.I,
)
GAP = 160
"""How many characters may stand between two lines of one list."""


def find(text: str) -> Iterator[Piece]:
    for start, end in _forms(text):
        names = set(parse(text[start:end]).names())
        if names & _TELLING or len(names & NAMES) > 2:
            yield Piece(kind="form", start=start, end=end, values={"body": text[start:end].replace("& ", "&")})
    yield from _lists(text)


def _forms(text: str) -> Iterator[tuple[int, int]]:
    """The places of two or more pairs with `&` between them. A value is read once, so the time is linear."""
    place = 0
    while first := _FIRST_NAME.search(text, place):
        end = place = _after_value(text, first.end())
        while following := _NEXT_NAME.match(text, place):
            place = _after_value(text, following.end())
        if place > end:
            yield first.start(), place


def _after_value(text: str, place: int) -> int:
    value = _VALUE.match(text, place)
    return value.end() if value else place


def _lists(text: str) -> Iterator[Piece]:
    group: list[re.Match[str]] = []
    for match in _LINE.finditer(text):
        if group and match.start() - group[-1].end() > GAP:
            yield from _listed(group)
            group = []
        group.append(match)
    yield from _listed(group)


def _listed(group: list[re.Match[str]]) -> Iterator[Piece]:
    values = {match["name"].lower(): match["value"].strip().strip("\"'`") for match in group}
    if len(values) > 1 and _TELLING & values.keys():
        yield Piece(kind="parameters", start=group[0].start(), end=group[-1].end(), values=values)


def encoded(values: dict[str, str]) -> str:
    """The parameters as a form."""
    return "&".join(f"{name}={quote_plus(value)}" for name, value in values.items())

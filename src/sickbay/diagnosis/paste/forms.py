"""Finds the parameters of a request in text: a form body, or a list with one parameter on each line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote_plus

from sickbay.diagnosis.paste.piece import Piece
from sickbay.protocol.parameters import parse

_NAMES = """
grant_type response_type client_id client_secret redirect_uri scope state nonce code code_verifier code_challenge
code_challenge_method refresh_token aud audience resource launch client_assertion client_assertion_type username password
response_mode prompt assertion iss
"""
NAMES = frozenset(_NAMES.split())
_TELLING = frozenset(("grant_type", "response_type", "code_verifier", "client_assertion"))
"""Parameters that only occur in requests: without one of them a list may be anything."""
_PAIR = r"[A-Za-z_][\w.-]{0,40}=[^\s&\"'<>`]{0,8000}"
_FORM = re.compile(rf"(?<![\w?&=.%/-]){_PAIR}(?:&\s?{_PAIR})+")
_LINE = re.compile(
    rf"^[ \t>*•+-]{{0,12}}[\"'`]?(?P<name>{'|'.join(sorted(NAMES))})[\"'`]?[ \t]{{0,20}}(?:=>|[:=])[ \t]{{0,20}}"
    r"(?P<value>[^\r\n]{1,8000}?)[ \t,;&]{0,8}$",
    re.M | re.I,
)
GAP = 160
"""How many characters may stand between two lines of one list."""


def find(text: str) -> Iterator[Piece]:
    for match in _FORM.finditer(text):
        names = set(parse(match[0]).names())
        if names & _TELLING or len(names & NAMES) > 2:
            yield Piece(kind="form", start=match.start(), end=match.end(), values={"body": match[0].replace("& ", "&")})
    yield from _lists(text)


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

"""Reads a token request as it was sent (RFC 6749 3.2), in any format."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from sickbay.authorization.requests import TokenRequest
from sickbay.protocol import unicode
from sickbay.protocol.parameters import Parameters, encode, parse

_BOUNDARY = re.compile(r'\bboundary="?([^";,\s]+)', re.I)
_NAME = re.compile(r'\bname="([^"]+)"')
_GAP = re.compile(r"\r?\n\r?\n")


def read(method: str, url: str, headers: Mapping[str, str], body: str, *, direct: bool = True) -> TokenRequest:
    """Parses a request. Parameters in JSON, multipart or the URL count like those of a form, so only the format is refused.

    headers: names in lower case. direct: as in TokenRequest.
    """
    address, _, query = url.partition("?")
    in_url = parse(query)
    type = headers.get("content-type", "")
    in_parts = type.lower().startswith("multipart/")
    if in_url.pairs or is_json(body) or in_parts:
        pairs = (*(_parts(type, body) if in_parts else _body(body)), *in_url.pairs)
        parameters = Parameters(pairs, encode(pairs))
    else:
        parameters = parse(body)
    return TokenRequest(parameters, headers, address, method.upper(), in_url, body, direct)


def _body(body: str) -> tuple[tuple[str, str], ...]:
    if not is_json(body):
        return parse(body.strip()).pairs
    try:
        members = unicode.loads(body)
    except (ValueError, RecursionError):
        return ()
    return tuple((str(name), value if isinstance(value, str) else json.dumps(value)) for name, value in members.items())


def _parts(type: str, body: str) -> tuple[tuple[str, str], ...]:
    """Parses a multipart form (RFC 7578), which is refused. Used for the explanation."""
    boundary = _BOUNDARY.search(type)
    pieces = body.split(f"--{boundary[1]}")[1:-1] if boundary else []
    parts = [(_NAME.search(head), text) for head, text in (_GAP.split(f"{piece}\n\n", maxsplit=1) for piece in pieces)]
    return tuple((name[1], text.rstrip("\r\n")) for name, text in parts if name)


def is_json(body: str) -> bool:
    return body.lstrip()[:1] == "{"

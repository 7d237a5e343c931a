"""Finds error responses in the URL of a redirect: `?error=` and `#error=`, also if encoded or inside another URL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from sickbay.diagnosis.answers.values import CODES, FALSY, ErrorAnswer, oauth
from sickbay.protocol.unicode import without_html_escapes

_ERROR = re.compile(
    r"(?:^|[?&#;])\s*(?P<name>(?:[a-z]{1,20}[_-])?err(?:or)?(?:_?(?:code|reason|type|subtype|subcode|msg|message))?)"
    r"(?:\[\w{0,20}\])?=(?P<value>[^&#;\s]{0,300})",
    re.I,
)
_DESCRIPTION = re.compile(r"[?&#;]error_?description=(?P<value>[^&#\s]{0,600})", re.I)
_VALUE = re.compile(r"[?&#;](?P<name>[\w.-]{1,40})=(?P<value>[a-z_]{8,40})(?=[&#;\s]|$)", re.I)
_URN = re.compile(r"urn:[\w-]{1,40}:error:[\w:.-]{1,200}", re.I)
"""The error code in the URL of a vendor's error page."""
_ECHOED = frozenset(("state", "nonce", "code", "scope", "launch", "client_id"))
"""Parameters with arbitrary values, in which an error code means nothing."""
DECODINGS = 3


def views(text: str) -> tuple[str, ...]:
    """The text as it is and with its percent-encoding removed, at most three times."""
    decodings = [without_html_escapes(text)]
    while len(decodings) <= DECODINGS and "%" in decodings[-1] and (decoded := unquote(decodings[-1])) != decodings[-1]:
        decodings.append(decoded)
    return tuple(decodings)


def errors(url: str) -> Iterator[ErrorAnswer]:
    """`url` may be broken over several lines."""
    joined = "".join(line.strip() for line in url.splitlines())
    for view in views(joined):
        described = _DESCRIPTION.search(view)
        description = unquote_plus(described["value"]) if described else ""
        yield from _find_errors(view, description)
        for match in _VALUE.finditer(view):
            if match["value"].lower() in CODES and match["name"].lower() not in _ECHOED:
                yield oauth(match["value"], description, redirected=True)
        if described and description.strip():
            yield ErrorAnswer("authorization", "", description)
        yield from (ErrorAnswer("vendor", match[0]) for match in _URN.finditer(view))


def _find_errors(view: str, description: str) -> Iterator[ErrorAnswer]:
    granted = re.search(r"[?&#;]code=[^&#\s]", view) is not None
    for match in _ERROR.finditer(view):
        value = unquote_plus(match["value"]).strip("\"'")
        if value.lower() not in FALSY or (not value and not granted and match["name"].lower() == "error"):
            yield oauth(value, description, redirected=True)

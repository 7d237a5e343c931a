"""The request that a person wants to send again: its parts, its limits, and the headers that it may have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple
from urllib.parse import unquote

METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
URL_CHARACTERS: Final = 16_384
HEADER_CHARACTERS: Final = 8_192
"""The longest value of a header. A client assertion or a token has up to 2,000."""
BODY_CHARACTERS: Final = 1_000_000
HEADERS: Final = frozenset(
    """
    accept accept-language authorization content-type if-match if-modified-since if-none-exist if-none-match prefer
    user-agent x-requested-with x-security-context
    """.split()
)
"""All headers that a resent request may have. The others say who sends it, or over which connection."""
_VALUE: Final = re.compile(r"[\x20-\x7e]*")
_PATH: Final = re.compile(r"/[!$&'()*+,\-.0-9:;=@A-Z_a-z~%/]*")
"""No backslash, no space and nothing that isn't ASCII."""
_ESCAPES: Final = re.compile(r"%(?:2[ef]|5c|25|[01][0-9a-f]|7f)", re.I)
"""An encoded dot, slash, backslash, percent sign or control character: another reader could read a different path."""
_QUERY: Final = re.compile(r"[\x21-\x7e]*")


class WrongRequest(ValueError):
    """The request can't be sent. Its text is a sentence for the person who wants to send it."""


class EditedRequest(NamedTuple):
    """A request to a hospital. path: percent-encoded, with a slash at its start. query: without the question mark.

    headers: names in lower case.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = MappingProxyType({})
    body: str = ""

    @property
    def target(self) -> str:
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def is_write(self) -> bool:
        """Whether its method may change data. The forms of OAuth change nothing that anyone else sees."""
        is_form = self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        is_search = self.path.endswith("/_search")
        return self.method not in ("GET", "HEAD") and not (self.method == "POST" and (is_form or is_search))


def read_request(base: str, method: str, url: str, headers: Mapping[str, str], body: str) -> EditedRequest:
    """Check the parts that someone typed. base: this server's. Raises WrongRequest."""
    method = method.strip().upper()
    if method not in METHODS:
        raise WrongRequest(f"The method must be one of {', '.join(METHODS)}.")
    if len(body) > BODY_CHARACTERS:
        raise WrongRequest(f"The body is longer than {BODY_CHARACTERS:,} characters.")
    path, query = _split_url(base, url.strip())
    return EditedRequest(method, path, query, read_headers(headers), body if method not in ("GET", "HEAD") else "")


def read_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers with names in lower case, without empty ones. Raises WrongRequest."""
    read: dict[str, str] = {}
    for name, value in headers.items():
        name, value = name.strip().lower(), value.strip()
        if name not in HEADERS:
            raise WrongRequest(f"The header {name[:40]!r} can't be sent. Allowed are {', '.join(sorted(HEADERS))}.")
        if len(value) > HEADER_CHARACTERS or not _VALUE.fullmatch(value):
            raise WrongRequest(f"The value of {name} is too long, or has characters that no header can have.")
        if value:
            read[name] = value
    return read


def _split_url(base: str, url: str) -> tuple[str, str]:
    """The path and the query of a URL below the base URL of this server."""
    if len(url) > URL_CHARACTERS:
        raise WrongRequest(f"The URL is longer than {URL_CHARACTERS:,} characters.")
    address, _, query = url.partition("?")
    path = address[len(base) :] if address.startswith(f"{base}/") else address
    is_plain = _PATH.fullmatch(path) is not None and not _ESCAPES.search(path) and _QUERY.fullmatch(query) is not None
    if not is_plain or "//" in path or any(part in (".", "..") for part in unquote(path).split("/")):
        raise WrongRequest(f"The URL must start with {base}/ or /, and its path must not have //, . or .. as a part.")
    return path, query

"""Determines whether a browser shows another origin's page in a frame, from its address and response headers.

Content Security Policy Level 3, 6.4.2 frame-ancestors and 6.7.2.8 (matching); HTML Standard, The `X-Frame-Options` header.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sickbay.protocol.urls import DEFAULT_PORTS, LOOPBACK, origin_of, split

POLICIES: Final = 32
"""Maximum number of policies and directives that are read. Pages have one policy, with a dozen directives."""


def is_mixed_content(page: str, address: str) -> bool:
    """Whether browsers block a frame with this address because the page around it has come over https.

    Most of them take http on the same machine for secure.
    """
    host = split(address).hostname or ""
    is_local = host in LOOPBACK or host.endswith(".localhost")
    return split(page).scheme == "https" and split(address).scheme == "http" and not is_local


def refusing_header(headers: Mapping[str, str], address: str, page: str) -> str:
    """The header with which this response keeps a page of the origin `page` from framing it; "" if none does.

    headers: names in lower case. address: that of the response. A source that isn't understood allows the frame.
    """
    ancestors = _frame_ancestors(headers.get("content-security-policy", ""))
    if not ancestors:
        return _refusing_options(headers.get("x-frame-options", ""), address, page)
    refusing = next(
        (sources for sources in ancestors if not any(_source_matches(source, address, page) for source in sources)), None
    )
    return "" if refusing is None else f"Content-Security-Policy: frame-ancestors {' '.join(refusing)}".rstrip()


def _frame_ancestors(policies: str) -> list[list[str]]:
    """Returns the sources of each policy that has the directive. Only the first such directive of a policy counts."""
    found = []
    for policy in policies.split(",", POLICIES)[:POLICIES]:
        for directive in policy.split(";", POLICIES)[:POLICIES]:
            name, *sources = directive.split()[:POLICIES] or [""]
            if name.lower() == "frame-ancestors":
                found.append(sources)
                break
    return found


def _source_matches(source: str, address: str, page: str) -> bool:
    """Whether a source of frame-ancestors allows this page. page: an origin."""
    keyword, own = source.lower(), origin_of(address)
    if keyword in ("*", "'none'"):
        return keyword == "*"
    if keyword == "'self'":
        return origin_of(page) == own
    scheme, mark, rest = keyword.partition("://")
    if not mark and keyword.endswith(":"):
        return _fits_scheme(keyword[:-1], page)
    authority = (rest if mark else keyword).partition("/")[0]
    return _fits_scheme(scheme if mark else split(address).scheme, page) and _fits_host(authority, page)


def _fits_scheme(scheme: str, page: str) -> bool:
    actual = split(page).scheme
    return actual == scheme or (scheme, actual) == ("http", "https")


def _fits_host(authority: str, page: str) -> bool:
    """Whether the page's host fits an authority: "ehr.example.org:8443", "*.example.org", "localhost:*"."""
    host, mark, port = authority.rpartition(":") if not authority.endswith("]") else (authority, "", "")
    host, actual = host if mark else authority, split(page)
    name = actual.hostname or ""
    if not (name == host.strip("[]") or (host.startswith("*.") and name.endswith(host[1:]))):
        return False
    used = actual.port or DEFAULT_PORTS.get(actual.scheme)
    return port == "*" or used == (int(port) if port.isascii() and port.isdecimal() else DEFAULT_PORTS.get(actual.scheme))


def _refusing_options(value: str, address: str, page: str) -> str:
    """Returns the refusing X-Frame-Options value. Browsers ignore unknown values unless they contradict a known one."""
    options = {option.strip().lower() for option in value.split(",", POLICIES)[:POLICIES]}
    known = options & {"deny", "sameorigin", "allowall"}
    refuses = (
        "deny" in options
        or (len(options) > 1 and bool(known))
        or (known == {"sameorigin"} and origin_of(page) != origin_of(address))
    )
    return f"X-Frame-Options: {value.strip()}" if refuses else ""

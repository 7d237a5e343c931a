"""Whether an http or https URL has a host and a port that a browser can open: RFC 3986 3.2, RFC 1123 2.1, WHATWG URL 3.5."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

MAXIMUM_NAME: Final = 253
"""Maximum length of a DNS name in characters, without a final dot (RFC 1035 2.3.4)."""
MAXIMUM_LABEL: Final = 63
MAXIMUM_PORT: Final = 65_535
_AUTHORITY = re.compile(r"https?://([^/?#\\]++)", re.I)
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9._-]", re.I | re.A)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.I)


def host_problem(url: str) -> str:
    """Returns a sentence that says why no browser can open the URL's host and port; "" if it can, or if there is no host."""
    match = _AUTHORITY.match(url)
    authority = match[1].rpartition("@")[2] if match else ""
    if not authority:
        return ""
    if authority.startswith("["):
        host, bracket, rest = authority[1:].partition("]")
        return _address_problem(host, bracket + rest) or _port_problem(rest[1:])
    name, _, port = authority.partition(":")
    return (_name_problem(name) or _port_problem(port)) if name else ""


def _port_problem(port: str) -> str:
    """A URL may end its host with a colon and no port (RFC 3986 3.2.3)."""
    digits = port.lstrip("0") if port.isascii() and port.isdecimal() else ""
    if not port or (digits and len(digits) <= len(str(MAXIMUM_PORT)) and int(digits) <= MAXIMUM_PORT):
        return ""
    return f"It has port {port[:20]}. A port is a number from 1 to {MAXIMUM_PORT:,}."


def _address_problem(host: str, rest: str) -> str:
    is_complete = rest[:2] in ("]", "]:") and "%" not in host
    return "" if is_complete and _is_ipv6(host) else "The host isn't an IPv6 address between `[` and `]`, without a zone."


def _is_ipv6(host: str) -> bool:
    try:
        IPv6Address(host)
    except AddressValueError:
        return False
    return True


def _name_problem(name: str) -> str:
    if "%" in name:
        return "The host is percent-encoded. A browser decodes it, which changes the address."
    if character := _NOT_IN_A_NAME.search(name):
        return f"The host contains `{character[0]}`. It can contain only letters, digits, hyphens and dots."
    labels = name.removesuffix(".").split(".")
    if "" in labels:
        where = "is only a dot" if labels == [""] else "begins with a dot" if not labels[0] else "has two dots in a row"
        return f"The host {where}."
    if _NUMBER.fullmatch(labels[-1]):
        return _number_problem(name)
    if len(name.removesuffix(".")) > MAXIMUM_NAME:
        return f"The host is longer than {MAXIMUM_NAME} characters."
    return next((fault for label in labels if (fault := _label_problem(label))), "")


def _number_problem(name: str) -> str:
    """Browsers treat a host whose last label is a number as an IPv4 address, and read `127.1` as 127.0.0.1."""
    try:
        IPv4Address(name)
    except AddressValueError:
        return f"A browser reads the host `{name}` as an IPv4 address, which has four decimal numbers from 0 to 255."
    return ""


def _label_problem(label: str) -> str:
    if len(label) > MAXIMUM_LABEL:
        return f"The host has a part of more than {MAXIMUM_LABEL} characters between two dots."
    if label.startswith("-") or label.endswith("-"):
        return f"A part of a host name can't begin or end with a hyphen, as `{label}` does."
    if label[:4].lower() == "xn--" and not _is_punycode(label[4:]):
        return f"`{label}` isn't valid Punycode."
    return ""


def _is_punycode(text: str) -> bool:
    """Whether the text after `xn--` decodes to at least one letter outside of ASCII."""
    try:
        return not text.encode("ascii").decode("punycode").isascii()
    except UnicodeError:
        return False

"""Checks the values of `--allowed-host` and `--trusted-proxy`: one of another form would match no request."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from sickbay.cli.output import reject_argument

_NAME = re.compile(r"[0-9a-z._-]+", re.I)
_SEPARATORS = re.compile(r"[\s,;]+")


def check_allowed_host(text: str) -> None:
    """Raises CommandError unless it is a host name or an address, without scheme, port and path."""
    if not _is_host(text):
        what = "a host name or an address without scheme, port and path, such as ehr.example.org"
        _reject("--allowed-host", what, text, _find_host)


def check_trusted_proxy(text: str) -> None:
    """Raises CommandError unless it is an address, a network or *. Names aren't looked up."""
    if text != "*" and not _is_network(text):
        what = "the address from which the proxy connects, such as 127.0.0.1, a network such as 10.0.0.0/8, or *"
        _reject("--trusted-proxy", what, text, _find_network)


def _reject(option: str, what: str, text: str, find: Callable[[str], str]) -> None:
    """find: reads what one part of a wrong value probably means; "" if that isn't clear."""
    meant = [find(part) for part in _SEPARATORS.split(text.strip())]
    fix = f" Write {' '.join(f'{option} {value}' for value in meant)}." if all(meant) else ""
    reject_argument(f"{option} must be {what}, not {text or 'an empty text'}.{fix}")


def _find_host(text: str) -> str:
    """The host of a URL, or of a name with a port or a path."""
    try:
        host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        host = host.encode("idna").decode()
    except ValueError:
        return ""
    return host if _is_host(host) else ""


def _is_host(text: str) -> bool:
    """Whether the Host header of a request can name it (RFC 9110 7.2), apart from its port and brackets."""
    return _NAME.fullmatch(text) is not None or ("/" not in text and _is_network(text))


def _find_network(text: str) -> str:
    """The network that contains the address, or the address of a URL."""
    if "/" not in text or "//" in text:
        host = _find_host(text)
        address = "127.0.0.1" if host == "localhost" else host
        return address if _is_network(address) else ""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return ""


def _is_network(text: str) -> bool:
    """Whether it is an address, or a network whose address has no bits beyond its prefix."""
    try:
        ipaddress.ip_network(text) if "/" in text else ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

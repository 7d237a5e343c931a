"""The one door to other servers: a document fetched by GET, from addresses that are nobody's inside.

What we fetch, others choose. So names are resolved here, every address is looked at before it is called, and the one
that was looked at is the one that is called; redirects are not followed, and neither size nor time is theirs to choose.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

PATIENCE = 5.0
"""Seconds for all of it: name, connection, answer."""
LIMIT = 65_536
"""Bytes of a body."""
DEFAULT_PORTS = {"http": 80, "https": 443}

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")
IPV4_COMPATIBLE = ipaddress.ip_network("::/96")


@dataclass(frozen=True, slots=True)
class Fetched:
    """headers: names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Unreachable(Exception):
    """Nothing was fetched; the text says why, in words for whoever registered the address."""


def allowed(text: str, loopback: bool) -> bool:
    """Whether this address may be called: a public one, or, where `loopback` says so, this machine's own."""
    address = _inner(ipaddress.ip_address(text.partition("%")[0]))
    if address.is_loopback:
        return loopback
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    return address.is_global and not address.is_multicast and not address.is_reserved and not site_local


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one only wraps."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    wraps = address in NAT64 or (address in IPV4_COMPATIBLE and int(address) > 0xFFFF)
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if wraps else address


async def fetch(url: str, *, loopback: bool = False) -> Fetched:
    """GET this http or https URL. Raises Unreachable. loopback: whether this machine's own addresses may be called."""
    import httpx2  # many commands never fetch anything

    try:
        parts = urlsplit(url)
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username is not None:
            raise Unreachable("the address is no plain http or https URL")
        port = parts.port or DEFAULT_PORTS[parts.scheme]
        async with asyncio.timeout(PATIENCE):
            return await _from_any(parts, await _addresses(parts.hostname, port, loopback), port)
    except TimeoutError:
        raise Unreachable(f"no answer within {PATIENCE:.0f} seconds") from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        raise Unreachable(str(error) or type(error).__name__) from error


async def _addresses(host: str, port: int, loopback: bool) -> list[str]:
    """All addresses of the name; one that may not be called among them, and none is."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        raise Unreachable(f"the name {host} has no address") from None
    addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
    if not addresses or not all(allowed(one, loopback) for one in addresses):
        raise Unreachable(f"{host} is an address inside a network, which is never called")
    return addresses


async def _from_any(parts: SplitResult, addresses: list[str], port: int) -> Fetched:
    """The first address that can be connected to answers: localhost has two, and a server often listens on one."""
    import httpx2

    async with httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=PATIENCE) as http:
        for address in addresses[:-1]:
            try:
                return await _get(http, parts, address, port)
            except httpx2.ConnectError:
                continue
        return await _get(http, parts, addresses[-1], port)


async def _get(http: Any, parts: SplitResult, address: str, port: int) -> Fetched:
    """From this address alone, under the name that was asked for: also the name that the certificate must have."""
    host = f"[{address}]" if ":" in address else address
    url = parts._replace(netloc=f"{host}:{port}", fragment="").geturl()
    headers = {"host": parts.netloc, "accept": "application/json", "accept-encoding": "identity"}
    async with http.stream("GET", url, headers=headers, extensions={"sni_hostname": parts.hostname}) as answer:
        body = b""
        async for piece in answer.aiter_raw():
            body += piece
            if len(body) > LIMIT:
                raise Unreachable(f"the answer is longer than {LIMIT} bytes")
        return Fetched(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, body)

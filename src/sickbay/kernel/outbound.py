"""Fetches documents from other servers, but never from addresses inside a private network.

Clients choose the URLs. Therefore names are resolved here, every address is checked before it is called, and exactly the
checked address is called. Redirects aren't followed, and the size and the time of a response are limited.
"""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import SplitResult, urlsplit

from msgspec import Struct, field

from sickbay.kernel.name_lookup import RunningFetches, resolve_host

TIMEOUT_SECONDS = 5.0
"""Seconds for the name lookup, the connection and the response together."""
LIMIT = 65_536
"""Maximum size of a body in bytes."""
VIA = "1.1 sickbay"
"""`Via` header of each request, so that a receiving Sickbay doesn't mistake the request for the user at the keyboard."""
NO_RESPONSE: Final = f"no response within {TIMEOUT_SECONDS:.0f} seconds"
TOO_MANY: Final = "Sickbay is already fetching too many documents from this domain, or from all. Try again in a minute"
WRAPPED_EXCEPTIONS: Final = 8
"""Maximum number of nested exceptions that are searched for an error of the TLS handshake."""
DEFAULT_PORTS = {"http": 80, "https": 443}

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")
IPV4_COMPATIBLE = ipaddress.ip_network("::/96")
RESERVED: Final = tuple(
    map(ipaddress.ip_network, ("192.88.99.0/24", "64:ff9b:1::/48", "100:0:0:1::/64", "2001:20::/28", "3fff::/20", "5f00::/16"))
)
"""Networks of IANA's special-purpose registries that some versions of Python take for public."""


_RUNNING: Final = RunningFetches()
"""The fetches and lookups of this process."""


class Fetched(Struct, frozen=True):
    """A fetched response. headers: names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class NamedHost(Struct):
    """A host that the user named, so it may have a private address. Its name is resolved once: an answer that changes later
    can't lead to another address (DNS rebinding).
    """

    name: str
    addresses: list[str] = field(default_factory=list)


Cause: TypeAlias = Literal["no-connection", "timeout", "certificate", "tls", "other"]


class Unreachable(Exception):
    """Raised if the fetch failed. The message explains the reason to the developer who registered the URL."""

    def __init__(self, message: str, cause: Cause = "other") -> None:
        super().__init__(message)
        self.cause: Cause = cause


class NotPublic(Unreachable):
    """Raised if the name has no address, or one that may not be called."""


class TooLong(Unreachable):
    """Raised if the response has more bytes than the limit."""


def is_allowed(text: str, loopback: bool) -> bool:
    """Whether this address may be called: a public one, or this machine's own if `loopback` is true."""
    address = _embedded_ipv4(ipaddress.ip_address(text.partition("%")[0]))
    if address.is_loopback:
        return loopback
    site_local = isinstance(address, ipaddress.IPv6Address) and address.is_site_local
    special = site_local or address.is_multicast or address.is_reserved or any(address in network for network in RESERVED)
    return address.is_global and not special


def _embedded_ipv4(address: Address) -> Address:
    """Returns the IPv4 address that an IPv6 address embeds, otherwise the address itself."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour or address
    wraps = address in NAT64 or (address in IPV4_COMPATIBLE and int(address) > 0xFFFF)
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if wraps else address


async def fetch(
    url: str, *, loopback: bool = False, named: NamedHost | None = None, page: bool = False, limit: int = LIMIT
) -> Fetched:
    """Sends a GET to an http or https URL. Raises Unreachable.

    loopback: allows this machine's own addresses. named: a host that may have any address; pass the same object each time.
    page: asks for HTML, as a browser does, and reads only the status and the headers. limit: the size of a body in bytes.
    """
    parts, port = _split_url(url)
    host = str(parts.hostname)
    if not _RUNNING.take(host):
        raise Unreachable(TOO_MANY)
    try:
        deadline = asyncio.get_running_loop().time() + TIMEOUT_SECONDS
        addresses = await _permitted_addresses(host, port, loopback, named, deadline)
        return await _fetch_before(deadline, parts, addresses, port, page, limit)
    finally:
        _RUNNING.free(host)


def _split_url(url: str) -> tuple[SplitResult, int]:
    """Returns the URL's parts and its port."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Unreachable(str(error)) from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        raise Unreachable("the URL must be http or https, with a host and without a user name")
    return parts, port or DEFAULT_PORTS[parts.scheme]


async def _fetch_before(
    deadline: float, parts: SplitResult, addresses: list[str], port: int, page: bool, limit: int
) -> Fetched:
    import httpx2  # many commands never fetch anything

    try:
        async with asyncio.timeout_at(deadline):
            return await _fetch_from_any(parts, addresses, port, page, limit)
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise Unreachable(NO_RESPONSE, "timeout") from error
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        cause: Cause = _tls_cause(error) or ("no-connection" if isinstance(error, httpx2.ConnectError) else "other")
        raise Unreachable(str(error).rstrip(".") or type(error).__name__, cause) from error


def _tls_cause(error: BaseException) -> Cause | None:
    """Returns the error of the TLS handshake. HTTP clients wrap its exception once or twice."""
    current: BaseException | None = error
    for _ in range(WRAPPED_EXCEPTIONS):
        if isinstance(current, ssl.SSLError):
            return "certificate" if isinstance(current, ssl.SSLCertVerificationError) else "tls"
        current = current.__cause__ or current.__context__ if current is not None else None
    return None


async def _permitted_addresses(host: str, port: int, loopback: bool, named: NamedHost | None, deadline: float) -> list[str]:
    """Returns all addresses of the name. Raises Unreachable if any of them may not be called."""
    if named is not None and host == named.name.lower():
        named.addresses = named.addresses or await _resolve_before(deadline, host, port)
        return named.addresses
    addresses = await _resolve_before(deadline, host, port)
    if not all(is_allowed(entry, loopback) for entry in addresses):
        raise NotPublic(f"{host} has an address inside a private network, and those are never called")
    return addresses


async def _resolve_before(deadline: float, host: str, port: int) -> list[str]:
    try:
        async with asyncio.timeout_at(deadline):
            addresses = await resolve_host(host, port, _RUNNING)
    except TimeoutError:
        raise Unreachable(f"the name {host} wasn't resolved within {TIMEOUT_SECONDS:g} seconds", "timeout") from None
    if addresses is None:
        raise Unreachable(TOO_MANY)
    if not addresses:
        raise NotPublic(f"the name {host} has no address")
    return addresses


async def _fetch_from_any(parts: SplitResult, addresses: list[str], port: int, page: bool, limit: int) -> Fetched:
    """Uses the first address that accepts a connection: localhost has two, and servers often listen on only one."""
    import httpx2

    async with httpx2.AsyncClient(
        trust_env=False, verify=_trusted_certificates(), follow_redirects=False, timeout=TIMEOUT_SECONDS
    ) as http:
        for address in addresses[:-1]:
            try:
                return await _get_from_address(http, parts, address, port, page, limit)
            except httpx2.ConnectError:
                continue
        return await _get_from_address(http, parts, addresses[-1], port, page, limit)


@cache
def _trusted_certificates() -> ssl.SSLContext:
    """Reading them takes some milliseconds, and each copy half a megabyte."""
    import httpx2

    return httpx2.create_ssl_context(trust_env=False)


async def _get_from_address(http: Any, parts: SplitResult, address: str, port: int, page: bool, limit: int) -> Fetched:
    """Connects to exactly this address, with the host name of the URL, which the certificate must have too."""
    host = f"[{address}]" if ":" in address else address
    url = parts._replace(netloc=f"{host}:{port}", fragment="").geturl()
    accept = "text/html, */*;q=0.8" if page else "application/json"
    headers = {"host": parts.netloc, "accept": accept, "accept-encoding": "identity", "via": VIA}
    async with http.stream("GET", url, headers=headers, extensions={"sni_hostname": parts.hostname}) as response:
        body = b""
        if page:
            return Fetched(response.status_code, {name.lower(): value for name, value in response.headers.items()})
        async for piece in response.aiter_raw():
            body += piece
            if len(body) > limit:
                raise TooLong(f"the response is longer than {limit} bytes")
        return Fetched(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)

"""Decides who administers this Sickbay: the user who runs it, at its keyboard, or anyone with the admin token."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container, Iterable, Mapping
from itertools import takewhile
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

from sickbay.kernel.memoize import memoize

Standing: TypeAlias = Literal["keyboard", "token", "session", "foreign", "wrong-token", "no-rights"]
"""How a request gets administrator access (the first three), or why it doesn't."""
ADMINISTERS: Final = frozenset(("keyboard", "token", "session"))
Bearer: TypeAlias = Literal["none", "right", "wrong"]
PORTAL: Final = frozenset(("", "developer", "exchanges", "timelines"))
"""First segments of the paths of the developer portal."""

ROOT: Final = 0
"""The user id of root, who can read Sickbay's data and memory anyway."""

_FORWARDING: Final = re.compile(
    r"forward|proxy|client-?ip|real-?ip|connecting-?ip|remote-?(?:ip|addr|host|port|user)|-via$|(?:^|-)ip$|"
    r"^(?:x-)?(?:original|originating|rewrite|ssl|real|client-cert|client-(?:host|port|proto|scheme|verify|dn)$)(?:-|$)|"
    r"^x-(?:host|port|https|proto|protocol|scheme|url-scheme|server-(?:name|port|addr)|request-start|envoy-|varnish|amzn-|"
    r"amz-cf-|azure-|arr-|appengine-|appservice-|goog-(?:iap|authenticated)-|nginx|nf-|vercel-|kong-|traefik-|ingress-|edge-|cloud-|accel-|lb-|"
    r"auth-request-|authentik-|webauth-|peer-|consumer-|ms-client-principal|railway-|render-|akamai-|script-name$|ngrok-|http-host)|"
    r"^(?:via|oidc-|rndr-|cloudfront-|cdn-|cf-|fastly-|akamai-|true-|tailscale-|ngrok-|fly-|l5d-|surrogate-|front-end-https|client-cert)"
)
"""Names of the headers that proxies add. A wrong guess costs only a sign-in with the admin token."""
_KEEP_ALIVE: Final = ("mozilla/", "curl/", "wget/", "python-requests/", "python-httpx/", "postmanruntime/")
"""Clients that don't send `Connection: close` on their own; many HTTP libraries do."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class AdminRules(Struct, frozen=True):
    """base_host: the host name of the base URL. proxies: trusted proxies. token_set: an admin token was configured."""

    base_host: str
    require_token: bool = False
    token_set: bool = False
    proxies: tuple[str, ...] = ()


class SocketHolder(Struct, frozen=True):
    """The user of this machine who holds the other end of a loopback connection.

    uid: None if no process holds it any more, or if the system doesn't find it. told: whether the system reports it; only Linux
    does. unmapped: the id stands for every user outside our user namespace (user_namespaces(7)).
    """

    uid: int | None = None
    told: bool = True
    unmapped: bool = False


class AdminRequest(Struct, frozen=True):
    """What the decision depends on.

    peer: the socket's remote address. host: the name in the Host header. forwarded: the sign of a proxy, "" for none.
    session: the browser signed in with the admin token, and this request may use that session. stranger: the sign that another
    user of this machine sent it, "" for none.
    """

    peer: str
    host: str
    forwarded: str = ""
    foreign: bool = False
    bearer: Bearer = "none"
    session: bool = False
    stranger: str = ""


def may_use_session(path: str, tenants: Container[str]) -> bool:
    """Whether a session with the admin token counts at this path. FHIR and OAuth paths and /admin never accept a cookie."""
    first, _, rest = path[1:].partition("/")
    return first in PORTAL or (first in tenants and (rest == "ehr/launch" or rest.startswith("errors/")))


def decide_admin_access(rules: AdminRules, request: AdminRequest) -> Standing:
    """Decides how a request gets admin access. With a wrong token, a session doesn't count, nor the keyboard if a token is
    set."""
    if request.foreign:
        return "foreign"
    if request.bearer == "right":
        return "token"
    keyboard = is_at_keyboard(rules, request)
    if request.bearer == "wrong" and (rules.token_set or not keyboard):
        return "wrong-token"
    if keyboard:
        return "keyboard"
    return "session" if request.session else "no-rights"


def is_at_keyboard(rules: AdminRules, request: AdminRequest) -> bool:
    """Whether the user who runs Sickbay, or root, sent the request directly on this machine, as far as a server can tell."""
    return (
        not rules.require_token
        and is_loopback(rules.base_host)
        and is_loopback(request.host)
        and is_loopback(request.peer)
        and not request.forwarded
        and not request.stranger
        and not is_trusted_proxy(rules.proxies, request.peer)
    )


def stranger_sign(holder: SocketHolder, own: int) -> str:
    """Why the holder of a loopback connection isn't the user who runs Sickbay or root, as a sentence; "" if it is one of them.

    own: the id of the user who runs Sickbay. If the system never says who holds a connection, every user counts as that one.
    """
    if not holder.told:
        return ""
    if holder.unmapped:
        return "The connection belongs to a user outside Sickbay's user namespace."
    if holder.uid is None:
        return "The system doesn't say which user the connection belongs to, or the connection is already closed."
    if holder.uid in (ROOT, own):
        return ""
    return f"The connection belongs to user id {holder.uid}, but Sickbay runs as user id {own}."


@memoize(256)
def is_loopback(name: str) -> bool:
    """Whether a host name or address always means this machine."""
    return name == "localhost" or _is_loopback_address(name)


def _parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parses an address. An IPv4-mapped IPv6 address (RFC 4291 2.5.5.2) is returned as IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address


def _is_loopback_address(text: str) -> bool:
    address = _parse_address(text)
    return address is not None and address.is_loopback


def is_trusted_proxy(proxies: Iterable[str], peer: str) -> bool:
    """Whether the peer is a trusted proxy: an address, a network, or * for all."""
    return any(proxy == "*" or proxy == peer or _network_contains(proxy, peer) for proxy in proxies)


def _network_contains(network: str, peer: str) -> bool:
    address = _parse_address(peer)
    try:
        return address is not None and address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def forwarding_sign(headers: Mapping[str, str], http_version: str = "1.1") -> str:
    """Returns the header or version that shows a proxy forwarded this request, or "". headers: lower-case names, in order."""
    if http_version != "1.1":  # 1.0: nginx before 1.29.7, unless proxy_http_version says otherwise
        return f"HTTP/{http_version}"
    for name in headers:
        if _is_of_a_proxy(name):
            return name
    return _sign_of_connection(headers)


@memoize(512)
def _is_of_a_proxy(name: str) -> bool:
    return _FORWARDING.search(name.replace("_", "-")) is not None


def _sign_of_connection(headers: Mapping[str, str]) -> str:
    """A proxy writes its own Connection header (RFC 9110 7.6.1), and few write it as the client would have."""
    sent = headers.get("connection", "").strip().lower()
    if sent == "upgrade":  # nginx, as configured for WebSocket; Java sends another token as well
        return "connection: upgrade"
    if not sent and _is_browser(headers):  # an upstream of nginx with keepalive
        return "no Connection header, which every browser sends"
    return "connection: close" if "close" in sent and _is_closed_by_a_proxy(sent, headers) else ""


def _is_browser(headers: Mapping[str, str]) -> bool:
    from_a_person = headers.get("user-agent", "").lower().startswith("mozilla/") and "accept-language" in headers
    return "sec-fetch-site" in headers or from_a_person


def _is_closed_by_a_proxy(sent: str, headers: Mapping[str, str]) -> bool:
    """nginx writes Host and Connection before the client's headers; libraries write User-Agent before Connection."""
    if "sec-fetch-site" in headers or headers.get("user-agent", "").lower().startswith(_KEEP_ALIVE):
        return True
    before = takewhile(lambda name: name != "connection", headers)
    return sent == "close" and "user-agent" not in before


def is_foreign(
    headers: Mapping[str, str], method: str, *, own_origin: bool | None, own_referer: bool = False, acts: bool
) -> bool:
    """Whether a page of another origin sent this request. own_origin: None if there is no Origin header.

    A top-level navigation to a page that only shows something is not foreign, wherever its link was. acts: the page
    does more than show. With a GET over plain HTTP to a name that isn't loopback, browsers send neither Sec-Fetch-Site nor
    Origin; then the Referer decides, if there is one.
    """
    top = headers.get("sec-fetch-dest", "document") == "document"
    if headers.get("sec-fetch-mode") == "navigate" and top and method in ("GET", "HEAD") and not acts:
        return False
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return True
    if own_origin is None and "sec-fetch-site" not in headers and (acts or method not in ("GET", "HEAD")):
        return bool(headers.get("referer")) and not own_referer
    return own_origin is False


def is_proven_own(headers: Mapping[str, str], *, own_origin: bool | None, own_referer: bool) -> bool:
    """Whether the browser says that one of our pages, or its user, sent this request.

    A browser may send neither Sec-Fetch-Site nor Origin with a GET over plain HTTP.
    """
    return bool(own_origin) or own_referer or headers.get("sec-fetch-site") in ("same-origin", "none")


def origin_of(url: str) -> str:
    """Returns scheme://host:port of an http or https URL, in lower case, without the default port; "" for any other URL."""
    try:
        parts = urlsplit(url.strip().lower())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in _DEFAULT_PORTS or not host or "@" in parts.netloc:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port not in (None, _DEFAULT_PORTS[parts.scheme]) else "")


def list_own_origins(base: str, listening: str, names: Iterable[str]) -> frozenset[str]:
    """Returns the origins of our own pages: each of our host names with the base URL's scheme and port and with the sockets'.

    listening: a URL with the scheme and port of our sockets.
    """
    origins = [
        f"{scheme}://{_bracket_ipv6(name)}{port}" for scheme, port in map(_scheme_and_port, (base, listening)) for name in names
    ]
    return frozenset(origin for url in (base, *origins) if (origin := origin_of(url)))


def _scheme_and_port(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, f":{parts.port}" if parts.port else ""


def _bracket_ipv6(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def is_own_origin(origin: str, host: str, *, base: str, own: frozenset[str]) -> bool:
    """Whether an Origin header names the page that we served: scheme, host and port (RFC 6454 5).

    It matches the base URL (behind a proxy that terminates TLS), or one of our own origins with the name in the Host header.
    """
    sent = origin_of(origin)
    if not sent or urlsplit(origin.strip()).path:
        return False
    return sent == origin_of(base) or (sent in own and sent == origin_of(f"{sent.partition('://')[0]}://{host}"))

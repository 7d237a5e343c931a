"""Facts about the addresses in a text, and about discovery documents."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from itertools import combinations

from sickbay.authorization.scopes.resource_types import ALL_TYPES
from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts.registry import SEARCHED_CHARACTERS, Values, register_fact, register_fact_with
from sickbay.kernel.late_patterns import compile_late
from sickbay.protocol import urls


@register_fact
def redirect_uri_is_http(evidence: Evidence) -> Values | None:
    """Only redirect_uri begins with http://, its host is public or in braces, and the text speaks of https or a proxy."""
    named = _HTTP_REDIRECT.search(evidence.text)
    sent = evidence.sent.get("redirect_uri", "") or (named["uri"] if named else "")
    host = ((urls.split(sent).hostname if sent.startswith("http://") else "") or "").rstrip(".")
    is_public = ("." in host or "{" in host) and not _PRIVATE.fullmatch(host) and urls.split(sent).port in (None, TLS_PORT)
    is_alone = not any(url.startswith("http://") and host not in url for url in evidence.addresses)
    is_told = is_public and is_alone and (urls.split(sent).port or _HTTPS_OR_PROXY.search(evidence.text))
    return {"redirect_uri": sent, "expected": f"https{sent[4:]}".replace(f":{TLS_PORT}/", "/")} if is_told else None


TLS_PORT = 443
"""An app that builds an http address with this port was reached over https."""
_HTTP_REDIRECT = compile_late(r"redirect(?:[_ ]?ur[il])?\b[^\n]{0,40}?[\s'\"`(=](?P<uri>http://[^\s'\"`,)&]{4,200})", re.I)
_HTTPS_OR_PROXY = compile_late(
    r"\bhttps\b(?!:\\?/|%3a)|prox(?:y|ies)|nginx|ingress|traefik|load.?balanc|heroku|\b(?:tls|ssl)\b", re.I
)
_PRIVATE = compile_late(r"[\d.]+|.*\.(?:local|internal|localhost|localtest\.me|test)")


COMPARED_ADDRESSES = 40
"""The maximum number of addresses in a text that are compared with each other."""


def _find_alike(evidence: Evidence, part: Callable[[str], str], rest: Callable[[str], str]) -> Values | None:
    """Two addresses of the text that differ in this part, and are equal in the rest."""
    pairs = combinations(evidence.addresses[:COMPARED_ADDRESSES], 2)
    return next(({"first": a, "second": b} for a, b in pairs if part(a) != part(b) and rest(a) == rest(b)), None)


@register_fact
def addresses_differ_by_slash(evidence: Evidence) -> Values | None:
    """Two addresses in the text differ only by a slash at the end."""
    return _find_alike(evidence, lambda url: str(url.endswith("/")), lambda url: url.rstrip("/"))


@register_fact
def addresses_differ_by_scheme(evidence: Evidence) -> Values | None:
    """Two addresses in the text differ only by http and https."""
    return _find_alike(evidence, lambda url: url.partition("://")[0], lambda url: url.partition("://")[2].rstrip("/"))


@register_fact
def redirect_uri_has_other_scheme(evidence: Evidence) -> Values | None:
    """The app has an address with the host and first folder of the redirect URI that is sent, and only with another scheme."""
    sent = evidence.sent.get("redirect_uri", "")
    own = [url for url in evidence.addresses if _find_place(url) == _find_place(sent)]
    differ = sent.startswith("http") and own and not any(url.startswith(sent.partition(":")[0] + ":") for url in own)
    return {"first": sent, "second": own[0]} if differ else None


def _find_place(url: str) -> tuple[str | None, str]:
    parts = urls.split(url)
    return parts.hostname, parts.path.strip("/").partition("/")[0]


_PORT = compile_late(r"(?<=[^/:]):\d{1,5}(?=/|$)")


@register_fact
def addresses_differ_by_port(evidence: Evidence) -> Values | None:
    """Two addresses in the text differ only by the port."""
    return _find_alike(evidence, lambda url: "".join(_PORT.findall(url)), lambda url: _PORT.sub("", url).rstrip("/"))


_PLACEHOLDER = compile_late(r"\$\{[\w.-]{1,60}\}|\{\{\s{0,3}[\w.-]{1,60}\s{0,3}\}\}")


@register_fact
def placeholder_is_left(evidence: Evidence) -> Values | None:
    """A parameter or an address still has a variable such as ${CLIENT_ID} or {{clientId}}."""
    matches = map(_PLACEHOLDER.search, (*evidence.sent.values(), *evidence.addresses))
    return next(({"value": match[0]} for match in matches if match), None)


_DISCOVERY = compile_late(r"/\.well-known/(?:smart|openid)-configuration\b")
_BEFORE_URL = compile_late(r"[\s\"'`<>()]")
URL_CHARACTERS = 300


@register_fact_with("/.well-known/")
def discovery_is_below_a_type(evidence: Evidence) -> Values | None:
    """The discovery document was requested below a resource type instead of below the FHIR base URL."""
    for match in _DISCOVERY.finditer(evidence.text, 0, SEARCHED_CHARACTERS):
        base = _BEFORE_URL.split(evidence.text[max(0, match.start() - URL_CHARACTERS) : match.start()])[-1]
        parts = base.split("/")
        place = next((place for place, part in enumerate(parts[3:], 3) if part in ALL_TYPES), 0)
        if place and base.startswith("http"):
            return {"received": base, "expected": "/".join(parts[:place])}
    return None


_REFUSED = compile_late(
    r"\b40[13]\b[^\n]{0,60}?\b(?:for|from|at|on|GET|url)\b:?\s{0,3}['\"`(<]?(?P<before>https?://[^\s'\"`]{5,300})"
    r"|\bGET\s+(?P<after>https?://[^\s'\"`]{5,300})\s+40[13]\b"
)


@register_fact_with("401", "403")
def fhir_address_refuses(evidence: Evidence) -> Values | None:
    """The text says that the address of a FHIR resource answered 401 or 403."""
    refused = (match["before"] or match["after"] for match in _REFUSED.finditer(evidence.text))
    return next(({"value": url} for url in refused if {*urls.split(url).path.split("/")}.intersection(ALL_TYPES)), None)


_REALM = compile_late(r"https?://(?P<host>[\w.:-]{1,100})(?P<auth>/auth)?/realms/(?P<realm>[\w.%-]{1,60})")


@register_fact_with("/realms/")
def realm_paths_differ_by_auth(evidence: Evidence) -> Values | None:
    """A realm of Keycloak has an address with /auth and one without it."""
    found = {(match["host"], match["realm"], bool(match["auth"])): match[0] for match in _REALM.finditer(evidence.text)}
    pairs = ((found.get((host, realm, False)), url) for (host, realm, auth), url in found.items() if auth)
    return next(({"first": first, "second": second} for first, second in pairs if first), None)


_ISSUER = compile_late(r"\"issuer\"\s{0,3}:\s{0,3}\"(?P<url>https?://[^\"\s]{3,300})\"")
_ENDPOINT = compile_late(r"\"(?:\w{1,40}_endpoint|jwks_uri)\"\s{0,3}:\s{0,3}\"(?P<url>https?://[^\"\s]{3,300})\"")
_ISTIO_KEY = compile_late(r"RXJyb3ItSXN0aW9kRmFpbGVkVG9GZXRjaEp3a3NVcmkt[\w-]{0,400}")


@register_fact_with('"issuer"')
def discovery_hosts_differ(evidence: Evidence) -> Values | None:
    """A discovery document has endpoints on a different host than its issuer."""
    issuer = _ISSUER.search(evidence.text, 0, SEARCHED_CHARACTERS)
    if issuer is None:
        return None
    host = urls.split(issuer["url"]).hostname
    endpoints = (match["url"] for match in _ENDPOINT.finditer(evidence.text, 0, SEARCHED_CHARACTERS))
    other = next((url for url in endpoints if urls.split(url).hostname != host), None)
    return {"first": issuer["url"], "second": other} if other else None


@register_fact_with("rxjyb3it")
def key_is_istios_placeholder(evidence: Evidence) -> Values | None:
    """The key set is the one that Istio writes if it can't fetch jwksUri."""
    found = _ISTIO_KEY.search(evidence.text, 0, SEARCHED_CHARACTERS)
    if found is None:
        return None
    return {"value": urlsafe_b64decode(found[0] + "=" * (-len(found[0]) % 4)).decode("ascii", "replace").partition("Uri-")[2]}

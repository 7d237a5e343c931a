"""Facts about the configuration of a client: redirect URIs of mobile apps, secrets, and discovery documents."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from urllib.parse import unquote

from sickbay.doctor.evidence import Evidence
from sickbay.doctor.facts.registry import SEARCHED_CHARACTERS, Values, as_fact, fact
from sickbay.protocol import urls

_STORED_SECRET = re.compile(
    r"client_?secret[\"'`]?\s{0,3}[=:]\s{0,3}[\"'`]?(?P<value>pbkdf2_sha\d+(?:\$|%24)|argon2(?:\$|%24)|bcrypt(?:_sha256)?(?:\$|%24)|(?:\$|%24)2[aby](?:\$|%24)"
    r"|(?:\$|%24)argon2|\{(?:bcrypt|noop|pbkdf2|scrypt|argon2)[\w@]{0,20}\})",
    re.I,
)
_SCHEME_PLACEHOLDER = re.compile(
    r"appAuthRedirectScheme['\"]?\s{0,3}[:=]\s{0,3}['\"](?P<scheme>[\w.+-]{2,100}):"
    r"(?P<rest>/[^'\"\s]{0,200})"
)
_NO_COLON = re.compile(
    r"(?:redirect\w{0,12}|native|ios|android|scheme)['\"]?\s{0,3}[:=]\s{0,3}['\"`]"
    r"(?P<scheme>[a-zA-Z][\w.+${}-]{2,100})//(?P<rest>[\w/.-]{0,100})",
    re.I,
)
_ISSUER = re.compile(r"\"issuer\"\s{0,3}:\s{0,3}\"(?P<url>https?://[^\"\s]{3,300})\"")
_ENDPOINT = re.compile(r"\"(?:\w{1,40}_endpoint|jwks_uri)\"\s{0,3}:\s{0,3}\"(?P<url>https?://[^\"\s]{3,300})\"")
_ISTIO_KEY = re.compile(r"RXJyb3ItSXN0aW9kRmFpbGVkVG9GZXRjaEp3a3NVcmkt[\w-]{0,400}")
_QUERY = re.compile(r"[^\s\"'`]{0,9000}")


@fact
def secret_is_a_hash(evidence: Evidence) -> Values | None:
    """The client secret that is sent is the hash that the server stores, such as pbkdf2_sha256$…."""
    found = _STORED_SECRET.search(evidence.text, 0, SEARCHED_CHARACTERS)
    return {"value": found["value"]} if found else None


@fact
def scheme_placeholder_has_path(evidence: Evidence) -> Values | None:
    """appAuthRedirectScheme has a whole redirect URI instead of its scheme."""
    found = _SCHEME_PLACEHOLDER.search(evidence.text, 0, SEARCHED_CHARACTERS)
    return {"expected": found["scheme"], "received": f"{found['scheme']}:{found['rest']}"} if found else None


@fact
def redirect_scheme_has_no_colon(evidence: Evidence) -> Values | None:
    """A redirect URI has no colon behind its scheme."""
    found = _NO_COLON.search(evidence.text, 0, SEARCHED_CHARACTERS)
    if found is None:
        return None
    return {"expected": f"{found['scheme']}://{found['rest']}", "received": f"{found['scheme']}//{found['rest']}"}


@fact
def discovery_hosts_differ(evidence: Evidence) -> Values | None:
    """A discovery document has endpoints on another host than its issuer."""
    issuer = _ISSUER.search(evidence.text, 0, SEARCHED_CHARACTERS)
    if issuer is None:
        return None
    host = urls.split(issuer["url"]).hostname
    endpoints = (match["url"] for match in _ENDPOINT.finditer(evidence.text, 0, SEARCHED_CHARACTERS))
    other = next((url for url in endpoints if urls.split(url).hostname != host), None)
    return {"first": issuer["url"], "second": other} if other else None


@fact
def key_is_istios_placeholder(evidence: Evidence) -> Values | None:
    """The key set is the one that Istio writes if it can't fetch jwksUri."""
    found = _ISTIO_KEY.search(evidence.text, 0, SEARCHED_CHARACTERS)
    if found is None:
        return None
    return {"value": urlsafe_b64decode(found[0] + "=" * (-len(found[0]) % 4)).decode("ascii", "replace").partition("Uri-")[2]}


@fact
def user_login_requests_system_scopes(evidence: Evidence) -> Values | None:
    """The address of a login contains an authorization request with system/ scopes."""
    behind = unquote(unquote(evidence.text[:SEARCHED_CHARACTERS])).split("/authorize?")[1:]
    queries = (query[0] for rest in behind if (query := _QUERY.match(rest)))
    scopes = (pair for query in queries for pair in query.split("&") if pair.startswith("scope="))
    return {"scope": "system/…"} if any("system/" in scope for scope in scopes) else None


_LONG_NUMBER = re.compile(r"client_?id[\"'`]?\s{0,3}[=:]\s{0,3}[\"'`]?\d{18}\b", re.I)


@fact
def client_id_is_a_long_number(evidence: Evidence) -> Values | None:
    """client_id has 18 digits, as the IDs of Zitadel do."""
    return as_fact(_LONG_NUMBER.search(evidence.text, 0, SEARCHED_CHARACTERS))

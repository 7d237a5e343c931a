"""Rules about the public keys in a registration."""

from typing import Any

from msgspec import structs

from sickbay.authorization.registration.request import PRIVATE_MEMBERS
from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis import specs, wording
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls


def _secret_backend(request: RegistrationRequest, context: Any) -> Facts | None:
    symmetric = request.type == "system" and request.client == "symmetric" and not (request.jwks or request.jwks_uri)
    return {"received": "a secret", "expected": "jwks_uri or jwks", "symmetric": True} if symmetric else None


BACKEND_NO_JWKS = Rule(
    id="reg-backend-no-jwks",
    advises=_secret_backend,
    severity=lambda facts: "info" if facts.get("symmetric") else "error",
    differs="A backend service with a secret is allowed, although SMART has none, so that is info.",
    parameter="jwks_uri",
    title="`jwks_uri` is missing: the backend service has no public key",
    why="SMART backend services authenticate with a signed assertion, and the server needs the public key to verify it.",
    fix="Register `jwks_uri` if you can host the keys, so that you can replace them later. Otherwise register `jwks`.",
    spec=specs.SMART_BACKEND,
)


def _public_part(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    """Removes the private members of each key, and symmetric keys altogether."""
    keys = [key for key in (request.jwks or {}).get("keys", ()) if isinstance(key, dict) and key.get("kty") != "oct"]
    public = [{name: value for name, value in key.items() if name not in PRIVATE_MEMBERS} for key in keys]
    return structs.replace(request, jwks={**(request.jwks or {}), "keys": public})


JWKS_HAS_PRIVATE_KEY = Rule(
    id="reg-jwks-has-private-key",
    parameter="jwks",
    title="`jwks` contains a private key (member `{members}`)",
    why=wording.KEY_PRIVATE,
    fix=wording.NEW_KEY_PAIR,
    spec=specs.SMART_ASYMMETRIC,
    repair=_public_part,
)


def _only_jwks_uri(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return structs.replace(request, jwks=None)


JWKS_GIVEN_TWICE = Rule(
    id="reg-jwks-given-twice",
    parameter="jwks",
    title="`jwks` and `jwks_uri` are both registered",
    why="The two key sets may differ, and then the server can't tell which one counts. RFC 7591 forbids sending both.",
    fix="Register only `jwks_uri`. If no server can reach that URL, register only `jwks`.",
    spec=specs.rfc(7591, "2", "Client Metadata"),
    repair=_only_jwks_uri,
)


def _as_set(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return structs.replace(request, jwks={"keys": [dict(request.jwks or {})]}) if facts["is_key"] else request


JWKS_EMPTY = Rule(
    id="reg-jwks-empty",
    parameter="jwks",
    title="`jwks` has no public key that can verify a signature",
    why="A key set is an object with a list `keys`. A public key in it has kty with n and e, or kty with crv, x and y.",
    fix="Register the public key inside the list `keys`, or register the `jwks_uri` where it is hosted.",
    spec=specs.rfc(7517, "5", "JWK Set Format"),
    repair=_as_set,
)


JWKS_URI_NOT_ABSOLUTE = Rule(
    id="reg-jwks-uri-not-absolute",
    parameter="jwks_uri",
    title="`jwks_uri` isn't a complete URL: `{received}`",
    why="The server fetches the keys itself, so the URL needs `https` and a host, and must not contain #, spaces or quotation "
    "marks.",
    fix="Register the complete URL of the key set, for example https://app.example.org/.well-known/jwks.json.",
    spec=specs.SMART_ASYMMETRIC,
)


def _secure_keys(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return structs.replace(request, jwks_uri=facts["expected"])


JWKS_URI_INSECURE_HTTP = Rule(
    id="reg-jwks-uri-insecure-http",
    parameter="jwks_uri",
    title="`jwks_uri` uses `http` on another machine: `{received}`",
    why="An attacker on the network could replace the keys with their own and sign as your app. SMART requires TLS.",
    fix="Register `{expected}`.",
    spec=specs.SMART_ASYMMETRIC,
    repair=_secure_keys,
)


def _page(request: RegistrationRequest, context: Any) -> Facts | None:
    uri = request.jwks_uri or ""
    path = urls.split(uri).path
    is_page = path in ("", "/") or path.lower().endswith((".html", ".htm", ".php", ".aspx"))
    if not urls.host(uri) or not (is_page or uri in (*request.redirect_uris, request.launch_uri)):
        return None
    return {"received": uri}


JWKS_URI_IS_PAGE = Rule(
    id="reg-jwks-uri-is-page",
    severity="warning",
    degree="probable",
    advises=_page,
    parameter="jwks_uri",
    title="`jwks_uri` looks like a web page, not a key set: `{received}`",
    why="The response must be JSON with a list `keys`. If it is a page, the server will refuse every assertion.",
    fix="Register the URL of the key set itself, for example https://app.example.org/.well-known/jwks.json.",
    spec=specs.SMART_ASYMMETRIC,
)


SYSTEM_APP_PUBLIC = Rule(
    id="reg-system-app-public",
    parameter="client",
    title="A backend service can't be registered as a public app",
    why="It gets tokens by `client_credentials`, for which the client must authenticate. A public app has nothing to "
    "authenticate with.",
    fix="Register it with a public key (asymmetric, `private_key_jwt`). If people sign in to the app, register it for users "
    "instead.",
    spec=specs.rfc(6749, "4.4", "Client Credentials Grant"),
)


KEY_WEAK = Rule(
    id="reg-jwks-key-weak",
    parameter="jwks",
    title="`jwks` has a weak key ({kid}): {received}",
    why=wording.KEY_WEAK,
    fix=wording.STRONG_KEY,
    spec=specs.rfc(7518, "3.3", "Digital Signature with RSASSA-PKCS1-v1_5"),
)


KEY_UNSUITED = Rule(
    id="reg-jwks-key-unsuited",
    parameter="jwks",
    title="`jwks` has a key that can't verify signatures ({kid}): {received}",
    why=wording.KEY_UNSUITED,
    fix=wording.SUITED_KEY,
    spec=specs.rfc(7517, "4.2", '"use" (Public Key Use) Parameter'),
)


KID_DUPLICATE = Rule(
    id="reg-jwks-kid-duplicate",
    parameter="jwks",
    title="`jwks` has several keys with the same `kid`: {names}",
    why="The `kid` in a client assertion must identify exactly one key. With two, the server can't tell which one to use.",
    fix="Give each key its own `kid`, for example its thumbprint (RFC 7638).",
    spec=specs.rfc(7517, "4.5", '"kid" (Key ID) Parameter'),
)

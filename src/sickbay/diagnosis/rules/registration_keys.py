"""Rules of a registration about the keys by which an app proves who it is."""

from dataclasses import replace
from typing import Any

from sickbay.authorization.registration import PRIVATE_MEMBERS
from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import Facts
from sickbay.protocol import urls

REFUSED = "422, the registration is refused"


def _secret_backend(request: RegistrationRequest, known: Any) -> Facts | None:
    symmetric = request.type == "system" and request.client == "symmetric"
    return {"received": "a secret", "expected": "jwks_uri or jwks", "symmetric": True} if symmetric else None


BACKEND_NO_JWKS = Rule(
    id="reg-backend-no-jwks",
    stage="registration",
    explains="reg-backend-no-jwks",
    advises=_secret_backend,
    severity=lambda facts: "info" if facts.get("symmetric") else "error",
    outcome=REFUSED,
    parameter="jwks_uri",
    title="A backend is registered without a public key",
    why="SMART backend services sign in with a signed assertion, and the server needs the key to check it.",
    fix="Register jwks_uri, where the key can be renewed, or jwks.",
    spec=specs.SMART_BACKEND,
)


def _public_part(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    """What is private is cut out; a key that is nothing but a secret is left out."""
    keys = [key for key in (request.jwks or {}).get("keys", ()) if isinstance(key, dict) and key.get("kty") != "oct"]
    public = [{name: value for name, value in key.items() if name not in PRIVATE_MEMBERS} for key in keys]
    return replace(request, jwks={**(request.jwks or {}), "keys": public})


JWKS_HAS_PRIVATE_KEY = Rule(
    id="reg-jwks-has-private-key",
    stage="registration",
    explains="reg-jwks-has-private-key",
    severity="error",
    outcome=REFUSED,
    parameter="jwks",
    title="The key set holds the private key",
    why="It has {members}, by which anybody who reads it can sign as your app.",
    fix="Publish the public members alone (kty, crv, x, y, or n, e, with kid and alg), and make a new key: this one is known.",
    spec=specs.SMART_ASYMMETRIC,
    repair=_public_part,
)


def _as_set(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return replace(request, jwks={"keys": [dict(request.jwks or {})]}) if facts["is_key"] else request


JWKS_EMPTY = Rule(
    id="reg-jwks-empty",
    stage="registration",
    explains="reg-jwks-empty",
    severity="error",
    outcome=REFUSED,
    parameter="jwks",
    title="The key set holds no key by which a signature can be checked",
    why="A set is an object with a list keys, and a public key in it has kty and n and e, or crv, x and y.",
    fix="Register a set with the public key in its list keys, or jwks_uri, where the key can be renewed.",
    spec=specs.rfc(7517, "5", "JWK Set Format"),
    repair=_as_set,
)


def _by_address(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return replace(request, jwks=None)


JWKS_GIVEN_TWICE = Rule(
    id="reg-jwks-given-twice",
    stage="registration",
    explains="reg-jwks-given-twice",
    severity="error",
    outcome=REFUSED,
    parameter="jwks",
    title="The keys are given by value and by address: {received}",
    why="jwks and jwks_uri must not both be there. The two sets may differ, and nobody could tell which one counts.",
    fix="Register jwks_uri alone, where keys can be renewed; or jwks alone, where no server can fetch them.",
    spec=specs.rfc(7591, "2", "Client Metadata"),
    repair=_by_address,
)

JWKS_URI_NOT_ABSOLUTE = Rule(
    id="reg-jwks-uri-not-absolute",
    stage="registration",
    explains="reg-jwks-uri-not-absolute",
    severity="error",
    outcome=REFUSED,
    parameter="jwks_uri",
    title="{received} is no address from which a key set can be fetched",
    why="The server fetches it from its own machine, by https: it needs scheme and host, and has no #, no blank and no quotes.",
    fix="Register the whole address of the key set, such as https://app.example.org/.well-known/jwks.json.",
    spec=specs.SMART_ASYMMETRIC,
)


def _secure_keys(request: RegistrationRequest, facts: Facts) -> RegistrationRequest:
    return replace(request, jwks_uri=facts["expected"])


JWKS_URI_INSECURE_HTTP = Rule(
    id="reg-jwks-uri-insecure-http",
    stage="registration",
    explains="reg-jwks-uri-insecure-http",
    severity="error",
    outcome=REFUSED,
    parameter="jwks_uri",
    title="{received} is plain http on another machine",
    why="Whoever stands between could put another key in the place of the app's, and sign as the app. SMART asks for TLS.",
    fix="Register {expected}.",
    spec=specs.SMART_ASYMMETRIC,
    repair=_secure_keys,
)


def _page(request: RegistrationRequest, known: Any) -> Facts | None:
    uri = request.jwks_uri or ""
    path = urls.split(uri).path
    is_page = path in ("", "/") or path.lower().endswith((".html", ".htm", ".php", ".aspx"))
    if not urls.host(uri) or not (is_page or uri in (*request.redirect_uris, request.launch_uri)):
        return None
    return {"received": uri}


JWKS_URI_IS_PAGE = Rule(
    id="reg-jwks-uri-is-page",
    stage="registration",
    severity="warning",
    outcome="advice",
    degree="probable",
    advises=_page,
    parameter="jwks_uri",
    title="{received} looks like a page of the app, not like a key set",
    why="What is fetched there must be JSON with a list keys. A page is none, and every assertion will be refused.",
    fix="Register the address of the key set itself, such as https://app.example.org/.well-known/jwks.json.",
    spec=specs.SMART_ASYMMETRIC,
)

SYSTEM_APP_PUBLIC = Rule(
    id="reg-system-app-public",
    stage="registration",
    explains="reg-system-app-public",
    severity="error",
    outcome=REFUSED,
    parameter="client",
    title="A backend is registered as a public app",
    why="A backend gets its token by client_credentials, which is for apps that prove who they are. A public one gets none.",
    fix="Register it with a public key (asymmetric, private_key_jwt) or a secret, or as an app that people use.",
    spec=specs.rfc(6749, "4.4", "Client Credentials Grant"),
)

KEY_WEAK = Rule(
    id="reg-jwks-key-weak",
    stage="registration",
    explains="reg-jwks-key-weak",
    severity="error",
    outcome=REFUSED,
    parameter="jwks",
    title="The key {kid} is too weak: {received}",
    why="Anyone who can compute the private key can sign as your app. RFC 7518 requires RSA keys of 2048 bits or more.",
    fix="Create a new key: RSA with 2048 bits or more, or EC with the curve P-384.",
    spec=specs.rfc(7518, "3.3", "Digital Signature with RSASSA-PKCS1-v1_5"),
)

KEY_UNSUITED = Rule(
    id="reg-jwks-key-unsuited",
    stage="registration",
    explains="reg-jwks-key-unsuited",
    severity="error",
    outcome=REFUSED,
    parameter="jwks",
    title="The key {kid} isn't for verifying signatures: {received}",
    why="The server keeps to use, key_ops and alg of a JWK. With these values it has no key for your client assertions.",
    fix='Publish a key with "use": "sig" and an alg that fits its kty and crv, such as RS384, or ES384 with P-384.',
    spec=specs.rfc(7517, "4.2", '"use" (Public Key Use) Parameter'),
)

KID_DUPLICATE = Rule(
    id="reg-jwks-kid-duplicate",
    stage="registration",
    explains="reg-jwks-kid-duplicate",
    severity="error",
    outcome=REFUSED,
    parameter="jwks",
    title="Several keys have the same kid: {names}",
    why="The kid in a client assertion must lead to exactly one key. With two of them the server can't tell which to use.",
    fix="Give each key its own kid, for example its thumbprint (RFC 7638).",
    spec=specs.rfc(7517, "4.5", '"kid" (Key ID) Parameter'),
)

RULES = (
    BACKEND_NO_JWKS,
    JWKS_HAS_PRIVATE_KEY,
    JWKS_GIVEN_TWICE,
    JWKS_EMPTY,
    JWKS_URI_NOT_ABSOLUTE,
    JWKS_URI_INSECURE_HTTP,
    JWKS_URI_IS_PAGE,
    SYSTEM_APP_PUBLIC,
    KEY_WEAK,
    KEY_UNSUITED,
    KID_DUPLICATE,
)

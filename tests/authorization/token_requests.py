"""A token request that is granted, and its context; tests change one thing at a time."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from msgspec import structs

from sickbay.authorization import requests, token
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.models import AuthorizationCode, Client, Server, TokenFamily
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import request as token_checks
from sickbay.authorization.token.client_authentication import hash_secret
from sickbay.kernel.checks import Examination, examine
from sickbay.protocol.parameters import encode

NOW = 1_764_000_000
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
URL = "http://localhost:7425/general/oauth/token"
CALLBACK = "http://localhost:8100/callback"
SECRET = "s3cr3t"
BASE = "http://localhost:7425/general/r4"

PUBLIC = Client("app", redirect_uris=(CALLBACK,))
SYMMETRIC = Client("app", client="symmetric", redirect_uris=(CALLBACK,), secret_hash=hash_secret(SECRET))
CODE = AuthorizationCode(
    client_id="app",
    redirect_uri=CALLBACK,
    scope="launch patient/Patient.rs",
    issued_at=NOW - 5,
    lifetime=60,
    family="f1",
    base=BASE,
    code_challenge=CHALLENGE,
    code_challenge_method="S256",
)
FAMILY = TokenFamily(
    family="f1",
    client_id="app",
    scope="offline_access patient/Patient.rs patient/Observation.rs",
    base=BASE,
    generation=3,
    rotated_at=NOW - 100,
    mode="offline",
    expires_at=NOW + 1000,
)
SERVER = Server(fhir_bases=(BASE,), tenants=("general",))
KNOWN = TokenContext(now=NOW, server=SERVER, client=PUBLIC, code=CODE, family=None)
REFRESHING = structs.replace(KNOWN, code=None, family=FAMILY, generation=3)

CODE_FORM: dict[str, str | None] = {
    "grant_type": "authorization_code",
    "code": "c1",
    "redirect_uri": CALLBACK,
    "client_id": "app",
    "code_verifier": VERIFIER,
}
REFRESH_FORM: dict[str, str | None] = {"grant_type": "refresh_token", "refresh_token": "r1", "client_id": "app"}


def basic(inside: str) -> str:
    return "Basic " + b64encode(inside.encode()).decode()


def token_request(
    form: Mapping[str, str | None] = CODE_FORM, *, headers: dict[str, str] | None = None, **changed: Any
) -> TokenRequest:
    """Returns a POST of the form with some parameters changed; None removes one."""
    pairs = [(name, value) for name, value in {**form, **changed}.items() if value is not None]
    sent = {name.lower(): value for name, value in (headers or {}).items()}
    return requests.token_request("POST", URL, {"content-type": token_checks.FORM, **sent}, encode(pairs))


def examine_token(request: TokenRequest, context: TokenContext = KNOWN) -> Examination:
    return examine(token.checks_for(request), request, context)


def outcome(request: TokenRequest, context: TokenContext = KNOWN) -> tuple[str, str, int] | None:
    """Returns (refusal, error, status) of the response; None if the request was granted."""
    examination = examine_token(request, context)
    refusal = examination.decisive()
    assert examination.granted == (refusal is None)
    return None if refusal is None else (refusal.name, refusal.error, refusal.status)


def token_context(context: TokenContext = KNOWN, **changed: Any) -> TokenContext:
    return structs.replace(context, **changed)

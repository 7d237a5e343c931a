"""Valid requests for codes and tokens, and ways to forge their redirect URI, verifier, code, client and assertion."""

from __future__ import annotations

import json
import time
import uuid
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, TypeAlias
from urllib.parse import quote

from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry
from tests.abuse.mutate import ACCIDENTS
from tests.flows.flow import REDIRECT, VERIFIER

TOKEN = "http://localhost:7425/general/oauth/token"
OTHER = "http://localhost:8100/other"
FORM_TYPE = "application/x-www-form-urlencoded"
BASES = tuple(f"http://localhost:7425/general/{version}" for version in ("r4", "dstu2", "stu3", "r4b", "r5"))
BEARER_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY, STRANGER = (ECKey.generate_key("P-384", {"kid": "k1"}) for _ in range(2))
AHEAD = 61
"""Seconds that the sandbox's clock is ahead of ours, so that some codes have expired."""
RSA = RSAKey.generate_key(2048, {"kid": "k1"})


@dataclass(frozen=True)
class Draft:
    """A request before it is sent.

    basic: client ID and secret for a Basic header. header: a complete Authorization header instead.
    """

    pairs: tuple[tuple[str, str], ...]
    basic: tuple[str, str] | None = None
    header: str | None = None
    method: str = "POST"
    address: str = TOKEN
    type: str | None = FORM_TYPE

    def get(self, name: str) -> str | None:
        return dict(self.pairs).get(name)

    def having(self, name: str, value: str | None) -> Draft:
        """A copy in which the parameter has this value; a new one is appended, and None removes it."""
        if name not in dict(self.pairs):
            return replace(self, pairs=(*self.pairs, *(((name, value),) if value is not None else ())))
        pairs = ((key, value if key == name else current) for key, current in self.pairs)
        return replace(self, pairs=tuple((key, current) for key, current in pairs if current is not None))

    def authorization(self) -> str | None:
        if self.header is not None or self.basic is None:
            return self.header
        return "Basic " + b64encode(":".join(self.basic).encode()).decode()


Forgery: TypeAlias = Callable[[Random, Draft], Draft]


def spoil(name: str, *values: str) -> Forgery:
    """Omits the parameter, damages it, sends it twice, or replaces it with one of the values."""

    def forgery(random: Random, draft: Draft) -> Draft:
        current = draft.get(name)
        choice = random.randrange(8)
        if choice == 0:
            return draft.having(name, None)
        if choice == 1 and current is not None:
            repeated = random.choice((current, *values)) if values else current
            return replace(draft, pairs=(*draft.pairs, (name, repeated)))
        if choice < 5 and current is not None:
            return draft.having(name, random.choice(ACCIDENTS)(random, current))
        return draft.having(name, random.choice(values or ("x",)))

    return forgery


redirect = spoil(
    "redirect_uri",
    REDIRECT + "/",
    OTHER,
    "http://127.0.0.1:8100/callback",
    "http://localhost:8101/callback",
    "https://localhost:8100/callback",
    "http://LOCALHOST:8100/callback",
    "http://localhost:8100/callback?a=b",
    "http://localhost:8100/callback#x",
    "https://evil.example/",
    "http:%2F%2Flocalhost:8100%2Fcallback",
    "http%3A%2F%2Flocalhost%3A8100%2Fcallback",
    "http://localhost:8100/Callback",
    "callback",
)
verifier = spoil("code_verifier", VERIFIER[::-1], "x" * 43, "x" * 129, "short", VERIFIER + "+", VERIFIER)
challenge = spoil("code_challenge", VERIFIER, "0" * 64, "A" * 43, "A" * 42, "A" * 43 + "=")


grant = spoil("grant_type", "password", "Authorization_Code", "authorization_code", "refresh_token", "client_credentials")
refreshed = spoil("scope", "patient/Patient.r", "patient/Patient.rs", "patient/Observation.rs", "user/*.rs", "nonsense")
served = spoil(
    "scope",
    "system/Patient.r",
    "user/Patient.rs",
    "system/Patient.rs openid",
    "system/Patient.cruds",
    "openid",
    "system/Patient.rs\tsystem/Patient.r",
    "system/Patient.rs,system/Patient.r",
    "system/*.rs",
)
resource = spoil("resource", *BASES[:2], BASES[0] + "/", "https://elsewhere.example/r4")


def transport(*elsewhere: str) -> Forgery:
    """Changes the method, the content type or the URL of the request."""

    def forgery(random: Random, draft: Draft) -> Draft:
        return random.choice(
            (
                replace(draft, method=random.choice(("GET", "PUT", "PATCH", "DELETE"))),
                replace(draft, type=random.choice(("application/json", "text/plain", None, FORM_TYPE + "x"))),
                replace(draft, address=random.choice(elsewhere)),
            )
        )

    return forgery


def client(*others: dict[str, Any]) -> Forgery:
    """Changes the client ID, the secret or the authentication method. others: apps that are registered here or elsewhere."""
    ids = tuple(str(app["client_id"]) for app in others)
    secrets = tuple(str(app["client_secret"]) for app in others if "client_secret" in app)
    named, secret = spoil("client_id", *ids, *ids, "nobody"), spoil("client_secret", "wrong", *secrets)

    def forgery(random: Random, draft: Draft) -> Draft:
        choice = random.randrange(6)
        if choice < 2:
            return named(random, draft)
        if draft.basic is None:
            return secret(random, draft) if choice < 5 else replace(draft, basic=(random.choice(ids), "wrong"))
        id, secret_value = draft.basic
        return random.choice(
            (
                replace(draft, basic=None),
                replace(draft, basic=(random.choice(ids), secret_value)),
                replace(draft, basic=(secret_value, id)),
                replace(draft, basic=(quote(id, safe=""), quote(secret_value, safe=""))),
                replace(draft, basic=(id, random.choice(ACCIDENTS)(random, secret_value))),
                draft.having("client_secret", secret_value),
                draft.having("client_id", random.choice((id, *ids))),
                replace(draft, header=_header(random, draft)),
            )
        )

    return forgery


def _header(random: Random, draft: Draft) -> str:
    right = draft.authorization() or ""
    id, secret = draft.basic or ("", "")
    newline = b64encode(f"{id}:{secret}\n".encode()).decode()
    return random.choice(
        (
            right[6:],
            right.lower(),
            right.replace("Basic", "Bearer"),
            right.replace("Basic", "Digest"),
            f"Basic {id}:{secret}",
            "Basic " + b64encode(id.encode()).decode(),
            f"Basic {newline}",
            right.rstrip("="),
            "Basic !!!",
            "Basic",
        )
    )


def now() -> int:
    return int(time.time()) + AHEAD


def jwks() -> dict[str, Any]:
    return {"keys": [KEY.as_dict(private=False)]}


def header_and_claims(client_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header = {"alg": "ES384", "kid": "k1", "typ": "JWT"}
    return header, {"iss": client_id, "sub": client_id, "aud": TOKEN, "exp": now() + 240, "jti": uuid.uuid4().hex}


def sign(header: dict[str, Any], claims: dict[str, Any], key: Any = KEY) -> str:
    """Uses only the library's algorithm, because its signer refuses invalid headers."""
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    algorithm = JWSRegistry.algorithms[str(header["alg"])]
    signature = urlsafe_b64encode(algorithm.sign(b".".join(parts), key)).rstrip(b"=")
    return b".".join((*parts, signature)).decode()


def _change(random: Random, client_id: str, others: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Changes one member of the header or the claims, to a wrong value or an equivalent one; None removes it."""
    at, (header, claims) = now(), header_and_claims(client_id)
    where, name, values = random.choice(
        (
            ("header", "kid", (None, "k2", "", "K1")),
            ("header", "jku", ("https://evil.example/jwks", "")),
            ("header", "crit", ([], ["b64"], ["urn:example:x"])),
            ("claims", "iss", (None, *others, TOKEN)),
            ("claims", "sub", (None, *others, "")),
            ("claims", "both", others),
            ("claims", "aud", (None, [], [TOKEN, "x"], "http://localhost:7425/general", TOKEN + "/", TOKEN.upper())),
            ("claims", "exp", (None, "soon", True, at - 300, at - 90, at + 420, (at + 240) * 1000, at + 299, at - 30)),
            ("claims", "jti", (None, "", 5)),
            ("claims", "nbf", (at + 10_000,)),
        )
    )
    value = random.choice(values)
    if name == "both":
        claims |= {"iss": value, "sub": value}
    else:
        (header if where == "header" else claims)[name] = value
    cleaned = [{key: value for key, value in part.items() if value is not None} for part in (header, claims)]
    return cleaned[0], cleaned[1]


def assertion(used: str, client_id: str, *others: str) -> Forgery:
    """used: an assertion that was already accepted. client_id: the client whose assertion is added if there was none."""

    def forgery(random: Random, draft: Draft) -> Draft:
        sender = draft.get("client_id") or client_id
        if draft.get("client_assertion") is None:
            text = sign(*header_and_claims(random.choice((client_id, sender))))
            return draft.having("client_assertion", text).having("client_assertion_type", BEARER_TYPE)
        choice = random.randrange(10)
        if choice == 0:
            return spoil("client_assertion_type", BEARER_TYPE.upper(), "jwt-bearer", BEARER_TYPE)(random, draft)
        if choice == 1:
            return spoil("client_assertion", "a.b.c", "x")(random, draft)
        if choice == 2:
            return replace(draft.having("client_assertion", None), header=f"Bearer {draft.get('client_assertion')}")
        return draft.having("client_assertion", _forge(random, choice, used, client_id, others))

    return forgery


def _forge(random: Random, choice: int, used: str, client_id: str, others: tuple[str, ...]) -> str:
    if choice == 3:
        return used
    header, claims = header_and_claims(client_id)
    if choice == 4:
        return sign(header, claims, STRANGER)
    if choice == 5:
        public = json.dumps(KEY.as_dict(private=False)).encode()
        return random.choice(
            (
                sign({**header, "alg": "HS256"}, claims, OctKey.import_key(public)),
                sign({**header, "alg": "RS384"}, claims, RSA),
                sign({**header, "alg": "RS256"}, claims, RSA),
                ".".join(
                    urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
                    for part in ({**header, "alg": "none"}, claims)
                )
                + ".",
            )
        )
    return sign(*_change(random, client_id, others))

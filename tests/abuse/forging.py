"""Right requests for codes and tokens, and what is done to their redirect URI, verifier, code, client and assertion."""

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
BASES = tuple(f"http://localhost:7425/general/{one}" for one in ("r4", "dstu2", "stu3", "r4b", "r5"))
BEARER_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEY, STRANGER = (ECKey.generate_key("P-384", {"kid": "k1"}) for _ in range(2))
AHEAD = 61
"""Seconds that the sandbox's clock is put ahead of ours, so that there are codes that have expired."""
RSA = RSAKey.generate_key(2048, {"kid": "k1"})


@dataclass(frozen=True)
class Draft:
    """What will be sent: parameters, perhaps id and secret for a Basic header or a whole header; and how, and where to."""

    pairs: tuple[tuple[str, str], ...]
    basic: tuple[str, str] | None = None
    header: str | None = None
    method: str = "POST"
    address: str = TOKEN
    type: str | None = FORM_TYPE

    def get(self, name: str) -> str | None:
        return dict(self.pairs).get(name)

    def having(self, name: str, value: str | None) -> Draft:
        """With this value in the parameter's place, or behind all others; None takes it out."""
        if name not in dict(self.pairs):
            return replace(self, pairs=(*self.pairs, *(((name, value),) if value is not None else ())))
        kept = ((key, value if key == name else held) for key, held in self.pairs)
        return replace(self, pairs=tuple((key, held) for key, held in kept if held is not None))

    def authorization(self) -> str | None:
        if self.header is not None or self.basic is None:
            return self.header
        return "Basic " + b64encode(":".join(self.basic).encode()).decode()


Forgery: TypeAlias = Callable[[Random, Draft], Draft]


def wrong(name: str, *values: str) -> Forgery:
    """Left out, spoilt by an accident, sent twice, or one of these in its place."""

    def forgery(random: Random, draft: Draft) -> Draft:
        held = draft.get(name)
        way = random.randrange(8)
        if way == 0:
            return draft.having(name, None)
        if way == 1 and held is not None:
            again = random.choice((held, *values)) if values else held
            return replace(draft, pairs=(*draft.pairs, (name, again)))
        if way < 5 and held is not None:
            return draft.having(name, random.choice(ACCIDENTS)(random, held))
        return draft.having(name, random.choice(values or ("x",)))

    return forgery


redirect = wrong(
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
verifier = wrong("code_verifier", VERIFIER[::-1], "x" * 43, "x" * 129, "short", VERIFIER + "+", VERIFIER)
challenge = wrong("code_challenge", VERIFIER, "0" * 64, "A" * 43, "A" * 42, "A" * 43 + "=")


grant = wrong("grant_type", "password", "Authorization_Code", "authorization_code", "refresh_token", "client_credentials")
refreshed = wrong("scope", "patient/Patient.r", "patient/Patient.rs", "patient/Observation.rs", "user/*.rs", "nonsense")
served = wrong(
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
resource = wrong("resource", *BASES[:2], BASES[0] + "/", "https://elsewhere.example/r4")


def transport(*elsewhere: str) -> Forgery:
    """By another method, in another type, or to one of these addresses."""

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
    """Another id, another secret, another way of proving it; others: apps that are registered, here or elsewhere."""
    ids = tuple(str(one["client_id"]) for one in others)
    secrets = tuple(str(one["client_secret"]) for one in others if "client_secret" in one)
    named, secret = wrong("client_id", *ids, *ids, "nobody"), wrong("client_secret", "wrong", *secrets)

    def forgery(random: Random, draft: Draft) -> Draft:
        way = random.randrange(6)
        if way < 2:
            return named(random, draft)
        if draft.basic is None:
            return secret(random, draft) if way < 5 else replace(draft, basic=(random.choice(ids), "wrong"))
        id, held = draft.basic
        return random.choice(
            (
                replace(draft, basic=None),
                replace(draft, basic=(random.choice(ids), held)),
                replace(draft, basic=(held, id)),
                replace(draft, basic=(quote(id, safe=""), quote(held, safe=""))),
                replace(draft, basic=(id, random.choice(ACCIDENTS)(random, held))),
                draft.having("client_secret", held),
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


def signed(header: dict[str, Any], claims: dict[str, Any], key: Any = KEY) -> str:
    """By the library's algorithm alone: a whole signer would refuse to write a header that is wrong."""
    parts = [urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in (header, claims)]
    algorithm = JWSRegistry.algorithms[str(header["alg"])]
    signature = urlsafe_b64encode(algorithm.sign(b".".join(parts), key)).rstrip(b"=")
    return b".".join((*parts, signature)).decode()


def _changed(random: Random, client_id: str, others: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    """One thing in header or claims that is wrong, or would be right said otherwise; None takes it out."""
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
    kept = [{key: held for key, held in one.items() if held is not None} for one in (header, claims)]
    return kept[0], kept[1]


def assertion(used: str, client_id: str, *others: str) -> Forgery:
    """used: an assertion that was taken before. client_id: whose assertion is added where there was none."""

    def forgery(random: Random, draft: Draft) -> Draft:
        mine = draft.get("client_id") or client_id
        if draft.get("client_assertion") is None:
            text = signed(*header_and_claims(random.choice((client_id, mine))))
            return draft.having("client_assertion", text).having("client_assertion_type", BEARER_TYPE)
        way = random.randrange(10)
        if way == 0:
            return wrong("client_assertion_type", BEARER_TYPE.upper(), "jwt-bearer", BEARER_TYPE)(random, draft)
        if way == 1:
            return wrong("client_assertion", "a.b.c", "x")(random, draft)
        if way == 2:
            return replace(draft.having("client_assertion", None), header=f"Bearer {draft.get('client_assertion')}")
        return draft.having("client_assertion", _forged(random, way, used, client_id, others))

    return forgery


def _forged(random: Random, way: int, used: str, client_id: str, others: tuple[str, ...]) -> str:
    if way == 3:
        return used
    header, claims = header_and_claims(client_id)
    if way == 4:
        return signed(header, claims, STRANGER)
    if way == 5:
        public = json.dumps(KEY.as_dict(private=False)).encode()
        return random.choice(
            (
                signed({**header, "alg": "HS256"}, claims, OctKey.import_key(public)),
                signed({**header, "alg": "RS384"}, claims, RSA),
                signed({**header, "alg": "RS256"}, claims, RSA),
                ".".join(
                    urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=")
                    for one in ({**header, "alg": "none"}, claims)
                )
                + ".",
            )
        )
    return signed(*_changed(random, client_id, others))

"""The mutations of valid requests: for each refusal of a live flow, at least one that can cause it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import quote

from tests.abuse.mutate import (
    Mutation,
    Pairs,
    drop,
    garble,
    mutate,
    repeat,
    replace,
    swap,
)
from tests.abuse.scope_mutations import scopes_of_authorize

from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.rule_file import read_rules

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
LIVE = ("authorize", "pkce", "token", "client_authentication", "refresh", "access", "search")
OUT_OF_REACH = {
    "authorize-endpoint-not-discovered": "every request goes to the endpoint (flows/test_wrong_endpoint_by_http.py)",
    "fhir-base-url-wrong": "every request goes to a base (flows/test_wrong_endpoint_by_http.py)",
    "fhir-token-wrong-issuer": "the hospitals share a host: another's token has a wrong audience (test_access.py)",
    "redirect-uri-scheme-forbidden": "no such URI is registered (authorization/registration/test_uris.py)",
    "redirect-uri-response-parameter": "only if extra query parameters are allowed (authorization/registration/test_uris.py)",
    "scope-levels-mixed": "only in registrations and tokens for scripts (web/test_admin_tokens.py)",
    "refresh-replay-differs": "needs a response from a few seconds ago (flows/test_races.py)",
    "refresh-replay-revoked": "needs a response from a few seconds ago (flows/test_races.py)",
    "guesses-too-many": "wrong requests would be throttled, so the throttle is off here (flows/test_security.py)",
}
"""Refusals that no single wrong request can cause, each with its reason."""


@dataclass(frozen=True)
class Stock:
    """Valid values, and real values that are wrong in a request."""

    base: str
    app: dict[str, Any]
    other: dict[str, Any]
    secret: dict[str, Any]
    foreign: dict[str, Any]
    expired_code: str
    used_code: str
    expired_launch: str
    used_launch: str
    other_launch: str
    tokens: dict[str, str]
    used_refresh: str
    ended_refresh: str
    """A refresh token of a user who has signed out since."""
    keyed: str = ""
    """The client_id of an app that authenticates with a key."""
    cerner_token: str = ""
    """The URL of another hospital's token endpoint."""


def reachable() -> set[str]:
    """All refusals of the live stages, except those that are out of reach here and those of writes."""
    live = {str(rule.explains) for rule in RULES if rule.explains and rule.stage in LIVE}
    return live - set(OUT_OF_REACH) - {rule.id for rule in read_rules("search.body")}


def authorize(stock: Stock) -> Sequence[Mutation]:
    inside = _inside_authorize(stock)
    return (*_outside_authorize(stock), *inside, *inside)


def _outside_authorize(stock: Stock) -> Sequence[Mutation]:
    """Mutations of the parameters that decide whether the response may be a redirect."""
    return (
        drop("client_id"),
        garble("client_id"),
        replace("client_id", "YOUR_CLIENT_ID", stock.foreign["client_id"], stock.other["client_id"]),
        drop("redirect_uri"),
        garble("redirect_uri"),
        replace(
            "redirect_uri",
            "http://localhost:8100/callback/",
            "http://127.0.0.1:8100/callback",
            "callback",
            "http://localhost:8100/callback#x",
            "http://localhost:8100/#/callback",
            "myapp://x#y",
            "http://localhost:8100/callback?a=b",
            "https://evil.example/",
            "http://localhost:8100/launch",
            "javascript:alert(1)",
            "//evil.example",
            "http:%2F%2Flocalhost:8100",
            "http%3A%2F%2Flocalhost%3A8100%2Fcallback",
            "http%3A%2F%2Flocalhost%3A8100%2Fcallback",
        ),
        repeat("redirect_uri"),
    )


def _inside_authorize(stock: Stock) -> Sequence[Mutation]:
    fhir = f"{stock.base}/general/r4"
    return (
        drop("response_type"),
        replace("response_type", "token", "code id_token", "CODE"),
        replace("response_mode", "form_post", "fragment"),
        repeat("scope"),
        repeat("state"),
        replace("request", "eyJhbGciOiJub25lIn0.e30."),
        replace("request_uri", "https://evil.example/request"),
        replace("registration", "{}"),
        replace("client_secret", "hunter2"),
        drop("state"),
        replace("state", "1", "launch_state", "\u00e9\u2028"),
        drop("aud"),
        garble("aud"),
        replace("aud", f"{stock.base}/general/dstu2", f"{stock.base}/general/dstu2", "https://ehr.example/fhir"),
        replace("aud", fhir + "/", "http://127.0.0.1:7425/general/r4", stock.base, "https://ehr.example/fhir"),
        drop("code_challenge"),
        drop("code_challenge_method"),
        lambda random, pairs: [pair for pair in pairs if not pair[0].startswith("code_challenge")],
        replace("code_challenge_method", "plain", "s256", "S512"),
        garble("code_challenge"),
        replace("code_challenge", VERIFIER, "00" * 32),
        drop("launch"),
        garble("launch"),
        replace(
            "launch",
            "http://localhost:8100/launch",
            fhir,
            stock.expired_launch,
            stock.used_launch,
            stock.other_launch,
            "123456",
        ),
        *scopes_of_authorize(),
        replace("prompt", "none", "login", "none login", "consent none"),
        swap("aud", "launch"),
    )


def token(stock: Stock) -> Sequence[Mutation]:
    outside = (drop("client_id"), garble("client_id"), replace("client_id", "nobody", stock.foreign["client_id"]))
    inside = (
        drop("grant_type"),
        replace("grant_type", "password", "client_credentials", "Authorization_Code", "refresh_token"),
        replace("grant_type", "authorization_code"),
        drop("code"),
        garble("code"),
        replace("code", stock.expired_code, stock.used_code, "unknown"),
        drop("redirect_uri"),
        garble("redirect_uri"),
        replace("redirect_uri", "http://localhost:8100/other", "http://localhost:8100/callback/"),
        drop("code_verifier"),
        garble("code_verifier"),
        replace("code_verifier", "x" * 43, "short", VERIFIER[::-1]),
        replace("client_id", stock.other["client_id"]),
        replace("client_secret", "wrong", stock.secret["client_secret"]),
        drop("client_secret"),
        garble("client_secret"),
        repeat("code"),
        repeat("grant_type"),
        repeat("refresh_token"),
        drop("refresh_token"),
        replace("refresh_token", stock.used_refresh, stock.ended_refresh),
        garble("refresh_token"),
        replace("scope", "user/*.cruds", "user/Patient.rs", "system/*.rs"),
        replace("state", "x"),
        replace("resource", "https://elsewhere.example/r4", f"{stock.base}/cerner/r4", f"{stock.base}/general/r4"),
        replace("client_id", stock.keyed),
    )
    return (*outside, *inside)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def transport(random: Random, body: str, headers: dict[str, str], stock: Stock) -> tuple[str, str, dict[str, str], str]:
    """Method, URL, headers and body. Most are valid; the others have one of the common mistakes."""
    url, method = "/general/oauth/token", "POST"
    accident = random.randrange(16)
    secret = stock.secret
    if accident == 0:
        headers = {"Content-Type": "application/json"}
        body = json.dumps({"grant_type": "authorization_code", "code": "x"})
    elif accident == 1:
        method = random.choice(("GET", "PUT"))
    elif accident == 2:
        url, body = f"{url}?{body}", ""
    elif accident == 3:
        wrong = (
            "Basic !!!",
            "Basic " + base64.b64encode(b"nocolon").decode(),
            "Bearer eyJhbGciOiJFUzM4NCJ9.e30.x",
            basic(secret["client_id"], "wrong"),
            basic(secret["client_id"], secret["client_secret"]) + "\x20",
            basic(secret["client_id"], secret["client_secret"] + "\n"),
            "Digest x",
            "Basic",
        )
        headers = headers | {"Authorization": random.choice(wrong)}
    elif accident == 4:
        headers = {}
    elif accident == 5:
        url = random.choice((stock.cerner_token, re.sub("tenants/[^/]+", "tenants/nobody", stock.cerner_token)))
    elif accident == 6:
        headers = headers | {"Authorization": basic(stock.keyed, "a-secret")}
        body = "&".join(pair for pair in body.split("&") if not pair.startswith("client_"))
    elif accident == 7:
        headers = headers | {"Authorization": basic(secret["client_secret"], secret["client_id"])}
    return method, url, headers, body


def essential(pairs: Pairs) -> dict[str, str]:
    """The parameters of a token request that must be unchanged. A token for any other values would be issued wrongly."""
    refreshes = dict(pairs).get("grant_type") == "refresh_token"
    names = ("refresh_token",) if refreshes else ("code", "redirect_uri", "code_verifier")
    return {name: value for name, value in pairs if name in names and value}


def search(random: Random, stock: Stock) -> tuple[str, str, dict[str, str]]:
    """Method, URL and headers of a valid or wrong read or search."""
    path, right = random.choice(
        (
            ("Patient", [("name", "Peters")]),
            ("Observation", [("patient", "p-0001"), ("category", "vital-signs"), ("date", "ge2020-01-01"), ("_count", "5")]),
            ("Patient/p-0001", []),
            ("Observation", [("code", "http://loinc.org|4548-4"), ("_sort", "-date"), ("_include", "Observation:patient")]),
        )
    )
    pairs = mutate(random, right, SEARCHES)
    headers = {"Authorization": f"Bearer {random.choice([*stock.tokens.values(), *[stock.tokens['good']] * 12])}"}
    accident = random.randrange(14)
    if accident == 0:
        path = random.choice(WRONG_PATHS)
    elif accident == 1:
        good = stock.tokens["good"]
        wrong = (
            "",
            good,
            f'Bearer "{good}"',
            f"Bearer {good[:-2]}",
            f"Basic {good}",
            f"Bearer {good}, Bearer {good}",
            "Bearer x.y.z",
        )
        headers = {"Authorization": random.choice(wrong)}
    elif accident == 2:
        headers = headers | {"Accept": random.choice(("text/html", "application/json+fhir", "application/xml", "*/*"))}
    elif accident == 3:
        pairs, headers = [*pairs, ("access_token", stock.tokens["good"])], random.choice(({}, headers))
    elif accident == 4:
        headers = {}
    elif accident == 5:
        headers = headers | {"Prefer": "handling=strict"}
    raw = (
        form(pairs)
        if random.random() < 0.9
        else "&".join(random.choice(("code:8480-6", "%", "=", "&&", "a%zz=%ff")) for _ in pairs)
    )
    return random.choice(("GET",) * 9 + ("HEAD",)), f"/general/r4/{path}" + (f"?{raw}" if raw else ""), headers


def break_transport(random: Random, query: str) -> str:
    """The query of an authorization request: mostly unchanged, otherwise HTML-escaped or broken into two lines."""
    accident = random.randrange(24)
    if accident == 0:
        return query.replace("&", "&amp;")
    if accident == 1:
        return query.replace("&", random.choice(("%0A&", "&%0D%0A")), 1)
    return query


def odd(random: Random, stock: Stock) -> tuple[str, str, dict[str, str], str]:
    """Method, URL, headers and body of other requests: operations, exports and requests to other hospitals."""
    method, address, more, token, body = random.choice(ODD)
    return method, address, {"Authorization": f"Bearer {stock.tokens[token]}", **more}, body


LATER = {"Prefer": "respond-async"}
TEXT, FORM_TYPE = {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}
MANY_CODES = ",".join(str(number) for number in range(2000))
ODD: Sequence[tuple[str, str, dict[str, str], str, str]] = (
    ("GET", "/general/r4/Patient/$nonsense", {}, "good", ""),
    ("POST", "/general/r4/$frobnicate", {"Content-Type": "application/fhir+json"}, "good", "{}"),
    ("GET", "/general/r4/Patient/p-0001/$everything?colour=blue", {}, "good", ""),
    ("GET", "/general/r4/Observation/$lastn?patient=p-0001&max=few", {}, "good", ""),
    ("GET", "/general/r4/$export", LATER, "good", ""),
    ("GET", "/general/r4/$export", {}, "good", ""),
    ("GET", "/general/r4/Patient/$export?_outputFormat=text/csv", LATER, "good", ""),
    ("POST", "/general/r4/Patient/_search", TEXT, "good", "name=Peters"),
    ("POST", "/general/r4/Patient/_search", FORM_TYPE, "good", "name=Peters"),
    ("POST", "/general/r4/Patient", TEXT, "good", "Peters"),
    ("PUT", "/general/r4/Patient/p-0001", TEXT, "good", "Peters"),
    (
        "PUT",
        "/epic/r4/Patient/p-0001",
        {"Content-Type": "application/fhir+json"},
        "epic",
        '{"resourceType": "Patient"}',
    ),
    ("GET", f"/general/r4/Observation?patient=p-0001&code={MANY_CODES}", {}, "good", ""),
    ("GET", "/general/r4/Condition?_list=$current-problems", {}, "good", ""),
    ("GET", "/general/r4/Patient?_filter=name%20eq%20x", {}, "good", ""),
    ("GET", "/cerner/r4/Location", {}, "cerner", ""),
    ("GET", "/cerner/r4/Slot?status=free", {}, "cerner", ""),
    ("GET", "/cerner/r4/Observation?_id=x&patient=p-0001", {}, "cerner", ""),
    ("GET", "/epic/r4/Observation?patient=p-0001", {}, "epic", ""),
    ("GET", "/epic/r4/Observation?code=8867-4", {}, "epic", ""),
    ("GET", "/epic/r4/Condition?clinical-status=active", {}, "epic", ""),
    ("GET", "/general/r4/Patient?name=Peters", {}, "cerner", ""),
    ("GET", "/epic/r4/Patient?name=Peters", {}, "cerner", ""),
)


def form(pairs: Pairs) -> str:
    return "&".join(f"{quote(name, safe=':')}={quote(value, safe='')}" for name, value in pairs)


SEARCHES: Sequence[Mutation] = (
    drop("name"),
    replace("patient", "undefined", "null", "Patient/Patient/p-0001", "http://elsewhere.example/Patient/1", "p-0002"),
    replace("date", "01/02/2020", "ge2020-13-45", "yesterday", "ge2020-01-01T25:00"),
    replace("_count", "many", "-1", "99999999999", "0"),
    replace("_id", "p-0001,p-0002", "a b", "x" * 70, "undefined"),
    replace("_sort", "nonsense", "-_lastUpdated"),
    replace("birthdate", "tomorrow", "1990-02-30", "le1980"),
    replace("naem", "Peters"),
    replace("value-quantity", "gt5.4|http://unitsofmeasure.org|mg", "abc", "1e400"),
    replace("_include", "Observation:subject", "x", "*", "Patient:organization"),
    replace("_elements", "id", "id,'"),
    replace("name:exact", "Peters"),
    replace("name:nonsense", "x"),
    replace("_lastUpdated", "gt2020", "soon"),
    replace("code", "|", "a|b|c", "\\,", ","),
    garble("name"),
    garble("code"),
    garble("category"),
    repeat("name"),
)
WRONG_PATHS = (
    "Patients",
    "patient",
    "MedicationOrder",
    "MedicationOrder/x",
    "Patient/undefined",
    "Patient/a%20b",
    "Patient/" + "x" * 70,
    "/Patient",
    "Patient//p-0001",
    "Patient//p-0002",
    "Patient/",
    "Observation/",
    "%50atient",
    "Patient/../Patient",
    "Condition",
    "nonsense/Patient",
    "Patient?",
)

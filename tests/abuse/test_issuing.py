"""Code and token requests with one to three mutations: exactly what an independent oracle allows is issued."""

from __future__ import annotations

import re
import time
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.abuse import forging
from tests.abuse.forging import KEY, Draft, Forgery
from tests.abuse.oracle import App, Issued, Oracle, Sent
from tests.abuse.test_mutations import Tally, form, sign_out
from tests.flows.flow import CHALLENGE, REDIRECT, VERIFIER, Flow, run

from sickbay.diagnosis.catalogue import BY_ID, RULES

SHORT_REQUESTS, LONG_REQUESTS, PARTS = 250, 100_000, 10
SCOPE = "launch/patient offline_access patient/Patient.rs"
GRANTED = (*SCOPE.split(), *(f"patient/Patient.{letters}" for letters in ("r", "s", "read")))
SERVED = tuple(f"system/Patient.{letters}" for letters in ("rs", "r", "s", "read"))
"""All scopes that an app, and the service, may get."""
WEIGHTS = {
    "redirect": 4,
    "verifier": 4,
    "code": 4,
    "client": 1,
    "assertion": 1.5,
    "stray": 0.2,
    "grant": 0.2,
    "transport": 0.2,
    "scope": 1,
    "refresh": 1,
    "resource": 0.4,
}
"""How often each part is mutated. Parts that are checked after client authentication are mutated more often."""
STAGES = ("token", "backend", "client_authentication", "pkce", "refresh")
AT_AUTHORIZE = {
    "client-id-missing",
    "client-id-unknown",
    "duplicate-parameter",
    "pkce-challenge-malformed",
    "pkce-missing",
    "pkce-method-without-challenge",
    "redirect-uri-has-fragment",
    "redirect-uri-mismatch",
    "redirect-uri-missing",
}
BEFORE_THE_CLIENT = {
    "client-id-missing",
    "client-id-unknown",
    "client-id-missing-in-body",
    "client-auth-missing",
    "basic-malformed",
    "client-auth-multiple",
    "client-id-duplicated",
    "assertion-as-bearer",
    "assertion-missing",
    "client-secret-wrong",
    "client-auth-method-mismatch",
    "public-client-sent-secret",
    "basic-swapped",
}
OUT_OF_REACH = {
    "guesses-too-many": "wrong requests would be throttled, so the throttle is off here (flows/test_security.py)",
}
"""Refusals that no mutation can cause, each with its reason."""


def reachable() -> set[str]:
    of_tokens = {str(rule.explains) for rule in RULES if rule.explains and rule.stage in STAGES}
    return of_tokens - set(OUT_OF_REACH) | AT_AUTHORIZE | {"tenant-unknown"}


class Forger:
    """A sandbox with an app of each kind, the oracle with the same apps, and the counts of refusals."""

    def __init__(self, flow: Flow, random: Random) -> None:
        self.flow, self.random = flow, random
        self.oracle = Oracle(forging.TOKEN, forging.BASES)
        self.tally = Tally()
        self.used: list[str] = []

    async def prepare(self) -> None:
        auto, flow = {"user": await self.flow.clinician(), "patient": "p-0001"}, self.flow
        self.public = await self.register(auto_approve=auto)
        self.other = await self.register(auto_approve=auto, redirect_uris=[REDIRECT, forging.OTHER])
        self.loose = await self.register(auto_approve=auto, pkce="if-sent")
        self.symmetric = await self.register(auto_approve=auto, client="symmetric")
        self.asymmetric = await self.register(auto_approve=auto, client="asymmetric", jwks=forging.jwks())
        self.service = await self.register(
            auto_approve=None,
            client="asymmetric",
            jwks=forging.jwks(),
            type="system",
            redirect_uris=[],
            scope="system/Patient.rs",
            launch_uri=None,
        )
        self.raw = await self.register(
            auto_approve=auto, client="symmetric", client_secret="a secret/with+signs", policy={"basic_secret": "raw"}
        )
        foreign = {
            "tenant": "cerner",
            "name": "Elsewhere",
            "type": "provider",
            "client": "public",
            "scope": SCOPE,
            "redirect_uris": [REDIRECT],
        }
        self.foreign = (await flow.http.post("/admin/apps", json=foreign)).json()
        others = (self.public, self.other, self.symmetric, self.foreign)
        self.client = forging.client(*others)
        token = flow.sandbox.runtime.tenants["cerner"].server.token_endpoint
        self.transport = forging.transport(token, re.sub("tenants/[^/]+", "tenants/nobody", token))
        reused, ended = await self.make_rotated_token(), await sign_out(flow)
        self.gone = (reused, ended, "unknown")
        expired = await self.code(self.public)
        self.oracle.codes[expired] = self.oracle.codes[expired]._replace(at=time.time())
        await flow.http.post("/admin/clock", json={"advance": forging.AHEAD})
        spent = await self.redeeming(self.public)
        assert (await self.ask(spent)).status_code == 200
        self.dead = (expired, str(spent.get("code")), "unknown")
        for draft in (await self.redeeming(self.asymmetric), self.serving()):
            assert (await self.ask(draft)).status_code == 200
            self.used.append(str(draft.get("client_assertion")))

    async def register(self, **more: Any) -> dict[str, Any]:
        app = await self.flow.register(**{"scope": SCOPE} | more)
        self.oracle.apps[app["client_id"]] = App(
            app["client_id"],
            more.get("client", "public"),
            tuple(more.get("redirect_uris", [REDIRECT])),
            app.get("client_secret", ""),
            {"k1": KEY.public_key} if "jwks" in more else {},
            pkce="pkce" not in more,
            service=more.get("type") == "system",
            raw="policy" in more,
            may=frozenset(SERVED if more.get("type") == "system" else GRANTED),
        )
        return app

    async def make_rotated_token(self) -> str:
        """A refresh token that was replaced long before it is sent again."""
        first = draft = await self.refreshing(self.public)
        for _ in range(2):
            token = (await self.ask(draft)).json()["refresh_token"]
            draft = draft.having("refresh_token", token)
            self.oracle.refresh = {token: self.public["client_id"]}
        return str(first.get("refresh_token"))

    def asking(self, app: dict[str, Any]) -> Draft:
        """A valid request for a code."""
        without = {"code_challenge": None, "code_challenge_method": None} if app is self.loose else {}
        return Draft(tuple(self.flow.asking(app, scope=SCOPE, **without).items()))

    async def code(self, app: dict[str, Any]) -> str:
        answer = await self.flow.http.get("/general/oauth/authorize?" + form([*self.asking(app).pairs]))
        return self.note_code(answer, app["client_id"], None if app is self.loose else CHALLENGE)

    def note_code(self, answer: httpx2.Response, client_id: str, challenge: str | None, uri: str = REDIRECT) -> str:
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        self.oracle.codes[code] = Issued(client_id, uri, challenge, forging.now())
        return code

    async def redeeming(self, app: dict[str, Any]) -> Draft:
        """A valid exchange of a new code."""
        pairs = [("grant_type", "authorization_code"), ("code", await self.code(app)), ("redirect_uri", REDIRECT)]
        pairs += [] if app is self.loose else [("code_verifier", VERIFIER)]
        return self.add_credentials(app, pairs)

    async def refreshing(self, app: dict[str, Any]) -> Draft:
        tokens = (await self.ask(await self.redeeming(app))).json()
        self.oracle.refresh = {tokens["refresh_token"]: app["client_id"]}
        return self.add_credentials(app, [("grant_type", "refresh_token"), ("refresh_token", tokens["refresh_token"])])

    def serving(self) -> Draft:
        return self.add_credentials(self.service, [("grant_type", "client_credentials"), ("scope", "system/Patient.rs")])

    def add_credentials(self, app: dict[str, Any], pairs: list[tuple[str, str]]) -> Draft:
        """Adds the app's credentials; a secret is in the header or in the body, equally often."""
        named = ("client_id", str(app["client_id"]))
        if "client_secret" in app and (app is self.raw or self.random.random() < 0.5):
            return Draft(tuple(pairs), basic=(named[1], app["client_secret"]))
        if "client_secret" in app:
            return Draft((*pairs, named, ("client_secret", app["client_secret"])))
        if app is self.asymmetric or app is self.service:
            proof = forging.sign(*forging.header_and_claims(named[1]))
            pairs = [*pairs, named] if self.random.random() < 0.3 else pairs
            return Draft((*pairs, ("client_assertion_type", forging.BEARER_TYPE), ("client_assertion", proof)))
        return Draft((*pairs, named))

    async def ask(self, draft: Draft) -> httpx2.Response:
        """Sends the request, and asserts that the response is the one that the oracle expects."""
        body, header = form([*draft.pairs]), draft.authorization()
        may = self.oracle.may_have_token(Sent(body, header, draft.method, draft.address, draft.type), forging.now())
        headers = {} if header is None else {b"Authorization": header.encode()}
        headers |= {} if draft.type is None else {b"Content-Type": draft.type.encode()}
        answer = await self.flow.http.request(draft.method, draft.address, content=body, headers=headers)
        assert answer.status_code in ((200,) if may else (400, 401, 405)), (may, draft, answer.status_code, answer.text)
        if may:
            self.oracle.codes.pop(draft.get("code") or "", None)
            self.oracle.spend(draft.get("client_assertion"))
        return answer

    async def authorize(self) -> None:
        app = self.random.choices((self.public, self.other, self.symmetric, self.loose), (4, 2, 1, 1))[0]
        forgeries = {"redirect": forging.redirect, "verifier": forging.challenge, "client": self.client}
        draft = self.spoilt(self.asking(app), forgeries)
        query = form([*draft.pairs])
        may = self.oracle.may_have_code(query)
        answer = await self.flow.http.get(f"/general/oauth/authorize?{query}", headers={"Accept": "application/json"})
        location = answer.headers.get("location", "")
        assert ("code=" in location) == may, (may, draft, answer.status_code, location, answer.text)
        assert answer.status_code < 500
        assert not location or location.split("?")[0] in (REDIRECT, forging.OTHER), location
        if may:
            sent = dict(draft.pairs)
            self.note_code(answer, sent["client_id"], sent.get("code_challenge") or None, sent["redirect_uri"])
        await self.tell("authorize", answer, may)

    async def redeem(self) -> None:
        kinds = (self.public, self.symmetric, self.asymmetric, self.loose, self.raw)
        app = self.random.choices(kinds, (4, 3, 2, 1, 1))[0]
        foreign_codes = (await self.code(self.other),) * 3 if self.random.random() < 0.25 else ("unknown",)
        forgeries = {
            "redirect": forging.redirect,
            "verifier": forging.verifier,
            "code": forging.spoil("code", *self.dead, *foreign_codes),
            "client": self.client,
            "assertion": self.assertion(app),
            "grant": forging.grant,
            "transport": self.transport,
            "resource": forging.resource,
        }
        await self.token("redeem", self.spoilt(await self.redeeming(app), forgeries))

    async def refresh(self) -> None:
        app = self.random.choice((self.public, self.symmetric, self.asymmetric))
        forgeries = {
            "client": self.client,
            "assertion": self.assertion(app),
            "scope": forging.refreshed,
            "grant": forging.grant,
            "refresh": forging.spoil("refresh_token", *self.gone),
            "resource": forging.resource,
        }
        await self.token("refresh", self.spoilt(await self.refreshing(app), forgeries))

    async def serve(self) -> None:
        forgeries = {
            "assertion": self.assertion(self.service),
            "client": self.client,
            "stray": forging.spoil("code", *self.dead),
            "scope": forging.served,
            "resource": forging.resource,
        }
        await self.token("service", self.spoilt(self.serving(), forgeries))

    def assertion(self, app: dict[str, Any]) -> Forgery:
        signer, used = (app, self.used[1]) if app is self.service else (self.asymmetric, self.used[0])
        return forging.assertion(used, signer["client_id"], self.public["client_id"], "nobody")

    def spoilt(self, draft: Draft, forgeries: dict[str, Forgery]) -> Draft:
        """Applies one to three of the mutations in sequence."""
        for _ in range(self.random.randint(1, 3)):
            name = self.random.choices([*forgeries], [WEIGHTS[name] for name in forgeries])[0]
            draft = forgeries[name](self.random, draft)
        return draft

    async def token(self, kind: str, draft: Draft) -> None:
        answer = await self.ask(draft)
        await self.tell(kind, answer, answer.status_code == 200)

    async def tell(self, kind: str, answer: httpx2.Response, granted: bool) -> None:
        """Counts the refusals of the response."""
        self.tally.sent[kind] += 1
        self.tally.granted += granted
        if granted:
            self.tally.past += 1
            return
        address = f"/exchanges/{answer.headers['x-correlation-id']}"
        exchange = (await self.flow.http.get(address, headers={"Accept": "application/json"})).json()
        refusals = {str(BY_ID[finding["id"]].explains) for finding in exchange["findings"] if finding["severity"] == "error"}
        assert refusals, answer.text
        self.tally.hits.update(refusals)
        self.tally.past += not refusals & BEFORE_THE_CLIENT


def forge(folder: Path, count: int, seed: int) -> Tally:
    async def steps(flow: Flow) -> Tally:
        forger = Forger(flow, Random(seed))
        await forger.prepare()
        acts = (forger.authorize, forger.redeem, forger.refresh, forger.serve)
        for _ in range(count):
            await forger.random.choices(acts, (5, 10, 1, 3))[0]()
        return forger.tally

    return run(steps, folder, throttle=0)


def judge(tally: Tally, least: int) -> None:
    print(tally.table())
    assert tally.past >= 0.6 * sum(tally.sent.values())
    seldom = {name: tally.hits[name] for name in reachable() if tally.hits[name] < least}
    assert not seldom, f"refusals hit less than {least} times: {seldom}"


def test_some_hundred_forged_requests_get_what_the_oracle_allows(tmp_path: Path) -> None:
    judge(forge(tmp_path, SHORT_REQUESTS, 3), 0)


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_forged_requests_hit_every_refusal_twenty_times(tmp_path: Path) -> None:
    """Runs in ten sandboxes, one after the other."""
    total = Tally()
    for seed in range(PARTS):
        total.add(forge(tmp_path / str(seed), LONG_REQUESTS // PARTS, seed))
    judge(total, 20)

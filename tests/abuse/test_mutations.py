"""Requests with one to three mutations: never a server error, always a named finding, and never an unjustified token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from tests.abuse import mutations
from tests.abuse.mutate import Pairs, mutate
from tests.flows import test_ehr_by_http as ehr
from tests.flows.flow import BASE, Flow, receive, run

from sickbay.diagnosis.catalogue import BY_ID

SHORT_REQUESTS, LONG_REQUESTS = 500, 20_000
STAGES = ("authorize", "token", "search")
OUTSIDE = {
    "client-id-missing",
    "client-id-unknown",
    "redirect-uri-missing",
    "redirect-uri-mismatch",
    "redirect-uri-has-fragment",
    "redirect-uri-double-encoded",
}
"""Refusals before the client and the redirect URI are verified."""


@dataclass
class Tally:
    """hits: the number of each refusal. sent: the number of requests. past: those with a valid client and redirect URI."""

    hits: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    past: int = 0
    granted: int = 0

    def add(self, other: Tally) -> None:
        self.hits.update(other.hits)
        self.sent.update(other.sent)
        self.past += other.past
        self.granted += other.granted

    def table(self) -> str:
        rows = [f"{count:6d}  {name}" for name, count in self.hits.most_common()]
        total = sum(self.sent.values())
        return "\n".join([f"{total} requests {dict(self.sent)}, {self.granted} granted, {self.past} past client", *rows])


async def _foreign_app(flow: Flow) -> Any:
    """An app of another hospital."""
    return (
        await flow.http.post(
            "/admin/apps",
            json={
                "tenant": "cerner",
                "name": "Elsewhere",
                "type": "provider",
                "client": "public",
                "scope": "launch/patient",
                "redirect_uris": ["http://localhost:8100/callback"],
            },
        )
    ).json()


class Abuser:
    """A sandbox, its apps, and their values that can be sent in the wrong place."""

    def __init__(self, flow: Flow, random: Random) -> None:
        self.flow, self.random, self.tally = flow, random, Tally()
        self.launches: list[str] = []

    async def prepare(self) -> None:
        """Creates apps, and values that are expired, used or another app's when they are sent."""
        flow = self.flow
        auto = {"user": await flow.clinician(), "patient": "p-0001"}
        scope = "launch launch/patient openid fhirUser online_access patient/Patient.rs patient/Observation.rs user/*.rs"
        self.app = await flow.register(scope=scope, auto_approve=auto)
        self.other = await flow.register(scope=scope, auto_approve=auto, redirect_uris=["http://localhost:8100/other"])
        self.secret = await flow.register(scope=scope, auto_approve=auto, client="symmetric")
        self.first = await flow.register(scope=scope.replace(".rs", ".read"), auto_approve=auto, smart_version=1)
        self.asking = await flow.register(scope=scope, auto_approve=None)
        narrow = {"mixed_scope_versions": False, "wildcard_scopes": False}
        self.narrow = await flow.register(scope=scope, auto_approve=auto, policy=narrow)
        self.ehr = await flow.register(scope=scope, auto_approve=auto, policy={"launches": ["ehr"]})
        raw = {"client": "symmetric", "client_secret": "a secret/with+signs", "policy": {"basic_secret": "raw"}}
        self.raw = await flow.register(scope=scope, auto_approve=auto, **raw)
        keyed = await flow.register(client="asymmetric", jwks_uri="http://localhost:1/jwks")
        self.foreign = await _foreign_app(flow)
        old = {"code": await self.code(), "launch": await self.launch(), "token": await self.token()}
        await flow.http.post("/admin/clock", json={"advance": 7200})
        used_code, used_launch = await self.code(), await self.launch()
        await flow.redeem(self.app, used_code)
        await flow.authorize(self.app, launch=used_launch, scope="launch patient/Patient.rs")
        used_refresh = await self.make_rotated_token()
        other_launch = (await flow.launch(self.other))["launch"]
        tokens = {
            "expired": old["token"],
            "good": await self.token(),
            "narrow": await self.token("patient/Patient.r"),
            "other base": await self.token(fhir="dstu2"),
        }
        for tenant in ("cerner", "epic"):
            tokens[tenant] = await self.elsewhere(tenant)
        endpoint = flow.sandbox.runtime.tenants["cerner"].server.token_endpoint
        self.stock = mutations.Stock(
            BASE,
            self.app,
            self.other,
            self.secret,
            self.foreign,
            old["code"],
            used_code,
            old["launch"],
            used_launch,
            other_launch,
            tokens,
            used_refresh,
            await sign_out(flow),
            keyed["client_id"],
            endpoint.removeprefix(BASE),
        )

    async def launch(self) -> str:
        return str((await self.flow.launch(self.app))["launch"])

    async def code(self, app: dict[str, Any] | None = None, **more: str | None) -> str:
        scope = "launch/patient online_access user/Patient.rs"
        if app is self.first:
            more |= {"code_challenge": None, "code_challenge_method": None}
            scope = scope.replace(".rs", ".read")
        return await self.flow.code(app or self.app, scope=scope, **more)

    async def make_rotated_token(self) -> str:
        """A refresh token that was replaced twice, long enough ago that its response isn't repeated."""
        tokens = (await self.flow.redeem(self.app, await self.code())).json()
        for token in (first := tokens["refresh_token"], None):
            form = {"grant_type": "refresh_token", "refresh_token": token or tokens["refresh_token"]}
            answer = await self.flow.http.post("/general/oauth/token", data=form | {"client_id": self.app["client_id"]})
            tokens = answer.json()
        return str(first)

    async def elsewhere(self, tenant: str) -> str:
        """A token of another hospital."""
        people = (await self.flow.http.get(f"/admin/users?tenant={tenant}")).json()
        user = next(user_entry["username"] for user_entry in people if user_entry["fhirUser"].startswith("Practitioner"))
        app = await self.flow.register(tenant=tenant, auto_approve={"user": user})
        token_request = {"app": app["app_id"], "tenant": tenant, "scope": "user/Patient.rs", "user": user}
        return str((await self.flow.http.post("/admin/tokens", json=token_request)).json()["access_token"])

    async def token(self, scope: str = "user/Patient.rs user/Observation.rs", fhir: str = "r4") -> str:
        app = self.app if fhir == "r4" else await self.flow.register(fhir=fhir)
        token_request = {"app": app["app_id"], "scope": scope, "user": await self.flow.clinician(), "patient": "p-0001"}
        return str((await self.flow.http.post("/admin/tokens", json=token_request)).json()["access_token"])

    async def authorize(self) -> None:
        """An EHR launch or a standalone launch. A new launch is created when the previous one was used."""
        ehr = self.random.random() < 0.5
        if ehr and not self.launches:
            self.launches.append(await self.launch())
        scope = "launch patient/Patient.rs openid fhirUser" if ehr else "launch/patient patient/Patient.rs openid"
        app = (
            self.random.choices((self.app, self.first, self.secret, self.asking, self.narrow, self.ehr), (6, 1, 1, 2, 2, 1))[0]
            if not ehr
            else self.app
        )
        if app is self.first:
            scope = "launch/patient patient/Patient.read"
        if app is self.narrow:
            scope += self.random.choice(("", " patient/Observation.read", " patient/*.rs"))
        right = self.flow.asking(app, scope=scope, launch=self.launches[0] if ehr else None)
        pairs = mutate(self.random, list(right.items()), mutations.authorize(self.stock))
        query = mutations.break_transport(self.random, form(pairs))
        if self.random.random() < 0.1:
            answer = await self.flow.http.post("/general/oauth/authorize", content=query, headers=FORM)
        else:
            answer = await self.flow.http.get("/general/oauth/authorize?" + query)
        if ehr and "code=" in answer.headers.get("location", ""):
            self.launches.clear()
        await self.judge("authorize", answer)

    async def redeem(self) -> None:
        """Exchanges a code or a refresh token, as a public or a confidential app."""
        app = self.random.choices((self.app, self.secret, self.first, self.raw), (6, 3, 2, 1))[0]
        right: Pairs = [
            ("grant_type", "authorization_code"),
            ("code", await self.code(app)),
            ("redirect_uri", "http://localhost:8100/callback"),
        ]
        right += [("code_verifier", mutations.VERIFIER)] if app is not self.first else []
        if self.random.random() < 0.3:
            response = await self.flow.http.post("/general/oauth/token", content=form(right + self.own(app)), headers=FORM)
            right = [("grant_type", "refresh_token"), ("refresh_token", response.json()["refresh_token"])]
        headers = dict(FORM)
        if app is self.raw:  # encoded, although this hospital doesn't decode it
            headers["Authorization"] = mutations.basic(quote(app["client_id"]), quote(app["client_secret"], safe=""))
        elif app is not self.secret or self.random.random() < 0.5:
            right += self.own(app)
        else:
            headers["Authorization"] = mutations.basic(app["client_id"], app["client_secret"])
        pairs = mutate(self.random, right, mutations.token(self.stock))
        method, url, headers, body = mutations.transport(self.random, form(pairs), headers, self.stock)
        answer = await self.flow.http.request(method, url, content=body, headers=headers)
        if answer.status_code == 200:
            assert mutations.essential(pairs) == mutations.essential(right), pairs
        await self.judge("token", answer)

    def own(self, app: dict[str, Any]) -> Pairs:
        client_pair = [("client_id", str(app["client_id"]))]
        return [*client_pair, ("client_secret", str(app["client_secret"]))] if app in (self.secret, self.raw) else client_pair

    async def search(self) -> None:
        if self.random.random() < 0.25:
            method, url, headers, body = mutations.odd(self.random, self.stock)
        else:
            (method, url, headers), body = mutations.search(self.random, self.stock), ""
        answer = await self.flow.http.request(method, url, headers=headers, content=body)
        await self.judge("search", answer)

    async def judge(self, stage: str, answer: httpx2.Response) -> None:
        self.tally.sent[stage] += 1
        assert answer.status_code < 500, (
            answer.request.method,
            str(answer.request.url),
            answer.text,
        )
        location = answer.headers.get("location", "")
        assert not location or location.startswith(("http://localhost:8100/callback", "/", BASE)), location
        if answer.status_code < 400 and "error=" not in location:
            self.tally.granted += 1
            self.tally.past += 1
            return
        address = f"/exchanges/{answer.headers['x-correlation-id']}"
        exchange = (await self.flow.http.get(address, headers={"Accept": "application/json"})).json()
        refusals = {BY_ID[finding["id"]].explains for finding in exchange["findings"] if finding["severity"] == "error"}
        assert refusals, (answer.request.method, str(answer.request.url), answer.status_code, answer.text)
        self.tally.hits.update(str(refusal) for refusal in refusals)
        self.tally.past += not refusals & OUTSIDE


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def form(pairs: Pairs) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


def abuse(folder: Path, count: int, seed: int) -> Tally:
    async def steps(flow: Flow) -> Tally:
        abuser = Abuser(flow, Random(seed))
        await abuser.prepare()
        acts: list[Callable[[], Awaitable[None]]] = [abuser.authorize, abuser.redeem, abuser.search]
        for _ in range(count):
            await abuser.random.choices(acts, (4, 3, 3))[0]()
        return abuser.tally

    return run(steps, folder, throttle=0, policies={"epic": {"versioned_update": True}})


async def sign_out(flow: Flow) -> str:
    """A refresh token that belonged to a user's session, which has ended."""
    app = await flow.register(name="Signed out of", auto_approve=None)
    scope = "online_access user/Patient.rs"
    await ehr.sign_in(flow)
    page = await flow.http.get((await flow.authorize(app, scope=scope)).headers["location"], headers=ehr.HTML)
    form = {
        "csrf": ehr.field(page, "csrf"),
        "request": ehr.field(page, "request"),
        "scope": scope.split(),
        "decision": "allow",
    }
    code = receive(await flow.http.post("/general/oauth/continue", data=form))["code"]
    token = str((await flow.redeem(app, code)).json()["refresh_token"])
    home = await flow.http.get("/general/ehr", headers=ehr.HTML)
    await flow.http.post("/general/ehr/sign-out", data={"csrf": ehr.field(home, "csrf")})
    return token


def judge(tally: Tally, least: int) -> None:
    """least: how often each reachable refusal must have been hit. Four fifths of them must have been hit in any case."""
    print(tally.table())
    assert tally.past >= 0.6 * sum(tally.sent.values())
    hit = [name for name in mutations.reachable() if tally.hits[name]]
    assert len(hit) > 0.8 * len(mutations.reachable())
    seldom = {name: tally.hits[name] for name in mutations.reachable() if tally.hits[name] < least}
    assert not seldom, f"refusals hit less than {least} times: {seldom}"


def test_some_hundred_wrong_requests_end_in_named_refusals(tmp_path: Path) -> None:
    judge(abuse(tmp_path, SHORT_REQUESTS, 1), 0)


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_twenty_thousand_wrong_requests_hit_every_refusal_twenty_times(tmp_path: Path) -> None:
    judge(abuse(tmp_path, LONG_REQUESTS, 2), 20)

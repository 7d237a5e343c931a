"""Concurrent requests with the same code or refresh token, to a real server with two workers."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.flows.flow import CHALLENGE, REDIRECT, STATE, VERIFIER
from tests.services.assertions import form, jwks, sign

from sickbay.testing.server import Live, serving

AT_ONCE = 32
SCOPE = "launch openid offline_access patient/Patient.rs"


@pytest.fixture(scope="module")
def two(engine: Callable[[], str | None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    address = engine()
    storage = ("--data", address) if address else ("--ephemeral",)
    environment = {"XDG_DATA_HOME": str(tmp_path_factory.mktemp("other"))}
    with serving(*storage, "--workers", "2", "--patients", "5", environment=environment) as running:
        yield running


class App:
    """An app with automatic approval, over several connections at once."""

    def __init__(self, http: httpx2.AsyncClient, line: dict[str, Any]) -> None:
        self.http, self.general = http, line["tenants"]["general"]
        self.user = next(
            user["username"] for user in line["users"] if user["tenant"] == "general" and "Practitioner/" in user["fhirUser"]
        )
        self.client: dict[str, Any] = {}
        self.service: dict[str, Any] = {}

    async def register(self) -> None:
        service = {
            "name": "Service",
            "type": "system",
            "client": "asymmetric",
            "scope": "system/Patient.rs",
            "jwks": jwks(),
        }
        self.service = (await self.http.post("/admin/apps", json=service)).raise_for_status().json()
        body = {
            "name": "Racer",
            "type": "provider",
            "client": "public",
            "launch_uri": REDIRECT,
            "redirect_uris": [REDIRECT],
            "scope": SCOPE,
            "auto_approve": {"user": self.user},
        }
        self.client = (await self.http.post("/admin/apps", json=body)).raise_for_status().json()

    async def code(self) -> str:
        launch = (await self.http.post("/admin/launches", json={"app": self.client["app_id"], "patient": "p-0001"})).json()
        parameters = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": REDIRECT,
            "state": STATE,
            "scope": SCOPE,
            "aud": self.general["fhir"]["r4"],
            "launch": launch["launch"],
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        answer = await self.http.get(self.general["authorize"], params=parameters)
        return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    async def token(self, **form: str) -> httpx2.Response:
        return await self.http.post(self.general["token"], data={"client_id": self.client["client_id"], **form})

    async def redeem(self, code: str) -> httpx2.Response:
        return await self.token(grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=VERIFIER)

    async def request_token_with_assertion(self, assertion: str) -> httpx2.Response:
        return await self.http.post(self.general["token"], data=form(assertion))

    async def refresh(self, token: str) -> httpx2.Response:
        return await self.token(grant_type="refresh_token", refresh_token=token)

    async def revoke(self, token: str) -> None:
        address = f"{self.general['token'].rpartition('/')[0]}/revoke"
        (await self.http.post(address, data={"token": token, "client_id": self.client["client_id"]})).raise_for_status()

    async def reads(self, token: str) -> int:
        address = f"{self.general['fhir']['r4']}/Patient/p-0001"
        return (await self.http.get(address, headers={"Authorization": f"Bearer {token}"})).status_code


def race(two: Live, rounds: int, one_round: Any) -> None:
    async def all_of_them() -> None:
        limits = httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        async with httpx2.AsyncClient(base_url=two.base, trust_env=False, limits=limits, timeout=30) as http:
            app = App(http, two.line)
            await app.register()
            for _ in range(rounds):
                await one_round(app)

    asyncio.run(all_of_them())


async def one_code(app: App) -> None:
    """At most one request succeeds, and its tokens are revoked because of the reuse."""
    code = await app.code()
    answers = await asyncio.gather(*(app.redeem(code) for _ in range(AT_ONCE)))
    bodies = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(bodies) <= 1
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
    assert {answer.status_code for answer in answers} <= {200, 400}
    for tokens in bodies:
        assert await app.reads(tokens["access_token"]) == 401
        assert (await app.refresh(tokens["refresh_token"])).status_code == 400


async def one_refresh_token(app: App) -> None:
    """All requests get the same response and the user stays signed in; a replay after the grace period revokes the family."""
    first = (await app.redeem(await app.code())).json()
    answers = await asyncio.gather(*(app.refresh(first["refresh_token"]) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    second = answers[0].json()
    assert await app.reads(second["access_token"]) == 200
    third = (await app.refresh(second["refresh_token"])).json()
    assert third["refresh_token"] != second["refresh_token"]
    late = await app.refresh(first["refresh_token"])  # two rotations old, so no grace period
    assert late.json()["error"] == "invalid_grant"
    assert await app.reads(third["access_token"]) == 401
    assert (await app.refresh(third["refresh_token"])).status_code == 400


async def one_assertion(app: App) -> None:
    """The assertion works only once, on either worker."""
    assertion = sign(app.service["client_id"], aud=app.general["token"])
    answers = await asyncio.gather(*(app.request_token_with_assertion(assertion) for _ in range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * (AT_ONCE - 1)]
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_client"}
    late = await app.request_token_with_assertion(assertion)
    assert "assertion-jti-reused" in late.json()["error_description"]


async def one_revocation(app: App) -> None:
    """A revoked token is refused by both workers, even with concurrent reads."""
    token = (await app.redeem(await app.code())).json()["access_token"]
    revoked = asyncio.Event()

    async def reading() -> list[tuple[bool, int]]:
        statuses: list[tuple[bool, int]] = []
        while len(statuses) < 3 or not statuses[-3][0]:
            statuses.append((revoked.is_set(), await app.reads(token)))
        return statuses

    assert await app.reads(token) == 200
    readers = [asyncio.create_task(reading()) for _ in range(AT_ONCE // 4)]
    await asyncio.sleep(0.02)
    await app.revoke(token)
    revoked.set()
    statuses = [status for reader in readers for status in await reader]
    assert {status for after, status in statuses if after} == {401}
    assert {status for after, status in statuses if not after} <= {200, 401}


async def one_replay(app: App) -> None:
    """Within the grace period only the same request gets the same response, on either worker, while that response is valid."""
    first = (await app.redeem(await app.code())).json()
    sent = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "scope": "patient/Patient.rs"}
    second = (await app.token(**sent)).json()
    again = await asyncio.gather(*(app.token(**sent) for _ in range(4)))
    assert [response.json() for response in again] == [second] * 4
    for other in (
        {"scope": SCOPE},
        {"scope": "patient/Patient.r"},
        {"scope": ""},
        {"resource": app.general["fhir"]["r4"]},
    ):
        answers = await asyncio.gather(*(app.token(**sent | other) for _ in range(4)))
        assert {answer.status_code for answer in answers} == {400}
        assert all("refresh-replay-differs" in answer.json()["error_description"] for answer in answers)
    assert await app.reads(second["access_token"]) == 200
    await app.revoke(second["access_token"])
    answers = await asyncio.gather(*(app.token(**sent) for _ in range(8)))
    assert all("refresh-replay-revoked" in answer.json()["error_description"] for answer in answers)
    assert await app.reads(second["access_token"]) == 401
    third = await app.refresh(second["refresh_token"])  # the grant stays valid
    assert await app.reads(third.json()["access_token"]) == 200


async def one_client_id(app: App) -> None:
    """Only one app gets a chosen client_id, and it has the secret of its own response."""
    id = f"chosen-{secrets.token_hex(6)}"
    body = {"name": "Chosen", "type": "system", "client": "symmetric", "scope": "system/Patient.rs", "client_id": id}
    answers = await asyncio.gather(*(app.http.post("/admin/apps", json=body) for _ in range(AT_ONCE)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * (AT_ONCE - 1)]
    secret = next(answer.json()["client_secret"] for answer in answers if answer.status_code == 201)
    form = {"grant_type": "client_credentials", "scope": "system/Patient.rs"}
    assert (await app.http.post(app.general["token"], data=form, auth=(id, secret))).status_code == 200


async def one_form(app: App) -> None:
    """A form that is sent several times at once registers one app, and every answer shows its one secret."""
    headers = {"Accept": "text/html", "Origin": str(app.http.base_url).rstrip("/")}
    page = await app.http.get("/developer/register", headers=headers)
    sent = {name: re.findall(rf'name="{name}" value="([^"]*)"', page.text)[0] for name in ("csrf", "id")}
    sent |= {"name": "Once", "type": "provider", "client": "symmetric", "redirect_uris": REDIRECT, "scope": "openid"}
    answers = await asyncio.gather(*(app.http.post("/developer/register", data=sent, headers=headers) for _ in range(AT_ONCE)))
    assert {answer.status_code for answer in answers} == {201}
    (secret,) = {re.findall(r'<code id="secret">([^<]+)<', answer.text)[0] for answer in answers}
    assert secret
    assert (await app.http.get(f"/developer/apps/{sent['id']}", headers=headers)).status_code == 200


ROUNDS = (one_code, one_refresh_token, one_assertion, one_revocation, one_client_id, one_form)


@pytest.mark.parametrize("one_round", ROUNDS)
def test_two_rounds(two: Live, one_round: Any) -> None:
    """make prove runs 500."""
    race(two, 2, one_round)


def test_a_replay_on_two_workers(two: Live) -> None:
    race(two, 1, one_replay)


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("one_round", ROUNDS)
def test_five_hundred_rounds(two: Live, one_round: Any) -> None:
    race(two, 500, one_round)


@pytest.mark.prove
def test_fifty_replays_on_two_workers(two: Live) -> None:
    race(two, 50, one_replay)

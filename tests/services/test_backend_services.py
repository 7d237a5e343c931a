"""Backend services and apps that sign, against the whole application: what they get, once, and what they do not."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run
from tests.services.assertions import form, jwks, key, signed

from sickbay.authorization.client_authentication import JWT_BEARER
from sickbay.kernel.outbound import Fetched, Unreachable
from sickbay.services import backend_services
from sickbay.services.decision import decide

SERVICE = {
    "name": "Night service",
    "type": "system",
    "client": "asymmetric",
    "scope": "system/Patient.rs system/Observation.rs",
    "redirect_uris": [],
    "launch_uri": None,
    "auto_approve": None,
}


async def service(flow: Flow, **more: Any) -> str:
    """Its client_id."""
    keys = {} if "jwks_uri" in more else {"jwks": jwks(key("k1", "ES384"), key("k2", "RS384"))}
    return str((await flow.register(**(SERVICE | keys | more)))["client_id"])


async def asked(flow: Flow, assertion: str, **more: Any) -> Any:
    return await flow.http.post("/general/oauth/token", data=form(assertion, **more))


@pytest.mark.parametrize(("kid", "kind"), [("k1", "ES384"), ("k2", "RS384")])
def test_a_service_gets_a_token_of_300_seconds_for_what_it_was_registered_for(tmp_path: Path, kid: str, kind: str) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        answer = await asked(flow, signed(id, kid, kind))
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        said = answer.json()
        assert {name: said[name] for name in said if name != "access_token"} == {
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "system/Patient.rs",
        }
        bearer = {"Authorization": f"Bearer {said['access_token']}"}
        assert (await flow.http.get("/general/r4/Patient?name=Peters", headers=bearer)).json()["entry"]
        assert (await flow.http.get("/general/r4/Observation", headers=bearer)).status_code == 403
        await flow.http.post("/admin/clock", json={"advance": 301})
        assert (await flow.http.get("/general/r4/Patient?name=Peters", headers=bearer)).status_code == 401

    run(steps, tmp_path)


def test_between_two_signatures_everything_else_has_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a millisecond each, in which nothing else runs: so the loop turns between any two of a crowd."""
    turns, verified = 0, list[int]()

    def counted(*asked: Any) -> Any:
        verified.append(turns)
        return decide(*asked)

    async def turning() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def steps(flow: Flow) -> None:
        monkeypatch.setattr(backend_services, "decide", counted)
        id = await service(flow)
        crowd = [asked(flow, signed(id, "k1", "ES384", jti=str(number))) for number in range(16)]
        other = asyncio.create_task(turning())
        answers = await asyncio.gather(*crowd)
        other.cancel()
        assert {one.status_code for one in answers} == {200}
        assert len(verified) == 16
        assert len(set(verified)) == 16

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("scope", "error", "finding"),
    [
        ("system/Condition.rs", "invalid_scope", "scope-not-registered"),
        ("system/Patient.rs user/Patient.rs", "invalid_scope", "backend-scope-not-system"),
        ("system/Patient.rs openid", "invalid_scope", "backend-scope-not-system"),
        (None, "invalid_scope", "backend-scope-missing"),
    ],
)
def test_other_scopes_are_refused(tmp_path: Path, scope: str | None, error: str, finding: str) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        answer = await asked(flow, signed(id), scope=scope)
        assert (answer.status_code, answer.json()["error"]) == (400, error)
        assert finding in await flow.findings(answer)

    run(steps, tmp_path)


def test_an_assertion_is_good_once_even_when_many_come_at_once(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        assertion = signed(id)
        answers = await asyncio.gather(*(asked(flow, assertion) for _ in range(16)))
        assert sorted(one.status_code for one in answers) == [200] + [400] * 15
        assert {one.json()["error"] for one in answers if one.status_code == 400} == {"invalid_client"}
        late = await asked(flow, assertion)
        assert "assertion-jti-reused" in await flow.findings(late)

    run(steps, tmp_path)


def test_a_good_assertion_is_used_up_by_a_refused_request_and_a_forged_one_uses_up_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        assertion = signed(id, jti="once")
        assert (await asked(flow, assertion[:-8] + "AAAAAAAA")).status_code == 400
        assert (await asked(flow, assertion, scope="system/Condition.rs")).json()["error"] == "invalid_scope"
        again = await asked(flow, assertion)
        assert again.json()["error"] == "invalid_client"
        assert set(await flow.findings(again)) == {"assertion-jti-reused"}
        other = await service(flow, name="Another")
        assert (await asked(flow, signed(other, jti="once"))).status_code == 200

    run(steps, tmp_path)


def test_a_jti_may_come_again_when_its_assertion_is_long_over(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        assert (await asked(flow, signed(id, jti="daily"))).status_code == 200
        await flow.http.post("/admin/clock", json={"advance": 3600})
        later = int(flow.sandbox.runtime.now()) + 240
        assert (await asked(flow, signed(id, jti="daily", exp=later))).status_code == 200
        assert (await asked(flow, signed(id, jti="daily", exp=later))).status_code == 400

    run(steps, tmp_path)


def test_wrong_assertions_are_invalid_client_with_status_400(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        for assertion in (signed("nobody"), signed(id, exp=9), signed(id, aud="https://example.org/"), "a.b.c", ""):
            answer = await asked(flow, assertion)
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client"), assertion
        nameless = await flow.http.post("/general/oauth/token", data=form("") | {"client_assertion_type": "other"})
        assert (nameless.status_code, nameless.json()["error"]) == (400, "invalid_client")

    run(steps, tmp_path)


def test_an_app_that_people_use_signs_at_the_code_and_at_each_refresh(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="asymmetric", jwks=jwks(), scope="launch openid fhirUser offline_access patient/*.rs")
        made = await flow.launch(app)
        code = await flow.code(app, launch=made["launch"], scope="launch offline_access patient/*.rs")
        unsigned = await flow.redeem(app, code)
        assert unsigned.json()["error"] == "invalid_client"
        proof = {"client_assertion_type": JWT_BEARER, "client_assertion": signed(app["client_id"])}
        first = await flow.redeem(app, code, **proof)
        assert first.status_code == 200, first.text
        again = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
        assert (await flow.http.post("/general/oauth/token", data=again | proof)).json()["error"] == "invalid_client"
        proof["client_assertion"] = signed(app["client_id"])
        second = await flow.http.post("/general/oauth/token", data=again | proof)
        assert second.status_code == 200, second.text
        proof["client_assertion"] = signed(app["client_id"])
        assert (await flow.http.post("/general/oauth/token", data=again | proof)).json() == second.json()

    run(steps, tmp_path)


def test_keys_are_fetched_from_the_registered_address_and_a_new_one_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(flow: Flow) -> None:
        address = "http://localhost:9/keys.json"
        documents = {address: jwks(key("k1"))}
        fetched: list[str] = []

        async def fetch(self: object, url: str, *, loopback: bool = False) -> Fetched:
            fetched.append(url)
            assert loopback
            if url not in documents:
                raise Unreachable("nothing is there")
            return Fetched(200, {"cache-control": "max-age=600"}, json.dumps(documents[url]).encode())

        monkeypatch.setattr(type(flow.sandbox.runtime.effects), "fetch", fetch)
        id = await service(flow, jwks_uri=address)
        for _ in range(3):
            assert (await asked(flow, signed(id))).status_code == 200
        assert fetched == [address]
        documents[address] = jwks(key("k3"))
        assert (await asked(flow, signed(id, "k3"))).status_code == 200
        assert (await asked(flow, signed(id))).json()["error"] == "invalid_client"
        assert fetched == [address] * 2
        gone = await service(flow, jwks_uri="http://localhost:9/gone.json")
        answer = await asked(flow, signed(gone))
        assert "jwks-unreachable" in await flow.findings(answer)

    run(steps, tmp_path)


def test_keys_on_this_machine_are_fetched_only_for_who_asks_from_it_directly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy's visitor, who may have changed the address, must not reach what listens here alone."""

    async def steps(flow: Flow) -> None:
        fetched: list[bool] = []

        async def fetch(self: object, url: str, *, loopback: bool = False) -> Fetched:
            fetched.append(loopback)
            if not loopback:
                raise Unreachable("localhost is an address inside a network, which is never called")
            return Fetched(200, {"cache-control": "max-age=600"}, json.dumps(jwks(key("k1"))).encode())

        monkeypatch.setattr(type(flow.sandbox.runtime.effects), "fetch", fetch)
        id = await service(flow, jwks_uri="http://localhost:9/keys.json")
        for headers in ({"Via": "1.1 proxy"}, {"X-Forwarded-For": "127.0.0.1"}):
            for path in ("token", "introspect", "revoke"):
                given = form(signed(id)) | {"token": "x"}
                answer = await flow.http.post(f"/general/oauth/{path}", data=given, headers=headers)
                assert answer.status_code in (400, 401), answer.text
        assert not any(fetched)
        assert (await asked(flow, signed(id))).status_code == 200
        assert fetched[-1] is True

    run(steps, tmp_path)

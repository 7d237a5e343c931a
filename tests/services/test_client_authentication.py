"""Backend services and apps that sign, tested against the whole application."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from tests.flows.flow import Flow, run
from tests.services.assertions import form, jwks, key, sign

from sickbay.authorization.token.client_authentication import JWT_BEARER
from sickbay.kernel.outbound import Fetched, Unreachable
from sickbay.services import decision, registration
from sickbay.services.decision import decide
from sickbay.services.records import make_app_record
from sickbay.services.snapshot_files import people

SERVICE: dict[str, Any] = {
    "name": "Night service",
    "type": "system",
    "client": "asymmetric",
    "scope": "system/Patient.rs system/Observation.rs",
    "redirect_uris": [],
    "launch_uri": None,
    "auto_approve": None,
}


async def service(flow: Flow, **more: Any) -> str:
    """Registers a backend service and returns its client_id."""
    keys = {} if "jwks_uri" in more else {"jwks": jwks(key("k1", "ES384"), key("k2", "RS384"))}
    return str((await flow.register(**(SERVICE | keys | more)))["client_id"])


async def request_token(flow: Flow, assertion: str, **more: Any) -> Any:
    return await flow.http.post("/general/oauth/token", data=form(assertion, **more))


@pytest.mark.parametrize(("kid", "kind"), [("k1", "ES384"), ("k2", "RS384")])
def test_a_service_gets_a_token_for_its_registered_scopes_that_expires_after_300_seconds(
    tmp_path: Path, kid: str, kind: str
) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        response = await request_token(flow, sign(id, kid, kind))
        assert response.status_code == 200, response.text
        assert response.headers["cache-control"] == "no-store"
        token_response = response.json()
        assert {name: token_response[name] for name in token_response if name != "access_token"} == {
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "system/Patient.rs",
        }
        bearer = {"Authorization": f"Bearer {token_response['access_token']}"}
        assert (await flow.http.get("/general/r4/Patient?name=Peters", headers=bearer)).json()["entry"]
        assert (await flow.http.get("/general/r4/Observation", headers=bearer)).status_code == 403
        await flow.http.post("/admin/clock", json={"advance": 301})
        assert (await flow.http.get("/general/r4/Patient?name=Peters", headers=bearer)).status_code == 401

    run(steps, tmp_path)


def test_other_tasks_run_between_two_signature_verifications(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each verification blocks the event loop for half a millisecond, so the loop has to run other tasks in between."""
    turns, verified = 0, list[int]()

    def counting_decide(*arguments: Any) -> Any:
        verified.append(turns)
        return decide(*arguments)

    async def turning() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def steps(flow: Flow) -> None:
        monkeypatch.setattr(decision, "decide", counting_decide)
        id = await service(flow)
        crowd = [request_token(flow, sign(id, "k1", "ES384", jti=str(number))) for number in range(16)]
        other = asyncio.create_task(turning())
        responses = await asyncio.gather(*crowd)
        other.cancel()
        assert {response.status_code for response in responses} == {200}
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
def test_scopes_that_a_service_may_not_have_are_refused(tmp_path: Path, scope: str | None, error: str, finding: str) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        response = await request_token(flow, sign(id), scope=scope)
        assert (response.status_code, response.json()["error"]) == (400, error)
        assert finding in await flow.findings(response)

    run(steps, tmp_path)


def test_only_one_of_many_concurrent_requests_can_use_an_assertion(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        assertion = sign(id)
        responses = await asyncio.gather(*(request_token(flow, assertion) for _ in range(16)))
        assert sorted(response.status_code for response in responses) == [200] + [400] * 15
        assert {response.json()["error"] for response in responses if response.status_code == 400} == {"invalid_client"}
        late = await request_token(flow, assertion)
        assert "assertion-jti-reused" in await flow.findings(late)

    run(steps, tmp_path)


def test_a_refused_request_uses_up_a_valid_assertion_but_a_forged_one_uses_up_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        assertion = sign(id, jti="once")
        assert (await request_token(flow, assertion[:-8] + "AAAAAAAA")).status_code == 400
        assert (await request_token(flow, assertion, scope="system/Condition.rs")).json()["error"] == "invalid_scope"
        second = await request_token(flow, assertion)
        assert second.json()["error"] == "invalid_client"
        assert set(await flow.findings(second)) == {"assertion-jti-reused"}
        other = await service(flow, name="Another")
        assert (await request_token(flow, sign(other, jti="once"))).status_code == 200

    run(steps, tmp_path)


def test_a_jti_can_be_used_again_long_after_its_assertion_expired(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        assert (await request_token(flow, sign(id, jti="daily"))).status_code == 200
        await flow.http.post("/admin/clock", json={"advance": 3600})
        later = int(flow.sandbox.runtime.now()) + 240
        assert (await request_token(flow, sign(id, jti="daily", exp=later))).status_code == 200
        assert (await request_token(flow, sign(id, jti="daily", exp=later))).status_code == 400

    run(steps, tmp_path)


def test_a_wrong_assertion_gets_invalid_client_with_status_400(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await service(flow)
        for assertion in (sign("nobody"), sign(id, exp=9), sign(id, aud="https://example.org/"), "a.b.c", ""):
            response = await request_token(flow, assertion)
            assert (response.status_code, response.json()["error"]) == (400, "invalid_client"), assertion
        nameless = await flow.http.post("/general/oauth/token", data=form("") | {"client_assertion_type": "other"})
        assert (nameless.status_code, nameless.json()["error"]) == (400, "invalid_client")

    run(steps, tmp_path)


def test_an_app_with_users_signs_when_it_redeems_a_code_and_at_each_refresh(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="asymmetric", jwks=jwks(), scope="launch openid fhirUser offline_access patient/*.rs")
        launch = await flow.launch(app)
        code = await flow.code(app, launch=launch["launch"], scope="launch offline_access patient/*.rs")
        unsigned = await flow.redeem(app, code)
        assert unsigned.json()["error"] == "invalid_client"
        proof = {"client_assertion_type": JWT_BEARER, "client_assertion": sign(app["client_id"])}
        first = await flow.redeem(app, code, **proof)
        assert first.status_code == 200, first.text
        refresh_form = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
        assert (await flow.http.post("/general/oauth/token", data=refresh_form | proof)).json()["error"] == "invalid_client"
        proof["client_assertion"] = sign(app["client_id"])
        second = await flow.http.post("/general/oauth/token", data=refresh_form | proof)
        assert second.status_code == 200, second.text
        proof["client_assertion"] = sign(app["client_id"])
        assert (await flow.http.post("/general/oauth/token", data=refresh_form | proof)).json() == second.json()

    run(steps, tmp_path)


def test_an_app_of_an_older_sickbay_whose_key_has_no_id_opens_and_is_explained(tmp_path: Path) -> None:
    """Its other key still works. Such a set can't be registered any more, and a snapshot's file gives the key an id."""

    async def steps(flow: Flow) -> None:
        runtime, id = flow.sandbox.runtime, await service(flow)
        client = await registration.find_by_id(runtime, id)
        assert client is not None
        nameless = {name: value for name, value in jwks(key("k2"))["keys"][0].items() if name != "kid"}
        old = structs.replace(client, jwks={"keys": [*jwks()["keys"], nameless]})
        await registration.save_app(runtime, old, client)
        page = await flow.http.get(f"/developer/apps/{client.app_id}", headers={"Accept": "text/html"})
        assert (page.status_code, "has a key without a <code>kid</code> (number 2)" in page.text) == (200, True)
        assert (await request_token(flow, sign(id))).status_code == 200
        refused = await request_token(flow, sign(id, "k2"))
        explained = (await flow.http.get(f"/exchanges/{refused.headers['x-correlation-id']}")).text
        assert "give it the `kid` `k2` in your JWKS" in explained
        edited = await flow.http.patch(f"/admin/apps/{client.app_id}", json={"name": "Renamed"})
        assert (edited.status_code, [finding["id"] for finding in edited.json()["findings"]]) == (422, ["reg-jwks-kid-missing"])
        records, _ = people.read_apps(runtime, people.dump_apps([make_app_record(old)]), {})
        assert [len(app["jwks"]["keys"][1]["kid"]) for app in [json.loads(record.value) for record in records]] == [43]

    run(steps, tmp_path)


def test_keys_are_fetched_from_jwks_uri_and_a_new_key_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(flow: Flow) -> None:
        address = "https://app.example.org/keys.json"
        documents = {address: jwks(key("k1"))}
        fetched: list[str] = []

        async def fetch(self: object, url: str, *, loopback: bool = False, page: bool = False, limit: int = 0) -> Fetched:
            fetched.append(url)
            assert loopback
            if url not in documents:
                raise Unreachable("nothing is there")
            return Fetched(200, {"cache-control": "max-age=600"}, json.dumps(documents[url]).encode())

        monkeypatch.setattr(type(flow.sandbox.runtime.effects), "fetch", fetch)
        id = await service(flow, jwks_uri=address)
        for _ in range(3):
            assert (await request_token(flow, sign(id))).status_code == 200
        assert fetched == [address]
        documents[address] = jwks(key("k3"))
        assert (await request_token(flow, sign(id, "k3"))).status_code == 200
        assert (await request_token(flow, sign(id))).json()["error"] == "invalid_client"
        assert fetched == [address] * 2
        unreachable = await service(flow, jwks_uri="http://localhost:9/gone.json")
        response = await request_token(flow, sign(unreachable))
        assert "jwks-unreachable" in await flow.findings(response)
        page = (await flow.http.get(f"/exchanges/{response.headers['x-correlation-id']}")).text
        assert "That failed: nothing is there." in page

    run(steps, tmp_path)


def test_keys_on_this_machine_are_fetched_only_for_direct_requests_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request through a proxy, which may have changed the Host, must not reach services that listen only on this machine."""

    async def steps(flow: Flow) -> None:
        fetched: list[bool] = []

        async def fetch(self: object, url: str, *, loopback: bool = False, page: bool = False, limit: int = 0) -> Fetched:
            fetched.append(loopback)
            if not loopback:
                raise Unreachable("localhost is an address inside a network, which is never called")
            return Fetched(200, {"cache-control": "max-age=600"}, json.dumps(jwks(key("k1"))).encode())

        monkeypatch.setattr(type(flow.sandbox.runtime.effects), "fetch", fetch)
        id = await service(flow, jwks_uri="http://localhost:9/keys.json")
        for headers in ({"Via": "1.1 proxy"}, {"X-Forwarded-For": "127.0.0.1"}):
            for path in ("token", "introspect", "revoke"):
                data = form(sign(id)) | {"token": "x"}
                response = await flow.http.post(f"/general/oauth/{path}", data=data, headers=headers)
                assert response.status_code in (400, 401), response.text
        assert not any(fetched)
        assert (await request_token(flow, sign(id))).status_code == 200
        assert fetched[-1] is True
        doubted: list[str] = []
        monkeypatch.setattr(flow.sandbox.runtime.key_sets, "doubt", lambda url, *, loopback: doubted.append(url))
        for path in ("token", "introspect", "revoke"):
            for assertion in (sign(id), sign(id, aud="https://example.org/")):  # only the second one is refused
                await flow.http.post(f"/general/oauth/{path}", data=form(assertion) | {"token": "x"})
        assert doubted == ["http://localhost:9/keys.json"] * 3

    run(steps, tmp_path)

"""What each kind of injected fault does to an app by HTTP: one function for each kind, named `inject_` and the kind."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from tests.flows.fault_requests import FHIR, assert_injected, export, get, grant, inject, launch_app
from tests.flows.flow import STATE, Flow, receive

from sickbay.faults.kinds import list_kinds
from sickbay.protocol import jose

Steps = Callable[[Flow], Awaitable[None]]


async def inject_status(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    fault = await inject(flow, "status", status=503, retry_after=7)
    response = await get(flow, "Patient/p-0001", token)
    assert (response.status_code, response.headers["retry-after"]) == (503, "7")
    assert fault in response.json()["issue"][0]["diagnostics"]
    await assert_injected(flow, response, fault, "status")
    oauth = await flow.http.post("/general/oauth/token", data={"grant_type": "client_credentials"})
    assert (oauth.status_code, oauth.json()["error"]) == (503, "server_error")


async def inject_delay(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    fault = await inject(flow, "delay", seconds=0.05)
    await assert_injected(flow, await get(flow, "Patient/p-0001", token), fault, "delay")


async def inject_slow(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    whole = await get(flow, "Patient/p-0001", token)
    fault = await inject(flow, "slow", bytes_per_second=20_000)
    response = await get(flow, "Patient/p-0001", token)
    assert response.json() == whole.json()
    await assert_injected(flow, response, fault, "slow")


async def inject_reset(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    await inject(flow, "reset")
    response = await get(flow, "Patient/p-0001", token)
    assert response.status_code == 500  # there is no connection in this process: see tests/cli/test_fault.py


async def inject_truncate(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    whole = await get(flow, "Patient/p-0001", token)
    await inject(flow, "truncate", bytes=10)
    response = await get(flow, "Patient/p-0001", token)
    assert response.content == whole.content[:10]
    assert response.headers["content-length"] == whole.headers["content-length"]


async def inject_body(flow: Flow) -> None:
    fault = await inject(flow, "body", body='{"error": "invalid_client"}', status=401, stage="token")
    response = await flow.http.post("/general/oauth/token", data={"grant_type": "client_credentials"})
    assert (response.status_code, response.json()) == (401, {"error": "invalid_client"})
    await assert_injected(flow, response, fault, "body")


async def inject_html(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    await inject(flow, "html", type="Patient")
    response = await get(flow, "Patient/p-0001", token)
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (await get(flow, "Observation?patient=p-0001&_count=1", token)).json()["resourceType"] == "Bundle"


async def inject_content_type(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    await inject(flow, "content-type", content_type="text/plain")
    response = await get(flow, "Patient/p-0001", token)
    assert (response.headers["content-type"], json.loads(response.content)["id"]) == ("text/plain", "p-0001")


async def inject_encoding(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    await inject(flow, "encoding")
    with pytest.raises(httpx2.DecodingError):
        await get(flow, "Patient/p-0001", token)


async def inject_member(flow: Flow) -> None:
    await inject(flow, "member", set={"introspection_endpoint": None}, remove=["token_endpoint"])
    document = (await flow.http.get(f"{FHIR}/.well-known/smart-configuration")).json()
    assert "token_endpoint" not in document
    assert document["introspection_endpoint"] is None


async def inject_authorize_error(flow: Flow) -> None:
    app = await flow.register()
    launch = await flow.launch(app)
    fault = await inject(flow, "authorize-error", error="access_denied")
    response = await flow.authorize(app, launch=launch["launch"])
    sent = receive(response)
    assert (sent["error"], sent["state"]) == ("access_denied", STATE)
    assert "code" not in sent
    await assert_injected(flow, response, fault, "authorize-error")
    unproven = await flow.authorize(app, redirect_uri="http://attacker.example/")
    assert "attacker" not in unproven.headers.get("location", "")


async def inject_state(flow: Flow) -> None:
    app = await flow.register()
    for value in ("missing", "wrong"):
        fault = await inject(flow, "state", value=value, times=1)
        response = await flow.authorize(app, launch=(await flow.launch(app))["launch"])
        sent = receive(response)
        assert sent.get("state") != STATE
        assert ("state" in sent) == (value == "wrong")
        assert (await flow.redeem(app, sent["code"])).status_code == 200
        await assert_injected(flow, response, fault, "state")


async def inject_iss(flow: Flow) -> None:
    app = await flow.register()
    for value in ("missing", "wrong"):
        await inject(flow, "iss", value=value, times=1)
        sent = receive(await flow.authorize(app, launch=(await flow.launch(app))["launch"]))
        assert sent.get("iss") != f"{flow.sandbox.runtime.base}/general"
        assert ("iss" in sent) == (value == "wrong")


async def inject_code(flow: Flow) -> None:
    app = await flow.register()
    for value in ("expired", "used"):
        fault = await inject(flow, "code", value=value, times=1)
        response = await flow.redeem(app, await flow.code(app, launch=(await flow.launch(app))["launch"]))
        assert (response.status_code, response.json()["error"]) == (400, "invalid_grant")
        await assert_injected(flow, response, fault, "code")
    await flow.http.delete("/admin/faults")
    again = await flow.redeem(app, await flow.code(app, launch=(await flow.launch(app))["launch"]))
    assert again.status_code == 200


async def inject_scope(flow: Flow) -> None:
    fault = await inject(flow, "scope", drop=["patient/Observation"])
    _, response = await launch_app(flow)
    assert "patient/Observation.rs" not in response.json()["scope"]
    await assert_injected(flow, response, fault, "scope")
    token = response.json()["access_token"]
    assert (await get(flow, "Patient/p-0001", token)).status_code == 200
    assert (await get(flow, "Observation?patient=p-0001", token)).status_code == 403


async def inject_no_refresh_token(flow: Flow) -> None:
    assert "refresh_token" in await grant(flow)
    await inject(flow, "no-refresh-token")
    assert "refresh_token" not in await grant(flow)


async def inject_no_patient(flow: Flow) -> None:
    await inject(flow, "no-patient")
    tokens = await grant(flow)
    assert "patient" not in tokens
    assert (await get(flow, "Patient/p-0002", tokens["access_token"])).status_code in (403, 404)


async def inject_other_patient(flow: Flow) -> None:
    await inject(flow, "other-patient")
    tokens = await grant(flow)
    assert tokens["patient"] != "p-0001"
    assert (await get(flow, f"Patient/{tokens['patient']}", tokens["access_token"])).status_code == 200
    assert (await get(flow, "Patient/p-0001", tokens["access_token"])).status_code in (403, 404)


async def inject_expires_in(flow: Flow) -> None:
    for value in (None, 5, "300"):
        await inject(flow, "expires-in", value=value, times=1)
        tokens = await grant(flow)
        assert tokens.get("expires_in") == value


async def inject_dead_token(flow: Flow) -> None:
    fault = await inject(flow, "dead-token")
    response = await get(flow, "Patient/p-0001", (await grant(flow))["access_token"])
    assert response.status_code == 401
    await assert_injected(flow, response, fault, "dead-token")


async def inject_id_token(flow: Flow) -> None:
    await inject(flow, "id-token", claim="aud", value="somebody-else")
    text = (await grant(flow))["id_token"]
    token = jose.decode_unverified(text)
    assert token is not None
    assert token.claims["aud"] == "somebody-else"
    assert await is_signed(flow, text)


async def is_signed(flow: Flow, token: str) -> bool:
    keys = (await flow.http.get("/general/oauth/jwks")).json()["keys"]
    return any(jose.verify(token, key, ["RS256", "ES384"]) for key in keys)


async def inject_id_token_signature(flow: Flow) -> None:
    assert await is_signed(flow, (await grant(flow))["id_token"])
    await inject(flow, "id-token-signature")
    assert not await is_signed(flow, (await grant(flow))["id_token"])


async def inject_id_token_alg(flow: Flow) -> None:
    await inject(flow, "id-token-alg", alg="none")
    token = (await grant(flow))["id_token"]
    header = jose.decode_unverified(token)
    assert header is not None
    assert header.header["alg"] == "none"
    assert token.endswith(".")


async def inject_id_token_kid(flow: Flow) -> None:
    await inject(flow, "id-token-kid")
    header = jose.decode_unverified((await grant(flow))["id_token"])
    assert header is not None
    assert header.header["kid"] not in [key["kid"] for key in (await flow.http.get("/general/oauth/jwks")).json()["keys"]]


async def inject_rotate_keys(flow: Flow) -> None:
    before = (await flow.http.get("/admin/keys")).json()["active"]
    await inject(flow, "rotate-keys")
    await grant(flow)
    assert (await flow.http.get("/admin/keys")).json()["active"] != before


async def inject_refresh(flow: Flow) -> None:
    for value in ("refused", "not-rotated", "revoked"):
        app, response = await launch_app(flow)
        tokens = response.json()
        fault = await inject(flow, "refresh", value=value)
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}
        refreshed = await flow.http.post("/general/oauth/token", data=form)
        if value == "not-rotated":
            assert refreshed.json()["refresh_token"] == tokens["refresh_token"]
        else:
            assert (refreshed.status_code, refreshed.json()["error"]) == (400, "invalid_grant")
        await assert_injected(flow, refreshed, fault, "refresh")
        await flow.http.delete("/admin/faults")
        again = await flow.http.post("/general/oauth/token", data=form)
        assert again.status_code == (400 if value == "revoked" else 200)


async def inject_discovery(flow: Flow) -> None:
    address = f"{FHIR}/.well-known/smart-configuration"
    right = (await flow.http.get(address)).json()
    for value in ("stale", "http", "other-endpoints"):
        fault = await inject(flow, "discovery", value=value)
        document = (await flow.http.get(address)).json()
        assert document["token_endpoint"] != right["token_endpoint"]
        assert document.keys() == right.keys()
        await flow.http.delete(f"/admin/faults/{fault}")
    await inject(flow, "discovery", value="unreachable")
    assert (await flow.http.get(address)).status_code == 503


async def search(flow: Flow, token: str, query: str = "Observation?patient=p-0001&_count=2") -> dict[str, Any]:
    return dict((await get(flow, query, token)).json())


def next_link(bundle: dict[str, Any]) -> str:
    return str(next(link["url"] for link in bundle["link"] if link["relation"] == "next"))


async def inject_empty_page(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    await inject(flow, "empty-page")
    bundle = await search(flow, token)
    assert "entry" not in bundle
    assert next_link(bundle)


async def inject_huge_page(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    await inject(flow, "huge-page", entries=40)
    assert len((await search(flow, token))["entry"]) == 40


async def inject_broken_next(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    fault = await inject(flow, "broken-next")
    url = next_link(await search(flow, token))
    response = await flow.http.get(url, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code >= 400
    await assert_injected(flow, response, fault, "broken-next")


async def inject_gone(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    fault = await inject(flow, "gone", type="Patient")
    response = await get(flow, "Patient/p-0001", token)
    assert (response.status_code, response.json()["issue"][0]["code"]) == (410, "deleted")
    await assert_injected(flow, response, fault, "gone")
    assert (await search(flow, token))["entry"]


async def inject_missing_references(flow: Flow) -> None:
    sent = {"app": "sample-general", "scope": "user/*.rs", "user": await flow.clinician()}
    token = (await flow.http.post("/admin/tokens", json=sent)).json()["access_token"]
    fault = await inject(flow, "missing-references")
    first = (await search(flow, token))["entry"][0]["resource"]
    assert first["subject"]["reference"] == "Patient/p-0001"
    reference = first["encounter"]["reference"]
    response = await get(flow, reference, token)
    assert response.status_code in (403, 404)
    await assert_injected(flow, response, fault, "missing-references")


async def inject_outcome_entry(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    await inject(flow, "outcome-entry")
    modes = [entry["search"]["mode"] for entry in (await search(flow, token))["entry"]]
    assert modes == ["match", "match", "outcome"]


async def inject_conflict(flow: Flow) -> None:
    response = await flow.http.post(
        "/admin/tokens", json={"app": "sample-general", "scope": "user/*.cruds", "user": await flow.clinician()}
    )
    headers = {"Authorization": f"Bearer {response.json()['access_token']}"}
    fault = await inject(flow, "conflict")
    patient = {"resourceType": "Patient", "id": "p-0001"}
    refused = await flow.http.put(f"{FHIR}/Patient/p-0001", json=patient, headers=headers)
    assert refused.status_code == 409
    await assert_injected(flow, refused, fault, "conflict")
    assert (await flow.http.get(f"{FHIR}/Patient/p-0001", headers=headers)).json()["name"]


async def inject_unauthorized(flow: Flow) -> None:
    token = (await grant(flow))["access_token"]
    fault = await inject(flow, "unauthorized", times=1)
    response = await get(flow, "Patient/p-0001", token)
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    await assert_injected(flow, response, fault, "unauthorized")
    assert (await get(flow, "Patient/p-0001", token)).status_code == 200


STEPS: dict[str, Steps] = {"export": export} | {
    kind: step
    for name, step in list(globals().items())
    if (kind := name.removeprefix("inject_").replace("_", "-")) in list_kinds() and callable(step)
}

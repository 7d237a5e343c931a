"""Requests of the walks through injected faults, and the walk through a bulk export."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
from tests.flows.flow import Flow

FHIR = "/general/r4"
SCOPE = "launch openid fhirUser online_access patient/Patient.rs patient/Observation.rs"


async def inject(flow: Flow, kind: str, **members: Any) -> str:
    response = await flow.http.post("/admin/faults", json={"kind": kind, **members})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


async def launch_app(flow: Flow, **more: Any) -> tuple[dict[str, Any], httpx2.Response]:
    app = await flow.register(**more)
    launch = await flow.launch(app)
    return app, await flow.redeem(app, await flow.code(app, launch=launch["launch"], scope=SCOPE))


async def grant(flow: Flow) -> dict[str, Any]:
    return dict((await launch_app(flow))[1].json())


async def get(flow: Flow, path: str, token: str, **headers: str) -> httpx2.Response:
    return await flow.http.get(f"{FHIR}/{path}", headers={"Authorization": f"Bearer {token}", **headers})


async def exchange(flow: Flow, response: httpx2.Response) -> dict[str, Any]:
    address = f"/exchanges/{response.headers['x-correlation-id']}"
    return dict((await flow.http.get(address, headers={"Accept": "application/json"})).json())


async def assert_injected(flow: Flow, response: httpx2.Response, fault: str, kind: str) -> None:
    found = await exchange(flow, response)
    assert (found["injected"]["fault"], found["injected"]["kind"]) == (fault, kind)
    assert not [finding for finding in found["findings"] if finding["severity"] == "error"]


async def export(flow: Flow) -> None:
    app = {"name": "Bulk", "type": "system", "client": "symmetric", "scope": "system/*.rs"}
    registered = (await flow.http.post("/admin/apps", json=app)).json()
    sent = {"app": registered["app_id"], "scope": "system/*.rs"}
    token = (await flow.http.post("/admin/tokens", json=sent)).json()["access_token"]
    started = await get(flow, "Patient/$export?_type=Patient", token, Prefer="respond-async")
    status = started.headers["content-location"].partition(FHIR + "/")[2]
    for _ in range(200):
        manifest = await get(flow, status, token)
        if manifest.status_code == 200:
            break
        await asyncio.sleep(0.05)
    file = manifest.json()["output"][0]["url"].partition(FHIR + "/")[2]
    whole = (await get(flow, file, token)).content
    expected = {"fails": 500, "poll-429": 429, "slow": 202, "error-files": 200}
    for value, answered in expected.items():
        await inject(flow, "export", value=value)
        response = await get(flow, status, token)
        assert response.status_code == answered
        assert value != "error-files" or len(response.json()["error"]) == len(manifest.json()["error"]) + 1
        await flow.http.delete("/admin/faults")
    await inject(flow, "export", value="file-short")
    assert whole.startswith(short := (await get(flow, file, token)).content)
    assert len(short) < len(whole)
    await inject(flow, "export", value="file-fails")
    assert (await get(flow, file, token)).status_code == 500

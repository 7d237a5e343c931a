"""The doctor and the server give the same diagnosis of an authorization request, if both can know it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.flows.flow import Flow, run
from tests.flows.test_ehr_by_http import HTML

from sickbay.diagnosis import case
from sickbay.doctor.diagnose import diagnose

ELSEWHERE = {
    "authorize-called-at-token-endpoint": "the token endpoint has findings of its own",
    "client-change-not-live-yet": "a hospital with a propagation delay",
    "client-not-enabled-for-tenant": "another hospital's app",
    "client-not-live-yet": "a hospital with a propagation delay",
    "launch-code-expired": "time must pass",
    "launch-code-other-client": "another app's launch",
    "launch-code-reused": "an earlier launch",
    "launch-type-not-allowed": "a hospital's policy",
    "mcp-aud-sent-instead": "the app here has automatic approval without a patient",
    "mcp-cimd-id-differs": "another document at the `client_id`",
    "mcp-cimd-invalid": "another document at the `client_id`",
    "mcp-cimd-media-type": "another document at the `client_id`",
    "mcp-cimd-not-fetched": "another document at the `client_id`",
    "mcp-cimd-secret": "another document at the `client_id`",
    "mcp-cimd-stale": "another document at the `client_id`",
    "mcp-cimd-too-big": "another document at the `client_id`",
    "mcp-credentials-other-issuer": "another hospital's app",
    "mcp-prompt-consent": "the app here has automatic approval without a patient",
    "mcp-proxy-no-aud": "a confidential app that serves a resource",
    "mcp-resource-missing": "a document at the `client_id`",
    "mcp-resource-trailing-slash": "the app here has automatic approval without a patient",
    "mcp-scope-default": "the app here has automatic approval without a patient",
    "nonce-reused": "an earlier request",
    "parameters-in-fragment": "no server sees a fragment",
    "pkce-challenge-reused": "an earlier request",
    "query-without-question-mark": "the server has no such address and says so",
    "redirect-uri-response-parameter": "a registration by an older version",
    "redirect-uri-scheme-forbidden": "a registration by an older version",
    "prompt-none-with-others": "the app here has automatic approval",
    "prompt-none-without-session": "the app here has automatic approval",
    "scope-v1-on-v2-app": "a hospital's policy",
    "state-reused": "an earlier request",
    "tenant-unknown": "a dialect with the tenant in its paths",
}
"""Cases that can't be set up here, and why."""


async def register_resources(flow: Flow, context: dict[str, Any]) -> None:
    """Let the hospital issue tokens for the resources of the case, and for no others."""
    for known in (await flow.http.get("/admin/resources")).json():
        await flow.http.delete(f"/admin/resources/{known['id']}")
    for resource in (context.get("server") or {}).get("resources", ()):
        body = {"url": resource["url"], "scopes": " ".join(resource.get("scopes", ()))}
        answer = await flow.http.post("/admin/resources", json=body)
        assert answer.status_code == 201, answer.text


async def live_findings(flow: Flow, request: dict[str, Any], number: int) -> set[str]:
    """The findings of a case's request, from an app registered as its context says, with its own client_id."""
    app, context = request["context"].get("app") or {}, request["context"]
    old, new = app.get("client_id", "\0"), f"agrees-{number}"
    kind = "symmetric" if app.get("type") == "confidential" else "public"
    await flow.register(
        client=kind,
        client_id=new,
        fhir="r4",
        launch_uri=app.get("launch_uri"),
        scope=app.get("scopes", ""),
        redirect_uris=app.get("redirect_uris"),
        smart_version=app.get("smart_version", 2),
        **_pkce(app),
    )
    await register_resources(flow, context)
    url, body = (str(request.get(name) or "").replace(old, new) for name in ("url", "body"))
    for code, launch in (context.get("launches") or {}).items():
        created_launch = await flow.http.post(
            "/admin/launches", json={"app": new, "patient": "p-0001", "user": await flow.clinician()}
        )
        if launch.get("client_id") == old:
            url, body = (text.replace(code, created_launch.json()["launch"]) for text in (url, body))
    address = quote(url, safe="%/:?#[]@!$&'()*+,;=")
    sent = (
        {"content": body, "headers": {**HTML, "content-type": "application/x-www-form-urlencoded"}}
        if body
        else {"headers": HTML}
    )
    sent["headers"] = sent["headers"] | request.get("headers", {})
    answer = await flow.http.request(request.get("method", "GET"), address, **sent)
    exchange_url = f"/exchanges/{answer.headers['x-correlation-id']}"
    exchange = (await flow.http.get(exchange_url, headers={"accept": "application/json"})).json()
    return {finding["id"] for finding in exchange["findings"]}


def _pkce(app: dict[str, Any]) -> dict[str, Any]:
    return {"pkce": app["pkce"]} if "pkce" in app else {}


def test_doctor_and_server_agree_on_every_authorization_case(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        disagreements: dict[str, tuple[list[str], list[str]]] = {}
        cases = [case.load(path) for path in case.list_paths().values() if path.parent.name == "authorize"]
        for number, case_ in enumerate(cases):
            if case_.refused["kind"] != "authorize_url" or case_.id in ELSEWHERE:
                continue
            offline = {findings.id for findings in diagnose(case_.refused).explanation.findings}
            live = await live_findings(flow, case_.refused, number)
            if offline != live:
                disagreements[case_.id] = (sorted(offline - live), sorted(live - offline))
        assert disagreements == {}

    run(steps, tmp_path)

"""Registered resources (RFC 8707): tokens for a developer's MCP server, and who accepts them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.flows.flow import BASE, Flow, receive
from tests.flows.rows.test_rows_token import basic
from tests.flows.shared_app import SharedApp
from tests.flows.test_consent_by_http import authorization_page, submit
from tests.flows.test_ehr_by_http import HTML, field, sign_in

FHIR, MCP = f"{BASE}/general/r4", "https://mcp.example.org/mcp"
SCOPES = "openid fhirUser launch/patient offline_access patient/Observation.rs patient/Patient.rs"


async def add_resource(flow: Flow, url: str = MCP, **more: Any) -> dict[str, Any]:
    """Adds the resource, replacing the one that another test added under this URL."""
    for known in (await flow.http.get("/admin/resources")).json():
        if known["url"] == url:
            await flow.http.delete(f"/admin/resources/{known['id']}")
    answer = await flow.http.post("/admin/resources", json={"url": url} | more)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def register(flow: Flow, **more: Any) -> dict[str, Any]:
    auto = {"user": await flow.clinician(), "patient": "p-0001"}
    return await flow.register(launch_uri=None, scope=SCOPES, auto_approve=auto, **more)


async def token_for(flow: Flow, app: dict[str, Any], **more: str | None) -> dict[str, Any]:
    sent: dict[str, str | None] = {"aud": None, "resource": MCP, "scope": "launch/patient patient/Observation.rs"}
    code = await flow.code(app, **sent | more)
    answer = await flow.redeem(app, code, resource=(sent | more)["resource"] or "")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def introspect(flow: Flow, client: dict[str, Any], token: str) -> Any:
    headers = basic(client["client_id"], client["client_secret"])
    return await flow.http.post("/general/oauth/introspect", data={"token": token}, headers=headers)


async def service(flow: Flow) -> dict[str, Any]:
    return await flow.register(
        type="system", client="symmetric", scope="system/*.rs", redirect_uris=[], launch_uri=None, auto_approve=None
    )


def test_a_token_for_an_mcp_server_works_only_there(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        client, other = await service(flow), await service(flow)
        added = await add_resource(flow, scopes="patient/Observation.rs", client=client["client_id"])
        assert added["metadata"] == {
            "resource": MCP,
            "authorization_servers": [f"{BASE}/general"],
            "scopes_supported": ["launch/patient", "patient/Observation.rs"],
            "bearer_methods_supported": ["header"],
        }
        app = await register(flow)
        mcp, fhir = await token_for(flow, app), await token_for(flow, app, aud=FHIR, resource=None)
        refused = await flow.http.get(
            "/general/r4/Observation?patient=p-0001", headers={"Authorization": f"Bearer {mcp['access_token']}"}
        )
        assert refused.status_code == 401
        assert (await flow.findings(refused))["mcp-token-passthrough"] == "error"
        known = await introspect(flow, client, mcp["access_token"])
        assert {name: known.json()[name] for name in ("active", "aud", "patient", "scope")} == {
            "active": True,
            "aud": MCP,
            "patient": "p-0001",
            "scope": "launch/patient patient/Observation.rs",
        }
        foreign = await introspect(flow, client, fhir["access_token"])
        assert foreign.json() == {"active": False}
        assert await flow.findings(foreign) == {"mcp-fhir-token-at-mcp": "warning"}
        unnamed = await introspect(flow, other, mcp["access_token"])
        assert unnamed.json()["active"]
        assert await flow.findings(unnamed) == {"mcp-audience-unchecked": "info"}

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("sent", "finding", "error"),
    [
        ({"resource": "https://other.example.org/mcp"}, "mcp-resource-unknown", "invalid_target"),
        ({"resource": f"{MCP}#x"}, "mcp-resource-fragment", "invalid_target"),
        ({"resource": f"{MCP}?tenant=1"}, "mcp-resource-query", "invalid_target"),
        ({"resource": f"{MCP}/x"}, "mcp-resource-unknown", "invalid_target"),
        ({"resource": "https://user@mcp.example.org/mcp"}, "mcp-resource-unknown", "invalid_target"),
        ({"aud": FHIR}, "aud-resource-disagree", "invalid_target"),
        ({"scope": "launch/patient patient/Patient.rs"}, "mcp-scope-not-of-resource", "invalid_scope"),
        ({"resource": None}, "aud-missing", "invalid_request"),
    ],
)
def test_a_wrong_resource_is_refused_at_the_redirect_uri(
    shared_app: SharedApp, sent: dict[str, str | None], finding: str, error: str
) -> None:
    async def steps(flow: Flow) -> None:
        await add_resource(flow, scopes="patient/Observation.rs")
        app = await register(flow)
        right: dict[str, str | None] = {"aud": None, "resource": MCP, "scope": "launch/patient patient/Observation.rs"}
        answer = await flow.authorize(app, **right | sent)
        assert receive(answer)["error"] == error
        assert next(iter(await flow.findings(answer))) == finding

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("values", "granted"),
    [
        ([MCP, MCP], MCP),
        ([FHIR, f"{FHIR}/"], FHIR),
        ([MCP, FHIR], ""),
        ([FHIR, MCP], ""),
        ([MCP, "https://x.example/"], ""),
    ],
)
def test_several_resources_must_mean_one_server(shared_app: SharedApp, values: list[str], granted: str) -> None:
    async def steps(flow: Flow) -> None:
        await add_resource(flow)
        app = await register(flow)
        asking = flow.asking(app, aud=None, scope="launch/patient patient/Observation.rs")
        pairs: list[tuple[str, str | int | float | bool | None]] = [*asking.items(), *(("resource", value) for value in values)]
        answer = await flow.http.get("/general/oauth/authorize", params=pairs)
        if not granted:
            assert receive(answer)["error"] == "invalid_target"
            assert next(iter(await flow.findings(answer))) == "mcp-resource-twice"
            return
        form = {"grant_type": "authorization_code", "code": receive(answer)["code"], "client_id": app["client_id"]}
        form |= {"redirect_uri": asking["redirect_uri"], "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}
        redeemed = await flow.http.post("/general/oauth/token", data=form | {"resource": values})
        assert redeemed.status_code == 200, redeemed.text
        client = await service(flow)
        assert (await introspect(flow, client, redeemed.json()["access_token"])).json()["aud"] == granted

    shared_app.do(steps)


@pytest.mark.parametrize("spelling", [f"{MCP}/", "HTTPS://MCP.example.org/mcp"])
def test_a_spelling_of_the_resource_means_the_registered_one(shared_app: SharedApp, spelling: str) -> None:
    async def steps(flow: Flow) -> None:
        await add_resource(flow)
        client = await service(flow)
        token = await token_for(flow, await register(flow), resource=spelling)
        assert (await introspect(flow, client, token["access_token"])).json()["aud"] == MCP

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("policy", "sent", "status", "finding"),
    [
        ("agents", "", 200, {"mcp-resource-missing-token": "warning"}),
        ("refuse", "", 400, {"mcp-resource-missing-token": "error"}),
        ("agents", FHIR, 400, {"token-resource-mismatch": "error"}),
        ("agents", "https://mcp.example.org/mcp/messages", 400, {"mcp-resource-not-prm": "error"}),
        ("agents", MCP, 200, {}),
        ("refuse", MCP, 200, {}),
    ],
)
def test_the_token_request_repeats_the_resource(
    shared_app: SharedApp, policy: str, sent: str, status: int, finding: dict[str, str]
) -> None:
    async def steps(flow: Flow) -> None:
        await add_resource(flow)
        app = await register(flow, policy={"missing_resource": policy})
        code = await flow.code(app, aud=None, resource=MCP, scope="launch/patient patient/Observation.rs offline_access")
        answer = await flow.redeem(app, code, resource=sent)
        assert (answer.status_code, await flow.findings(answer)) == (status, finding)
        if status == 400:
            assert answer.json()["error"] == "invalid_target"
            return
        form = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"], "client_id": app["client_id"]}
        refreshed = await flow.http.post("/general/oauth/token", data=form)
        assert refreshed.status_code == (400 if policy == "refuse" else 200)
        assert next(iter(await flow.findings(refreshed))) == "mcp-resource-refresh-lost"

    shared_app.do(steps)


@pytest.mark.parametrize(("policy", "granted"), [("default", True), ("agents", False), ("refuse", False)])
def test_a_request_without_a_server_gets_the_fhir_base_only_if_the_policy_says_so(
    shared_app: SharedApp, policy: str, granted: bool
) -> None:
    async def steps(flow: Flow) -> None:
        app = await register(flow, policy={"missing_resource": policy})
        answer = await flow.authorize(app, aud=None, scope="launch/patient patient/Observation.rs")
        assert ("code" in receive(answer)) is granted
        if granted:
            token = (await flow.redeem(app, receive(answer)["code"])).json()
            headers = {"Authorization": f"Bearer {token['access_token']}"}
            assert (await flow.http.get("/general/r4/Observation", headers=headers)).status_code == 200

    shared_app.do(steps)


def test_a_backend_service_may_choose_a_registered_resource(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await add_resource(flow)
        client = await service(flow)
        form = {"grant_type": "client_credentials", "scope": "system/Patient.rs", "resource": MCP}
        headers = basic(client["client_id"], client["client_secret"])
        token = (await flow.http.post("/general/oauth/token", data=form, headers=headers)).json()["access_token"]
        assert (await introspect(flow, client, token)).json()["aud"] == MCP

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"url": FHIR}, 409),
        ({"url": f"{FHIR}/"}, 409),
        ({"url": "https://a.example/mcp?x=1"}, 422),
        ({"url": "https://a.example/mcp#x"}, 422),
        ({"url": "https://user@a.example/mcp"}, 422),
        ({"url": "ftp://a.example/mcp"}, 422),
        ({"url": "/mcp"}, 422),
        ({"url": f"https://a.example/{'x' * 3000}"}, 422),
        ({"url": "https://a.example/mcp", "scopes": "tools:read"}, 422),
        ({"url": "https://a.example/mcp", "client": "no-such-app"}, 404),
        ({"url": "https://a.example/mcp", "tenant": "nowhere"}, 404),
        ({}, 422),
    ],
)
def test_a_resource_that_can_not_be_one_is_refused(shared_app: SharedApp, body: dict[str, str], status: int) -> None:
    async def steps(flow: Flow) -> None:
        before = (await flow.http.get("/admin/resources")).json()
        answer = await flow.http.post("/admin/resources", json=body)
        assert (answer.status_code, (await flow.http.get("/admin/resources")).json()) == (status, before)

    shared_app.do(steps)


def test_a_removed_resource_gets_no_tokens(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        added = await add_resource(flow, "https://gone.example.org/mcp")
        listed = (await flow.http.get("/admin/resources?tenant=general")).json()
        assert added in listed
        assert added not in (await flow.http.get("/admin/resources?tenant=epic")).json()
        assert (await flow.http.delete(f"/admin/resources/{added['id']}")).status_code == 204
        assert (await flow.http.delete(f"/admin/resources/{added['id']}")).status_code == 404
        answer = await flow.authorize(await register(flow), aud=None, resource=added["url"], scope="launch/patient")
        assert receive(answer)["error"] == "invalid_target"

    shared_app.do(steps)


PAGE = "/developer/hospitals/general/resources"


def test_the_portal_adds_and_removes_a_resource(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        client, url = await service(flow), "http://localhost:9000/portal"
        page = await flow.http.get(PAGE)
        csrf = field(page, "csrf")
        wrong = await flow.http.post(PAGE, data={"csrf": csrf, "url": "nowhere"})
        assert (wrong.status_code, "url must be" in wrong.text) == (422, True)
        sent = {"csrf": csrf, "url": url, "name": "Vitals", "scopes": "patient/*.rs", "client": client["client_id"]}
        assert (await flow.http.post(PAGE, data=sent)).status_code == 303
        assert (await flow.http.post(PAGE, data=sent)).status_code == 422
        assert (await flow.http.post(PAGE, data=sent | {"csrf": "x"})).status_code == 403
        listed = {entry["url"]: entry for entry in (await flow.http.get("/admin/resources")).json()}
        assert (listed[url]["client_id"], listed[url]["scopes"]) == (client["client_id"], "patient/*.rs")
        assert url in (await flow.http.get(f"{PAGE}?done=added")).text
        assert (await flow.http.post(PAGE, data={"csrf": csrf, "remove": listed[url]["id"]})).status_code == 303
        assert url not in (await flow.http.get(PAGE)).text
        assert (await flow.http.get("/developer/hospitals/nowhere/resources")).status_code == 404

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("listed", "sent", "granted", "finding"),
    [
        ("patient/Observation.rs", {"resource": MCP}, "launch/patient patient/Observation.rs", "mcp-scope-default"),
        ("", {"resource": MCP}, "", "mcp-scope-missing"),
        ("user/Encounter.rs", {"resource": MCP}, "", "mcp-scope-missing"),
        ("patient/Observation.rs", {"resource": FHIR}, "", "scope-missing"),
        ("patient/Observation.rs", {"resource": None, "aud": FHIR}, "", "scope-missing"),
    ],
)
def test_only_a_registered_resource_with_scopes_has_default_scopes(
    shared_app: SharedApp, listed: str, sent: dict[str, str | None], granted: str, finding: str
) -> None:
    async def steps(flow: Flow) -> None:
        await add_resource(flow, scopes=listed)
        app = await register(flow)
        answer = await flow.authorize(app, **{"aud": None, "scope": None} | sent)
        assert next(iter(await flow.findings(answer))) == finding
        if not granted:
            assert receive(answer)["error"] == "invalid_scope"
            return
        token = (await flow.redeem(app, receive(answer)["code"], resource=MCP)).json()
        assert (token["scope"], token["patient"]) == (granted, "p-0001")

    shared_app.do(steps)


def test_a_user_can_leave_out_default_scopes(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await add_resource(flow, scopes="patient/Observation.rs patient/Patient.rs")
        await sign_in(flow)
        app = await flow.register(launch_uri=None, scope=SCOPES, auto_approve=None)
        page = await authorization_page(flow, app, aud=None, resource=MCP, scope=None)
        await submit(flow, page, patient="p-0001", decision="open")
        page = await flow.http.get(f"/general/oauth/continue?request={field(page, 'request')}", headers=HTML)
        answer = await submit(flow, page, scope=["launch/patient", "patient/Patient.rs"], decision="allow")
        token = (await flow.redeem(app, receive(answer)["code"], resource=MCP)).json()
        assert token["scope"] == "launch/patient patient/Patient.rs"

    shared_app.do(steps, shared_app.flow())

"""POST /mcp: who may call it, what it accepts, and what its tools do."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import orjson
from hypothesis import given, settings
from tests.agents.calls import call, send
from tests.flows.flow import BASE, REDIRECT, Flow, run
from tests.laws import examples
from tests.protocol.test_mcp import JSON, MESSAGES, META

from sickbay.agents.arguments import is_random_id
from sickbay.protocol import mcp

TOKEN = "an-admin-token-of-a-test"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


async def _from(flow: Flow, address: str, application: Any, **headers: str) -> httpx2.Response:
    """A message from another address."""
    transport = httpx2.ASGITransport(app=application, client=(address, 4711))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE, trust_env=False) as http:
        return await http.post("/mcp", json=PING, headers=headers)


def test_only_the_person_at_the_keyboard_and_the_admin_token_may_call(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        application = flow.http._transport.app  # type: ignore[attr-defined]
        assert (await flow.http.post("/mcp", json=PING)).json()["result"] == {}
        assert (await _from(flow, "192.0.2.1", application)).status_code == 403
        assert (await _from(flow, "192.0.2.1", application, authorization="Bearer wrong")).status_code == 403
        assert (await _from(flow, "192.0.2.1", application, authorization=f"Bearer {TOKEN}")).status_code == 200
        for origin in ("https://evil.example", "http://localhost:3000", "null"):
            refused = await flow.http.post("/mcp", json=PING, headers={"origin": origin})
            assert refused.status_code == 403
            assert "access-control-allow-origin" not in refused.headers
        assert (await flow.http.post("/mcp", json=PING, headers={"sec-fetch-site": "cross-site"})).status_code == 403
        assert (await flow.http.post("/mcp", json=PING, headers={"host": "evil.example"})).status_code == 421
        assert (await flow.http.post("/mcp", json=PING, headers={"x-forwarded-for": "192.0.2.1"})).status_code == 403

    run(steps, tmp_path, admin_token=TOKEN)


def test_only_so_many_messages_are_answered_at_a_time(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        room, taken = flow.sandbox.tool_calls, 0
        while not room.locked():
            taken += 1
            await room.acquire()
        assert taken == 16
        refused = await flow.http.post("/mcp", json=PING)
        assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
        assert (await flow.http.post("/mcp", json=PING, headers={"origin": "https://evil.example"})).status_code == 403
        room.release()
        assert [(await flow.http.post("/mcp", json=PING)).status_code for _ in range(3)] == [200] * 3

    run(steps, tmp_path)


def test_a_stranger_is_refused_before_the_message_is_read(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        received = 0

        async def body() -> Any:
            nonlocal received
            for _ in range(1000):
                received += 1
                yield b"[" * 1000

        headers = {"origin": "https://evil.example", "content-type": "application/json"}
        assert (await flow.http.post("/mcp", content=body(), headers=headers)).status_code == 403
        too_long = await flow.http.post("/mcp", content=b" " * 300_000, headers={"content-type": "application/json"})
        assert too_long.status_code == 413
        assert (await flow.http.post("/mcp", content=b"{}", headers={"content-type": "text/plain"})).status_code == 415
        wrong = await flow.http.post("/mcp", content=b"\xff", headers={"content-type": "application/json"})
        assert wrong.status_code == 400
        for method in ("GET", "DELETE", "PUT"):
            assert (await flow.http.request(method, "/mcp")).status_code == 405

    run(steps, tmp_path)


def test_both_eras_are_served_at_one_address(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        legacy = await send(flow.http, "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}})
        assert legacy.json()["result"]["capabilities"] == {"tools": {}}
        notified = await flow.http.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert (notified.status_code, notified.content) == (202, b"")
        headers = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"}
        modern = await send(flow.http, "tools/list", {"_meta": META}, **headers)
        assert modern.json()["result"]["resultType"] == "complete"
        assert (await send(flow.http, "tools/list", {"_meta": META}, **headers | {"mcp-method": "ping"})).status_code == 400

    run(steps, tmp_path)


def test_a_server_can_be_read_only_or_have_no_tools(tmp_path: Path) -> None:
    async def read(flow: Flow) -> None:
        listed = (await send(flow.http, "tools/list")).json()["result"]["tools"]
        assert "launch" not in {tool["name"] for tool in listed}
        for header in ({}, {"x-read-only": "false"}, {"mcp-read-only": "0"}):
            answer = await send(flow.http, "tools/call", {"name": "launch", "arguments": {"app": "sample-general"}}, **header)
            assert answer.json()["result"]["isError"]
        assert (await call(flow.http, "apps"))["apps"]

    async def none(flow: Flow) -> None:
        assert (await flow.http.post("/mcp", json=PING)).status_code in (404, 405)

    run(read, tmp_path / "a", mcp="read-only")
    run(none, tmp_path / "b", mcp="off")


def test_no_message_fails_or_hangs(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        loop = asyncio.get_running_loop()

        @settings(max_examples=examples(500))
        @given(MESSAGES | JSON)
        def law(message: Any) -> None:
            sent = flow.http.post("/mcp", content=orjson.dumps(message), headers={"content-type": "application/json"})
            answer = asyncio.run_coroutine_threadsafe(sent, loop).result(60)
            assert answer.status_code in (200, 202, 400, 404)

        await asyncio.to_thread(law)

    run(steps, tmp_path)


def test_an_app_is_registered_launched_and_removed(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        example = (await call(flow.http, "apps", action="add", set={"nme": "a"}))["next"][0]
        added = await call(flow.http, example["tool"], **example["arguments"])
        assert added["untrusted"]["name"] == "My app"
        launched = await call(flow.http, "launch", app=added["app_id"], patient="p-0001")
        assert launched["untrusted"]["url"].startswith("http://localhost:3000/launch?iss=")
        explained = await call(flow.http, **_next(launched))
        assert explained["waiting_for"]["step"] in ("discovery", "authorize")
        changed = await call(flow.http, "apps", action="edit", app=added["app_id"], set={"launch_uri": None})
        assert "launch_uri" not in changed["untrusted"]
        assert "error" in await call(flow.http, "launch", app=added["app_id"])
        needed = await call(flow.http, "apps", action="enable", app=added["app_id"])
        there = await call(flow.http, **_next(needed))
        assert there["tenant"] != "general"
        await call(flow.http, "apps", action="remove", app=added["app_id"])
        assert "error" in await call(flow.http, "apps", action="show", app=added["app_id"])

    run(steps, tmp_path)


def _next(result: dict[str, Any]) -> dict[str, Any]:
    return {"tool": result["next"][0]["tool"], **result["next"][0]["arguments"]}


def test_a_token_is_a_handle_that_only_the_tool_fhir_takes(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")
        issued = await call(flow.http, "token", app=app["app_id"], scope="user/Patient.rs", user="okafor")
        handle = issued["token"]
        refused = await flow.http.get("/general/r4/Patient/p-0001", headers={"authorization": f"Bearer {handle}"})
        assert refused.status_code == 401
        read = await call(flow.http, **_next(issued))
        assert (read["status"], read["type"]) == (200, "Patient")
        found = await call(flow.http, "fhir", path="Patient?birthdate=gt1900-01-01&_count=50", token=handle)
        assert found["entries"]["Patient"] > 5
        assert found["left_out"] == found["entries"]["Patient"] - 5
        assert len(found["untrusted"]["resources"]) == 5
        outside = await call(flow.http, "fhir", path="Observation?patient=p-0001", token=handle)
        assert outside["status"] == 403
        assert "rules" in outside
        assert (await call(flow.http, **_next(outside)))["findings"]
        for wrong in ("token-x", handle[:-4] + "AAAA", "", "token-" + "A" * 80):
            answer = await call(flow.http, "fhir", path="Patient/p-0001", token=wrong)
            assert answer.get("status") == 401 or "error" in answer
        beyond = await call(flow.http, "token", app=app["app_id"], scope="system/*.rs")
        assert "grant type client_credentials" in beyond["warnings"][0]
        filtered = await call(flow.http, "token", app=app["app_id"], scope="patient/Goal.c?category=ignore|all-rules")
        assert "warnings" not in filtered
        assert "ignore|all-rules" in filtered["untrusted"]["warnings"][0]

    run(steps, tmp_path)


def test_an_app_that_starts_on_its_own_is_not_to_be_launched(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope="launch launch/patient openid patient/*.rs")
        response = await flow.authorize(app, scope="patient/Patient.rs")
        explained = await call(flow.http, "explain", id=response.headers["x-correlation-id"])
        assert explained["next"][0] | {"why": ""} == {"tool": "explain", "arguments": {"app": app["app_id"]}, "why": ""}
        launch = await flow.launch(app)
        launched = await flow.authorize(app, launch=launch["launch"], scope="launch,patient/Patient.rs")
        explained = await call(flow.http, "explain", id=launched.headers["x-correlation-id"])
        assert explained["next"][0]["tool"] == "launch"

    run(steps, tmp_path)


def test_no_tool_fails_with_a_deeply_nested_value(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = {"name": "A", "type": "provider", "client": "public", "scope": "openid", "redirect_uris": [REDIRECT]}
        for shape in ({"a": None}, [None]):
            for depth in (mcp.MAXIMUM_DEPTH - 6, 200, 900):
                value = "1"
                for _ in range(depth):
                    value = orjson.dumps(shape).decode().replace("null", value)
                for tool, arguments in (
                    ("apps", {"action": "add", "set": app | {"policy": None}}),
                    ("apps", {"action": "edit", "app": "sample-app-general", "set": {"name": None}}),
                    ("policies", {"tenant": "genral", "set": {"pkce": None}}),
                    ("faults", {"action": "add", "fault": {"kind": None}}),
                    ("faults", {"action": "add", "fault": {"kind": "member", "set": None}}),
                ):
                    message = {
                        "jsonrpc": "2.0",
                        "id": 1,
                        "method": "tools/call",
                        "params": {"name": tool, "arguments": arguments},
                    }
                    sent = orjson.dumps(message).decode().replace("null", value)
                    answer = await flow.http.post("/mcp", content=sent, headers={"content-type": "application/json"})
                    assert answer.status_code == (200 if depth < mcp.MAXIMUM_DEPTH else 400), (tool, depth)

    run(steps, tmp_path, patients=0)


def test_the_fhir_tool_requests_no_address_outside_a_fhir_base(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for path in (
            "../../admin/apps",
            "https://evil.example/Patient",
            "//evil.example/",
            "%2e%2e/%2e%2e/admin",
            "a/../../admin",
        ):
            answer = await call(flow.http, "fhir", path=path)
            assert "error" in answer or answer["status"] in (400, 401, 404), path
            assert answer.get("type") in (None, "OperationOutcome"), path

    run(steps, tmp_path)


def test_the_list_of_exchanges_has_pages_and_counts_what_it_leaves_out(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for number in range(12):
            await flow.http.get("/general/oauth/authorize", params={"client_id": f"app-{number}"})
        first = await call(flow.http, "exchanges", outcome="refused", limit=5)
        assert (len(first["exchanges"]), first["left_out"]) == (5, 7)
        follow = next(found for found in first["next"] if found["tool"] == "exchanges")
        second = await call(flow.http, "exchanges", **follow["arguments"])
        third = await call(flow.http, "exchanges", outcome="refused", limit=5, cursor=second["cursor"])
        ids = [line["id"] for page in (first, second, third) for line in page["exchanges"]]
        assert len(ids) == len({*ids}) == 12
        assert "left_out" not in third
        assert "error" in await call(flow.http, "exchanges", stage="authorise")
        assert not (await call(flow.http, "exchanges", status="5xx"))["exchanges"]

    run(steps, tmp_path)


def test_policies_faults_and_the_clock_are_changed(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        changed = await call(flow.http, "policies", tenant="general", set={"code_lifetime": 5})
        assert changed["changed"] == {"code_lifetime": 5}
        assert "error" in await call(flow.http, "policies", tenant="general", set={"code_lifetim": 5})
        found = await call(flow.http, "policies", tenant="general", query="lifetime")
        assert found["settings"]["code_lifetime"] == 5
        wrong = await call(flow.http, "faults", fault={"kind": "statu"})
        assert wrong["next"][0]["arguments"]["fault"]["kind"] == "status"
        added = await call(flow.http, **_next(wrong))
        assert added["faults"][0]["kind"] == "status"
        assert (await flow.http.get("/general/r4/metadata")).status_code == 503
        cleared = await call(flow.http, "faults", action="clear", clock="+2h")
        assert cleared["faults"] == []
        assert cleared["clock"]["offset"] == 7200
        assert "error" in await call(flow.http, "faults", clock="tomorrow")

    run(steps, tmp_path)


def test_an_exchange_is_found_by_every_address_of_it(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        refused = await flow.http.get("/general/oauth/authorize", params={"client_id": "none"})
        id = refused.headers["x-correlation-id"]
        for address in (
            id,
            f"{BASE}/exchanges/{id}",
            f"{BASE}/exchanges/{id}?as=text",
            f"http://a/?error_uri={BASE}/exchanges/{id}",
        ):
            assert (await call(flow.http, "explain", id=address))["exchange"] == id
        assert (await call(flow.http, "explain"))["exchange"] == id
        full = await call(flow.http, "explain", id=id, detail="full")
        assert full["checks"]["refused"]
        assert "error" in await call(flow.http, "explain", id="unknown-unknown")
        explained = await call(flow.http, "doctor", text=f"The server said: see {BASE}/exchanges/{id}")
        assert _next(explained) == {"tool": "explain", "id": id}

    run(steps, tmp_path)


def test_a_reset_restores_what_was_there(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await flow.http.get("/general/oauth/authorize", params={"client_id": "none"})
        assert (await call(flow.http, "sandbox", action="reset"))["reset"]
        assert not (await call(flow.http, "exchanges"))["exchanges"]
        assert "error" in await call(flow.http, "sandbox", action="start")
        assert (await call(flow.http, "sandbox", tenant="epic"))["hospitals"][0]["name"] == "epic"

    run(steps, tmp_path)


def test_no_result_has_a_secret(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric", client_secret="a-secret-of-the-app-0123456789")
        launch = await flow.launch(app)
        code = await flow.code(app, launch=launch["launch"])
        tokens = (await flow.redeem(app, code, client_secret="a-secret-of-the-app-0123456789")).json()
        results = [await call(flow.http, "explain", app=app["app_id"]), await call(flow.http, "apps", app=app["app_id"])]
        for line in (await call(flow.http, "exchanges"))["exchanges"]:
            results.append(await call(flow.http, "explain", id=line["id"], detail="full"))
        text = orjson.dumps(results).decode()
        for secret in (tokens["access_token"], code, "a-secret-of-the-app-0123456789", TOKEN):
            assert secret not in text

    run(steps, tmp_path, admin_token=TOKEN, require_admin_token=False)


def test_what_sickbay_refuses_is_answered_with_the_right_call(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = ""
        while not is_random_id(app):  # nearly always the first one
            app = (await flow.register())["app_id"]
        table: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
            ("exchanges", {"status": "refused"}, "exchanges", {"outcome": "refused"}),
            ("exchanges", {"rule": "aud-mising"}, "exchanges", {"rule": "aud-missing"}),
            ("exchanges", {"rule": "zzz"}, "rules", {"query": "invalid_grant"}),
            ("apps", {"action": "edit", "app": app}, "apps", {"action": "edit", "app": app}),
            ("launch", {"app": app, "patient": "no-such-patient"}, "launch", {"app": app}),
            (
                "apps",
                {"action": "add", "set": {"name": "A", "type": "system", "client": "asymmetric", "scope": "system/Patient.rs"}},
                "apps",
                {"action": "add"},
            ),
            ("token", {"app": app, "scope": "patient/Nothing.rs"}, "apps", {"action": "show", "app": app}),
            ("policies", {"tenant": "general", "set": {"pkce": "maybe"}}, "policies", {"tenant": "general", "query": "pkce"}),
            ("faults", {"action": "clear", "id": "nope"}, "faults", {"action": "list"}),
            ("explain", {"app": "nope"}, "apps", {"action": "list"}),
            ("policies", {"tenant": "Genral"}, "policies", {"tenant": "general"}),
            (
                "policies",
                {"tenant": "genral", "set": {"pkce": "off"}},
                "policies",
                {"tenant": "general", "set": {"pkce": "off"}},
            ),
            ("exchanges", {"tenant": "epc"}, "exchanges", {"tenant": "epic"}),
            ("sandbox", {"tenant": "cernr"}, "sandbox", {"tenant": "cerner"}),
            ("fhir", {"path": "Patient/p-0001", "tenant": "generall"}, "fhir", {"tenant": "general"}),
            ("apps", {"action": "list", "tenant": "epics"}, "apps", {"action": "list", "tenant": "epic"}),
            ("policies", {"tenant": "Mercy West"}, "sandbox", {"action": "status"}),
        ]
        for tool, arguments, right, expected in table:
            result = await call(flow.http, tool, **arguments)
            assert "error" in result, (tool, arguments)
            proposed = result["next"][0]
            assert proposed["tool"] == right, (tool, arguments)
            assert proposed["arguments"].items() >= expected.items(), (tool, arguments)
            assert "error" not in await call(flow.http, right, **proposed["arguments"])
        launched = await call(flow.http, "launch", app=app, patient="Patient/p-0001")
        assert "launch" in launched

    run(steps, tmp_path)

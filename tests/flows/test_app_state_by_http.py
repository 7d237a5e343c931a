"""App state over HTTP as in SMART 2.2, on both engines; other apps never see it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.flows.flow import BASE, Flow, run
from tests.flows.writing import TokenClient, hand, rules

STATES = "/general/app-state"
R4 = f"{BASE}/general/r4"
SYSTEM = "https://growth.example.org"
MINE = f"{SYSTEM}|display"


def basic(subject: str | None = "Patient/p-0001", code: str = "display", value: str = "{}", **more: Any) -> dict[str, Any]:
    about = {"subject": {"reference": f"{R4}/{subject}"}} if subject else {}
    return {
        "resourceType": "Basic",
        "code": {"coding": [{"system": SYSTEM, "code": code}]},
        **about,
        "extension": [{"url": f"{SYSTEM}/v", "valueString": value}],
    } | more


async def app(flow: Flow, scope: str = "patient/Basic.cuds") -> TokenClient:
    own = await hand(flow, scope)
    own.base = STATES
    return own


async def search_ids(own: TokenClient, code: str = MINE, **query: str) -> list[str]:
    answer = await own.flow.http.get(f"{own.base}/Basic", params={"code": code} | query, headers=own.headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["total"] == len(answer.json().get("entry", []))
    return [entry["resource"]["id"] for entry in answer.json().get("entry", [])]


def test_discovery_names_the_app_state_endpoint(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        config = (await flow.http.get("/general/r4/.well-known/smart-configuration")).json()
        assert config["associated_endpoints"] == [{"url": f"{BASE}{STATES}", "capabilities": ["smart-app-state"]}]
        old = (await flow.http.get("/general/dstu2/.well-known/smart-configuration")).json()
        assert "associated_endpoints" not in old
        vendor = (await flow.http.get("/cerner/r4/.well-known/smart-configuration")).json()
        assert "associated_endpoints" not in vendor
        assert (await flow.http.get("/cerner/app-state/metadata")).status_code == 404
        statement = (await flow.http.get(f"{STATES}/metadata")).json()
        assert {interaction["code"] for interaction in statement["rest"][0]["resource"][0]["interaction"]} == {
            "create",
            "update",
            "delete",
            "search-type",
        }

    run(steps, tmp_path)


def test_app_state_is_created_found_changed_and_deleted(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    async def steps(flow: Flow) -> None:
        own = await app(flow)
        created = await own.ask("POST", "/Basic", basic(value='{"units":"kg"}'), Origin="https://growth.example.org")
        assert created.status_code == 201, created.text
        id = created.json()["id"]
        assert created.headers["location"] == f"{BASE}{STATES}/Basic/{id}"
        assert (created.headers["etag"], created.json()["meta"]["versionId"]) == ('W/"1"', "1")
        assert created.headers["access-control-allow-origin"] == "*"
        assert "ETag" in created.headers["access-control-expose-headers"]
        assert await search_ids(own) == await search_ids(own, subject=f"{R4}/Patient/p-0001") == [id]
        assert await search_ids(own, code=f"{SYSTEM}|other") == await search_ids(own, subject=f"{R4}/Patient/p-0002") == []
        changed = await own.ask("PUT", f"/Basic/{id}", basic(value="{}", id=id), If_Match='W/"1"')
        assert (changed.status_code, changed.headers["etag"]) == (200, 'W/"2"')
        assert changed.json()["extension"][0]["valueString"] == "{}"
        late = await own.ask("PUT", f"/Basic/{id}", basic(id=id), If_Match='W/"1"')
        assert (late.status_code, rules(late)) == (412, {"fhir-version-conflict"})
        assert (await own.ask("DELETE", f"/Basic/{id}", If_Match='W/"2"')).status_code == 204
        assert await search_ids(own) == []
        for again in (
            await own.ask("DELETE", f"/Basic/{id}", If_Match='W/"3"'),
            await own.ask("PUT", f"/Basic/{id}", basic(id=id), If_Match='W/"3"'),
        ):
            assert (again.status_code, rules(again)) == (412, {"app-state-not-there"})

    run(steps, tmp_path, data=engine() or str(tmp_path))


def test_no_app_sees_the_state_of_another_app(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own, other = await app(flow), await app(flow)
        id = (await own.ask("POST", "/Basic", basic())).json()["id"]
        assert await search_ids(other) == []
        hidden = await other.ask("DELETE", f"/Basic/{id}", If_Match='W/"1"')
        absent = await other.ask("DELETE", "/Basic/never", If_Match='W/"1"')
        assert hidden.status_code == absent.status_code == 412
        assert hidden.text.replace(id, "never") == absent.text
        assert await search_ids(own) == [id]
        plain = await hand(flow, "patient/Basic.rs")
        assert (await plain.ask("GET", f"/Basic/{id}")).status_code == 404

    run(steps, tmp_path)


def test_a_user_can_store_state_about_themselves_and_the_app(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await app(flow, "user/Basic.cuds")
        every = (await flow.http.get("/admin/users?tenant=general")).json()
        fhir_user = next(user["fhirUser"] for user in every if user["fhirUser"].startswith("Practitioner"))
        about_user = (await own.ask("POST", "/Basic", basic(fhir_user))).json()["id"]
        of_all = (await own.ask("POST", "/Basic", basic(None))).json()["id"]
        assert await search_ids(own, subject=f"{R4}/{fhir_user}") == [about_user]
        assert await search_ids(own, **{"subject:missing": "true"}) == [of_all]
        assert set(await search_ids(own)) == {about_user, of_all}
        refused = await own.ask("POST", "/Basic", basic("Practitioner/somebody-else"))
        assert (refused.status_code, rules(refused)) == (403, {"app-state-other-subject"})
        assert (await flow.findings(refused))["app-state-other-subject"] == "error"

    run(steps, tmp_path)


def test_each_refusal_names_its_rule_and_stores_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await app(flow)
        large = basic(value="x" * 300_000)
        preflight = [
            ("POST", "/Basic", large, 413, {"app-state-too-large"}),
            ("POST", "/Basic", basic(id="mine"), 422, {"app-state-not-in-profile"}),
            ("POST", "/Basic", basic(value=""), 422, {"fhir-resource-invalid"}),
            ("POST", "/Basic", {"resourceType": "Patient"}, 400, {"fhir-body-malformed"}),
            ("POST", "/Basic", basic("Patient/p-0002"), 403, {"app-state-other-subject"}),
            ("GET", "/Basic?code=display", None, 400, {"app-state-query-unclear"}),
            ("PUT", "/Basic/x", basic(id="x"), 412, {"fhir-if-match-missing"}),
        ]
        for method, path, body, status, named in preflight:
            answer = await own.ask(method, path, body)
            assert (answer.status_code, rules(answer)) == (status, named), answer.text
        assert await search_ids(own) == []
        for method, path, status in (
            ("GET", "/Basic/x", 405),
            ("PATCH", "/Basic/x", 405),
            ("PUT", "/Basic?code=x", 405),
            ("GET", "/Patient", 404),
            ("POST", "", 404),
            ("GET", "/.well-known/smart-configuration", 404),
            ("GET", "/Nothing", 404),
        ):
            answer = await own.ask(method, path, basic() if method != "GET" else None)
            assert answer.status_code == status, (path, answer.text)
        assert (await own.ask("GET", "/Basic/x")).headers["allow"] == "PUT, DELETE"
        assert (await flow.http.get(f"{STATES}/Basic")).status_code == 401
        assert (await flow.http.post(f"{STATES}/Basic", json=large)).status_code == 401
        reading = await app(flow, "patient/Basic.s")
        answer = await reading.ask("POST", "/Basic", basic())
        assert (answer.status_code, rules(answer)) == (403, {"fhir-insufficient-scope"})
        options = await flow.http.options(f"{STATES}/Basic/x", headers={"Origin": "https://growth.example.org"})
        assert (options.status_code, "If-Match" in options.headers["access-control-allow-headers"]) == (204, True)

    run(steps, tmp_path)


def test_app_state_is_read_and_written_as_xml_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await app(flow)
        answer = await own.ask("POST", "/Basic", basic(), Accept="application/fhir+xml")
        assert answer.status_code == 201
        assert answer.text.lstrip().startswith(("<?xml", "<Basic"))

    run(steps, tmp_path)


def test_app_state_is_deleted_with_its_app_and_by_a_reset(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await app(flow)
        await own.ask("POST", "/Basic", basic())
        store = flow.sandbox.runtime.store
        [record] = await store.find("app-state")
        await flow.http.delete(f"/admin/apps/{record.owner}")
        assert await store.find("app-state") == []
        other = await app(flow)
        await other.ask("POST", "/Basic", basic())
        await flow.http.post("/admin/reset", json={})
        assert await store.find("app-state") == []

    run(steps, tmp_path)

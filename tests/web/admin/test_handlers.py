"""/admin over HTTP: requests, refusals, and moving the clock."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.flows.flow import Flow, run
from tests.services.assertions import jwks

from sickbay.web.admin import lookup
from sickbay.web.admin import schemas as admin_schemas


def test_an_app_is_registered_found_changed_and_removed(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")
        assert app["client_secret"]
        stored = (await flow.http.get(f"/admin/apps/{app['client_id']}")).json()
        assert stored["app_id"] == app["app_id"]
        assert "client_secret" not in stored
        assert "secret_hash" not in stored
        changed = await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"name": "Another name"})
        assert changed.json()["name"] == "Another name"
        assert changed.json()["scope"] == app["scope"]
        assert (await flow.http.delete(f"/admin/apps/{app['app_id']}")).status_code == 204
        assert (await flow.http.get(f"/admin/apps/{app['app_id']}")).status_code == 404

    run(steps, tmp_path)


def test_findings_of_severity_error_refuse_a_registration(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        body = {
            "name": "App",
            "type": "provider",
            "client": "public",
            "scope": "openid",
            "redirect_uris": ["/callback"],
        }
        answer = await flow.http.post("/admin/apps", json=body)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert [finding["id"] for finding in answer.json()["findings"] if finding["severity"] == "error"] == [
            "reg-redirect-uri-not-absolute"
        ]

    run(steps, tmp_path)


def test_jwks_and_jwks_uri_replace_each_other(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        uri = "https://app.example.org/jwks.json"
        body = {
            "name": "App",
            "type": "system",
            "client": "asymmetric",
            "scope": "system/*.rs",
            "jwks": jwks(),
            "jwks_uri": uri,
        }
        answer = await flow.http.post("/admin/apps", json=body)
        assert answer.status_code == 422
        assert [finding["id"] for finding in answer.json()["findings"]] == ["reg-jwks-given-twice"]
        app = (await flow.http.post("/admin/apps", json=body | {"jwks_uri": None})).json()
        app_url = f"/admin/apps/{app['app_id']}"
        changed = (await flow.http.patch(app_url, json={"jwks_uri": uri})).json()
        assert (changed.get("jwks"), changed["jwks_uri"]) == (None, uri)
        changed = (await flow.http.patch(app_url, json={"jwks": jwks()})).json()
        assert (changed["jwks"], changed.get("jwks_uri")) == (jwks(), None)
        assert (await flow.http.patch(app_url, json={"jwks": jwks(), "jwks_uri": uri})).status_code == 422

    run(steps, tmp_path)


def test_an_app_with_users_needs_a_redirect_uri(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        body = {"name": "App", "type": "provider", "client": "public", "scope": "openid"}
        assert (await flow.http.post("/admin/apps", json=body)).status_code == 422
        assert (await flow.http.post("/admin/apps", content=b"{")).status_code == 422
        assert (await flow.http.post("/admin/apps", json=body | {"tenant": "nowhere"})).status_code == 404

    run(steps, tmp_path)


def test_a_launch_with_an_unknown_user_or_patient_is_refused_in_one_sentence(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        named = {"user": "nobody", "patient": "p-none", "encounter": "e-none"}
        for name, value in named.items():
            body = {"app": app["app_id"], "patient": "p-0001"} | {name: value}
            for answer in (
                await flow.http.post("/admin/launches", json=body),
                await flow.http.get("/general/ehr/launch", params=body),
            ):
                assert answer.status_code == 422
                assert value in answer.json()["title"]

    run(steps, tmp_path)


def test_tokens_and_approvals_need_an_existing_user_but_not_an_existing_patient(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        token = {"app": app["app_id"], "scope": "user/Patient.rs"}
        approval = {"user": "okafor", "patient": "p-later", "encounter": "e-later"}
        for user, token_is, app_is in (("nobody", 422, 422), ("okafor", 201, 200)):
            lifetimes = await flow.http.post("/admin/tokens", json=token | {"user": user, "patient": "p-later"})
            changed = await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"auto_approve": approval | {"user": user}})
            assert (lifetimes.status_code, changed.status_code) == (token_is, app_is)
            assert token_is == 422 or "There is no Patient/p-later at general in r4. Until" in lifetimes.json()["warnings"][-1]
            if token_is == 422:
                assert all(user in response.json()["title"] for response in (lifetimes, changed))

    run(steps, tmp_path)


def test_approvals_accept_only_scopes_and_launches_only_web_urls(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        for scopes, status in (
            ("user/Patient.rs openid", 200),
            ("user/Patient.sr", 422),
            ("user/Patient.rs,openid", 422),
        ):
            approval = {"user": "okafor", "scopes": scopes}
            changed = await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"auto_approve": approval})
            assert changed.status_code == status, scopes
            assert status == 200 or scopes in changed.json()["title"]
        for url, status in (
            ("https://a.example/style.json", 201),
            ("javascript:alert(1)", 422),
            ("data:,x", 422),
            ("/x", 422),
        ):
            launch = {"app": app["app_id"], "user": "okafor", "smart_style_url": url}
            assert (await flow.http.post("/admin/launches", json=launch)).status_code == status, url

    run(steps, tmp_path)


def test_an_unknown_hospital_is_reported_before_the_app(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        body = {"app": app["app_id"], "scope": "user/Patient.rs", "tenant": "nowhere"}
        for answer in (
            await flow.http.post("/admin/tokens", json=body),
            await flow.http.post("/admin/launches", json={"app": app["app_id"], "tenant": "nowhere"}),
            await flow.http.get(f"/admin/apps/{app['app_id']}?tenant=nowhere"),
            await flow.http.get("/admin/exchanges?tenant=nowhere"),
        ):
            assert answer.status_code == 404
            assert answer.json()["title"].startswith("There is no hospital nowhere")

    run(steps, tmp_path)


def test_the_fhir_user_must_be_a_person(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        user = {"username": "amara", "password": "x"}
        for odd in ("amara", "Practitioner", "Observation/1", "Practitioner/", "Practitioner/a b"):
            answer = await flow.http.post("/admin/users", json=user | {"fhirUser": odd})
            assert answer.status_code == 422
            assert odd in answer.json()["title"]
        for right in ("Practitioner/not-loaded-yet", "https://ehr.example.org/r4/Patient/1"):
            assert (await flow.http.post("/admin/users", json=user | {"fhirUser": right})).status_code == 201

    run(steps, tmp_path)


def test_the_clock_stays_within_valid_dates(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        now = (await flow.http.get("/admin/clock")).json()["now"]
        for far in ({"advance": 1e300}, {"offset": 1e17}, {"advance": -1e12}, {"offset": -1e12}, {"advance": 1e10}):
            assert (await flow.http.post("/admin/clock", json=far)).status_code == 422
        assert abs((await flow.http.get("/admin/clock")).json()["now"] - now) < 60
        assert (await flow.http.post("/admin/clock", json={"advance": 86400})).status_code == 200
        assert (await flow.http.post("/admin/clock", json={"offset": 0})).status_code == 200

    run(steps, tmp_path)


def test_a_page_of_another_origin_is_refused_at_admin(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for headers in (
            {"Origin": "http://evil.example"},
            {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        ):
            answer = await flow.http.get("/admin/apps", headers=headers)
            assert answer.status_code == 403
            assert answer.headers["x-correlation-id"]

    run(steps, tmp_path)


def test_an_unknown_host_name_is_answered_421(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get("/general/r4/metadata", headers={"Host": "rebound.example"})
        assert answer.status_code == 421
        assert answer.headers["x-correlation-id"]
        assert answer.text.startswith("Sickbay’s address is http://localhost:7425. To allow another host name, ")

    run(steps, tmp_path)


def test_tokens_expire_when_the_clock_moves(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        tokens = await flow.complete_launch()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await flow.http.get("/general/r4/Patient/p-0001", headers=headers)).status_code == 200
        await flow.http.post("/admin/clock", json={"advance": tokens["expires_in"] + 1})
        answer = await flow.http.get("/general/r4/Patient/p-0001", headers=headers)
        assert answer.status_code == 401
        assert "fhir-token-expired" in await flow.findings(answer)

    run(steps, tmp_path)


def test_a_reset_deletes_tokens_and_keeps_apps_unless_everything_is_reset(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        tokens = await flow.complete_launch()
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await flow.http.post("/admin/reset", json={})).status_code == 204
        assert (await flow.http.get("/general/r4/Patient/p-0001", headers=headers)).status_code == 401
        assert len((await flow.http.get("/admin/apps?tenant=general")).json()) == 6
        assert (await flow.http.post("/admin/reset", json={"everything": True})).status_code == 204
        left = (await flow.http.get("/admin/apps?tenant=general")).json()
        assert {user["name"] for user in left} == {
            "Sample app",
            *(f"Sample app, {version}" for version in ("DSTU2", "STU3", "R4B", "R5")),
        }

    run(steps, tmp_path)


def test_a_token_for_a_script_has_the_access_of_its_scope(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        body = {"app": app["app_id"], "scope": "user/Patient.rs", "user": await flow.clinician()}
        token = (await flow.http.post("/admin/tokens", json=body)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        response = await flow.http.get("/general/r4/Patient?name=Peters", headers=headers)
        assert response.status_code == 200
        assert response.json()["total"] >= 1
        refused = await flow.http.get("/general/r4/Patient", headers=headers)
        assert refused.status_code == 400
        assert "fhir-search-unbounded" in await flow.findings(refused)

    run(steps, tmp_path)


def test_a_client_of_admin_finds_the_addresses_users_and_apps(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        info = msgspec.json.decode((await flow.http.get("/admin")).content, type=admin_schemas.ReadyLine)
        assert info.tenants["general"].fhir["r4"].endswith("/general/r4")
        assert info.users[0].fhir_user.startswith("Practitioner/")
        assert app["client_id"] in {known.client_id for known in info.apps}

    run(steps, tmp_path)


def test_the_openapi_document_is_built_from_the_types(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        document = (await flow.http.get("/admin/openapi.json")).json()
        assert document["openapi"].startswith("3.")
        assert set(document["paths"]["/admin/apps"]) == {"get", "post"}
        assert document["components"]["schemas"]["NewApp"]["required"] == ["name", "type", "client", "scope"]

    run(steps, tmp_path)


def test_a_misspelt_member_is_refused_with_a_suggestion() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"unknown field `scop`\. Did you mean scope\?"):
        lookup.read_members(admin_schemas.NewToken, '{"app": "a", "scop": "openid"}')

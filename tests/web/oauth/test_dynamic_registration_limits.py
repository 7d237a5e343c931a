"""A dynamically registered app gets what a policy allows, and can't grant itself more later."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import REDIRECT, Flow, run
from tests.flows.test_ehr_by_http import HTML
from tests.web.oauth.test_dynamic_registration_changes import ADDRESS, bearer, register

from sickbay.authorization.models import Client
from sickbay.services import records, registration
from sickbay.storage.interface import Conflict

SCOPE = "launch openid patient/Patient.rs"


async def update(flow: Flow, registered_app: dict[str, Any], **more: Any) -> httpx2.Response:
    body = {"client_id": registered_app["client_id"], "client_name": "By itself", "redirect_uris": [REDIRECT]} | more
    return await flow.http.put(registered_app["registration_client_uri"], json=body, headers=bearer(registered_app))


async def read_current(flow: Flow, registered_app: dict[str, Any]) -> dict[str, Any]:
    return dict((await flow.http.get(registered_app["registration_client_uri"], headers=bearer(registered_app))).json())


async def service_token(flow: Flow, registered_app: dict[str, Any]) -> httpx2.Response:
    form = {"grant_type": "client_credentials", "scope": "system/*.cruds"}
    return await flow.http.post(
        "/general/oauth/token", data=form, auth=(registered_app["client_id"], registered_app["client_secret"])
    )


def test_an_app_does_not_promote_itself_to_a_service(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        registered_app = await register(flow, scope=SCOPE)
        same = {"client_secret": registered_app["client_secret"]}
        answer = await update(flow, registered_app, scope="system/*.cruds", grant_types=["client_credentials"], **same)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_client_metadata"
        assert set(await flow.findings(answer)) >= {"reg-scope-not-granted", "reg-grant-type-not-granted"}
        assert (await service_token(flow, registered_app)).status_code == 400
        assert (await read_current(flow, registered_app))["scope"] == SCOPE
        narrower = await update(flow, registered_app, scope="patient/Patient.r", grant_types=["authorization_code"], **same)
        assert (narrower.status_code, narrower.json()["scope"]) == (200, "patient/Patient.r")
        back = await update(flow, registered_app, scope=SCOPE, grant_types=["authorization_code", "refresh_token"], **same)
        assert (back.status_code, back.json()["scope"]) == (200, SCOPE)
        beyond = await update(flow, registered_app, scope=f"{SCOPE} patient/Observation.rs", **same)
        assert "reg-scope-not-granted" in await flow.findings(beyond)

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("more", "rules_found"),
    [
        ({"redirect_uris": [REDIRECT, "https://evil.example/cb"]}, "reg-host-not-granted"),
        ({"redirect_uris": ["http://localhost:9/cb"]}, "reg-host-not-granted"),
        ({"launch_uri": "https://evil.example/launch"}, "reg-host-not-granted"),
        ({"initiate_login_uri": "https://evil.example/launch"}, "reg-host-not-granted"),
        ({"post_logout_redirect_uris": ["https://evil.example/bye"]}, "reg-host-not-granted"),
        ({"token_endpoint_auth_method": "none"}, "reg-auth-method-not-granted"),
        ({"token_endpoint_auth_method": "client_secret_post"}, "reg-auth-method-not-granted"),
        ({"scope": "launch openid patient/Patient.rs offline_access"}, "reg-scope-not-granted"),
        ({"scope": "launch openid patient/Patient.*"}, "reg-scope-not-granted"),
        ({"grant_types": ["authorization_code", "client_credentials"]}, "reg-grant-type-not-granted"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "reg-redirect-uri-scheme-forbidden"),
        ({"logo_uri": "javascript:alert(1)"}, "reg-metadata-invalid"),
    ],
)
def test_no_member_of_an_update_grants_more(tmp_path: Path, more: dict[str, Any], rules_found: str) -> None:
    async def steps(flow: Flow) -> None:
        registered_app = await register(flow, scope=SCOPE)
        answer = await update(flow, registered_app, client_secret=registered_app["client_secret"], **more)
        assert answer.status_code == 400
        assert rules_found in await flow.findings(answer)
        assert {**await read_current(flow, registered_app), "client_id_issued_at": 0} == {
            **{name: value for name, value in registered_app.items() if not name.startswith("client_secret")},
            "client_id_issued_at": 0,
        }

    run(steps, tmp_path)


def test_an_update_cannot_set_members_reserved_for_the_operator(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        registered_app = await register(flow, scope=SCOPE)
        before = (await flow.http.get(f"/admin/apps/{registered_app['client_id']}")).json()
        odd = {
            "smart_version": 1,
            "pkce": "off",
            "auto_approve": {"user": "okafor"},
            "policy": {"code_lifetime": 9999},
            "scope_mode": "lenient",
            "fhir": "dstu2",
            "tenant": "epic",
            "type": "system",
            "native": True,
            "cards": [],
            "token_lifetime": 86400,
            "granted": None,
            "application_type": "native",
        }
        answer = await update(flow, registered_app, **odd)
        assert answer.status_code == 200, answer.text
        assert answer.json()["application_type"] == "web"
        after = (await flow.http.get(f"/admin/apps/{registered_app['client_id']}")).json()
        changed = {name for name in before if before[name] != after.get(name)}
        assert changed <= {"name", "post_logout_redirect_uris"}

    run(steps, tmp_path)


def test_an_operators_edit_is_the_new_limit(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        registered_app = await register(flow, scope="launch openid patient/*.rs")
        assert (await update(flow, registered_app, scope="openid")).status_code == 200
        address = f"/admin/apps/{registered_app['client_id']}"
        assert (await flow.http.patch(address, json={"name": "Renamed"})).status_code == 200
        assert (await update(flow, registered_app, scope="patient/*.rs")).status_code == 200
        assert (await flow.http.patch(address, json={"scope": "openid patient/Patient.r"})).status_code == 200
        assert (await update(flow, registered_app, scope="patient/*.rs")).status_code == 400
        more = {"scope": "user/*.cruds", "redirect_uris": [REDIRECT, "https://app.example.org/cb"], "type": "patient"}
        assert (await flow.http.patch(address, json=more)).status_code == 200
        wide = await update(flow, registered_app, scope="user/*.cruds", redirect_uris=["https://app.example.org/cb2"])
        assert wide.status_code == 200, wide.text
        assert (await flow.http.get(address)).json()["type"] == "patient"

    run(steps, tmp_path)


def test_an_app_from_an_older_data_folder_keeps_its_registered_limits(tmp_path: Path) -> None:
    """Its record has no member `granted`."""

    async def steps(flow: Flow) -> None:
        registered_app = await register(flow, scope="launch patient/*.rs")
        record = await flow.sandbox.runtime.store.get("app", registered_app["client_id"])
        assert record is not None
        assert records.parse(Client, record.value.replace(b'"granted":null,', b"")).granted is None
        assert (await update(flow, registered_app, scope="patient/Patient.r")).status_code == 200
        assert (await update(flow, registered_app, scope="patient/*.rs")).status_code == 200
        assert (await update(flow, registered_app, scope="patient/*.cruds")).status_code == 400

    run(steps, tmp_path)


def test_an_update_does_not_undo_what_an_operator_changed_meanwhile(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        registered_app = await register(flow, scope="launch patient/*.rs")
        runtime = flow.sandbox.runtime
        client, revision = await registration.load_with_revision(runtime, registered_app["client_id"])
        assert client is not None
        narrowed = {"scope": "patient/Patient.r"}
        assert (await flow.http.patch(f"/admin/apps/{registered_app['client_id']}", json=narrowed)).status_code == 200
        with pytest.raises(Conflict):
            await registration.change_itself(runtime, {"name": "Late"}, client, revision)
        assert (await read_current(flow, registered_app))["scope"] == "patient/Patient.r"
        answers = await asyncio.gather(
            *(update(flow, registered_app, client_name=f"N{n}", scope="patient/Patient.r") for n in range(5))
        )
        assert {answer.status_code for answer in answers} == {200}
        await flow.http.delete(f"/admin/apps/{registered_app['client_id']}")
        with pytest.raises(Conflict):
            await registration.change_itself(runtime, {"name": "Late"}, client, revision)
        assert (await update(flow, registered_app)).status_code == 401

    run(steps, tmp_path)


def test_the_policy_limits_what_can_be_registered(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        async def asks(**more: Any) -> httpx2.Response:
            return await flow.http.post(ADDRESS, json={"redirect_uris": [REDIRECT], **more})

        refused = await asks(scope="system/*.cruds", grant_types=["client_credentials"])
        assert "reg-scope-not-granted" in await flow.findings(refused)
        assert (await asks(scope="system/*.rs", grant_types=["client_credentials"])).status_code == 201
        assert (await asks(scope="launch user/*.cruds patient/*.*")).status_code == 201
        chosen = {"registration_scopes": "openid patient/Patient.rs", "registration_grants": ["authorization_code"]}
        assert (await flow.http.patch("/admin/policies/general", json=chosen)).json()["policy"].items() >= chosen.items()
        findings = await flow.findings(await asks(scope="openid user/Patient.rs", grant_types=["client_credentials"]))
        assert set(findings) >= {"reg-scope-not-granted", "reg-grant-type-not-granted"}
        created = await asks(grant_types=["authorization_code"])
        assert created.json()["scope"] == "openid patient/Patient.rs"
        page = await flow.http.get("/developer/hospitals/general", headers=HTML)
        assert "registration_scopes" in page.text
        assert "openid patient/Patient.rs" in page.text
        wrong = await flow.http.patch("/admin/policies/general", json={"registration_scopes": "everything"})
        assert wrong.status_code == 422
        operator = {"name": "A", "type": "system", "client": "symmetric", "scope": "system/*.cruds"}
        assert (await flow.http.post("/admin/apps", json=operator)).status_code == 201

    run(steps, tmp_path)


def test_sickbay_toml_sets_the_limit_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.post(ADDRESS, json={"redirect_uris": [REDIRECT], "scope": "openid"})
        assert answer.status_code == 400
        answer = await flow.http.post(ADDRESS, json={"redirect_uris": [REDIRECT], "scope": "user/Patient.r"})
        assert answer.status_code == 201

    run(steps, tmp_path, policies={"general": {"registration_scopes": "user/Patient.rs"}})

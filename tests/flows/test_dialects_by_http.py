"""Differences of the vendors' dialects, row by row, and patients who launch apps themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.flows.flow import BASE, CHALLENGE, REDIRECT, STATE, VERIFIER, Flow, receive, run
from tests.flows.test_ehr_by_http import HTML, field

from sickbay.protocol import jose
from sickbay.services import login

SCOPE = "launch openid patient/Patient.read patient/Observation.read offline_access"


async def paths(flow: Flow, tenant: str) -> tuple[str, str]:
    config = (await flow.http.get(f"/{tenant}/r4/.well-known/smart-configuration")).json()
    return config["authorization_endpoint"], config["token_endpoint"]


async def launch_app(flow: Flow, tenant: str, scope: str = SCOPE, **more: Any) -> tuple[dict[str, Any], httpx2.Response]:
    """The app, and the token response of an EHR launch at this tenant."""
    user = {"user": "okafor"}
    app = await flow.register(**{"tenant": tenant, "scope": SCOPE, "smart_version": 1, "auto_approve": user} | more)
    launch = (await flow.http.post("/admin/launches", json={"app": app["app_id"], "patient": "p-0001"})).json()
    return app, await send_authorize(flow, tenant, app, scope=scope, launch=launch["launch"])


async def send_authorize(flow: Flow, tenant: str, app: dict[str, Any], **more: str) -> httpx2.Response:
    authorize, token = await paths(flow, tenant)
    query = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": REDIRECT,
        "state": STATE,
        "aud": f"{BASE}/{tenant}/r4",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    } | more
    parameters = receive(await flow.http.get(authorize, params=query))
    form = {
        "grant_type": "authorization_code",
        "code": parameters["code"],
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    if "client_secret" in app:
        return await flow.http.post(token, data=form, auth=(app["client_id"], app["client_secret"]))
    return await flow.http.post(token, data=form | {"client_id": app["client_id"]})


def test_epic_answers_in_its_own_types(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        _, answer = await launch_app(flow, "epic")
        tokens = answer.json()
        assert tokens["token_type"] == "bearer"
        assert tokens["need_patient_banner"] == "true"
        assert tokens["__epic.dstu2.patient"] == tokens["patient"] == "p-0001"
        assert tokens["expires_in"] == 3600
        read = jose.decode_unverified(tokens["id_token"])
        assert read is not None
        assert read.claims["exp"] - read.claims["iat"] == 300

    run(steps, tmp_path, patients=2)


def test_epic_issues_refresh_tokens_only_to_apps_with_a_secret(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        _, public = await launch_app(flow, "epic")
        assert "refresh_token" not in public.json()
        assert "refresh-token-not-issued" in await flow.findings(public)
        _, secret = await launch_app(flow, "epic", client="symmetric", name="With a secret")
        assert secret.json()["refresh_token"]

    run(steps, tmp_path, patients=2)


def test_epic_sends_null_as_description_of_a_token_error(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        _, token = await paths(flow, "epic")
        body = (await flow.http.post(token, data={"grant_type": "authorization_code", "code": "x"})).json()
        assert body["error_description"] is None
        standard = (await flow.http.post("/general/oauth/token", data={"grant_type": "authorization_code"})).json()
        assert standard["error_description"]

    run(steps, tmp_path, patients=2)


def test_cerner_drops_scopes_without_saying_so(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        scope = f"{SCOPE} patient/*.read patient/Condition.read user/Fictitious.read patient/Patient.rs"
        _, answer = await launch_app(flow, "cerner", scope=scope)
        tokens = answer.json()
        assert tokens["expires_in"] == 570
        assert tokens["scope"] == SCOPE
        assert tokens["username"] == "okafor"
        assert tokens["need_patient_banner"] is True
        read = jose.decode_unverified(tokens["id_token"])
        assert read is not None
        assert read.claims["exp"] - read.claims["iat"] == 600
        assert (await flow.findings(answer))["granted-scopes-narrower"] == "warning"

    run(steps, tmp_path, patients=2)


@pytest.mark.parametrize(
    ("tenant", "delivered"), [("cerner", "oauth2%3Agrant%3Aserver-error"), ("general", "/exchanges/"), ("epic", "")]
)
def test_a_server_error_has_the_dialects_wording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tenant: str, delivered: str
) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(tenant=tenant, scope="openid", auto_approve={"user": "okafor"})
        authorize, _ = await paths(flow, tenant)
        query = flow.asking(app, scope="openid", aud=f"{BASE}/{tenant}/r4")

        async def fails(*_: object) -> None:
            raise RuntimeError("a secret")

        monkeypatch.setattr(login, "next_step", fails)
        answer = await flow.http.get(authorize, params=query)
        assert "secret" not in answer.text + answer.headers.get("location", "")
        if not delivered:
            assert (answer.status_code, "location" in answer.headers) == (500, False)
            return
        parameters = receive(answer)
        assert parameters["error"] == "server_error"
        assert delivered in parameters["error_uri"]
        assert ("error_description" in parameters) is (tenant == "general")
        assert (await flow.http.get(parameters["error_uri"])).status_code == 200

    run(steps, tmp_path, patients=2)


def test_cerner_does_not_rotate_refresh_tokens(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, answer = await launch_app(flow, "cerner")
        _, token = await paths(flow, "cerner")
        form = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"]}
        again = await flow.http.post(token, data=form | {"client_id": app["client_id"]})
        assert "refresh_token" not in again.json()
        exchange = await flow.http.get(
            f"/exchanges/{again.headers['x-correlation-id']}", headers={"Accept": "application/json"}
        )
        assert "doesn't rotate" in exchange.json()["refresh"]

    run(steps, tmp_path, patients=2)


@pytest.mark.parametrize("tenant", ["cerner", "epic"])
def test_a_patient_app_gets_the_patient_who_signed_in(tmp_path: Path, tenant: str) -> None:
    async def steps(flow: Flow) -> None:
        scope = "openid patient/Patient.read"
        app = await flow.register(tenant=tenant, type="patient", scope=scope, smart_version=1, auto_approve={"user": "timothy"})
        answer = await send_authorize(flow, tenant, app, scope=scope)
        assert answer.json()["patient"] == "p-0017"

    run(steps, tmp_path)


async def sign_in(flow: Flow, username: str) -> None:
    page = await flow.http.get("/general/ehr/sign-in", headers=HTML)
    await flow.http.post("/general/ehr/sign-in", data={"csrf": field(page, "csrf"), "account": username})


def test_a_caregiver_chooses_only_among_their_own_records(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow, "ines")
        app = await flow.register(type="patient", auto_approve=None)
        scope = "launch/patient openid fhirUser patient/Patient.rs"
        address = (await flow.authorize(app, scope=scope)).headers["location"]
        page = await flow.http.get(address, headers=HTML)
        assert 'value="p-0001"' in page.text
        assert 'value="p-0002"' in page.text
        assert 'value="p-0017"' not in page.text
        form = {"csrf": field(page, "csrf"), "request": field(page, "request")}
        await flow.http.post("/general/oauth/continue", data=form | {"patient": "p-0002", "decision": "open"})
        answer = await flow.http.post("/general/oauth/continue", data=form | {"scope": scope.split(), "decision": "allow"})
        parameters = (await flow.redeem(app, receive(answer)["code"])).json()
        read = jose.decode_unverified(parameters["id_token"])
        assert parameters["patient"] == "p-0002"
        assert read is not None
        assert urlsplit(read.claims["fhirUser"]).path == "/general/r4/Patient/p-0001"

    run(steps, tmp_path)


def test_a_record_that_was_not_offered_is_refused(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow, "ines")
        app = await flow.register(type="patient", auto_approve=None)
        scope = "launch/patient patient/Patient.rs"
        address = (await flow.authorize(app, scope=scope)).headers["location"]
        page = await flow.http.get(address, headers=HTML)
        form = {"csrf": field(page, "csrf"), "request": field(page, "request")}
        await flow.http.post("/general/oauth/continue", data=form | {"patient": "p-0017", "decision": "open"})
        answer = await flow.http.post("/general/oauth/continue", data=form | {"scope": scope.split(), "decision": "allow"})
        assert receive(answer)["error"] == "access_denied"
        assert "patient-not-accessible" in await flow.findings(answer)

    run(steps, tmp_path)


def test_a_patient_launches_patient_apps_from_their_own_chart(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow, "timothy")
        app = await flow.register(type="patient", name="Diary")
        await flow.register(name="Ward round")
        home = await flow.http.get("/general/ehr", headers=HTML)
        chart = await flow.http.get(home.headers["location"], headers=HTML)
        assert "Diary" in chart.text
        assert "Ward round" not in chart.text
        opened = await flow.http.get(f"/general/ehr/open?app={app['app_id']}&patient=p-0017", headers=HTML)
        assert opened.headers["location"].startswith("http://localhost:8100/launch?iss=")
        foreign = await flow.http.get(f"/general/ehr/open?app={app['app_id']}&patient=p-0001", headers=HTML)
        assert foreign.status_code == 404

    run(steps, tmp_path)


def test_epic_grants_the_registered_scopes_regardless_of_the_request(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        registered = "launch openid profile patient/Patient.read user/Observation.read offline_access"
        user = {"user": "okafor"}
        app = await flow.register(tenant="epic", scope=registered, smart_version=1, auto_approve=user)
        launch = (await flow.http.post("/admin/launches", json={"app": app["app_id"], "patient": "p-0001"})).json()
        answer = await send_authorize(
            flow, "epic", app, scope="launch openid profile patient/Condition.read", launch=launch["launch"]
        )
        assert answer.json()["scope"] == "launch openid profile patient/Patient.read user/Observation.read"
        address = f"/exchanges/{answer.headers['x-correlation-id']}"
        rows = (await flow.http.get(address, headers={"Accept": "application/json"})).json()["scopes"]
        negotiated = {row_view["asked"]: (row_view["granted"], row_view["reason"]) for row_view in rows}
        unasked = "wasn't requested, but this server grants all registered scopes"
        assert negotiated["user/Observation.read"] == ("user/Observation.read", unasked)
        assert negotiated["patient/Condition.read"] == ("", "isn't registered for this app")
        without_launch = await send_authorize(flow, "epic", app, scope="openid")
        assert without_launch.json()["scope"] == "openid user/Observation.read"

    run(steps, tmp_path, patients=2)


@pytest.mark.parametrize(
    ("tenant", "subject", "own"),
    [
        ("epic", "pr-1", {"preferred_username": "okafor"}),
        ("cerner", "okafor", {"name": "Okafor, Amara"}),
        ("general", "general-okafor", {}),
    ],
)
def test_each_dialect_has_its_own_user_claims(tmp_path: Path, tenant: str, subject: str, own: dict[str, str]) -> None:
    async def steps(flow: Flow) -> None:
        scope = "launch openid profile patient/Patient.read"
        app = await flow.register(tenant=tenant, scope=scope, smart_version=1, auto_approve={"user": "okafor"})
        launch = (await flow.http.post("/admin/launches", json={"app": app["app_id"], "patient": "p-0001"})).json()
        answer = await send_authorize(flow, tenant, app, scope=scope, launch=launch["launch"])
        read = jose.decode_unverified(answer.json()["id_token"])
        assert read is not None
        assert read.claims["sub"] == subject
        named = {name: read.claims[name] for name in ("preferred_username", "name") if name in read.claims}
        assert named == own

    run(steps, tmp_path, patients=2)


def test_cerner_sends_little_context_without_a_launch(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(
            tenant="cerner", scope="openid user/Patient.read", smart_version=1, auto_approve={"user": "okafor"}
        )
        answer = await send_authorize(flow, "cerner", app, scope="openid user/Patient.read")
        assert set(answer.json()) == {"access_token", "scope", "token_type", "expires_in", "id_token"}

    run(steps, tmp_path, patients=2)


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("system/Patient.read system/Fictitious.read", "system/Patient.read"),
        ("system/Patient.rs", ""),
        ("", ""),
        ("user/Patient.read", ""),
        ("system/*.read", ""),
    ],
)
def test_cerner_drops_a_services_scopes_silently_and_refuses_only_if_none_is_left(
    tmp_path: Path, scope: str, granted: str
) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(
            tenant="cerner", type="system", client="symmetric", scope="system/Patient.read", smart_version=1, fhir="r4"
        )
        _, token = await paths(flow, "cerner")
        pair = (app["client_id"], app["client_secret"])
        answer = await flow.http.post(token, data={"grant_type": "client_credentials", "scope": scope}, auth=pair)
        if granted:
            assert answer.json()["scope"] == granted
            return
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
        assert "empty-scopes" in answer.json()["error_uri"]

    run(steps, tmp_path, patients=2)


BASES = {
    "cerner": ("/cerner/{version}/{tenant}", ("r4", "dstu2")),
    "epic": ("/epic/api/FHIR/{VERSION}", ("r4", "dstu2")),
}


@pytest.mark.parametrize("tenant", BASES)
def test_a_fhir_base_is_served_at_the_vendors_path_and_at_the_short_path(tmp_path: Path, tenant: str) -> None:
    async def steps(flow: Flow) -> None:
        shape, versions = BASES[tenant]
        tenant_id = flow.sandbox.runtime.tenants[tenant].dialect.tenant_id
        app = await flow.register(tenant=tenant, scope=SCOPE, smart_version=1, auto_approve={"user": "okafor"})
        for version in versions:
            await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"fhir": version})
            launch = (await flow.http.post("/admin/launches", json={"app": app["app_id"], "patient": "p-0001"})).json()
            base = BASE + shape.format(version=version, VERSION=version.upper(), tenant=tenant_id)
            assert launch["iss"] == base
            tokens = (await send_authorize(flow, tenant, app, scope=SCOPE, launch=launch["launch"], aud=base)).json()
            headers = {"Authorization": f"Bearer {tokens['access_token']}"}
            for at in (base, f"{BASE}/{tenant}/{version}"):
                assert (await flow.http.get(f"{at}/Patient/p-0001", headers=headers)).status_code == 200
                response = await flow.http.get(
                    f"{at}/Observation?patient=p-0001&category=vital-signs&_count=1", headers=headers
                )
                assert "entry" in response.json(), response.text
                assert response.json()["entry"][0]["fullUrl"].startswith(f"{base}/Observation/")
                assert (await flow.http.get(f"{at}/metadata")).json()["url" if version == "r4" else "fhirVersion"]
                assert (await flow.http.get(f"{at}/.well-known/smart-configuration")).status_code == 200
            for wrong in (
                f"{base}x/Patient/p-0001",
                f"{base}/{version}/Patient/p-0001",
                f"{BASE}/{tenant}/api/Patient",
            ):
                assert (await flow.http.get(wrong, headers=headers)).status_code == 404

    run(steps, tmp_path, patients=2)


def test_the_short_path_is_accepted_as_aud_and_another_path_is_not(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, answer = await launch_app(flow, "cerner")
        assert answer.status_code == 200
        authorize, _ = await paths(flow, "cerner")
        query = flow.asking(app, scope="openid", aud=f"{BASE}/cerner/r5")
        error = receive(await flow.http.get(authorize, params=query))["error_uri"]
        assert "unknown-resource-server" in error

    run(steps, tmp_path, patients=2)


@pytest.mark.parametrize("tenant", ["general", "cerner", "epic"])
def test_discovery_lists_app_state_only_if_it_is_supported(tmp_path: Path, tenant: str) -> None:
    async def steps(flow: Flow) -> None:
        for version in flow.sandbox.runtime.tenants[tenant].dialect.fhir:
            config = (await flow.http.get(f"/{tenant}/{version}/.well-known/smart-configuration")).json()
            listed = "smart-app-state" in config["capabilities"]
            assert listed is (tenant == "general" and version == "r4")
            assert listed is ("associated_endpoints" in config)
            if listed:
                [other_endpoint] = config["associated_endpoints"]
                assert (await flow.http.get(f"{other_endpoint['url']}/metadata")).status_code == 200
            else:
                assert tenant == "general" or (await flow.http.get(f"/{tenant}/app-state/metadata")).status_code == 404

    run(steps, tmp_path, patients=2)

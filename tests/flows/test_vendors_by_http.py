"""Differences of the vendors' dialects from the standard: addresses, documents, and where errors are sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pytest
from tests.flows.flow import BASE, REDIRECT, STATE, Flow, receive
from tests.flows.rows.test_rows_token import basic
from tests.flows.shared_app import SharedApp, open_shared_app

SCOPE = "launch openid patient/Patient.read offline_access"


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("vendors"), throttle=0) as opened:
        yield opened


async def discover(flow: Flow, tenant: str) -> dict[str, Any]:
    return dict((await flow.http.get(f"/{tenant}/r4/.well-known/smart-configuration")).json())


async def register(flow: Flow, tenant: str, **more: Any) -> dict[str, Any]:
    registration = {"tenant": tenant, "scope": SCOPE, "smart_version": 1, "auto_approve": {"user": "okafor"}, "pkce": "off"}
    return await flow.register(**registration | more)


async def token_response(flow: Flow, tenant: str, app: dict[str, Any]) -> dict[str, Any]:
    """The token response of a launch."""
    config = await discover(flow, tenant)
    launch = (await flow.http.post("/admin/launches", json={"app": app["app_id"], "patient": "p-0001"})).json()
    parameters = flow.asking(app, launch=launch["launch"], scope=SCOPE, aud=f"{BASE}/{tenant}/r4")
    code = receive(await flow.http.get(config["authorization_endpoint"], params=parameters))["code"]
    return dict((await flow.redeem_at(config["token_endpoint"], app, code)).json())


def urn_of(address: str) -> str:
    return unquote(urlsplit(address).path.split("/errors/")[1].split("/")[0]).partition("server:")[2]


@pytest.mark.parametrize("tenant", ["general", "cerner", "epic"])
def test_every_listed_endpoint_responds_and_the_issuer_has_its_own_document(shared_app: SharedApp, tenant: str) -> None:
    async def steps(flow: Flow) -> None:
        config = await discover(flow, tenant)
        for name, address in config.items():
            if name.endswith(("_endpoint", "_uri")):
                response = {(await flow.http.get(address)).status_code, (await flow.http.post(address)).status_code}
                assert response != {404}, name
        openid = (await flow.http.get(f"{config['issuer'].rstrip('/')}/.well-known/openid-configuration")).json()
        bare = f"{BASE}/.well-known/oauth-authorization-server{urlsplit(config['issuer']).path.rstrip('/')}"
        assert openid["issuer"] == (await flow.http.get(bare)).json()["issuer"] == config["issuer"]
        assert (await flow.http.get(openid["jwks_uri"])).json()["keys"]

    shared_app.do(steps)


@pytest.mark.parametrize(("tenant", "path"), [("cerner", "/oidc/idsps/"), ("epic", "/oauth2")])
def test_the_issuer_has_the_vendors_form_in_every_token(shared_app: SharedApp, tenant: str, path: str) -> None:
    from sickbay.protocol import jose

    async def steps(flow: Flow) -> None:
        app = await register(flow, tenant)
        read = jose.decode_unverified((await token_response(flow, tenant, app))["id_token"])
        assert read is not None
        issuer = read.claims["iss"]
        assert path in issuer
        assert issuer == (await discover(flow, tenant))["issuer"]

    shared_app.do(steps)


def test_discovery_documents_list_what_the_vendors_list(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        cerner, epic = await discover(flow, "cerner"), await discover(flow, "epic")
        assert cerner["grant_types_supported"] == ["authorization_code", "client_credentials"]
        assert cerner["token_endpoint_auth_methods_supported"] == ["client_secret_basic", "private_key_jwt"]
        assert urlsplit(cerner["jwks_uri"]).path == "/cerner/jwk"
        assert urlsplit(cerner["introspection_endpoint"]).path == "/cerner/tokeninfo"
        assert cerner["revocation_endpoint"].endswith("/smart-v1/token/revoke")
        assert "registration_endpoint" not in cerner
        assert not {"introspection_endpoint", "revocation_endpoint", "registration_endpoint"} & set(epic)
        statement = (await flow.http.get("/epic/r4/metadata")).json()
        uris = statement["rest"][0]["security"]["extension"][0]["extension"]
        assert {uri["url"] for uri in uris} == {"authorize", "token", "manage"}

    shared_app.do(steps)


def test_a_secret_in_the_body_is_refused_if_the_vendor_does_not_accept_it(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        for tenant, status in (("cerner", 400), ("epic", 200)):
            app = await flow.register(
                tenant=tenant, type="system", client="symmetric", scope="system/Patient.read", smart_version=1
            )
            form = {"grant_type": "client_credentials", "scope": "system/Patient.read"}
            token = (await discover(flow, tenant))["token_endpoint"]
            posted = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
            answer = await flow.http.post(token, data=form | posted)
            assert answer.status_code == status, answer.text
            if status == 400:
                assert (await flow.findings(answer))["client-auth-method-mismatch"] == "error"
            known = basic(app["client_id"], app["client_secret"])
            assert (await flow.http.post(token, data=form, headers=known)).status_code == 200

    shared_app.do(steps)


@pytest.mark.parametrize(("tenant", "status"), [("general", 401), ("cerner", 401), ("epic", 400)])
def test_a_wrong_secret_in_the_header_gets_the_vendors_status(shared_app: SharedApp, tenant: str, status: int) -> None:
    async def steps(flow: Flow) -> None:
        app = await register(flow, tenant, client="symmetric")
        token = (await discover(flow, tenant))["token_endpoint"]
        answer = await flow.http.post(token, data={"grant_type": "x"}, headers=basic(app["client_id"], "wrong"))
        assert answer.status_code == 400  # the error of the grant, which is checked first
        form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT}
        answer = await flow.http.post(token, data=form, headers=basic(app["client_id"], "wrong"))
        assert (answer.status_code, answer.json()["error"]) == (status, "invalid_client")
        assert ("www-authenticate" in answer.headers) is (status == 401)

    shared_app.do(steps)


def test_a_token_error_names_only_an_authenticated_client_and_never_a_persona(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = await register(flow, "cerner", client="symmetric")
        token = (await discover(flow, "cerner"))["token_endpoint"]
        form = {"grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT}
        for secret, named, urn in (
            ("wrong", "unknown", "oauth2:token:invalid-client-credentials"),
            (app["client_secret"], app["client_id"], "oauth2:token:code-invalid-or-expired"),
        ):
            answer = await flow.http.post(token, data=form, headers=basic(app["client_id"], secret))
            address = answer.json()["error_uri"]
            assert parse_qs(urlsplit(address).query)["client"] == [named]
            assert "persona" not in address
            assert urn_of(address) == urn
            assert set(answer.json()) == {"error", "error_uri"}
            assert (await flow.http.get(address)).status_code == 200
        unknown_client = await flow.http.post(token, data=form | {"client_id": "nobody"})
        assert urn_of(unknown_client.json()["error_uri"]) == "oauth2:token:invalid-client-credentials"

    shared_app.do(steps)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_tenants_address_is_answered_like_an_unknown_one(shared_app: SharedApp, method: str) -> None:
    """The user sees it at authorize, whatever else is wrong, and the app at the token endpoint."""

    async def steps(flow: Flow) -> None:
        config, ours = await discover(flow, "cerner"), flow.sandbox.runtime.tenants["cerner"].dialect.tenant_id
        authorize, token = (config[f"{endpoint}_endpoint"].replace(ours, "0b8a0111") for endpoint in ("authorization", "token"))
        app = await register(flow, "cerner")
        for parameters in (
            flow.asking(app, scope="openid", aud=f"{BASE}/cerner/r4"),
            flow.asking(app, aud=None, launch="x"),
        ):
            sent: dict[str, Any] = {"params": parameters} if method == "GET" else {"data": parameters}
            answer = await flow.http.request(method, authorize, **sent)
            assert (answer.status_code, urn_of(answer.headers["location"])) == (303, "oauth2:grant:unknown-tenant")
            assert STATE not in answer.headers["location"]
            assert (await flow.findings(answer))["tenant-unknown"] == "error"
        form = {
            "grant_type": "authorization_code",
            "code": "x",
            "redirect_uri": REDIRECT,
            "client_id": app["client_id"],
        }
        answer = await flow.http.post(token, data=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        assert urn_of(answer.json()["error_uri"]) == "oauth2:token:invalid-tenant"
        assert (await flow.http.get("/general/oauth/authorize", params=parameters)).status_code != 404

    shared_app.do(steps)


def test_an_app_that_is_not_enabled_is_reported_to_the_user(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        config = await discover(flow, "cerner")
        parameters = flow.asking(app, scope="openid", aud=f"{BASE}/cerner/r4")
        answer = await flow.http.get(config["authorization_endpoint"], params=parameters)
        assert answer.status_code == 303
        assert urn_of(answer.headers["location"]) == "oauth2:grant:unauthorized-client-for-tenant"

    shared_app.do(steps)


@pytest.mark.parametrize(
    ("sent", "urn"),
    [
        ("/callback", "redirect-uri-not-absolute"),
        ("localhost:8100/callback", "redirect-uri-not-absolute"),
        ("callback", "redirect-uri-not-absolute"),
        (REDIRECT + "/", "invalid-redirect-uri-trailing-slash"),
        (REDIRECT + "#x", "invalid-redirect-uri"),
        ("http%3A%2F%2Flocalhost%3A8100%2Fcallback", "invalid-redirect-uri"),
        ("https://elsewhere.example/", "redirect-uri-not-registered"),
        ("com.example.app:/cb", "redirect-uri-not-registered"),
    ],
)
def test_each_kind_of_redirect_uri_mismatch_has_its_own_error(shared_app: SharedApp, sent: str, urn: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await register(flow, "cerner")
        config = await discover(flow, "cerner")
        parameters = flow.asking(app, scope="openid", aud=f"{BASE}/cerner/r4", redirect_uri=sent)
        answer = await flow.http.get(config["authorization_endpoint"], params=parameters)
        assert (answer.status_code, urn_of(answer.headers["location"])) == (303, f"oauth2:grant:{urn}")

    shared_app.do(steps)


def test_the_vendor_revokes_only_refresh_tokens(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = await register(flow, "cerner")
        tokens = await token_response(flow, "cerner", app)
        revoke = (await discover(flow, "cerner"))["revocation_endpoint"]
        response = await flow.http.post(revoke, data={"token": tokens["access_token"], "client_id": app["client_id"]})
        assert (response.status_code, response.json()["error"]) == (400, "unsupported_token_type")
        assert (await flow.findings(response)) == {"revoke-access-token": "error"}
        access_token = {"Authorization": f"Bearer {tokens['access_token']}"}
        assert (await flow.http.get("/cerner/r4/Patient/p-0001", headers=access_token)).status_code == 200
        gone = await flow.http.post(revoke, data={"token": tokens["refresh_token"], "client_id": app["client_id"]})
        assert gone.status_code == 200
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}
        answer = await flow.http.post((await discover(flow, "cerner"))["token_endpoint"], data=form)
        assert urn_of(answer.json()["error_uri"]) == "oauth2:token:refresh-token:token-invalid"

    shared_app.do(steps)


def test_system_scopes_cannot_be_combined_with_user_scopes(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(
            tenant="cerner", type="system", client="symmetric", scope="system/Patient.read", smart_version=1
        )
        token, known = (
            (await discover(flow, "cerner"))["token_endpoint"],
            basic(app["client_id"], app["client_secret"]),
        )
        form = {"grant_type": "client_credentials", "scope": "system/Patient.read user/Patient.read"}
        answer: httpx2.Response = await flow.http.post(token, data=form, headers=known)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_scope")
        assert (await flow.findings(answer))["backend-scope-not-system"] == "error"

    shared_app.do(steps)


def test_a_wrong_signature_gets_the_vendors_error(shared_app: SharedApp) -> None:
    import json

    from sickbay.protocol import jose

    async def steps(flow: Flow) -> None:
        key = {**json.loads(jose.generate()), "alg": "RS384"}
        app = await flow.register(
            tenant="cerner",
            type="system",
            client="asymmetric",
            scope="system/Patient.read",
            smart_version=1,
            jwks={"keys": [jose.public_members(json.dumps(key))]},
        )
        token = (await discover(flow, "cerner"))["token_endpoint"]
        claims = {"iss": app["client_id"], "sub": app["client_id"], "aud": token, "jti": "j", "exp": flow.now() + 200}
        signed = jose.sign(claims, json.dumps(key), "RS384")
        form = {
            "grant_type": "client_credentials",
            "scope": "system/Patient.read",
            "client_assertion": f"{signed[:-4]}AAAA",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        }
        answer = await flow.http.post(token, data=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")
        assert urn_of(answer.json()["error_uri"]) == "client-assertion:jwt-bearer:invalid-signature"
        assert (await flow.http.post(token, data=form | {"client_assertion": signed})).status_code == 200

    shared_app.do(steps)

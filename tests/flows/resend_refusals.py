"""Refused requests of every stage, each as an app sends it, for the tests of the corrected request."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import httpx2
from tests.flows.flow import REDIRECT, VERIFIER, Flow
from tests.services.assertions import jwks, sign

from sickbay.authorization.token.client_authentication import JWT_BEARER

AUTHORIZE, TOKEN, FHIR = "/general/oauth/authorize", "/general/oauth/token", "/general/r4"
SCOPE = "launch/patient openid fhirUser offline_access patient/Patient.rs patient/Observation.rs"
REGISTERED = "launch launch/patient openid fhirUser online_access offline_access patient/*.rs user/*.rs"
Send = Callable[["World"], Awaitable[httpx2.Response]]


class Refusal(NamedTuple):
    """finding: the finding that refuses it. stage: of the specification, for the reader."""

    stage: str
    finding: str
    send: Send


class World(NamedTuple):
    """The apps that send the requests: a public one, one with a secret, a backend service, and a hospital to send them to."""

    flow: Flow
    public: dict[str, Any]
    secret: dict[str, Any]
    service: dict[str, Any]

    async def authorize(self, **change: str | None) -> httpx2.Response:
        sent = self.flow.asking(self.public, **{"scope": SCOPE, **change})
        return await self.flow.http.get(AUTHORIZE, params=sent)

    async def form(self, app: dict[str, Any] | None = None) -> dict[str, str]:
        """A form that redeems a new code."""
        app = app or self.public
        code = await self.flow.code(app, scope=SCOPE)
        named = {"client_id": app["client_id"]} if app is self.public else {}
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return fields | named

    async def redeem(self, **change: str | None) -> httpx2.Response:
        sent = {**await self.form(), **change}
        return await self.flow.http.post(TOKEN, data={name: value for name, value in sent.items() if value is not None})

    async def tokens(self, app: dict[str, Any] | None = None) -> dict[str, Any]:
        app = app or self.public
        more: dict[str, Any] = {"auth": (app["client_id"], app["client_secret"])} if app is self.secret else {}
        return dict((await self.flow.http.post(TOKEN, data=await self.form(app), **more)).json())

    async def refresh(self, **change: str | None) -> httpx2.Response:
        token = (await self.tokens())["refresh_token"]
        sent = {"grant_type": "refresh_token", "refresh_token": token, "client_id": self.public["client_id"], **change}
        return await self.flow.http.post(TOKEN, data={name: value for name, value in sent.items() if value is not None})

    async def get(self, path: str, header: str | None = "Bearer TOKEN", **headers: str) -> httpx2.Response:
        """TOKEN: replaced by a valid one."""
        token = (await self.tokens())["access_token"]
        sent = {"authorization": header.replace("TOKEN", token)} if header is not None else {}
        return await self.flow.http.get(FHIR + path.replace("TOKEN", token), headers=sent | headers)

    async def assertion(self, **claims: Any) -> httpx2.Response:
        assertion = sign(self.service["client_id"], **{"exp": self.flow.now() + 200, **claims})
        return await self.credentials(client_assertion=assertion, client_assertion_type=JWT_BEARER)

    async def credentials(self, **fields: str) -> httpx2.Response:
        sent = {"grant_type": "client_credentials", "scope": "system/Patient.rs", **fields}
        return await self.flow.http.post(TOKEN, data=sent)


async def make_world(flow: Flow) -> World:
    approve = {"user": await flow.clinician(), "patient": "p-0001"}
    common = {"scope": REGISTERED, "auto_approve": approve}
    service = {"type": "system", "client": "asymmetric", "jwks": jwks(), "scope": "system/*.rs", "auto_approve": None}
    nothing: dict[str, Any] = {"launch_uri": None, "redirect_uris": []}
    return World(
        flow,
        await flow.register(name="Public app", **common),
        await flow.register(name="Server app", client="symmetric", **common),
        await flow.register(name="Backend service", **(service | nothing)),
    )


def authorize(finding: str, **change: str | None) -> Refusal:
    return Refusal("authorize", finding, lambda world: world.authorize(**change))


def redeem(stage: str, finding: str, **change: str | None) -> Refusal:
    return Refusal(stage, finding, lambda world: world.redeem(**change))


def fhir(stage: str, finding: str, path: str, header: str | None = "Bearer TOKEN", **headers: str) -> Refusal:
    return Refusal(stage, finding, lambda world: world.get(path, header, **headers))


async def ask_silently(world: World) -> httpx2.Response:
    await world.flow.http.patch(f"/admin/apps/{world.public['app_id']}", json={"auto_approve": None})
    return await world.authorize(prompt="none")


async def use_code_twice(world: World) -> httpx2.Response:
    form = await world.form()
    await world.flow.http.post(TOKEN, data=form)
    return await world.flow.http.post(TOKEN, data=form)


async def use_old_code(world: World) -> httpx2.Response:
    form = await world.form()
    await world.flow.http.post("/admin/clock", json={"advance": 120})
    return await world.flow.http.post(TOKEN, data=form)


async def use_used_launch(world: World) -> httpx2.Response:
    launch = await world.flow.launch(world.public)
    asked = {"launch": launch["launch"], "scope": SCOPE.replace("launch/patient", "launch")}
    await world.authorize(**asked)
    return await world.authorize(**asked)


async def use_old_launch(world: World) -> httpx2.Response:
    launch = await world.flow.launch(world.public)
    await world.flow.http.post("/admin/clock", json={"advance": 900})
    return await world.authorize(launch=launch["launch"], scope=SCOPE.replace("launch/patient", "launch"))


async def use_old_token(world: World) -> httpx2.Response:
    token = (await world.tokens())["access_token"]
    await world.flow.http.post("/admin/clock", json={"advance": 7200})
    return await world.flow.http.get(f"{FHIR}/Patient/p-0001", headers={"authorization": f"Bearer {token}"})


async def use_revoked_token(world: World) -> httpx2.Response:
    token = (await world.tokens())["access_token"]
    await world.flow.http.post("/general/oauth/revoke", data={"token": token, "client_id": world.public["client_id"]})
    return await world.flow.http.get(f"{FHIR}/Patient/p-0001", headers={"authorization": f"Bearer {token}"})


async def send_wrong_secret(world: World) -> httpx2.Response:
    return await world.flow.http.post(TOKEN, data=await world.form(world.secret), auth=(world.secret["client_id"], "wrong"))


async def send_no_secret(world: World) -> httpx2.Response:
    return await world.flow.http.post(TOKEN, data=await world.form(world.secret) | {"client_id": world.secret["client_id"]})


async def send_secret_twice(world: World) -> httpx2.Response:
    form = await world.form(world.secret) | {"client_secret": world.secret["client_secret"]}
    return await world.flow.http.post(TOKEN, data=form, auth=(world.secret["client_id"], world.secret["client_secret"]))


async def send_malformed_basic(world: World) -> httpx2.Response:
    form, header = await world.form(world.secret), {"authorization": f"Basic {world.secret['client_id']}:oops"}
    return await world.flow.http.post(TOKEN, data=form, headers=header)


async def send_swapped_basic(world: World) -> httpx2.Response:
    text = base64.b64encode(f"{world.secret['client_secret']}:{world.secret['client_id']}".encode()).decode()
    return await world.flow.http.post(TOKEN, data=await world.form(world.secret), headers={"authorization": f"Basic {text}"})


async def send_secret_of_public_app(world: World) -> httpx2.Response:
    return await world.flow.http.post(TOKEN, data=await world.form() | {"client_secret": "surprise"})


async def send_json(world: World) -> httpx2.Response:
    return await world.flow.http.post(TOKEN, json=await world.form())


async def send_in_url(world: World) -> httpx2.Response:
    return await world.flow.http.post(TOKEN, params=await world.form())


async def use_refresh_token_twice(world: World) -> httpx2.Response:
    sent = {"refresh_token": (await world.tokens())["refresh_token"], "client_id": world.public["client_id"]}
    await world.flow.http.post(TOKEN, data=sent | {"grant_type": "refresh_token"})
    await world.flow.http.post("/admin/clock", json={"advance": 60})
    return await world.flow.http.post(TOKEN, data=sent | {"grant_type": "refresh_token"})


async def send_by_get(world: World) -> httpx2.Response:
    sent = {"grant_type": "authorization_code", "code": "made-up", "client_id": world.public["client_id"]}
    return await world.flow.http.get(TOKEN, params=sent)


async def authorize_by_post(world: World) -> httpx2.Response:
    sent = world.flow.asking(world.public, scope=SCOPE, redirect_uri=REDIRECT + "/")
    return await world.flow.http.post(AUTHORIZE, data=sent)


async def introspect_json(world: World) -> httpx2.Response:
    auth = (world.secret["client_id"], world.secret["client_secret"])
    token = (await world.tokens(world.secret))["access_token"]
    return await world.flow.http.post("/general/oauth/introspect", json={"token": token}, auth=auth)


async def introspect_unauthenticated(world: World) -> httpx2.Response:
    token = (await world.tokens(world.secret))["access_token"]
    sent = {"token": token, "client_id": world.secret["client_id"]}
    return await world.flow.http.post("/general/oauth/introspect", data=sent)


async def revoke_in_url(world: World) -> httpx2.Response:
    auth = (world.secret["client_id"], world.secret["client_secret"])
    token = (await world.tokens(world.secret))["access_token"]
    return await world.flow.http.post("/general/oauth/revoke", params={"token": token}, auth=auth)


async def ask_userinfo(world: World) -> httpx2.Response:
    token = (await world.tokens())["access_token"]
    return await world.flow.http.get("/general/oauth/userinfo", headers={"authorization": f'Bearer "{token}"'})


async def register_with_fragment(world: World) -> httpx2.Response:
    metadata = {
        "client_name": "Growth",
        "redirect_uris": [REDIRECT + "#x"],
        "scope": "launch/patient,patient/Patient.rs",
        "token_endpoint_auth_method": "none",
    }
    return await world.flow.http.post("/general/oauth/register", json=metadata)


async def write_without_scope(world: World) -> httpx2.Response:
    token = (await world.tokens())["access_token"]
    body = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": "Patient/p-0001"}}
    return await world.flow.http.post(f"{FHIR}/Observation", json=body, headers={"authorization": f"Bearer {token}"})


async def log_out_elsewhere(world: World) -> httpx2.Response:
    id_token = (await world.tokens())["id_token"]
    sent = {"id_token_hint": id_token, "post_logout_redirect_uri": "https://elsewhere.example.org/"}
    return await world.flow.http.get("/general/oauth/logout", params=sent)


REFUSALS = (
    authorize("response-type-invalid", response_type="token"),
    authorize("redirect-uri-trailing-slash", redirect_uri=REDIRECT + "/"),
    authorize("redirect-uri-mismatch", redirect_uri="http://localhost:8100/elsewhere"),
    authorize("redirect-uri-missing", redirect_uri=None),
    authorize("client-id-missing", client_id=None),
    authorize("client-id-placeholder", client_id="undefined"),
    authorize("aud-missing", aud=None),
    authorize("aud-mismatch", aud="https://fhir.example.org/r4"),
    authorize("scope-comma-separated", scope=SCOPE.replace(" ", ",")),
    authorize("scope-is-array", scope='["' + '","'.join(SCOPE.split()) + '"]'),
    authorize("launch-scope-without-launch-param", scope=SCOPE.replace("/patient", "", 1)),
    authorize("launch-param-is-url", launch="http://localhost:8100/launch", scope=SCOPE.replace("/patient", "", 1)),
    authorize("launch-code-unknown", launch="made-up", scope=SCOPE.replace("/patient", "", 1)),
    authorize("state-missing", state=None),
    authorize("pkce-missing", code_challenge=None, code_challenge_method=None),
    authorize("pkce-plain", code_challenge_method="plain"),
    authorize("pkce-challenge-malformed", code_challenge=VERIFIER + "!"),
    authorize("scope-system-in-user-flow", scope=SCOPE + " system/Patient.rs"),
    Refusal("login", "prompt-none-without-session", ask_silently),
    Refusal("authorize", "redirect-uri-trailing-slash", authorize_by_post),
    Refusal("launch", "launch-code-reused", use_used_launch),
    Refusal("launch", "launch-code-expired", use_old_launch),
    redeem("token", "grant-type-missing", grant_type=None),
    redeem("token", "grant-type-invalid", grant_type="password"),
    redeem("token", "code-missing", code=None),
    redeem("token", "code-unknown", code="made-up"),
    redeem("token", "token-redirect-uri-mismatch", redirect_uri=REDIRECT + "/"),
    redeem("token", "token-redirect-uri-missing", redirect_uri=None),
    redeem("token", "client-id-missing-in-body", client_id=None),
    Refusal("token", "token-wrong-content-type", send_json),
    Refusal("token", "token-wrong-method", send_in_url),
    Refusal("token", "token-wrong-method", send_by_get),
    Refusal("token", "code-reused", use_code_twice),
    Refusal("token", "code-expired", use_old_code),
    redeem("pkce", "pkce-verifier-missing", code_verifier=None),
    redeem("pkce", "pkce-verifier-mismatch", code_verifier="x" * 43),
    redeem("pkce", "pkce-verifier-malformed", code_verifier="short"),
    Refusal("client_authentication", "client-secret-wrong", send_wrong_secret),
    Refusal("client_authentication", "client-auth-missing", send_no_secret),
    Refusal("client_authentication", "client-auth-multiple", send_secret_twice),
    Refusal("client_authentication", "basic-malformed", send_malformed_basic),
    Refusal("client_authentication", "basic-swapped", send_swapped_basic),
    Refusal("client_authentication", "public-client-sent-secret", send_secret_of_public_app),
    Refusal("backend", "assertion-aud-wrong", lambda world: world.assertion(aud="https://elsewhere.example.org")),
    Refusal("backend", "assertion-expired", lambda world: world.assertion(exp=1)),
    Refusal("backend", "assertion-kid-unknown", lambda world: world.assertion(kid="k2")),
    Refusal("backend", "assertion-missing", lambda world: world.credentials(client_id=world.service["client_id"])),
    Refusal("backend", "assertion-jti-missing", lambda world: world.assertion(jti=None)),
    Refusal("refresh", "refresh-token-invalid", lambda world: world.refresh(refresh_token="made-up")),
    Refusal("refresh", "refresh-token-missing", lambda world: world.refresh(refresh_token=None)),
    Refusal("refresh", "refresh-token-reused", use_refresh_token_twice),
    Refusal("refresh", "refresh-scope-expanded", lambda world: world.refresh(scope=SCOPE + " patient/Condition.rs")),
    fhir("access", "fhir-token-missing", "/Patient/p-0001", None),
    fhir("access", "fhir-token-unknown", "/Patient/p-0001", "Bearer made-up"),
    fhir("access", "fhir-token-not-bearer", "/Patient/p-0001", "TOKEN"),
    fhir("access", "fhir-token-not-bearer", "/Patient/p-0001", "Basic dXNlcjpwYXNz"),
    fhir("access", "fhir-token-unknown", "/Condition?patient=p-0001", "Bearer made-up"),
    fhir("access", "fhir-token-in-query", "/Patient/p-0001?access_token=TOKEN", None),
    Refusal("access", "fhir-token-expired", use_old_token),
    Refusal("access", "fhir-token-unknown", use_revoked_token),
    Refusal("access", "fhir-insufficient-scope", write_without_scope),
    fhir("search", "fhir-resource-unknown", "/Patients"),
    fhir("search", "fhir-resource-unknown", "/patient/p-0001"),
    fhir("search", "fhir-search-unknown-param", "/Observation?patient=p-0001&categry=laboratory", prefer="handling=strict"),
    fhir("search", "fhir-date-malformed", "/Observation?patient=p-0001&date=yesterday"),
    fhir("search", "fhir-accept-unsupported", "/Patient/p-0001", accept="application/pdf"),
    Refusal("introspection", "token-wrong-content-type", introspect_json),
    Refusal("introspection", "client-auth-missing", introspect_unauthenticated),
    Refusal("revocation", "token-wrong-method", revoke_in_url),
    Refusal("userinfo", "fhir-token-not-bearer", ask_userinfo),
    Refusal("registration", "reg-redirect-uri-has-fragment", register_with_fragment),
    Refusal("logout", "logout-redirect-uri-mismatch", log_out_elsewhere),
)

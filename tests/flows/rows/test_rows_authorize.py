"""Refusals of the authorization endpoint, as a page or by redirect, row by row (RFC 6749 4.1.2.1; SMART 2.2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest
from tests.flows.flow import BASE, CHALLENGE, REDIRECT, STATE, VERIFIER, Flow, receive
from tests.flows.shared_app import DESCRIPTION, SharedApp

from sickbay.services import login
from sickbay.settings.database import Unavailable

Row = tuple[str, dict[str, str | None], str]
AUTHORIZE = "/general/oauth/authorize"
NEVER: list[tuple[str, dict[str, str | None]]] = [
    ("client-id-missing", {"client_id": None}),
    ("client-id-unknown", {"client_id": "nobody"}),
    ("client-id-placeholder", {"client_id": "a\x01<script>"}),
    ("redirect-uri-missing", {"redirect_uri": None}),
    ("redirect-uri-mismatch", {"redirect_uri": "https://evil.example/"}),
    ("redirect-uri-mismatch", {"redirect_uri": REDIRECT + ".evil.example"}),
    ("redirect-uri-mismatch", {"redirect_uri": REDIRECT + "?next=https://evil.example"}),
    ("redirect-uri-mismatch", {"redirect_uri": "/callback"}),
    ("redirect-uri-mismatch", {"redirect_uri": "javascript:alert(1)"}),
    ("redirect-uri-mismatch", {"redirect_uri": "http://localhost:8101/callback"}),
    ("redirect-uri-mismatch", {"redirect_uri": "http://user@localhost:8100/callback"}),
    ("redirect-uri-mismatch", {"redirect_uri": "http://LOCALHOST:8100/callback"}),
    ("redirect-uri-mismatch", {"redirect_uri": REDIRECT + "/%2e%2e"}),
    ("redirect-uri-has-fragment", {"redirect_uri": REDIRECT + "#here"}),
    ("redirect-uri-double-encoded", {"redirect_uri": "http%3A%2F%2Flocalhost%3A8100%2Fcallback"}),
    ("redirect-uri-mismatch", {"redirect_uri": "https://evil.example/", "scope": "nonsense", "response_type": "token"}),
]
BY_REDIRECT: list[Row] = [
    ("state-missing", {"state": None}, "invalid_request"),
    ("aud-missing", {"aud": None}, "invalid_request"),
    ("aud-mismatch", {"aud": "https://elsewhere.example/fhir"}, "invalid_request"),
    ("response-type-missing", {"response_type": None}, "invalid_request"),
    ("response-type-invalid", {"response_type": "token"}, "unsupported_response_type"),
    ("response-type-invalid", {"response_type": "code id_token"}, "unsupported_response_type"),
    ("response-mode-unsupported", {"response_mode": "fragment"}, "invalid_request"),
    ("pkce-missing", {"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ("pkce-plain", {"code_challenge_method": "plain"}, "invalid_request"),
    ("pkce-method", {"code_challenge_method": None}, "invalid_request"),
    ("pkce", {"code_challenge": "short"}, "invalid_request"),
    ("launch-code-unknown", {"launch": "made-up"}, "invalid_request"),
    ("launch-param-is-url", {"launch": "http://localhost:8100/launch"}, "invalid_request"),
    ("launch-scope-without-launch-param", {}, "invalid_request"),
    ("scope-missing", {"scope": None}, "invalid_scope"),
    ("scope-malformed", {"scope": "openid patient/Observation.nonsense"}, "invalid_scope"),
    ("scope-malformed", {"scope": "launch/patient patient/Observation.read?category=laboratory"}, "invalid_scope"),
    ("scope-not-registered", {"scope": "launch/patient user/Patient.cruds"}, "invalid_scope"),
    ("scope", {"scope": "openid made_up_scope"}, "invalid_scope"),
    ("scope", {"scope": "launch/patient PATIENT/*.rs"}, "invalid_scope"),
    ("scope", {"scope": "launch/patient patient%2f*.rs"}, "invalid_scope"),
    ("scope-v2-order", {"scope": "launch/patient patient/Observation.sr"}, "invalid_scope"),
    ("scope", {"scope": "launch/patient patient/*.RS"}, "invalid_scope"),
    ("scope", {"scope": "launch/patient patient/Obs*.rs"}, "invalid_scope"),
    ("scope", {"scope": "launch/patient patient/*.rs\u00a0"}, "invalid_scope"),
    ("scope", {"scope": "launch/patient patient/Observation.rs?category:not=laboratory"}, "invalid_scope"),
    ("scope", {"scope": "launch/patient patient/Observation.rs?patient.name=x"}, "invalid_scope"),
    ("scope", {"scope": "launch/patient patient/Observation.rs?_has:x:y:z=1"}, "invalid_scope"),
    ("scope", {"scope": "launch/patient patient/Observation.rs?_filter=x"}, "invalid_scope"),
    ("scope-system-in-user-flow", {"scope": "launch/patient patient/*.rs system/*.rs"}, "invalid_scope"),
    ("scope-patient-without-context", {"scope": "patient/Patient.rs"}, "access_denied"),
    ("request-object-unsupported", {"request": "e30.e30."}, "request_not_supported"),
    ("request-object-unsupported", {"request_uri": "https://app.example/r"}, "request_uri_not_supported"),
    ("request-object-unsupported", {"registration": "{}"}, "registration_not_supported"),
    ("scope-tab-separated", {"scope": "launch/patient\tpatient/Patient.rs"}, "invalid_scope"),
    ("prompt-none-with-others", {"scope": "openid user/Patient.rs", "prompt": "none login"}, "invalid_request"),
    ("max-age-invalid", {"scope": "openid launch/patient", "max_age": "-1"}, "invalid_request"),
    ("client-secret-in-url", {"client_secret": "s3cr3t-in-url"}, "invalid_request"),
    ("prompt-none-without-session", {"scope": "openid user/Patient.rs", "prompt": "none"}, "login_required"),
]
REPEATED = ("scope", "state", "aud", "response_type", "launch", "code_challenge", "code_challenge_method")


def check_refusal(answer: httpx2.Response, app_parameters: dict[str, str], rule: str) -> None:
    """The refusal has its rule, and its OAuth members contain only allowed characters."""
    assert any(name.startswith(rule) and severity == "error" for name, severity in app_parameters.items()), app_parameters
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers


async def ask(flow: Flow, method: str, sent: list[tuple[str, str]]) -> httpx2.Response:
    if method == "GET":
        return await flow.http.get(AUTHORIZE + "?" + urlencode(sent))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return await flow.http.post(AUTHORIZE, content=urlencode(sent), headers=form)


def by_redirect(answer: httpx2.Response, method: str, error: str, state: str | None = STATE) -> dict[str, str]:
    assert answer.status_code == (302 if method == "GET" else 303), answer.text[:300]
    parameters = receive(answer)
    assert parameters["error"] == error, parameters
    assert parameters.get("state") == state
    assert parameters["iss"] == f"{BASE}/general"
    assert parameters["error_uri"] == f"{BASE}/exchanges/{answer.headers['x-correlation-id']}"
    assert DESCRIPTION.fullmatch(parameters["error_description"]), parameters["error_description"]
    assert "#" not in answer.headers["location"]
    return parameters


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("rule", "change"), NEVER)
def test_the_error_is_never_redirected(shared_app: SharedApp, method: str, rule: str, change: dict[str, str | None]) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(auto_approve=None)
        answer = await ask(flow, method, list(flow.asking(app, **change).items()))
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "<script>" not in answer.text.replace("<script ", "")
        check_refusal(answer, await flow.findings(answer), rule.partition("-uri")[0])

    shared_app.do(steps, shared_app.flow())


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_repeated_client_id_or_redirect_uri_is_never_redirected(shared_app: SharedApp, name: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        sent = list(flow.asking(app).items())
        for second in (dict(sent)[name], "https://evil.example/"):
            answer = await ask(flow, "GET", [*sent, (name, second)])
            assert answer.status_code == 400
            assert "location" not in answer.headers
            check_refusal(answer, await flow.findings(answer), "duplicate-parameter")

    shared_app.do(steps)


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("rule", "change", "error"), BY_REDIRECT)
def test_the_error_is_redirected_to_the_app(
    shared_app: SharedApp, method: str, rule: str, change: dict[str, str | None], error: str
) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(auto_approve=None)
        sent = flow.asking(app, **change)
        answer = await ask(flow, method, list(sent.items()))
        by_redirect(answer, method, error, sent.get("state"))
        check_refusal(answer, await flow.findings(answer), rule)

    shared_app.do(steps, shared_app.flow())


@pytest.mark.parametrize("name", REPEATED)
def test_a_repeated_parameter_is_an_invalid_request(shared_app: SharedApp, name: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        sent = flow.asking(app, launch=(await flow.launch(app))["launch"])
        answer = await ask(flow, "GET", [*sent.items(), (name, sent[name])])
        by_redirect(answer, "GET", "invalid_request")
        check_refusal(answer, await flow.findings(answer), "duplicate-parameter")

    shared_app.do(steps)


@pytest.mark.parametrize("fault", ["expired", "used", "other-client", "other-tenant"])
def test_a_spent_or_expired_launch_is_an_invalid_request(shared_app: SharedApp, fault: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        code = (await flow.launch(app))["launch"]
        if fault == "expired":
            await flow.http.post("/admin/clock", json={"advance": 301})
        if fault == "used":
            await flow.code(app, launch=code)
        if fault == "other-client":
            code = (await flow.launch(await flow.register(name="Another")))["launch"]
        if fault == "other-tenant":
            username = (await flow.http.get("/admin/users?tenant=cerner")).json()[0]["username"]
            other = await flow.register(tenant="cerner", auto_approve={"user": username}, name="There")
            code = (await flow.launch(other, tenant="cerner"))["launch"]
        answer = await flow.authorize(app, launch=code)
        by_redirect(answer, "GET", "invalid_request")
        check_refusal(answer, await flow.findings(answer), "launch-code")

    shared_app.do(steps)


def test_a_launch_is_valid_only_for_the_server_it_named(shared_app: SharedApp) -> None:
    """In an EHR launch aud must equal iss, not another version of it (SMART 2.2)."""

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        code = (await flow.launch(app))["launch"]
        answer = await flow.authorize(app, launch=code, aud=f"{BASE}/general/dstu2")
        by_redirect(answer, "GET", "invalid_request")
        check_refusal(answer, await flow.findings(answer), "aud-not-iss-of-launch")
        for alias in (f"{BASE}/general/r4/", f"{BASE.replace('localhost', '127.0.0.1')}/general/r4"):
            other = (await flow.launch(app))["launch"]
            assert "code" in receive(await flow.authorize(app, launch=other, aud=alias))

    shared_app.do(steps)


def test_an_app_of_another_hospital_may_not_use_this_one(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(tenant="epic", auto_approve=None)
        answer = await flow.authorize(app)
        by_redirect(answer, "GET", "unauthorized_client")

    shared_app.do(steps)


def test_prompt_none_without_consent_is_consent_required(shared_app: SharedApp) -> None:
    """The response doesn't name a page either."""

    async def steps(flow: Flow) -> None:
        page = await flow.http.get("/general/ehr/sign-in", headers={"Accept": "text/html"})
        csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        await flow.http.post("/general/ehr/sign-in", data={"csrf": csrf, "account": await flow.clinician()})
        app = await flow.register(auto_approve=None)
        answer = await flow.authorize(app, scope="openid user/Patient.rs", prompt="none")
        by_redirect(answer, "GET", "consent_required")

    shared_app.do(steps, shared_app.flow())


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("fault", "error"), [(RuntimeError("a secret"), "server_error"), (Unavailable("a host"), "temporarily_unavailable")]
)
def test_a_server_error_is_redirected_if_the_redirect_uri_is_verified(
    shared_app: SharedApp, monkeypatch: pytest.MonkeyPatch, method: str, fault: Exception, error: str
) -> None:
    """A redirect can't have status 500. No details of the error are sent."""

    async def fails(*_: object) -> None:
        raise fault

    async def steps(flow: Flow) -> None:
        app = await flow.register(auto_approve=None)
        sent = list(flow.asking(app, scope="openid user/Patient.rs").items())
        waits = await ask(flow, method, sent)
        with monkeypatch.context() as patched:
            patched.setattr(login, "next_step", fails)
            for answer in (await ask(flow, method, sent), await flow.http.get(waits.headers["location"])):
                parameters = by_redirect(answer, answer.request.method, error)
                assert str(fault) not in parameters["error_description"]
                assert (await flow.http.get(parameters["error_uri"])).status_code == 200
        wrong = await ask(flow, method, [("client_id", "nobody")])
        assert "location" not in wrong.headers

    shared_app.do(steps, shared_app.flow())


def test_the_redirect_uri_s_own_query_is_kept(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        redirect_uri = REDIRECT + "?lane=a%26b"
        app = await flow.register(redirect_uris=[redirect_uri])
        for launch in ("made-up", (await flow.launch(app))["launch"]):
            answer = await flow.authorize(app, redirect_uri=redirect_uri, launch=launch)
            query = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
            assert query["lane"] == "a&b"
            assert ("code" in query) is not ("error" in query)
            assert query["state"] == STATE

    shared_app.do(steps)


@pytest.mark.parametrize("state", ["a b", "a+b&c=d", "ä€😀", "%41", "x" * 500, "<>\"'\\"])
def test_state_is_returned_unchanged(shared_app: SharedApp, state: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        good = await flow.authorize(app, state=state, launch=(await flow.launch(app))["launch"])
        assert receive(good)["state"] == state
        assert receive(await flow.authorize(app, state=state, launch="made-up"))["state"] == state

    shared_app.do(steps)


def test_the_same_request_without_errors_is_granted(shared_app: SharedApp) -> None:
    """The positive control of every row above."""

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        for method in ("GET", "POST"):
            sent = flow.asking(app, launch=(await flow.launch(app))["launch"])
            answer = await ask(flow, method, list(sent.items()))
            assert answer.status_code == (302 if method == "GET" else 303)
            parameters = receive(answer)
            assert set(parameters) == {"code", "state", "iss"}
            assert answer.headers["cache-control"] == "no-store"

    shared_app.do(steps)


NATIVE: list[tuple[dict[str, Any], str, bool]] = [
    ({"native": True, "redirect_uris": ["http://127.0.0.1/callback"]}, "http://127.0.0.1:51004/callback", True),
    ({"native": True, "redirect_uris": ["http://127.0.0.1:1/callback"]}, "http://127.0.0.1:51004/callback", True),
    ({"native": False, "redirect_uris": ["http://127.0.0.1:1/callback"]}, "http://127.0.0.1:51004/callback", False),
    ({"native": True, "redirect_uris": ["http://127.0.0.1/callback"]}, "http://localhost:51004/callback", False),
    ({"native": True, "redirect_uris": ["http://127.0.0.1/callback"]}, "http://127.0.0.1:51004/other", False),
    ({"native": True, "redirect_uris": ["https://app.example/cb"]}, "https://app.example:8443/cb", False),
]


@pytest.mark.parametrize(("registered", "sent", "granted"), NATIVE)
def test_only_the_port_of_a_native_apps_loopback_uri_may_vary(
    shared_app: SharedApp, registered: dict[str, Any], sent: str, granted: bool
) -> None:
    """RFC 9700 2.1, RFC 8252 7.3."""

    async def steps(flow: Flow) -> None:
        app = await flow.register(**registered)
        answer = await flow.authorize(app, redirect_uri=sent, launch=(await flow.launch(app))["launch"])
        assert answer.status_code == (302 if granted else 400)
        assert (answer.headers.get("location") or "").startswith(sent if granted else "")

    shared_app.do(steps)


def test_the_flow_sends_a_matching_verifier_and_challenge() -> None:
    """Proves that the rows about PKCE test what they claim to test."""
    assert len(VERIFIER) == 43
    assert len(CHALLENGE) == 43

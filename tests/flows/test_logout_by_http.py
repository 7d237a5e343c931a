"""An app signs its user out (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, receive, run
from tests.flows.test_ehr_by_http import HTML, field, sign_in

from sickbay.services import id_token
from sickbay.services.journal import read as journal_reader
from sickbay.web.exchanges.views import exchange_view

BYE = "http://localhost:8100/bye?from=sickbay"
LOGOUT = "/general/oauth/logout"
SCOPE = "launch openid fhirUser online_access offline_access patient/Patient.rs"


async def sign_in_and_launch(flow: Flow, scope: str = "launch openid fhirUser online_access patient/Patient.rs") -> Any:
    """An app whose user is signed in to this browser, and its token response."""
    await sign_in(flow)
    app = await flow.register(auto_approve=None, post_logout_redirect_uris=[BYE], scope=SCOPE)
    launch = await flow.launch(app, patient="p-0017")
    answer = await flow.authorize(app, launch=launch["launch"], scope=scope)
    page = await flow.http.get(answer.headers["location"], headers=HTML)
    form = {"csrf": field(page, "csrf"), "request": field(page, "request"), "decision": "allow", "scope": scope.split()}
    answer = await flow.http.post("/general/oauth/continue", data=form)
    return app, (await flow.redeem(app, receive(answer)["code"])).json()


async def log_out(flow: Flow, method: str = "GET", **sent: str) -> httpx2.Response:
    if method == "GET":
        return await flow.http.get(f"{LOGOUT}?{urlencode(sent)}", headers=HTML)
    return await flow.http.post(LOGOUT, data=sent, headers=HTML)


async def is_signed_in(flow: Flow) -> bool:
    return (await flow.http.get("/general/ehr/patients", headers=HTML)).status_code == 200


async def refresh(flow: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> dict[str, Any]:
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}
    return dict((await flow.http.post("/general/oauth/token", data=form)).json())


def test_the_page_without_a_hint_loads_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_token, "key_set", None)  # loading the keys takes 60 to 100 ms the first time

    async def steps(flow: Flow) -> None:
        assert (await log_out(flow)).status_code == 200

    run(steps, tmp_path)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_app_signs_its_user_out_with_an_id_token_and_gets_the_browser_back(tmp_path: Path, method: str) -> None:
    async def steps(flow: Flow) -> None:
        app, tokens = await sign_in_and_launch(flow)
        assert await is_signed_in(flow)
        answer = await log_out(flow, method, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="a b&c")
        assert answer.status_code == (302 if method == "GET" else 303)
        assert answer.headers["location"].startswith(BYE + "&")
        parameters = parse_qs(urlsplit(answer.headers["location"]).query)
        assert parameters == {"from": ["sickbay"], "state": ["a b&c"]}
        assert not await is_signed_in(flow)
        assert (await refresh(flow, app, tokens))["error"] == "invalid_grant"
        exchange = await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers=HTML)
        assert tokens["id_token"] not in exchange.text

    run(steps, tmp_path)


def test_offline_access_continues_and_an_expired_id_token_still_signs_out(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, tokens = await sign_in_and_launch(flow, "launch openid offline_access patient/Patient.rs")
        await flow.http.post("/admin/clock", json={"advance": 7000})
        answer = await log_out(flow, id_token_hint=tokens["id_token"])
        assert (answer.status_code, "You’re signed out" in answer.text) == (200, True)
        assert not await is_signed_in(flow)
        assert "access_token" in await refresh(flow, app, tokens)

    run(steps, tmp_path)


@pytest.mark.parametrize("decision", ["out", "stay"])
def test_without_an_id_token_the_user_is_asked(tmp_path: Path, decision: str) -> None:
    async def steps(flow: Flow) -> None:
        app, tokens = await sign_in_and_launch(flow)
        sent = {"client_id": app["client_id"], "post_logout_redirect_uri": BYE, "state": "s"}
        page = await log_out(flow, **sent)
        assert page.status_code == 200
        assert f"{app['name']} asks to sign you out" in page.text
        assert "http://localhost:8100" in page.headers["content-security-policy"]
        assert await is_signed_in(flow)
        answer = await log_out(flow, "POST", **sent, csrf=field(page, "csrf"), decision=decision)
        assert await is_signed_in(flow) is (decision == "stay")
        assert ("error" in await refresh(flow, app, tokens)) is (decision == "out")
        if decision == "out":
            assert answer.headers["location"] == f"{BYE}&state=s"
        else:
            assert "You’re still signed in" in answer.text

    run(steps, tmp_path)


def test_a_forged_decision_shows_the_question_and_does_not_sign_out(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, _ = await sign_in_and_launch(flow)
        sent = {"client_id": app["client_id"], "decision": "out"}
        for forged in ({}, {"csrf": "guess"}):
            assert "asks to sign you out" in (await log_out(flow, "POST", **sent, **forged)).text
        assert await is_signed_in(flow)

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"post_logout_redirect_uri": BYE + "/"}, "logout-redirect-uri-mismatch"),
        ({"post_logout_redirect_uri": "https://evil.example/"}, "logout-redirect-uri-mismatch"),
        ({"id_token_hint": "", "post_logout_redirect_uri": BYE}, "logout-client-missing"),
        ({"id_token_hint": "e30.e30.e30"}, "logout-hint-invalid"),
        ({"id_token_hint": "ALTERED"}, "logout-hint-invalid"),
        ({"client_id": "somebody-else"}, "logout-client-unknown"),
    ],
)
def test_an_invalid_request_gets_a_page_and_does_not_sign_out(tmp_path: Path, change: dict[str, str], rule: str) -> None:
    async def steps(flow: Flow) -> None:
        _, tokens = await sign_in_and_launch(flow)
        hint = change.get("id_token_hint", tokens["id_token"])
        sent = {"id_token_hint": tokens["id_token"][:-8] + "AAAAAAAA" if hint == "ALTERED" else hint}
        sent |= {name: value for name, value in change.items() if name != "id_token_hint"}
        answer = await log_out(flow, **{name: value for name, value in sent.items() if value})
        assert (answer.status_code, "location" in answer.headers) == (400, False)
        assert (await flow.findings(answer))[rule] == "error"
        assert await is_signed_in(flow)

    run(steps, tmp_path)


@pytest.mark.parametrize("hint", ["e30.e30.e30", "undefined"])
def test_two_errors_are_both_corrected_as_far_as_possible(tmp_path: Path, hint: str) -> None:
    async def steps(flow: Flow) -> None:
        app, _ = await sign_in_and_launch(flow)
        for sent in ({"client_id": app["client_id"]}, {}):
            answer = await log_out(
                flow, id_token_hint=hint, post_logout_redirect_uri="https://other.example/bye", state="s", **sent
            )
            exchange_url = f"/exchanges/{answer.headers['x-correlation-id']}"
            corrected = (await flow.http.get(exchange_url, headers={"accept": "application/json"})).json()["corrected"]["url"]
            assert ("post_logout_redirect_uri=http" in corrected) is bool(sent)
            assert "other.example" not in corrected
            assert (await flow.http.get(corrected, headers=HTML)).status_code < 400

    run(steps, tmp_path)


def test_a_parameter_name_of_another_library_is_corrected(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        _, tokens = await sign_in_and_launch(flow)
        answer = await log_out(flow, id_token_hint=tokens["id_token"], redirect_uri=BYE)
        assert (await flow.findings(answer))["parameter-name-wrong"] == "warning"

    run(steps, tmp_path)


def test_a_repeated_parameter_is_refused(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get(f"{LOGOUT}?state=a&state=b", headers=HTML)
        assert answer.status_code == 400
        assert (await flow.findings(answer))["duplicate-parameter"] == "error"

    run(steps, tmp_path)


def test_a_signed_out_user_is_redirected_and_another_user_is_asked(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        _, tokens = await sign_in_and_launch(flow)
        await log_out(flow, id_token_hint=tokens["id_token"])
        answer = await log_out(flow, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
        assert answer.headers["location"] == BYE
        page = await flow.http.get("/general/ehr/sign-in", headers=HTML)
        users = (await flow.http.get("/admin/users?tenant=general")).json()
        other = [user["username"] for user in users if user["fhirUser"].startswith("Practitioner")][1]
        await flow.http.post("/general/ehr/sign-in", data={"csrf": field(page, "csrf"), "account": other})
        assert "asks to sign you out" in (await log_out(flow, id_token_hint=tokens["id_token"])).text
        assert await is_signed_in(flow)

    run(steps, tmp_path)


def test_openid_discovery_names_the_endpoint(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        config = (await flow.http.get("/general/.well-known/openid-configuration")).json()
        assert config["end_session_endpoint"] == BASE + LOGOUT

    run(steps, tmp_path)


def test_the_corrected_request_can_be_pasted_and_names_its_placeholders(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, tokens = await sign_in_and_launch(flow)
        for hint in ({"id_token_hint": tokens["id_token"]}, {"client_id": app["client_id"]}):
            answer = await log_out(flow, **hint, post_logout_redirect_uri=BYE + "x")
            exchange_url = f"/exchanges/{answer.headers['x-correlation-id']}"
            exchange = (await flow.http.get(exchange_url, headers={"accept": "application/json"})).json()
            text = (await flow.http.get(exchange_url, headers={"accept": "text/plain"})).text
            url = next(line.strip() for line in text.splitlines() if line.strip().startswith(BASE + LOGOUT + "?"))
            assert exchange["corrected"]["url"].startswith(BASE + LOGOUT + "?")
            assert ("Replace YOUR-ID-TOKEN-HINT" in text) is ("id_token_hint" in hint)
            filled_response = await flow.http.get(url.replace("YOUR-ID-TOKEN-HINT", tokens["id_token"]), headers=HTML)
            assert filled_response.status_code < 400

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("sent", "marked"),
    [
        ({"post_logout_redirect_uri": BYE}, {"post_logout_redirect_uri"}),
        ({"client_id": "APP", "post_logout_redirect_uri": BYE + "/"}, {"post_logout_redirect_uri"}),
        ({"client_id": "BARE", "post_logout_redirect_uri": BYE}, {"post_logout_redirect_uri"}),
        ({"client_id": "unknown", "post_logout_redirect_uri": BYE}, {"client_id", "post_logout_redirect_uri"}),
    ],
)
def test_only_the_parameters_that_are_wrong_are_marked(tmp_path: Path, sent: dict[str, str], marked: set[str]) -> None:
    """`state` isn't wrong if the address beside it is."""

    async def steps(flow: Flow) -> None:
        app, _ = await sign_in_and_launch(flow)
        bare = await flow.register(name="Without a URI")
        ids = {"APP": app["client_id"], "BARE": bare["client_id"]}
        parameters = {name: ids.get(value, value) for name, value in sent.items()}
        answer = await log_out(flow, **parameters, state="s-1")
        exchange = await journal_reader.read_exchange(
            flow.sandbox.runtime, flow.sandbox.journal, answer.headers["x-correlation-id"], full=True
        )
        assert exchange is not None
        assert {row.name for row in exchange_view(exchange).rows if row.is_faulty} == marked

    run(steps, tmp_path)

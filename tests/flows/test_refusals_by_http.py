"""Refusals over HTTP: how they are delivered, what they say, and what they revoke."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
from tests.flows.flow import REDIRECT, STATE, Flow, receive, run


def test_an_unregistered_redirect_uri_is_answered_by_a_page_and_never_redirected(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        answer = await flow.authorize(app, redirect_uri=REDIRECT + "/", scope="openid")
        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "redirect-uri-trailing-slash" in await flow.findings(answer)

    run(steps, tmp_path)


def test_an_error_that_is_not_redirected_is_text_or_json_on_request(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        sent = {"client_id": "nobody", "redirect_uri": REDIRECT, "response_type": "code"}
        for kind, start in (("text/plain", "REFUSED: "), ("application/json", '{"id":'), ("*/*", "<!doctype html>")):
            answer = await flow.http.get("/general/oauth/authorize", params=sent, headers={"Accept": kind})
            assert answer.status_code == 400
            assert answer.text.startswith(start)
            assert answer.headers["cache-control"] == "no-store"
            assert "client-id-unknown" in answer.text

    run(steps, tmp_path)


def test_a_wrong_client_id_and_a_wrong_redirect_uri_are_corrected_together(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        launch = await flow.launch(app)
        wrong = app["client_id"][:-1] + "!"
        answer = await flow.authorize(app, launch=launch["launch"], client_id=wrong, redirect_uri=REDIRECT + "/")
        address = "/exchanges/" + answer.headers["x-correlation-id"]
        exchange = (await flow.http.get(address, headers={"Accept": "application/json"})).json()
        shown = await flow.authorize(app, launch=launch["launch"], client_id=wrong, redirect_uri=REDIRECT + "/")
        assert f"launch={launch['launch']}" in shown.text
        again = await flow.http.get(exchange["corrected"]["url"])
        assert receive(again)["code"]
        public = await flow.http.get(address, headers={"Origin": "https://elsewhere.example", "Accept": "application/json"})
        assert public.json()["corrected"] is None
        assert app["client_id"] not in public.text

    run(steps, tmp_path)


def test_a_refusal_that_is_not_redirected_shows_what_was_recorded(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        sent = {"client_id": "nobody", "redirect_uri": REDIRECT, "response_type": "code", "state": "a-secret"}
        as_json = {"Accept": "application/json"}
        for path in ("/general/oauth/authorize", "/general/oauth/logout?id_token_hint=x"):
            answer = await flow.http.get(path, params=sent if "?" not in path else None, headers=as_json)
            assert answer.status_code == 400
            recorded = await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers=as_json)
            assert answer.text == recorded.text

    run(steps, tmp_path)


def test_an_error_is_redirected_with_state_iss_and_error_uri(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        answer = await flow.authorize(app, launch="made-up")
        parameters = receive(answer)
        assert parameters["error"] == "invalid_request"
        assert parameters["state"] == STATE
        assert parameters["iss"].endswith("/general")
        assert parameters["error_uri"].endswith("/exchanges/" + answer.headers["x-correlation-id"])
        assert "launch-code-unknown" in parameters["error_description"]

    run(steps, tmp_path)


def test_a_code_redeemed_twice_is_refused_and_its_tokens_are_revoked(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        launch = await flow.launch(app)
        code = await flow.code(app, launch=launch["launch"])
        first = (await flow.redeem(app, code)).json()
        headers = {"Authorization": f"Bearer {first['access_token']}"}
        assert (await flow.http.get("/general/r4/Patient/p-0001", headers=headers)).status_code == 200
        again = await flow.redeem(app, code)
        assert again.status_code == 400
        assert again.json()["error"] == "invalid_grant"
        assert (await flow.findings(again))["code-reused"] == "error"
        assert (await flow.http.get("/general/r4/Patient/p-0001", headers=headers)).status_code == 401

    run(steps, tmp_path)


def test_a_launch_code_works_once(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        launch = await flow.launch(app)
        await flow.code(app, launch=launch["launch"])
        again = await flow.authorize(app, launch=launch["launch"])
        assert receive(again)["error"] == "invalid_request"
        assert "launch-code-reused" in await flow.findings(again)

    run(steps, tmp_path)


def test_a_refresh_token_can_be_repeated_for_10_seconds_and_then_revokes_its_family(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        tokens = await grant(flow, app)
        first = await refresh(flow, app, tokens["refresh_token"])
        assert first["refresh_token"] != tokens["refresh_token"]
        assert await refresh(flow, app, tokens["refresh_token"]) == first
        await flow.http.post("/admin/clock", json={"advance": 60})
        form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}
        late = await flow.http.post("/general/oauth/token", data=form)
        assert late.json()["error"] == "invalid_grant"
        assert "refresh-token-reused" in await flow.findings(late)
        form["refresh_token"] = first["refresh_token"]
        revoked = await flow.http.post("/general/oauth/token", data=form)
        assert revoked.json()["error"] == "invalid_grant"

    run(steps, tmp_path)


async def grant(flow: Flow, app: dict[str, Any]) -> dict[str, Any]:
    launch = await flow.launch(app)
    code = await flow.code(app, launch=launch["launch"], scope="launch online_access patient/Patient.rs")
    return dict((await flow.redeem(app, code)).json())


async def refresh(flow: Flow, app: dict[str, Any], token: str) -> dict[str, Any]:
    form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": app["client_id"]}
    answer = await flow.http.post("/general/oauth/token", data=form)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def _codes(answer: httpx2.Response) -> set[str]:
    return {issue["details"]["coding"][0]["code"] for issue in answer.json()["issue"]}


def test_a_fhir_refusal_names_errors_of_scope_and_search_together(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        token = (await flow.complete_launch())["access_token"]
        headers = {"Accept": "application/fhir+json", "Authorization": f"Bearer {token}"}
        answer = await flow.http.get("/general/r4/Condition?onset-date=yesterday", headers=headers)
        assert answer.status_code == 403
        assert _codes(answer) == {"fhir-insufficient-scope", "fhir-date-malformed"}

    run(steps, tmp_path)


def test_a_fhir_refusal_without_a_valid_token_names_errors_of_path_and_accept_but_not_of_the_search(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        answer = await flow.http.get("/general/r4/Observation/?date=yesterday", headers={"Accept": "text/turtle"})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer realm=")
        assert _codes(answer) == {"fhir-token-missing", "fhir-path-trailing-slash", "fhir-accept-unsupported"}

    run(steps, tmp_path)


def test_an_exchange_contains_no_secrets(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")
        launch = await flow.launch(app)
        answer = await flow.authorize(app, launch=launch["launch"])
        code = receive(answer)["code"]
        token = await flow.redeem(app, code, client_secret=app["client_secret"])
        assert token.status_code == 200, token.text
        secrets = [launch["launch"], code, app["client_secret"], token.json()["access_token"], token.json()["id_token"]]
        for response in (answer, token):
            address = "/exchanges/" + response.headers["x-correlation-id"]
            for accept in ("application/json", "text/plain", "text/html"):
                exchange = (await flow.http.get(address, headers={"Accept": accept})).text
                assert not [secret for secret in secrets if secret in exchange]

    run(steps, tmp_path)

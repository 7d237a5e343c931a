"""The response explains why a token is refused: revoked, by whom and when, expired, or unknown. On both engines."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_ehr_by_http import HTML, field, sign_in

from sickbay.authorization.token.refresh import REPEAT_WINDOW
from sickbay.services import grants

SCOPE = "launch patient/Patient.rs offline_access"
TOKEN, REVOKE, MANAGE = "/general/oauth/token", "/general/oauth/revoke", "/general/oauth/manage"
Engine = Callable[[], str | None]


async def register(flow: Flow, user: str) -> dict[str, Any]:
    return await flow.register(scope=SCOPE, auto_approve={"user": user})


async def launch_app(flow: Flow, app: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The code of a launch and its token response."""
    launch = await flow.launch(app)
    code = await flow.code(app, launch=launch["launch"], scope=SCOPE)
    return code, dict((await flow.redeem(app, code)).json())


async def refresh(flow: Flow, app: dict[str, Any], refresh_token: str) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": app["client_id"]}
    return await flow.http.post(TOKEN, data=form)


async def refused_read(flow: Flow, access_token: str) -> str:
    """The response of the FHIR server to a token that it refuses."""
    response = await flow.http.get("/general/r4/Patient/p-0001", headers={"Authorization": f"Bearer {access_token}"})
    assert response.status_code == 401
    return str(response.json()["issue"][0]["diagnostics"])


async def why(flow: Flow, response: httpx2.Response) -> str:
    headers = {"Accept": "application/json"}
    exchange = await flow.http.get(f"/exchanges/{response.headers['x-correlation-id']}", headers=headers)
    return str(exchange.json()["findings"][0]["why"])


def day(flow: Flow) -> str:
    return f"{datetime.fromtimestamp(flow.now(), UTC):%Y-%m-%d}"


def walk(tmp_path: Path, engine: Engine, steps: Any) -> None:
    run(steps, tmp_path, data=engine() or str(tmp_path), patients=2)


def test_an_app_that_revoked_its_tokens_reads_that_it_did(tmp_path: Path, engine: Engine) -> None:
    async def steps(flow: Flow) -> None:
        app = await register(flow, await flow.clinician())
        _, tokens = await launch_app(flow, app)
        for token in ("access_token", "refresh_token"):
            form = {"token": tokens[token], "client_id": app["client_id"]}
            assert (await flow.http.post(REVOKE, data=form)).status_code == 200
            text = await refused_read(flow, tokens["access_token"])
            assert "The access token was revoked." in text
            assert f"The app revoked it at the revocation endpoint on {day(flow)} at" in text
            assert "Refresh the token." in text
        response = await refresh(flow, app, tokens["refresh_token"])
        assert "`refresh_token` was revoked" in response.json()["error_description"]
        assert "The app revoked it at the revocation endpoint" in await why(flow, response)

    walk(tmp_path, engine, steps)


def test_a_code_that_is_sent_twice_revokes_its_tokens(tmp_path: Path, engine: Engine) -> None:
    async def steps(flow: Flow) -> None:
        app = await register(flow, await flow.clinician())
        code, tokens = await launch_app(flow, app)
        assert (await flow.redeem(app, code)).json()["error"] == "invalid_grant"
        text = await refused_read(flow, tokens["access_token"])
        assert f"The server revoked it because its authorization code was sent a second time on {day(flow)}" in text
        assert "Authorize again." in text

    walk(tmp_path, engine, steps)


def test_a_refresh_token_that_is_sent_again_revokes_the_tokens_of_its_grant(tmp_path: Path, engine: Engine) -> None:
    async def steps(flow: Flow) -> None:
        app = await register(flow, await flow.clinician())
        _, first = await launch_app(flow, app)
        second = (await refresh(flow, app, first["refresh_token"])).json()
        await flow.http.post("/admin/clock", json={"advance": REPEAT_WINDOW + 1})
        assert (await refresh(flow, app, first["refresh_token"])).json()["error"] == "invalid_grant"
        for tokens in (first, second):
            assert "a refresh token was sent again that had already been replaced" in await refused_read(
                flow, tokens["access_token"]
            )
        response = await refresh(flow, app, second["refresh_token"])
        assert "a refresh token was sent again" in await why(flow, response)

    walk(tmp_path, engine, steps)


def test_tokens_over_the_limit_of_stored_tokens_are_revoked_too(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grants, "REMEMBERED", 1)

    async def steps(flow: Flow) -> None:
        app = await register(flow, await flow.clinician())
        _, first = await launch_app(flow, app)
        await flow.http.post("/admin/clock", json={"advance": 60})
        second = (await refresh(flow, app, first["refresh_token"])).json()
        form = {"token": second["refresh_token"], "client_id": app["client_id"]}
        assert (await flow.http.post(REVOKE, data=form)).status_code == 200
        assert "The access token was revoked." in await refused_read(flow, second["access_token"])
        assert "The access token isn't recognised." in await refused_read(flow, first["access_token"])

    walk(tmp_path, engine, steps)


def test_a_user_who_revokes_access_is_named_as_the_reason(tmp_path: Path, engine: Engine) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        app = await register(flow, "okafor")
        _, tokens = await launch_app(flow, app)
        page = await flow.http.get(MANAGE, headers=HTML)
        form = {"csrf": field(page, "csrf"), "app": app["client_id"]}
        assert (await flow.http.post(MANAGE, data=form)).status_code == 303
        assert "The user revoked the app's access on" in await refused_read(flow, tokens["access_token"])
        response = await refresh(flow, app, tokens["refresh_token"])
        assert "The user revoked the app's access on" in await why(flow, response)

    walk(tmp_path, engine, steps)


def test_an_unknown_token_and_an_expired_one_are_not_called_revoked(tmp_path: Path, engine: Engine) -> None:
    async def steps(flow: Flow) -> None:
        app = await register(flow, await flow.clinician())
        _, tokens = await launch_app(flow, app)
        unknown = await refused_read(flow, "never-issued")
        await flow.http.post("/admin/clock", json={"advance": tokens["expires_in"] + 5})
        expired = await refused_read(flow, tokens["access_token"])
        assert "The access token isn't recognised." in unknown
        match = re.search(r"The access token had expired (\d+) s before this request\.", expired)
        assert match, expired
        assert int(match[1]) >= 5
        assert "revoked" not in unknown + expired

    walk(tmp_path, engine, steps)


def test_another_app_cannot_revoke_a_token_and_reads_what_kind_of_token_it_is(tmp_path: Path, engine: Engine) -> None:
    async def steps(flow: Flow) -> None:
        user = await flow.clinician()
        app, other = await register(flow, user), await register(flow, user)
        _, tokens = await launch_app(flow, app)
        form = {"token": tokens["access_token"], "client_id": app["client_id"]}
        assert (await flow.http.post(REVOKE, data=form)).status_code == 200
        for token, kind in (("access_token", "access token"), ("refresh_token", "refresh token")):
            response = await flow.http.post(REVOKE, data={"token": tokens[token], "client_id": other["client_id"]})
            assert f"`client_id` isn't the app that the {kind} was issued to" in response.json()["error_description"]

    walk(tmp_path, engine, steps)

"""Stored and sent texts that are words of Sickbay itself break no response: they are hidden only where they are quoted."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flows.flow import Flow, run

WEAK = "st4teab12cd34ef56ab78"
REMOTE = {"X-Forwarded-For": "203.0.113.9"}


@pytest.mark.parametrize("word", ["info", "warning", "error", "inf", "state", "code"])
def test_a_stranger_gets_a_refusal_whatever_the_apps_are_called(word: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(name=word, client_id=f"{word}-client", auto_approve=None)
        launch = await flow.launch(app, app_context=word)
        for client in ("unregistered-client", word, app["client_id"]):
            sent = flow.asking(app, launch=launch["launch"], client_id=client, redirect_uri="https://a.example/", state=WEAK)
            answer = await flow.http.get("/general/oauth/authorize", params=sent, headers=REMOTE | {"Accept": "text/html"})
            assert answer.status_code == 400
            for accept in ("text/html", "application/json", "text/plain"):
                page = await flow.http.get(
                    f"/exchanges/{answer.headers['x-correlation-id']}", headers=REMOTE | {"Accept": accept}
                )
                assert page.status_code == 200
                assert "state-low-entropy" in page.text

    run(steps, tmp_path)


@pytest.mark.parametrize("parameter", ["nonce", "login_hint", "launch", "id_token_hint", "foo"])
@pytest.mark.parametrize("word", ["info", "warning", "error"])
def test_a_request_that_sends_a_severity_is_shown_like_any_other(word: str, parameter: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(auto_approve=None)
        sent = flow.asking(app, state=WEAK, aud="https://a.example/", **{parameter: word})
        for headers in (REMOTE, {}):
            answer = await flow.http.get("/general/oauth/authorize", params=sent, headers=headers)
            assert answer.status_code < 500
            page = await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}?as=json", headers=headers)
            weak = [finding for finding in page.json()["findings"] if finding["id"] == "state-low-entropy"]
            assert [finding["severity"] for finding in weak] == ["info"]

    run(steps, tmp_path)

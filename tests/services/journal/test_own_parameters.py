"""The administrator reads the own parameters of a granted authorization request, and what was granted; others read masks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.flows.flow import CHALLENGE, Flow, receive, run

from sickbay.services.redaction.masking import mask_secret

JSON = {"Accept": "application/json"}
STRANGER = {**JSON, "x-forwarded-for": "203.0.113.7"}
NONCE = "n-0S6_WzA2Mj"


async def authorize(flow: Flow, **more: Any) -> tuple[dict[str, Any], str]:
    """The app, and the ID of the exchange of its authorization request."""
    app = await flow.register(**more.pop("settings", {}))
    launch = await flow.launch(app)
    answer = await flow.authorize(app, launch=launch["launch"], **more)
    receive(answer)
    return app, answer.headers["x-correlation-id"]


async def read(flow: Flow, id: str, headers: dict[str, str] = JSON) -> dict[str, Any]:
    return dict((await flow.http.get(f"/exchanges/{id}", headers=headers)).json())


def test_the_administrator_sees_nonce_and_challenge_and_a_stranger_their_masks(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        _, id = await authorize(flow, nonce=NONCE)
        full, public = await read(flow, id), await read(flow, id, STRANGER)
        for value, name in ((NONCE, "nonce"), (CHALLENGE, "code_challenge")):
            assert f"{name}={value}" in full["request"]["url"]
            assert f"{name}={mask_secret(value)}" in public["request"]["url"]
        assert "launch=" in full["request"]["url"]
        assert "…(43)" in full["request"]["url"].partition("&launch=")[2].partition("&")[0]
        assert "scopes" not in public

    run(steps, tmp_path)


def test_what_was_granted_is_beside_what_was_asked(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        _, id = await authorize(flow, scope="launch patient/Patient.rs offline_access")
        rows = {row["asked"]: row["granted"] for row in (await read(flow, id))["scopes"]}
        assert rows == {"launch": "launch", "patient/Patient.rs": "patient/Patient.rs", "offline_access": ""}
        page = (await flow.http.get(f"/exchanges/{id}", headers={"Accept": "text/html"})).text
        assert "The token response has these scopes." in page
        assert page.count("not granted") == 1

    run(steps, tmp_path)


def test_a_secret_that_was_sent_as_nonce_stays_masked(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric", name="Server")
        _, id = await authorize(flow, nonce=app["client_secret"])
        assert app["client_secret"] not in str(await read(flow, id))
        token = (await flow.complete_launch(name="Other"))["access_token"]
        _, id = await authorize(flow, nonce=f"x{token}x", settings={"name": "Third"})
        assert token not in str(await read(flow, id))

    run(steps, tmp_path)


def test_without_its_code_the_request_stays_as_it_was_recorded(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, id = await authorize(flow, nonce=NONCE)
        await flow.http.delete(f"/admin/apps/{app['app_id']}")
        assert NONCE not in str(await read(flow, id))

    run(steps, tmp_path)

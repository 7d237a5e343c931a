"""Secrets in a registration, a scope or a state are redacted, and a failing redaction doesn't cause an outage."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.flows.flow import REDIRECT, STATE, Flow, receive
from tests.flows.shared_app import SharedApp, open_shared_app

from sickbay.services.journal import packing
from sickbay.services.journal import record as exchange_record

CHOSEN = "blue7kite"
NAME = "Quixotella"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("records"), engine(), patients=1) as server:
        yield server


async def _read_stored(flow: Flow, answer: Any) -> str:
    await flow.sandbox.journal.flush()
    record = await flow.sandbox.runtime.store.get("exchange", answer.headers["x-correlation-id"])
    assert record is not None
    return packing.text_of(record)


def _address(secret: str) -> str:
    return f"http://localhost:8100/callback/{secret}"


REGISTERED: dict[str, Callable[[str], dict[str, Any]]] = {
    "a redirect URI of a good registration": lambda secret: {"redirect_uris": [_address(secret)]},
    "a matrix parameter": lambda secret: {"redirect_uris": [f"{REDIRECT};token={secret}"]},
    "a URL of the server": lambda secret: {"redirect_uris": [f"http://localhost:7425/general/r4/Patient/{secret}"]},
    "a scope that is a URL": lambda secret: {"redirect_uris": [REDIRECT], "scope": _address(secret)},
    "a scope": lambda secret: {"redirect_uris": [REDIRECT], "scope": f"openid {secret}"},
    "a filter of a scope": lambda secret: {"redirect_uris": [REDIRECT], "scope": f"user/Patient.rs?name={secret}"},
    "a redirect URI that is refused": lambda secret: {"redirect_uris": [f"{REDIRECT}#/{secret}"]},
    "a logo": lambda secret: {"redirect_uris": [REDIRECT], "logo_uri": _address(secret), "scope": "patient/X.rs"},
}


@pytest.mark.parametrize("way", REGISTERED)
@pytest.mark.parametrize("what", ["a live access token", "a chosen secret"])
def test_a_secret_in_a_registration_request_is_redacted(desk: SharedApp, way: str, what: str) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register(client="symmetric", client_secret=CHOSEN)
        secret = CHOSEN if what == "a chosen secret" else (await flow.complete_launch())["access_token"]
        answer = await flow.http.post("/general/oauth/register", json=REGISTERED[way](secret))
        assert answer.status_code in (201, 400)
        assert secret not in await _read_stored(flow, answer)

    desk.do(steps)


def test_ordinary_values_of_a_registration_are_still_shown(desk: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        metadata = {"redirect_uris": [f"{REDIRECT}/second-page"], "scope": "openid patinet/Observation.read"}
        stored = await _read_stored(flow, await flow.http.post("/general/oauth/register", json=metadata))
        assert f"{REDIRECT}/second-page" in stored
        assert "patinet/Observation.read" in stored

    desk.do(steps)


@pytest.mark.parametrize("text", [CHOSEN, NAME, "1931-07-23"])
def test_the_negotiated_scopes_of_a_token_response_are_redacted(desk: SharedApp, text: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric", client_secret=CHOSEN, scope="launch openid user/*.rs")
        scope = f"launch openid user/Patient.rs?_tag={text} user/Observation.rs?category=vital-signs"
        launch = (await flow.launch(app))["launch"]
        code = await flow.code(app, scope=scope, launch=launch)
        answer = await flow.redeem(app, code, client_secret=CHOSEN)
        assert text in answer.json()["scope"]
        stored = await _read_stored(flow, answer)
        assert text not in stored
        assert "user/Observation.rs?category=vital-signs" in json.dumps(json.loads(stored)["scopes"])

    desk.do(steps)


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


PARTS: dict[str, Callable[[str], tuple[dict[str, str], tuple[str, ...]]]] = {
    "without its last character": lambda token: ({"state": token[:-1]}, (token[:-1],)),
    "without its first character": lambda token: ({"nonce": token[1:]}, (token[1:],)),
    "without its last 7 characters": lambda token: ({"state": token[:36]}, (token[:36],)),
    "in two parameters": lambda token: ({"state": token[:22], "nonce": token[22:]}, (token[:22], token[22:])),
    "in two states": lambda token: ({"state": token[:22], "State": token[22:]}, (token[:22], token[22:])),
}


@pytest.mark.parametrize("way", PARTS)
def test_a_large_part_of_a_token_is_not_stored(desk: SharedApp, way: str) -> None:
    async def steps(flow: Flow) -> None:
        tokens = await flow.complete_launch()
        app = await flow.register()
        sent, parts = PARTS[way](tokens["access_token"])
        stored = await _read_stored(flow, await flow.authorize(app, **sent, scope="openid nothing"))
        assert not all(part in stored for part in parts)
        stored = await _read_stored(flow, await flow.authorize(app, nonce="x" * 20, scope="openid nothing"))
        assert STATE in stored

    desk.do(steps)


@pytest.mark.parametrize("name", ["client_id", "state", "redirect_uri", "code_challenge", "client_name", "patient"])
def test_a_secret_in_another_encoding_is_not_stored(desk: SharedApp, name: str) -> None:
    written = {
        _base64(CHOSEN),
        _base64(json.dumps({"secret": CHOSEN})),
        _base64(f"my-app:{CHOSEN}"),
        base64.b32encode(CHOSEN.encode()).decode().rstrip("="),
        CHOSEN.encode().hex(),
        CHOSEN.encode().hex().upper(),
        base64.b64encode(CHOSEN.encode("utf-16-le")).decode(),
    }

    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric", client_secret=CHOSEN)
        for text in written:
            value = _address(text) if name == "redirect_uri" else text
            answer = await flow.authorize(app, **{name: value}, scope="openid nothing")
            assert text not in await _read_stored(flow, answer)

    desk.do(steps)


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/plain"])
def test_a_request_is_answered_even_if_its_redaction_fails(
    desk: SharedApp, accept: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError(CHOSEN)

    async def figure(flow: Flow) -> float:
        text = (await flow.http.get("/metrics")).text
        return float(
            next(line for line in text.splitlines() if line.startswith("sickbay_exchanges_unredacted_total")).split()[1]
        )

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        before = await figure(flow)
        with monkeypatch.context() as patched:
            patched.setattr(exchange_record, "Redaction", fail)
            answer = await flow.authorize(app, scope="openid nothing", state=STATE)
            refused = await flow.http.get("/general/r4/Patient?name=Quixotella", headers={"Authorization": "Bearer x"})
            page = await flow.authorize(app, redirect_uri="http://localhost:1/else")
            assert (answer.status_code, refused.status_code, page.status_code) == (302, 401, 400)
            assert receive(answer)["error"] == "invalid_scope"
            code = await flow.code(app, launch=(await flow.launch(app))["launch"])
            await flow.sandbox.journal.flush()
        assert await figure(flow) - before >= 4
        assert code
        for response in (answer, refused, page):
            exchange_page = await flow.http.get(
                f"/exchanges/{response.headers['x-correlation-id']}", headers={"Accept": accept}
            )
            assert exchange_page.status_code == 200
            assert STATE not in exchange_page.text
        assert (await flow.http.get("/admin/exchanges")).status_code == 200
        assert (await flow.http.get("/exchanges", headers={"Accept": accept})).status_code == 200
        assert CHOSEN not in caplog.text

    desk.do(steps)

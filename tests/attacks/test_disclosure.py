"""A client that uses a stolen value learns nothing registered or stored, from the response or the exchange's page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from tests.attacks.stealing import CLAIMED, ELSEWHERE, Stolen, Try, exchange_of, remote, steal
from tests.flows.flow import VERIFIER, Flow
from tests.flows.shared_app import SharedApp, open_shared_app

SECRET_URI = "https://victim.example/only-registered"
SECRET_SCOPE = "patient/Immunization.rs"
PATIENT = "p-0001"
FORMS = ("text/html", "application/json", "text/plain")


def _code(**more: str) -> Try:
    async def send(flow: Flow, stolen: Stolen) -> httpx2.Response:
        form = {"grant_type": "authorization_code", "code": stolen.code, "code_verifier": VERIFIER} | more
        return await flow.http.post("/general/oauth/token", data=form)

    return send


def _refresh(**more: str) -> Try:
    async def send(flow: Flow, stolen: Stolen) -> httpx2.Response:
        form = {"grant_type": "refresh_token", "refresh_token": stolen.refresh} | more
        return await flow.http.post("/general/oauth/token", data=form)

    return send


def _open(**more: str | None) -> Try:
    async def send(flow: Flow, stolen: Stolen) -> httpx2.Response:
        return await flow.authorize(stolen.app, **more)

    return send


GRANTED = ("a token to introspect, by another app", "a token to revoke, by another app")
"""Any authenticated confidential client may introspect a token that it has, and a revocation returns nothing."""
WAYS: dict[str, Try] = (
    ELSEWHERE
    | CLAIMED
    | {
        "a code without a client id and a redirect URI": _code(),
        "a code with another redirect URI": _code(redirect_uri="https://thief.example/cb"),
        "a code with its client id and no redirect URI": _code(client_id="victim"),
        "a code sent as JSON": _code(client_id="victim", grant_type="refresh_token"),
        "a refresh token without a client id": _refresh(),
        "a refresh token with a wider scope": _refresh(scope="system/*.rs"),
        "an authorization request with only the client id": _open(redirect_uri=None, scope=None),
        "an authorization request with another redirect URI": _open(redirect_uri="https://thief.example/cb"),
        "an authorization request with an additional scope": _open(
            redirect_uri="https://thief.example/cb", scope="launch patient/Claim.rs"
        ),
        "an authorization request with nearly the client id": _open(client_id="victim", redirect_uri=None),
    }
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("disclosure"), engine(), patients=1) as server:
        yield server


@pytest.fixture(scope="module", params=["symmetric", "public"])
def stolen(desk: SharedApp, request: pytest.FixtureRequest) -> Stolen:
    return desk.do(lambda flow: steal(flow, request.param))


async def _gather_private_values(flow: Flow, app: dict[str, Any]) -> dict[str, str]:
    """The values that only the administrator may read, by name."""
    user = await flow.clinician()
    return {
        "name": app["name"],
        "app id": app["app_id"],
        "redirect URI": SECRET_URI,
        "scope": SECRET_SCOPE,
        "user": user,
        "launch URI": app["launch_uri"],
        "patient": PATIENT,
    }


@pytest.mark.parametrize("way", [way for way in WAYS if way not in GRANTED])
def test_a_remote_client_reads_nothing_that_is_stored(desk: SharedApp, stolen: Stolen, way: str) -> None:
    async def steps(flow: Flow) -> None:
        far = remote(desk)
        answer = await WAYS[way](far, stolen)
        assert answer.status_code >= 400 or "error=" in answer.headers["location"]
        visible_text = answer.text + str(answer.headers)
        id = answer.headers["x-correlation-id"]
        for form in FORMS:
            visible_text += (await far.http.get(f"/exchanges/{id}", headers={"Accept": form})).text
        disclosed = {what for what, text in (await _gather_private_values(flow, stolen.app)).items() if text in visible_text}
        assert not disclosed

    desk.do(steps)


def test_the_administrator_reads_the_stored_values(desk: SharedApp, stolen: Stolen) -> None:
    """The control: the administrator reads the same exchange on this machine."""

    async def steps(flow: Flow) -> None:
        answer = await WAYS["an authorization request with another redirect URI"](remote(desk), stolen)
        full = await exchange_of(flow, answer)
        assert SECRET_URI in str(full["findings"])
        page = await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers={"Accept": "text/html"})
        assert stolen.app["name"] in page.text
        assert stolen.app["app_id"] in page.text

    desk.do(steps)


def test_a_remote_client_still_learns_what_is_wrong(desk: SharedApp, stolen: Stolen) -> None:
    async def steps(flow: Flow) -> None:
        far = remote(desk)
        answer = await WAYS["an authorization request with another redirect URI"](far, stolen)
        exchange = await exchange_of(far, answer)
        finding = next(entry for entry in exchange["findings"] if entry["id"] == "redirect-uri-mismatch")
        assert finding["facts"]["received"] == "https://thief.example/cb"
        assert finding["title"]
        assert finding["fix"]

    desk.do(steps)

"""Problems that browsers cause: another origin, the verifier of another launch, one app at two origins."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import VERIFIER, Flow, run

HOME, OTHER = "http://localhost:8100", "https://other.example.org"
FINDING = "cors-origin-not-registered"
SECOND = "second-verifier-of-another-launch-0123456789abcd"


async def read(flow: Flow, redeemed_response: dict[str, Any], origin: str) -> Any:
    headers = {"Authorization": f"Bearer {redeemed_response['access_token']}", "Origin": origin}
    return await flow.http.get(f"/general/r4/Patient/{redeemed_response['patient']}", headers=headers)


async def redeem(flow: Flow, app: dict[str, Any], origin: str) -> Any:
    code = await flow.code(app, launch=(await flow.launch(app))["launch"])
    flow.http.headers["Origin"] = origin
    try:
        return await flow.redeem(app, code)
    finally:
        del flow.http.headers["Origin"]


@pytest.mark.parametrize(("origin", "expected"), [(HOME, {}), (OTHER, {FINDING: "warning"})])
def test_a_page_of_another_origin_is_served_with_advice(tmp_path: Path, origin: str, expected: dict[str, str]) -> None:
    async def steps(flow: Flow) -> None:
        answer = await redeem(flow, await flow.register(), origin)
        record = await read(flow, answer.json(), origin)
        for response in (answer, record):
            assert response.status_code == 200
            assert response.headers["access-control-allow-origin"] == "*"
            findings = await flow.findings(response)
            assert {id: how for id, how in findings.items() if id == FINDING} == expected

    run(steps, tmp_path)


def test_a_strict_hospital_refuses_another_origin_and_the_page_cannot_read_why(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        refused = await redeem(flow, app, OTHER)
        tokens = (await redeem(flow, app, HOME)).json()
        record = await read(flow, tokens, OTHER)
        for answer in (refused, record):
            assert answer.status_code == 403
            assert "access-control-allow-origin" not in answer.headers
            assert (await flow.findings(answer))[FINDING] == "error"
        assert refused.json()["error"] == "invalid_request"
        assert record.json()["issue"][0]["code"] == "forbidden"
        assert (await read(flow, tokens, HOME)).headers["access-control-allow-origin"] == "*"

    run(steps, tmp_path, policies={"": {"strict_cors": True}})


def test_a_code_that_was_refused_to_another_origin_still_works(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        code = await flow.code(app, launch=(await flow.launch(app))["launch"])
        flow.http.headers["Origin"] = OTHER
        assert (await flow.redeem(app, code)).status_code == 403
        del flow.http.headers["Origin"]
        assert (await flow.redeem(app, code)).status_code == 200

    run(steps, tmp_path, policies={"": {"strict_cors": True}})


def challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def test_the_verifier_of_another_open_launch_is_recognised(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        first = await flow.code(app, launch=(await flow.launch(app))["launch"])
        second = (await flow.launch(app, "p-0002"))["launch"]
        await flow.code(app, launch=second, code_challenge=challenge(SECOND))
        mixed = await flow.redeem(app, first, code_verifier=SECOND)
        assert mixed.json()["error"] == "invalid_grant"
        assert (await flow.findings(mixed))["session-bleed"] == "error"
        stranger = await flow.redeem(app, first, code_verifier=SECOND[::-1])
        assert "pkce-verifier-mismatch" in await flow.findings(stranger)
        assert (await flow.redeem(app, first, code_verifier=VERIFIER)).status_code == 200

    run(steps, tmp_path)


def test_another_apps_verifier_is_not_mentioned(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, other = await flow.register(), await flow.register(name="Other")
        code = await flow.code(app, launch=(await flow.launch(app))["launch"])
        await flow.code(other, launch=(await flow.launch(other))["launch"], code_challenge=challenge(SECOND))
        assert "session-bleed" not in await flow.findings(await flow.redeem(app, code, code_verifier=SECOND))

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("launch_uri", "expected"),
    [
        ("http://localhost:8100/launch", False),
        ("http://localhost:8101/launch", True),
        (f"{OTHER}/launch", False),
    ],
)
def test_an_app_with_different_launch_and_redirect_origins_gets_a_warning(
    tmp_path: Path, launch_uri: str, expected: bool
) -> None:
    """An app with a web launch URI and a loopback redirect URI is a native app, which has no browser storage."""

    async def steps(flow: Flow) -> None:
        app = await flow.register(launch_uri=launch_uri)
        answer = await flow.authorize(app, launch=(await flow.launch(app))["launch"])
        assert ("session-storage-lost" in await flow.findings(answer)) is expected

    run(steps, tmp_path)


NULL = "null"
PREFLIGHT = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
READS, NOT_READ = (
    ("/general/r4/Patient/p-0001", "/general/r4/metadata", "/general/r4/Patient?name=a"),
    ("/exchanges", "/admin/apps"),
)
CREDENTIALS = "access-control-allow-credentials"


async def answers(flow: Flow, method: str, path: str, origin: str | None, **more: str) -> Any:
    return await flow.http.request(method, path, headers={**({"Origin": origin} if origin else {}), **more})


def cors_headers(answer: Any) -> tuple[str | None, str | None, bool]:
    """The CORS headers that the browser checks, and whether caches separate origins."""
    varies = "origin" in answer.headers.get("vary", "").lower()
    return answer.headers.get("access-control-allow-origin"), answer.headers.get(CREDENTIALS), varies


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (HOME, True),
        (OTHER, False),
        (NULL, False),
        ("http://localhost:8100.evil.example", False),
        ("http://LOCALHOST:8100", False),
        ("https://localhost:8100", False),
        (None, False),
    ],
)
def test_the_policy_lets_only_a_registered_origin_send_credentials(tmp_path: Path, origin: str | None, allowed: bool) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register()
        expected = (origin, "true", True) if allowed else ("*", None, True)
        for path in (*READS, "/general/oauth/token", "/general/r4/Nothing/x"):
            for method, more in (("GET", {}), ("OPTIONS", PREFLIGHT), ("POST", {})):
                assert cors_headers(await answers(flow, method, path, origin, **more)) == expected, (method, path)
        for path in (*NOT_READ, "/general/oauth/authorize", "/general/oauth/introspect"):
            for method, more in (("GET", {}), ("OPTIONS", PREFLIGHT)):
                assert CREDENTIALS not in (await answers(flow, method, path, origin, **more)).headers, (method, path)

    run(steps, tmp_path, policies={"general": {"credentialed_cors": True}})


def test_an_origin_is_allowed_once_its_app_is_registered_and_only_at_its_hospital(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        token = "/general/oauth/token"
        assert cors_headers(await answers(flow, "OPTIONS", token, OTHER, **PREFLIGHT)) == ("*", None, True)
        app = await flow.register(redirect_uris=[f"{OTHER}/callback"])
        assert cors_headers(await answers(flow, "OPTIONS", token, OTHER, **PREFLIGHT)) == (OTHER, "true", True)
        elsewhere = await answers(flow, "OPTIONS", "/cerner/r4/Patient", OTHER, **PREFLIGHT)
        assert CREDENTIALS not in elsewhere.headers
        await flow.http.delete(f"/admin/apps/{app['app_id']}")
        assert cors_headers(await answers(flow, "OPTIONS", token, OTHER, **PREFLIGHT)) == ("*", None, True)

    run(steps, tmp_path, policies={"": {"credentialed_cors": True}})


def test_without_the_policy_no_origin_may_send_credentials(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register()
        for path in (*READS, "/general/oauth/token"):
            assert cors_headers(await answers(flow, "OPTIONS", path, HOME, **PREFLIGHT))[:2] == ("*", None)

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("requested", "added"),
    [
        ("authorization, x-medplum", "x-medplum"),
        ("X-Medplum,x-own , x-own", "X-Medplum, x-own"),
        ("authorization,content-type", ""),
        ("x a", ""),
        ("x-a,", ""),
        ("x:a", ""),
        (f"x-{'a' * 1000}", ""),
    ],
)
@pytest.mark.parametrize("policy", [False, True])
def test_a_preflight_allows_the_requested_headers(tmp_path: Path, policy: bool, requested: str, added: str) -> None:
    """With credentials "*" is only a name (Fetch, CORS protocol and credentials). An invalid list adds nothing."""

    async def steps(flow: Flow) -> None:
        await flow.register()
        plain = {**PREFLIGHT, "Access-Control-Request-Headers": "accept"}
        for path in ("/general/r4/Patient/p-0001", "/general/oauth/token"):
            usual = (await answers(flow, "OPTIONS", path, HOME, **plain)).headers["access-control-allow-headers"]
            more = {**PREFLIGHT, "Access-Control-Request-Headers": requested}
            allowed = (await answers(flow, "OPTIONS", path, HOME, **more)).headers["access-control-allow-headers"]
            assert allowed == (f"{usual}, {added}" if added else usual)

    run(steps, tmp_path, policies={"general": {"credentialed_cors": policy}})


@pytest.mark.parametrize(("policy", "origin", "advised"), [(False, HOME, True), (True, HOME, False), (True, OTHER, True)])
def test_the_exchange_of_a_preflight_says_that_credentials_will_be_blocked(
    tmp_path: Path, policy: bool, origin: str, advised: bool
) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register()
        for path in ("/general/r4/Patient/p-0001", "/general/oauth/token"):
            findings = await flow.findings(await answers(flow, "OPTIONS", path, origin, **PREFLIGHT))
            assert findings.get("cors-credentials-not-allowed") == ("info" if advised else None)

    run(steps, tmp_path, policies={"general": {"credentialed_cors": policy}})

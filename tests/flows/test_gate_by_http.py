"""No response goes to the redirect URI unless the check that verifies it has passed."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from tests.flows.flow import REDIRECT, Flow, run

from sickbay.authorization.authorize.stage import GATE

OWN_HOST = "localhost:7425"
UNPROVEN: list[dict[str, str | None]] = [
    {"redirect_uri": uri}
    for uri in (
        None,
        "",
        "https://evil.example/",
        f"{REDIRECT}/",
        f"{REDIRECT}#x",
        f"{REDIRECT}?code=1",
        f" {REDIRECT}",
        f"{REDIRECT}\n",
        "http%3A%2F%2Flocalhost%3A8100%2Fcallback",
        "javascript:alert(1)",
        "//evil.example/callback",
    )
]
UNPROVEN += [{"client_id": None}, {"client_id": "unknown"}, {"client_id": "unknown", "state": None}]
PROVEN: list[dict[str, str | None]] = [
    {"state": None},
    {"aud": None},
    {"aud": "https://evil.example/"},
    {"response_type": "token"},
    {"response_mode": "form_post"},
    {"scope": "system/*.rs"},
    {"launch": "unknown"},
    {"code_challenge": "short"},
    {"request": "e30"},
    {"request_uri": "https://evil.example/"},
    {"registration": "{}"},
    {"prompt": "none login"},
]


async def gate(flow: Flow, id: str) -> str:
    exchange = (await flow.http.get(f"/exchanges/{id}", headers={"Accept": "application/json"})).json()
    return next(str(check["outcome"]) for check in exchange["checks"] if check["name"] == GATE.name)


def test_an_error_is_redirected_exactly_if_the_redirect_uri_is_verified(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(auto_approve=None)
        for changed in (*UNPROVEN, *PROVEN, *({**check, **other} for check in UNPROVEN[:4] for other in PROVEN[:2])):
            answer = await flow.authorize(app, **changed)
            location = answer.headers.get("location", "")
            passed = await gate(flow, answer.headers["x-correlation-id"]) == "passed"
            assert passed == (changed in PROVEN), changed
            if passed:
                assert location.startswith(f"{REDIRECT}?error="), changed
            else:
                assert answer.status_code == 400, changed
                assert urlsplit(location).netloc in ("", OWN_HOST), changed

    run(steps, tmp_path)

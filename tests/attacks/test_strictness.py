"""Wrong requests to the authorization server are answered as the specifications require.

Every response of an endpoint that handles credentials is `no-store`, every 401 has a challenge,
and nothing is sent to a redirect URI that isn't registered.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from tests.attacks.strict_requests import AUTHORIZE, BASIC, DENIED, FORM, OAUTH, OTHERS, PAGE, SCOPE, TOKEN, Changes
from tests.flows.flow import BASE, REDIRECT, STATE, VERIFIER, Flow
from tests.flows.shared_app import SharedApp, open_shared_app
from tests.laws import for_each


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("strictness")) as opened:
        yield opened


@pytest.fixture(scope="module")
def apps(shared_app: SharedApp) -> dict[str, dict[str, Any]]:
    async def register(flow: Flow) -> dict[str, dict[str, Any]]:
        approval = {"user": await flow.clinician(), "patient": "p-0001"}
        common = {"scope": f"launch {SCOPE}", "auto_approve": approval}
        service: dict[str, Any] = {
            "type": "system",
            "client": "symmetric",
            "scope": "system/*.rs",
            "redirect_uris": [],
            "launch_uri": None,
        }
        return {
            "public": await flow.register(**common),
            "secret": await flow.register(**common, client="symmetric"),
            "service": await flow.register(**service, auto_approve=None),
        }

    return shared_app.do(register)


def check_headers(answer: httpx2.Response) -> None:
    assert "no-store" in answer.headers["cache-control"]
    assert answer.status_code != 401 or answer.headers["www-authenticate"]
    assert "set-cookie" not in answer.headers or answer.headers["content-type"].startswith("text/html")


def join(form: dict[str, str], more: str) -> str:
    return "&".join(filter(None, (urlencode(form), more)))


@for_each("changes, more, expected", AUTHORIZE)
def test_a_wrong_authorization_request_is_refused(
    shared_app: SharedApp, apps: dict[str, dict[str, Any]], changes: Changes, more: str, expected: str
) -> None:
    async def ask(flow: Flow) -> httpx2.Response:
        query = join(flow.asking(apps["public"], **{"scope": SCOPE, **changes}), more)
        return await flow.http.get(f"{OAUTH}/authorize?{query}")

    answer = shared_app.do(ask)
    check_headers(answer)
    if expected == PAGE:
        assert (answer.status_code, "location" in answer.headers) == (400, False)
        return
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (302, REDIRECT)
    sent = parse_qs(urlsplit(answer.headers["location"]).query)
    assert sent["error"] == [expected]
    assert sent["iss"] == [f"{BASE}/general"]
    assert sent.get("state", [STATE]) == [STATE]
    assert not {"code", "access_token", "id_token"} & sent.keys()


def test_the_right_authorization_request_is_granted(shared_app: SharedApp, apps: dict[str, dict[str, Any]]) -> None:
    assert shared_app.do(lambda flow: flow.code(apps["public"], scope=SCOPE))


@for_each("name, changes, more, expected", TOKEN)
def test_a_wrong_token_request_is_refused(
    shared_app: SharedApp,
    apps: dict[str, dict[str, Any]],
    name: str,
    changes: Changes,
    more: str,
    expected: tuple[int, str],
) -> None:
    answer = shared_app.do(lambda flow: redeem(flow, apps[name], changes, more))
    check_headers(answer)
    assert (answer.status_code, answer.json()["error"]) == expected


async def redeem(flow: Flow, app: dict[str, Any], changes: Changes, more: str, **headers: str) -> httpx2.Response:
    form: dict[str, str | None] = {"client_id": app["client_id"]}
    if app["type"] == "system":
        form |= {"grant_type": "client_credentials", "client_secret": app["client_secret"]}
    else:
        code = await flow.code(app, scope=SCOPE)
        form |= {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    form |= {key: app["client_secret"] if value == "right" else value for key, value in changes.items()}
    body = join({key: value for key, value in form.items() if value is not None}, more)
    return await flow.http.post(f"{OAUTH}/token", content=body, headers={"content-type": FORM, **headers})


def test_the_right_token_requests_are_granted(shared_app: SharedApp, apps: dict[str, dict[str, Any]]) -> None:
    right: dict[str, Changes] = {"public": {}, "secret": {"client_secret": "right"}, "service": {"scope": "system/*.rs"}}
    for name, changes in right.items():
        answer = shared_app.do(functools.partial(redeem, app=apps[name], changes=changes, more=""))
        assert answer.status_code == 200, answer.text
        check_headers(answer)


@for_each("name", BASIC)
def test_wrong_credentials_in_a_header_are_answered_with_a_challenge(
    shared_app: SharedApp, apps: dict[str, dict[str, Any]], name: str
) -> None:
    text = BASIC[name].format(id=apps["secret"]["client_id"])
    header = f"Basic {base64.b64encode(text.encode()).decode()}"
    answer = shared_app.do(lambda flow: redeem(flow, apps["secret"], {"client_id": None}, "", authorization=header))
    check_headers(answer)
    assert (answer.status_code, answer.json()["error"]) == DENIED
    assert answer.headers["www-authenticate"].startswith("Basic ")


@for_each("method, path, request, expected", OTHERS)
def test_a_wrong_request_to_another_endpoint_is_refused(
    shared_app: SharedApp, method: str, path: str, request: dict[str, Any], expected: tuple[int, str]
) -> None:
    answer = shared_app.do(lambda flow: flow.http.request(method, OAUTH + path, **request))
    check_headers(answer)
    assert (answer.status_code, answer.json()["error"]) == expected


def test_the_table_is_as_long_as_it_claims() -> None:
    assert len(AUTHORIZE) + len(TOKEN) + len(BASIC) + len(OTHERS) >= 120

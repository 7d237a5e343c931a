"""open_sign_in: one-click sign-in and auto_approve from this machine or for everyone; and the cookies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.test_admin_sign_in import HTML, field

from sickbay.settings.settings import Settings
from sickbay.web.admin_guard import AdminGuard

VISITORS: list[dict[str, Any]] = [
    {"peer": "10.0.0.7"},
    {"headers": {"X-Forwarded-For": "127.0.0.1"}},
    {"headers": {"Via": "1.1 proxy"}},
]


async def one_click(flow: Flow, peer: str = "127.0.0.1", headers: dict[str, str] | None = None) -> tuple[bool, int, str]:
    """Whether accounts are offered, the result of a click on one, and the redirect of an app with auto_approve."""
    app = await flow.register(client_id="automatic")
    inner = flow.http._transport
    assert isinstance(inner, httpx2.ASGITransport)
    transport = httpx2.ASGITransport(app=inner.app, client=(peer, 40000))
    async with httpx2.AsyncClient(transport=transport, base_url=BASE, trust_env=False, headers=headers) as http:
        other = Flow(flow.sandbox, http)
        page = await http.get("/general/ehr/sign-in", headers=HTML)
        form = {"csrf": field(page), "account": "okafor"}
        clicked = await http.post("/general/ehr/sign-in", data=form, headers=HTML)
        third = Flow(flow.sandbox, httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers))
        authorized = await third.authorize(app, scope="openid fhirUser user/Patient.rs")
        del other
        if "/oauth/continue" in authorized.headers["location"]:
            assert (await third.http.get(authorized.headers["location"], headers=HTML)).status_code == 200
        return 'name="account"' in page.text, clicked.status_code, authorized.headers["location"].partition("?")[0]


@pytest.mark.parametrize("audience", [{}, *VISITORS])
def test_one_click_sign_in_works_only_from_this_machine_unless_opened_to_everyone(
    tmp_path: Path, audience: dict[str, Any]
) -> None:
    def ask(folder: str, **settings: Any) -> tuple[bool, int, str]:
        return run(lambda flow: one_click(flow, **audience), tmp_path / folder, patients=1, **settings)

    everyone = (True, 303, "http://localhost:8100/callback")
    refused = (False, 401, "/general/oauth/continue")
    assert ask("a") == (refused if audience else everyone)
    assert ask("b", open_sign_in="everyone") == everyone


def test_a_required_admin_token_is_required_for_one_click_too() -> None:
    scope, headers = {"client": ("127.0.0.1", 1), "server": ("localhost", 7425)}, {"host": "localhost:7425"}
    assert AdminGuard(Settings()).opens_sign_in(scope, headers)
    assert not AdminGuard(Settings(require_admin_token=True)).opens_sign_in(scope, headers)
    assert not AdminGuard(Settings(base_url="http://ehr.example.org")).opens_sign_in(scope, headers)
    assert AdminGuard(Settings(base_url="http://ehr.example.org", open_sign_in="everyone")).opens_sign_in(scope, headers)


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15"
CHROME_ON_IOS = "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("base", "host", "scheme", "more", "secure"),
    [
        (None, "localhost:7425", "http", {"user-agent": CHROME}, True),
        (None, "localhost:7425", "http", {"user-agent": SAFARI}, False),
        (None, "127.0.0.1:7425", "http", {"user-agent": CHROME_ON_IOS}, False),
        (None, "localhost:7425", "http", {"user-agent": "python-requests/2.32.5"}, False),
        (None, "localhost:7425", "https", {"user-agent": SAFARI}, True),
        ("https://ehr.example.org", "ehr.example.org", "http", {"user-agent": SAFARI}, True),
        (None, "localhost:7425", "http", {}, True),
        (None, "127.0.0.1:7425", "http", {}, True),
        (None, "[::1]:7425", "http", {}, True),
        (None, "localhost:7425", "http", {"x-forwarded-for": "10.0.0.7"}, False),
        ("http://ehr.example.org", "ehr.example.org", "http", {}, False),
        ("http://ehr.example.org", "localhost:7425", "http", {}, True),
        ("http://ehr.example.org", "ehr.example.org", "https", {"x-forwarded-proto": "https"}, True),
        ("https://ehr.example.org", "ehr.example.org", "http", {}, True),
        ("https://ehr.example.org", "127.0.0.1:7425", "http", {"via": "1.1 x"}, True),
    ],
)
def test_a_cookie_is_secure_if_the_browser_accepts_that(
    base: str | None, host: str, scheme: str, more: dict[str, str], secure: bool
) -> None:
    headers = {"host": host, "user-agent": FIREFOX, **more}
    assert AdminGuard(Settings(base_url=base)).is_secure({"scheme": scheme}, headers) is secure


@pytest.mark.parametrize("base", ["http://ehr.example.org:7425", "https://ehr.example.org"])
def test_every_cookie_matches_the_scheme_of_the_base_url(tmp_path: Path, base: str) -> None:
    async def steps(flow: Flow) -> None:
        here = {"Host": base.partition("//")[2], "Origin": base} | HTML
        page = await flow.http.get("/general/ehr/sign-in", headers=here)
        cookies = [page.headers["set-cookie"]]
        theme = {"csrf": field(page), "theme": "dark", "back": "/rules"}
        cookies.append((await flow.http.post("/theme", data=theme, headers=here)).headers["set-cookie"])
        form = {"csrf": field(page), "username": "okafor", "password": "sickbay"}
        cookies.append((await flow.http.post("/general/ehr/sign-in", data=form, headers=here)).headers["set-cookie"])
        secure = base.startswith("https")
        for cookie in cookies:
            assert ("; secure" in cookie.lower()) is secure
            assert f"samesite={'none' if secure else 'lax'}" in cookie.lower()
            assert "httponly" in cookie.lower()

    run(steps, tmp_path, patients=1, base_url=base)

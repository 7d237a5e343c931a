"""A web page of another origin never administers, whichever of the headers that say so its browser sends."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.flows.flow import BASE, Flow, run

FOREIGN = (
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": f"{BASE}.evil.example"},
    {"Origin": f"{BASE}@evil.example"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Sec-Fetch-Site": "none", "Origin": "http://evil.example"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    {"Referer": "http://evil.example/"},
    {"Referer": f"http://evil.example/{BASE}/"},
    {"Referer": f"{BASE}.evil.example/"},
    {"Referer": "http://localhost:9/"},
)
OWN_PAGES: tuple[dict[str, str], ...] = (
    {},
    {"Origin": BASE},
    {"Referer": f"{BASE}/developer"},
    {"Sec-Fetch-Site": "same-origin"},
)
REQUESTS = (("POST", "/admin/clock"), ("GET", "/admin/users"), ("GET", "/admin/exchanges"))


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_a_page_of_another_origin_is_refused_and_our_own_page_is_not(method: str, path: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        content = b'{"offset": 0}' if method == "POST" else b""
        for headers, allowed in (*((headers, False) for headers in FOREIGN), *((headers, True) for headers in OWN_PAGES)):
            flow.http.headers = {"Accept": "*/*"}
            answer = await flow.http.request(method, path, content=content, headers=headers)
            assert (answer.status_code == 200) is allowed, (headers, answer.text)
            assert allowed or answer.status_code == 403

    run(steps, tmp_path, patients=0)


LEAD_ELSEWHERE = (
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "{start}/../..//evil.example",
    "{start}/../general/ehr/launch?app=sample-app-general",
    "{start}/%2e%2e/general/ehr/launch?app=sample-app-general",
    "{start}/.%2E/general/ehr/launch",
    "{start}/%2E./%2e%2e/admin/users",
    "{start}/..",
    "{start}/./x",
    "{start}/%2e",
    "{start}/..?x",
    "{start}/..#x",
)


@pytest.mark.parametrize("template", LEAD_ELSEWHERE)
def test_after_signing_in_no_address_leads_out_of_the_pages_that_may_be_asked_for(template: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for path, start, fields in SIGN_INS:
            left = await sign_in(flow, path, template.format(start=start), fields)
            assert left == start, path
            for page in (f"{start}?x=1", f"{start}?x=../.."):
                assert await sign_in(flow, path, page, fields) == page

    run(steps, tmp_path, patients=0, admin_token=TOKEN)


TOKEN = "a-token-of-the-administrator"
SIGN_INS = (
    ("/developer/sign-in", "/developer", {"token": TOKEN}),
    ("/general/ehr/sign-in", "/general/ehr", {"username": "okafor", "password": "sickbay"}),
)


async def sign_in(flow: Flow, path: str, next: str, fields: dict[str, str]) -> str:
    """Returns where a browser is sent after it signs in with this `next`. A proxy forwards the requests, so they don't count as
    coming from the keyboard.
    """
    flow.cookies.clear()
    flow.http.headers.pop("cookie", None)
    proxied = {"X-Forwarded-For": "192.0.2.1"}
    page = await flow.http.get(path, params={"next": next}, headers={"Accept": "text/html", **proxied})
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf is not None
    headers = {"Cookie": page.headers["set-cookie"].partition(";")[0], "Origin": BASE, **proxied}
    answer = await flow.http.post(path, params={"next": next}, data=fields | {"csrf": csrf[1]}, headers=headers)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_foreign_page_opens_no_app_as_the_user_who_is_signed_in(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        page = await flow.http.get("/general/ehr/sign-in", headers={"Accept": "text/html"})
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert csrf is not None
        sent = {"csrf": csrf[1], "username": "okafor", "password": "sickbay"}
        cookie = {"Cookie": page.headers["set-cookie"].partition(";")[0]}
        signed = await flow.http.post("/general/ehr/sign-in", data=sent, headers=cookie | {"Origin": BASE})
        cookie = {"Cookie": signed.headers["set-cookie"].partition(";")[0]}
        for headers, status in (*((headers, 403) for headers in FOREIGN), *((headers, 303) for headers in OWN_PAGES)):
            flow.cookies.clear()
            answer = await flow.http.get(f"/general/ehr/open?app={app['app_id']}&patient=p-0001", headers=cookie | headers)
            assert answer.status_code == status, headers
            assert answer.headers.get("location", "").startswith("http://localhost:8100/launch") is (status == 303)

    run(steps, tmp_path)

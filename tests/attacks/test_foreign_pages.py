"""A web page of another origin never administers, whichever of the headers that say so its browser sends."""

from __future__ import annotations

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
OWN: tuple[dict[str, str], ...] = ({}, {"Origin": BASE}, {"Referer": f"{BASE}/developer"}, {"Sec-Fetch-Site": "same-origin"})
REQUESTS = (("POST", "/admin/clock"), ("GET", "/admin/users"), ("GET", "/admin/exchanges"))


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_a_page_of_another_origin_is_refused_and_our_own_page_is_not(method: str, path: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        content = b'{"offset": 0}' if method == "POST" else b""
        for headers, allowed in (*((headers, False) for headers in FOREIGN), *((headers, True) for headers in OWN)):
            flow.http.headers = {"Accept": "*/*"}  # type: ignore[assignment]
            answer = await flow.http.request(method, path, content=content, headers=headers)
            assert (answer.status_code == 200) is allowed, (headers, answer.text)
            assert allowed or answer.status_code == 403

    run(steps, tmp_path, patients=0)

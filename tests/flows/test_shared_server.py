"""The pages of a Sickbay that many people share make no promise that holds only on one's own machine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import Flow, run

HTML = {"Accept": "text/html"}
SHARED: dict[str, Any] = {"host": "0.0.0.0", "base_url": "http://ehr.example.org:7425"}
ONLY_AT_HOME = re.compile(r"this machine|your (own )?machine|one click|five clicks|localhost:7426|no activity", re.I)


def visitor(flow: Flow) -> httpx2.AsyncClient:
    """A student's browser."""
    transport = httpx2.ASGITransport(app=flow.http._transport.app, client=("203.0.113.7", 4000))  # type: ignore[attr-defined]
    return httpx2.AsyncClient(transport=transport, base_url=SHARED["base_url"], headers=HTML, trust_env=False)


@pytest.mark.parametrize("path", ["/", "/doctor", "/general/ehr/sign-in", "/no-such-page"])
def test_a_page_of_a_shared_server_does_not_speak_of_the_readers_machine(path: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        async with visitor(flow) as http:
            text = re.sub(r"<[^>]*>", " ", (await http.get(path)).text)
        assert ONLY_AT_HOME.findall(text) == []

    run(steps, tmp_path, **SHARED)


def test_a_visitor_is_told_who_sees_the_requests_instead_of_that_there_are_none(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        async with visitor(flow) as http:
            assert "Only the administrator sees the requests of apps" in (await http.get("/")).text

    async def own(flow: Flow) -> None:
        assert "Only the administrator" not in (await flow.http.get("/", headers=HTML)).text

    run(steps, tmp_path / "shared", **SHARED)
    run(own, tmp_path / "own")


def test_the_first_launch_is_offered_where_the_sample_app_can_be_reached(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        assert "Your first launch in five clicks" in (await flow.http.get("/", headers=HTML)).text
        async with visitor(flow) as http:
            far = (await http.get("http://localhost:7425/")).text
        assert "Sign in as okafor, with the password sickbay." in far

    run(steps, tmp_path)

"""Sends the requests of the attacks, and reads their responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2
from tests.flows.flow import Flow
from tests.flows.shared_app import SharedApp

NOT_COMPARED = frozenset(("x-correlation-id", "content-length"))


class Target:
    """The attacked server. Every path is relative to /general/r4."""

    def __init__(self, desk: SharedApp) -> None:
        self.desk = desk

    def ask(self, token: str, path: str, method: str = "GET", **more: Any) -> httpx2.Response:
        headers: Mapping[str, str] = {"Authorization": f"Bearer {token}"} | more.pop("headers", {})

        async def steps(flow: Flow) -> httpx2.Response:
            return await flow.http.request(method, "/general/r4" + path, headers=headers, **more)

        return self.desk.do(steps)

    def find(self, token: str, path: str, mode: str | None = None) -> set[str]:
        """The resources that a search returns, as Type/id."""
        response = self.ask(token, path)
        assert response.status_code == 200, response.text
        return names(response, mode)


def names(response: httpx2.Response, mode: str | None = None) -> set[str]:
    return {
        f"{entry['resource']['resourceType']}/{entry['resource']['id']}"
        for entry in response.json().get("entry", [])
        if entry["search"]["mode"] != "outcome" and mode in (None, entry["search"]["mode"])
    }


def following(response: httpx2.Response) -> str | None:
    """The path and query of the `next` link, relative to the base URL."""
    url = next((link["url"] for link in response.json()["link"] if link["relation"] == "next"), None)
    if url is None:
        return None
    parts = urlsplit(url)
    return f"{parts.path.removeprefix('/general/r4')}?{parts.query}"


def assert_same(hidden: httpx2.Response, absent: httpx2.Response, names: tuple[str, str]) -> None:
    """Asserts that both responses have the same status, headers and bytes. names: the ids in which the requests differ."""
    assert hidden.status_code == absent.status_code
    assert hidden.text.replace(names[0], names[1]) == absent.text
    assert _headers(hidden) == _headers(absent)
    assert "etag" not in hidden.headers
    assert "last-modified" not in hidden.headers


def _headers(response: httpx2.Response) -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in response.headers.items() if name not in NOT_COMPARED)

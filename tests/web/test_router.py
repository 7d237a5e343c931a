"""Handlers whose modules are imported with the first request for one of them."""

from __future__ import annotations

import asyncio
import importlib
import threading
from types import ModuleType

import pytest
from starlette.requests import Request
from starlette.responses import Response

from sickbay.web import router
from sickbay.web.router import HandlersOf


def test_a_module_is_imported_once_and_on_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: list[tuple[str, int]] = []

    def observe(name: str) -> ModuleType:
        imported.append((name, threading.get_ident()))
        return importlib.import_module(name)

    async def steps() -> list[Response]:
        handlers = HandlersOf("sickbay.web.health")
        request = Request({"type": "http", "method": "GET", "path": "/healthz", "headers": []})
        return [await handlers.show_health(request) for _ in range(2)]

    monkeypatch.setattr(router, "import_module", observe)
    responses = asyncio.run(steps())
    assert [response.status_code for response in responses] == [200, 200]
    [(name, thread)] = imported
    assert name == "sickbay.web.health"
    assert thread != threading.get_ident()

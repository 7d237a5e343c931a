"""Running requests when a server stops: they may finish for a while, and then get 503."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Any

import pytest
import uvicorn
from tests.cli.test_limits import OPEN, answer, open_page

from sickbay.cli.limits import Limits
from sickbay.cli.sockets import listen, port_of
from sickbay.cli.worker import _was_not_cancelled, make_config
from sickbay.settings import Settings

GET = b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """/quick answers during the shutdown, /begun starts its response and never ends, /never doesn't answer."""
    if scope["path"] == "/begun":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    await asyncio.sleep(0.2 if scope["path"] == "/quick" else 60)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})


def test_running_requests_finish_or_get_503_with_a_time_to_try_again(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("uvicorn.error").addFilter(_was_not_cancelled)
    sockets = listen("127.0.0.1", 0)
    configuration = make_config(app, Settings())
    configuration.lifespan = "off"
    configuration.limits = Limits(grace=0.6)  # type: ignore[attr-defined]
    configuration.timeout_graceful_shutdown = 1
    server = uvicorn.Server(configuration)
    port = port_of(sockets)
    thread = threading.Thread(target=server.run, args=(sockets,), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    idle, quick, never, begun = (open_page(port, GET % name if name else b"") for name in (b"", b"quick", b"never", b"begun"))
    assert b"begun" in begun.recv(65_536)
    while len(server.server_state.tasks) < 3:
        time.sleep(0.01)
    server.should_exit = True
    assert answer(idle) == b""
    assert answer(quick).endswith(b"\r\n\r\ndone")
    head, _, text = answer(never).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 5" in head
    assert text == b"Sickbay is stopping. Try again once it runs.\n"
    assert b"HTTP" not in answer(begun)
    thread.join(60)
    assert not thread.is_alive()
    assert "Traceback" not in caplog.text
    while OPEN:
        OPEN.pop().close()

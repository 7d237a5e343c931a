"""What keeps an app out of the chart's frame, and which addresses are asked for it."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
from tests.ports import free_port
from tests.services.fixed_effects import FixedEffects

from sickbay.cli.certificate import ensure_certificate
from sickbay.kernel import outbound
from sickbay.kernel.effects import SystemEffects
from sickbay.services.frame_check import FrameObstacle, find_obstacle

CHART = "http://localhost:7425"


@dataclass
class Stub:
    """The part of a runtime that is used."""

    effects: Any
    loopback: bool = True
    base: str = CHART
    sample_base: str = "http://localhost:7426"


def find(uri: str, *, page: str = CHART, effects: Any = None, asks: bool = True, **more: Any) -> FrameObstacle | None:
    return asyncio.run(find_obstacle(cast(Any, Stub(effects or SystemEffects(), **more)), uri, page, may_ask_app=asks))


class App(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, _, header = self.path.strip("/").partition("/")
        self.send_response(int(status))
        if header:
            self.send_header("X-Frame-Options", header)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def app() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), App)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@contextmanager
def listening() -> Iterator[tuple[socket.socket, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener, listener.getsockname()[1]


def test_an_app_that_answers_has_no_obstacle_whatever_its_status_is(app: str) -> None:
    assert [find(f"{app}/{status}") for status in (200, 400, 404, 500)] == [None] * 4


def test_a_response_that_forbids_frames_is_named_with_its_header(app: str) -> None:
    assert find(f"{app}/400/DENY") == FrameObstacle("refuses-frame", "X-Frame-Options: DENY")
    assert find(f"{app}/200/SAMEORIGIN") == FrameObstacle("refuses-frame", "X-Frame-Options: SAMEORIGIN")


def test_a_redirect_decides_nothing(app: str) -> None:
    assert find(f"{app}/302/DENY") is None


def test_an_app_that_does_not_run_is_found() -> None:
    obstacle = find(f"http://127.0.0.1:{free_port()}/launch")
    assert obstacle is not None
    assert obstacle.kind == "no-connection"


def test_an_app_that_accepts_a_connection_and_says_nothing_runs_into_the_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "TIMEOUT_SECONDS", 0.2)
    with listening() as (_, port):
        obstacle = find(f"http://127.0.0.1:{port}/launch")
    assert obstacle is not None
    assert obstacle.kind == "timeout"


def test_a_server_without_tls_at_an_https_address_is_recognised(app: str) -> None:
    obstacle = find(app.replace("http:", "https:"))
    assert obstacle is not None
    assert obstacle.kind == "tls"


def test_an_unknown_certificate_is_recognised(tmp_path: Path) -> None:
    certificate, key = ensure_certificate(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), App)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        obstacle = find(f"https://127.0.0.1:{server.server_port}/200")
    finally:
        server.shutdown()
        server.server_close()
    assert obstacle is not None
    assert obstacle.kind == "certificate"


def test_what_is_not_http_is_not_called_absent() -> None:
    def greet(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.recv(4096)
        connection.sendall(b"220 mail.example.org ESMTP\r\n")
        connection.close()

    with listening() as (listener, port):
        threading.Thread(target=greet, args=(listener,), daemon=True).start()
        obstacle = find(f"http://127.0.0.1:{port}/launch")
    assert obstacle is not None
    assert obstacle.kind == "not-http"


@pytest.mark.parametrize(
    ("uri", "loopback"),
    [
        ("https://app.example.com/launch", True),
        ("http://192.168.0.7:8100/launch", True),
        ("http://169.254.169.254/latest", True),
        ("http://localhost:7425/launch", True),
        ("http://localhost:7426/launch.html", True),
        ("http://localhost:8100/launch", False),
        ("myapp://launch", True),
    ],
)
def test_no_other_address_is_ever_asked(uri: str, loopback: bool) -> None:
    effects = FixedEffects()
    assert find(uri, loopback=loopback, effects=effects) is None
    assert effects.fetched == []


def test_only_the_administrator_makes_sickbay_ask_an_app() -> None:
    effects = FixedEffects()
    assert find("http://localhost:8100/launch", effects=effects, asks=False) is None
    assert effects.fetched == []


def test_mixed_content_is_found_without_a_request() -> None:
    effects = FixedEffects()
    obstacle = find("http://app.example.com/launch", page="https://ehr.example.org", effects=effects, asks=False)
    assert obstacle == FrameObstacle("mixed-content")
    assert effects.fetched == []

"""Other users of this machine over loopback: they aren't the person at the keyboard, and the refusal says why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests.cli.test_limits import LOW, serving
from tests.conftest import skip_or_fail

from sickbay.settings import Settings
from sickbay.testing.server import serving as running
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.http_request import RequestState, read_headers

USERS = {"nobody": 65534, "a service": 33, "a dynamic user": 61184, "a second person": 1001}
SEND = r"""
import socket, struct, sys
port, close, text = int(sys.argv[1]), sys.argv[2], sys.argv[3]
with socket.create_connection(("127.0.0.1", port), 20) as connection:
    connection.sendall(text.encode())
    if close == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if not close:
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(65536)
        sys.stdout.buffer.write(head + b"\r\n\r\n" + body)
"""
APP: dict[str, Any] = {"name": "Planted", "type": "provider", "client": "public", "client_id": "planted", "fhir": "r4"}
APP |= {"redirect_uris": ["http://localhost:8100/callback"], "scope": "user/Patient.rs"}


@pytest.fixture(autouse=True)
def _root() -> None:
    if sys.platform != "linux" or os.getuid() != 0:
        skip_or_fail("root", "only root on Linux can start a process of another user")


def send(port: int, uid: int, method: str, path: str, *, body: Any = None, close: str = "", **headers: str) -> str:
    """Sends a request as this user and returns the whole response. close: how to close the connection instead of reading."""
    text = json.dumps(body) if body is not None else ""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "User-Agent: curl/8", f"Content-Length: {len(text)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    request = "\r\n".join((*lines, "", text))
    command = [sys.executable, "-I", "-c", SEND, str(port), close, request]
    done = subprocess.run(command, user=uid, group=uid, extra_groups=[], capture_output=True, text=True, timeout=60, cwd="/")
    assert done.returncode == 0, done.stderr
    return done.stdout


def port_of(live: dict[str, Any]) -> int:
    return httpx2.URL(live["base"]).port or 0


@pytest.mark.parametrize("uid", USERS.values(), ids=USERS)
def test_another_user_is_refused_and_told_why(live: dict[str, Any], uid: int) -> None:
    refused = send(port_of(live), uid, "POST", "/admin/apps", body=APP, Content_Type="application/json")
    assert refused.startswith("HTTP/1.1 403 ")
    assert f"The connection belongs to user id {uid}, but Sickbay runs as user id 0." in refused
    page = send(port_of(live), uid, "GET", "/developer", Accept="text/html")
    assert page.startswith("HTTP/1.1 403 ")
    assert f"The connection belongs to user id {uid}" in page
    assert "/developer/sign-in" in page


def test_another_user_administers_with_the_token() -> None:
    with running("--ephemeral", "--patients", "0", environment={"SICKBAY_ADMIN_TOKEN": "a-long-admin-token"}) as own:
        for uid, token, status in (
            (65534, "a-long-admin-token", 200),
            (65534, "a-wrong-admin-token", 403),
            (65534, "", 403),
            (0, "", 200),
        ):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            got = send(port_of(own.line), uid, "GET", "/admin/apps", **headers)
            assert got.startswith(f"HTTP/1.1 {status} "), (uid, token)


def test_another_user_gets_no_one_click_sign_in(live: dict[str, Any]) -> None:
    for uid, offered in ((0, True), (USERS["nobody"], False)):
        page = send(port_of(live), uid, "GET", "/general/ehr/sign-in", Accept="text/html", Connection="keep-alive")
        assert page.startswith("HTTP/1.1 200 ")
        assert ('name="account"' in page) is offered


@pytest.mark.parametrize("close", ["close", "reset"])
def test_a_request_whose_sender_has_left_changes_nothing(live: dict[str, Any], close: str) -> None:
    """The kernel reports root as the user of a connection that nobody holds any more."""
    for number in range(5):
        body = APP | {"client_id": f"planted-{close}-{number}"}
        send(port_of(live), USERS["nobody"], "POST", "/admin/apps", body=body, close=close, Content_Type="application/json")
    with httpx2.Client(base_url=live["base"], trust_env=False) as http:
        assert "planted" not in http.get("/admin/apps").text


@pytest.fixture(scope="module")
def guarded() -> Iterator[int]:
    """The port of a server that says who administers, if user 1001 ran it."""
    guard = AdminGuard(Settings(), uid=1001)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = read_headers(scope["headers"])
        scope["state"] = RequestState("id", headers)
        body = guard.decide_admin_access(scope, headers).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})

    with serving(LOW, app) as port:
        yield port


@pytest.mark.parametrize(
    ("uid", "standing"), [(1001, "keyboard"), (0, "keyboard"), (65534, "no-rights"), (33, "no-rights"), (1000, "no-rights")]
)
def test_the_user_who_runs_sickbay_and_root_are_at_the_keyboard(guarded: int, uid: int, standing: str) -> None:
    assert send(guarded, uid, "GET", "/").rpartition("\n")[2] == standing

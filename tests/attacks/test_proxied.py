"""Behind a proxy every request comes from a loopback address, but only direct requests from this machine may administer."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.cli.command import sickbay
from tests.proxy import run_proxy

from sickbay.cli import admin_key
from sickbay.testing.server import Live, serving

APP = {
    "name": "Intruder",
    "type": "provider",
    "client": "public",
    "scope": "launch",
    "redirect_uris": ["https://e.example/"],
}
ATTEMPTS: list[tuple[str, str, Any]] = [
    ("GET", "/admin/apps", None),
    ("POST", "/admin/apps", APP),
    ("POST", "/admin/reset", {}),
    ("GET", "/admin/users", None),
    ("POST", "/admin/launches", {"app": "sample-app-general"}),
    ("GET", "/admin/exchanges", None),
    ("POST", "/admin/tokens", {"app": "sample-app-general", "scope": "user/*.rs"}),
    ("GET", "/admin/openapi.json", None),
    ("POST", "/admin/clock", {"advance": 1}),
    ("PATCH", "/admin/policies/general", {"pkce": "off"}),
    ("GET", "/developer", None),
    ("GET", "/developer/register", None),
    ("GET", "/developer/hospitals/general", None),
    ("GET", "/developer/apps/sample-app-general", None),
    ("GET", "/exchanges", None),
    ("GET", "/general/ehr/launch?app=sample-app-general", None),
    ("POST", "/general/oauth/register", {"redirect_uris": ["https://e.example/"]}),
]
SIGNS = [
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-For": "203.0.113.9"},
    {"Forwarded": "for=127.0.0.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"Via": "1.1 cache"},
    {"CF-Connecting-IP": "::1"},
    {"True-Client-IP": "127.0.0.1"},
    {"X-Client-IP": "127.0.0.1"},
    {"X-Forwarded-Host": "localhost"},
    {"X-Forwarded-Proto": "http"},
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(tmp_path_factory.mktemp("proxied"))


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Live]:
    with serving("--data", str(place), "--patients", "1") as live:
        yield live


@pytest.fixture(scope="module")
def http() -> Iterator[httpx2.Client]:
    with httpx2.Client(trust_env=False) as client:
        yield client


def statuses(http: httpx2.Client, base: str, headers: dict[str, str] | None = None) -> set[int]:
    return {http.request(method, base + path, json=body, headers=headers).status_code for method, path, body in ATTEMPTS}


REFUSED = {401, 403}


def test_a_direct_request_may_administer(server: Live, http: httpx2.Client) -> None:
    assert statuses(http, server.base) <= {200, 201, 204, 303}


def test_a_request_through_nginx_with_default_settings_may_not_administer(
    server: Live, http: httpx2.Client, place: Path
) -> None:
    with run_proxy(urlsplit(server.base).port or 0) as port:
        assert statuses(http, f"http://127.0.0.1:{port}") == REFUSED
        right = {"Authorization": f"Bearer {admin_key.read(place)}"}
        assert statuses(http, f"http://127.0.0.1:{port}", right) <= {200, 201, 204, 303}


@pytest.mark.parametrize("sign", SIGNS)
def test_a_request_with_any_forwarding_header_may_not_administer(
    server: Live, http: httpx2.Client, sign: dict[str, str]
) -> None:
    assert statuses(http, server.base, sign) == REFUSED


def test_the_refusal_names_the_header_that_suggests_a_proxy(server: Live, http: httpx2.Client) -> None:
    detail = http.get(f"{server.base}/admin/apps", headers={"X-Real-IP": "::1"}).json()["detail"]
    assert detail.endswith("This request seems to come from a proxy (x-real-ip).")
    page = http.get(f"{server.base}/developer", headers={"Via": "1.1 x", "Accept": "text/html"}).text
    assert "This request seems to come from a proxy (via)." in page
    elsewhere = http.get(f"{server.base}/admin/apps", headers={"Via": "1.1 x", "Origin": "https://evil.example"}).json()
    assert "proxy" not in elsewhere["detail"]


def test_http_1_0_or_another_host_name_is_not_a_direct_request(server: Live) -> None:
    port = urlsplit(server.base).port or 0
    for head in (
        "GET /admin/apps HTTP/1.0\r\nHost: localhost:{port}\r\n",
        "GET /admin/apps HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n",
        "GET /developer HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\nUser-Agent: Mozilla/5.0\r\n",
    ):
        assert raw(port, head.format(port=port)) == 403
    direct = "Host: localhost:{port}\r\nUser-Agent: Python-urllib/3.13\r\nConnection: close\r\n"
    assert raw(port, "GET /admin/apps HTTP/1.1\r\n" + direct.format(port=port)) == 200


BY_NGINX = (
    "Host: {host}\r\nConnection: close\r\n",  # proxy_http_version 1.1
    "Host: {host}\r\nConnection: upgrade\r\n",  # and as its documentation has it for WebSocket
    "X-Request-ID: 1\r\nHost: {host}\r\nConnection: close\r\n",  # and proxy_set_header X-Request-ID
)
CLIENTS = ("", "User-Agent: x\r\n", "User-Agent: Python-urllib/3.13\r\nAccept: */*\r\n", "Accept: application/json\r\n")


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("proxy", BY_NGINX)
def test_any_request_through_nginx_with_http_1_1_is_not_a_direct_request(server: Live, proxy: str, client: str) -> None:
    port = urlsplit(server.base).port or 0
    assert raw(port, "GET /admin/apps HTTP/1.1\r\n" + proxy.format(host=f"127.0.0.1:{port}") + client) == 403


def test_a_browser_behind_a_proxy_with_persistent_connections_is_not_a_direct_request(server: Live) -> None:
    port = urlsplit(server.base).port or 0
    head = f"GET /developer HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: Mozilla/5.0\r\nAccept-Language: de\r\n"
    assert raw(port, head) == 403
    assert raw(port, head + "Connection: keep-alive\r\n") == 200


@pytest.mark.parametrize(
    "twice",
    [
        "Host: localhost\r\nHost: localhost\r\n",
        "Host: localhost\r\nHost: evil.example\r\n",
        "Host: evil.example\r\nHost: localhost\r\n",
        "Host: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n",
        "Host: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_repeated_header_that_must_be_unique_is_refused(server: Live, twice: str) -> None:
    port = urlsplit(server.base).port or 0
    assert raw(port, f"POST /general/oauth/token HTTP/1.1\r\n{twice}Connection: close\r\n") == 400


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://localhost/admin/apps", 200),
        ("HTTP://localhost/admin/apps?x=1", 200),
        ("https://localhost/admin/apps", 200),
        ("http://evil.example/admin/apps", 400),
        ("http://user@localhost/admin/apps", 400),
        ("ftp://localhost/admin/apps", 400),
        ("http://127.0.0.1/admin/apps", 400),
        ("http://localhost:80/admin/apps", 400),
        ("*", 400),
        ("http://localhost", 400),
    ],
)
def test_a_full_url_as_target_must_have_the_name_of_the_host_header(server: Live, target: str, status: int) -> None:
    """It replaces the Host header (RFC 9112 3.2.2), and clients of forward proxies send it."""
    assert raw(urlsplit(server.base).port or 0, f"GET {target} HTTP/1.1\r\nHost: localhost\r\n") == status


def test_repeated_authorization_or_origin_headers_are_refused(server: Live, place: Path) -> None:
    port, key = urlsplit(server.base).port or 0, admin_key.read(place)
    begin = f"GET /admin/apps HTTP/1.1\r\nHost: localhost:{port}\r\nVia: 1.1 x\r\n"
    right = f"Authorization: Bearer {key}\r\n"
    assert raw(port, begin + right) == 200
    for more in (
        right + right,
        right + "Authorization: Bearer x\r\n",
        "Authorization: Basic eDp5\r\n" + right,
        right + f"Origin: {server.base}\r\nOrigin: http://evil.example\r\n",
        right + "Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n",
    ):
        assert raw(port, begin + more) in (403, 429)


def raw(port: int, head: str) -> int:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(f"{head}\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


MODES = [
    ("--require-admin-token", "--admin-token", "a-token-of-one-s-own"),
    ("--https",),
    ("--base-url", "https://ehr.example.org", "--trusted-proxy", "127.0.0.1", "--workers", "2"),
    ("--host", "0.0.0.0", "--base-url", "http://ehr.example.org"),
]


@pytest.mark.parametrize("mode", MODES, ids=" ".join)
def test_the_commands_work_next_to_the_server_in_every_mode(tmp_path: Path, mode: tuple[str, ...]) -> None:
    with serving("--data", str(tmp_path), "--patients", "1", *mode) as live:
        file = tmp_path / admin_key.FILE
        assert file.stat().st_mode & 0o777 == 0o600
        runtime = json.loads((tmp_path / "runtime.json").read_text())
        commands: list[tuple[str, ...]] = [
            ("apps", "list"),
            ("launch", "sample-general", "--patient", "p-0001"),
            ("reset",),
            ("token", "sample-general", "--scope", "user/Patient.rs", "--user", "okafor"),
        ]
        for command in commands if "--require-admin-token" in mode else commands[:1]:
            result = sickbay(*command, folder=tmp_path)
            assert result.returncode == 0, result.stderr
        if "--https" not in mode and live.base.startswith("http"):
            address = f"http://{runtime['host']}:{runtime['port']}/admin/apps"
            status = httpx2.get(address, trust_env=False, headers={"Host": "127.0.0.1"}).status_code
            assert status == 403


def test_forwarded_addresses_of_a_trusted_proxy_never_make_a_direct_request(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path), "--patients", "1", "--trusted-proxy", "127.0.0.1") as live:
        for sent in ({"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-For": "127.0.0.1, 127.0.0.1"}, {}):
            assert httpx2.get(f"{live.base}/admin/apps", headers=sent, trust_env=False).status_code == 403

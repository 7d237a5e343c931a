"""`sickbay doctor --live` fetches only what it announces, and never follows a server to a private address or another host."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from tests.cli.command import sickbay

from sickbay.cli import live_server

DOCUMENT = {
    "grant_types_supported": ["authorization_code"],
    "code_challenge_methods_supported": ["S256"],
    "capabilities": ["launch-ehr", "sso-openid-connect"],
}


class DiscoveryServer(ThreadingHTTPServer):
    """Serves what `documents` has for a path, or a redirect, and records the requests."""

    documents: dict[str, object]
    requests: list[tuple[str, str | None]]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, DiscoveryServer)
        server.requests.append((self.path, self.headers.get("Authorization")))
        document = server.documents.get(self.path)
        self.send_response(404 if document is None else 302 if isinstance(document, str) else 200)
        if isinstance(document, str):
            self.send_header("Location", document)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[DiscoveryServer]:
    server = DiscoveryServer(("127.0.0.1", 0), Handler)
    server.documents, server.requests = {}, []
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def base(server: DiscoveryServer) -> str:
    return f"http://127.0.0.1:{server.server_port}/r4"


def serve(server: DiscoveryServer, issuer: str = "", token: str = "/token") -> None:
    root = base(server).removesuffix("/r4")
    named = {"issuer": issuer or root, "jwks_uri": f"{root}/jwks", "authorization_endpoint": f"{root}/authorize"}
    server.documents["/r4/.well-known/smart-configuration"] = DOCUMENT | named | {"token_endpoint": f"{root}/token"}
    server.documents["/.well-known/openid-configuration"] = named | {"token_endpoint": root + token}


def test_the_documents_are_announced_fetched_and_compared(server: DiscoveryServer) -> None:
    serve(server, token="/old/token")
    done = sickbay("doctor", "--live", base(server), "--json")
    assert done.returncode == 1
    assert [finding["id"] for finding in json.loads(done.stdout)["findings"]] == ["discovery-documents-disagree"]
    paths = ["/r4/.well-known/smart-configuration", "/.well-known/openid-configuration"]
    assert server.requests == [(path, None) for path in paths]
    root = base(server).removesuffix("/r4")
    assert done.stderr.splitlines() == [f"Fetching {root}{path} without credentials." for path in paths]


def test_a_pasted_request_is_examined_against_the_server(server: DiscoveryServer) -> None:
    serve(server)
    root = base(server).removesuffix("/r4")
    url = f"{root}/authorize?response_type=code&client_id=a&aud={root}&scope=launch/patient&redirect_uri=https://a.example/cb"
    done = sickbay("doctor", url, "--live", base(server), "--json")
    assert "aud-not-fhir-base" in [finding["id"] for finding in json.loads(done.stdout)["findings"]]


def test_the_issuer_in_a_document_may_not_lead_to_a_private_address(server: DiscoveryServer) -> None:
    serve(server, issuer=f"http://localhost:{server.server_port}/issuer")
    done = sickbay("doctor", "--live", base(server))
    assert [path for path, _ in server.requests] == ["/r4/.well-known/smart-configuration"]
    assert "inside a private network" in done.stderr


def test_a_redirect_is_not_followed(server: DiscoveryServer) -> None:
    server.documents["/r4/.well-known/smart-configuration"] = "/elsewhere"
    done = sickbay("doctor", "--live", base(server))
    assert done.returncode == 1
    assert [path for path, _ in server.requests] == ["/r4/.well-known/smart-configuration"]


@pytest.mark.parametrize("url", ["nonsense", "ftp://a.example", "https://user@a.example/r4", "http://127.0.0.1:1/r4"])
def test_a_server_that_can_not_be_fetched_is_reported_in_one_sentence(url: str) -> None:
    done = sickbay("doctor", "--live", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith("sickbay: ")


def test_both_documents_come_from_the_address_that_the_name_had_first(
    server: DiscoveryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name server answers the second question with another address of this machine, where another server listens."""
    inside = DiscoveryServer(("127.0.0.2", server.server_port), Handler)
    inside.documents, inside.requests = {}, []
    Thread(target=inside.serve_forever, daemon=True).start()
    answers = iter(["127.0.0.1"])

    def resolve(host: str, port: int, **more: object) -> list[object]:
        return [(0, 0, 0, "", (next(answers, "127.0.0.2"), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    root = f"http://rebound.example.org:{server.server_port}"
    serve(server, issuer=root)
    examined = live_server.examine(f"{root}/r4")
    inside.shutdown()
    inside.server_close()
    assert [path for path, _ in server.requests] == [
        "/r4/.well-known/smart-configuration",
        "/.well-known/openid-configuration",
    ]
    assert inside.requests == []
    assert examined.context["server"]["issuer"] == root

"""The desk of the running Sickbay, and an origin of its own for the page with SMART's JavaScript client."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.clients.desk import Desk

PAGES = Path(__file__).parent / "smart"


@dataclass
class Origin:
    """Serves /{client_id}/launch.html, index.html and config.js, and /fhir-client.js as the package brings it."""

    library: Path
    port: int = 0
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def address(self, client_id: str, page: str, host: str = "localhost") -> str:
        return f"http://{host}:{self.port}/{client_id}/{page}"

    def answer(self, path: str) -> tuple[str, bytes] | None:
        client_id, _, page = path.partition("?")[0].lstrip("/").rpartition("/")
        if page == "fhir-client.js":
            return "text/javascript", self.library.read_bytes()
        if page == "config.js" and client_id in self.configs:
            return "text/javascript", f"const CONFIG = {json.dumps(self.configs[client_id])};".encode()
        if page in ("launch.html", "index.html"):
            return "text/html", (PAGES / page).read_bytes()
        return None


@pytest.fixture
def desk(live: dict[str, Any]) -> Desk:
    return Desk(live)


@pytest.fixture(scope="session")
def origin(node: Path) -> Iterator[Origin]:
    served = Origin(node / "fhirclient" / "build" / "fhir-client.min.js")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = served.answer(self.path)
            self.send_response(200 if found else 404)
            kind, body = found or ("text/plain", b"")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield served
        server.shutdown()
        thread.join()

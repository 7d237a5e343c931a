"""Fixtures: an administrator of the running Sickbay, and a separate origin for the page with SMART's JavaScript client."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.clients.client_kit import AdminClient
from tests.clients.origins import serves

PAGES = Path(__file__).parent / "smart"


@dataclass
class Origin:
    """Serves /{client_id}/launch.html, index.html and config.js, and the unmodified /fhir-client.js of the package."""

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
def sickbay(live: dict[str, Any]) -> AdminClient:
    return AdminClient(live)


@pytest.fixture(scope="session")
def origin(node: Path) -> Iterator[Origin]:
    served = Origin(node / "fhirclient" / "build" / "fhir-client.min.js")
    with serves(served.answer) as port:
        served.port = port
        yield served

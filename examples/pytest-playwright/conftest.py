"""Fixtures: the app on its own port, its registration, and a browser that is signed in to the EHR."""

from __future__ import annotations

import os
import shlex
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent


class AppFiles(BaseHTTPRequestHandler):
    """Serves page.html at /launch and /callback, and app.js with its settings in front."""

    settings: ClassVar[dict[str, str]] = {}

    def do_GET(self):
        script = self.path.startswith("/app.js")
        text = (HERE / ("app.js" if script else "page.html")).read_text(encoding="utf-8")
        constants = "".join(f"const {name} = {value!r};\n" for name, value in self.settings.items())
        body = ((constants if script else "") + text).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/javascript" if script else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Prints nothing."""


@pytest.fixture
def app(sickbay):
    """The registered app, while it is served."""
    settings: dict[str, str] = {}
    handler = type("Handler", (AppFiles,), {"settings": settings})
    with ThreadingHTTPServer(("localhost", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://localhost:{server.server_port}"
        scope = "launch launch/patient openid fhirUser patient/Patient.rs patient/MedicationRequest.rs"
        app = sickbay.app(launch_uri=f"{url}/launch", redirect_uris=[f"{url}/callback"], scope=scope)
        settings |= {"CLIENT_ID": app.client_id, "EHR": sickbay.fhir()}
        yield app
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """Playwright's Chromium. CHROMIUM is the path of another one, CHROMIUM_ARGS its arguments."""
    with sync_playwright() as playwright:
        path, arguments = os.environ.get("CHROMIUM"), shlex.split(os.environ.get("CHROMIUM_ARGS", ""))
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A page of a browser that isn't signed in."""
    with browser.new_context() as context:
        yield context.new_page()


@pytest.fixture
def signed_in(sickbay, browser):
    """A page of a browser in which Dr. Okafor is signed in to the EHR."""
    with browser.new_context(storage_state=sickbay.storage_state("okafor")) as context:
        yield context.new_page()

"""A test app that runs the authorization flow over HTTP against the application in this process."""

from __future__ import annotations

import asyncio
import atexit
import base64
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx2

from sickbay.sandbox.sandbox import Sandbox, open_sandbox
from sickbay.settings.database import is_database
from sickbay.settings.settings import Settings
from sickbay.storage.interface import ResourceSpace
from sickbay.web import population_pending
from sickbay.web.app import create

T = TypeVar("T")
BASE = "http://localhost:7425"
PATIENTS, FEW_PATIENTS = 20, 3
KEPT = frozenset((1, 2, FEW_PATIENTS, PATIENTS))
"""For these numbers of patients, a database with them is kept and copied. Creating one costs more than most tests."""
CONTENT = frozenset(("base_url", "seed", "messiness", "today", "ephemeral"))
"""Settings that change the stored patients."""
REDIRECT = "http://localhost:8100/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
STATE = "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"
population_pending.WAIT_SECONDS = 60  # no waiting page, however slow the machine is
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Flow:
    """A browser and an app in one client: http keeps cookies and follows no redirects."""

    application: Any = None

    def __init__(self, sandbox: Sandbox, http: httpx2.AsyncClient) -> None:
        self.sandbox = sandbox
        self.http = http
        self.cookies: dict[str, str] = {}
        http.event_hooks = {"response": [self._keep]}

    async def _keep(self, answer: httpx2.Response) -> None:
        """Keep Secure cookies on loopback also over http, as browsers do."""
        for header in answer.headers.get_list("set-cookie"):
            name, _, value = header.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.http.cookies.clear()
        if self.cookies:
            self.http.headers["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    async def register(self, **more: Any) -> dict[str, Any]:
        body = {
            "name": "Provider app",
            "type": "provider",
            "client": "public",
            "launch_uri": "http://localhost:8100/launch",
            "redirect_uris": [REDIRECT],
            "scope": "launch launch/patient openid fhirUser online_access patient/*.rs user/*.rs",
            "auto_approve": {"user": await self.clinician()},
        } | more
        answer = await self.http.post("/admin/apps", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def clinician(self) -> str:
        every = (await self.http.get("/admin/users?tenant=general")).json()
        return str(next(user["username"] for user in every if user["fhirUser"].startswith("Practitioner")))

    def asking(self, app: dict[str, Any], **more: str | None) -> dict[str, str]:
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": app["client_id"],
            "redirect_uri": REDIRECT,
            "state": STATE,
            "scope": "launch openid fhirUser patient/Patient.rs patient/Observation.rs",
            "aud": f"{BASE}/general/r4",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | more
        return {name: value for name, value in parameters.items() if value is not None}

    async def authorize(self, app: dict[str, Any], **more: str | None) -> httpx2.Response:
        return await self.http.get("/general/oauth/authorize", params=self.asking(app, **more))

    async def code(self, app: dict[str, Any], **more: str | None) -> str:
        return receive(await self.authorize(app, **more))["code"]

    async def redeem(self, app: dict[str, Any], code: str, **more: str) -> httpx2.Response:
        return await self.redeem_at("/general/oauth/token", app, code, **more)

    async def redeem_at(self, endpoint: str, app: dict[str, Any], code: str, **more: str) -> httpx2.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
        return await self.http.post(endpoint, data=form | {"client_id": app["client_id"]} | more)

    def now(self) -> int:
        return self.sandbox.runtime.now()

    async def launch(self, app: dict[str, Any], patient: str = "p-0001", **more: Any) -> dict[str, Any]:
        answer = await self.http.post("/admin/launches", json={"app": app["app_id"], "patient": patient} | more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def complete_launch(self, **more: Any) -> dict[str, Any]:
        """The token response of a complete EHR launch."""
        app = await self.register(**more)
        launch = await self.launch(app)
        answer = await self.redeem(app, await self.code(app, launch=launch["launch"]))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def findings(self, answer: httpx2.Response) -> dict[str, str]:
        """The findings of the exchange of a response: id -> severity."""
        address = f"/exchanges/{answer.headers['x-correlation-id']}"
        exchange = await self.http.get(address, headers={"Accept": "application/json"})
        assert exchange.status_code == 200, exchange.text
        return {finding["id"]: finding["severity"] for finding in exchange.json()["findings"]}


def receive(answer: httpx2.Response) -> dict[str, str]:
    """The parameters that arrive at the app's redirect URI."""
    assert answer.status_code in (302, 303), answer.text
    address = answer.headers["location"]
    assert address.startswith(REDIRECT), address
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def run(
    steps: Callable[[Flow], Coroutine[Any, Any, T]], tmp_path: Any, versions: tuple[str, ...] = ("r4",), **settings: Any
) -> T:
    """Open a sandbox in a folder, run the steps, close it. By default its R4 patients already exist.

    In PostgreSQL they are created for each test, so by default there are only a few. versions: the FHIR versions whose
    patients exist.
    """
    stored = is_database(settings.get("data"))
    defaults: dict[str, Any] = {"data": str(tmp_path), "patients": FEW_PATIENTS if stored else PATIENTS}
    settings = defaults | settings
    if settings.keys().isdisjoint(CONTENT) and settings["data"] == str(tmp_path) and settings["patients"] in KEPT:
        copy_filled(Path(tmp_path), settings["patients"], versions)
    return asyncio.run(_walk(steps, Settings(**settings)))


def copy_filled(folder: Path, patients: int = PATIENTS, versions: tuple[str, ...] = ("r4",)) -> None:
    """Copy a database with the patients in these FHIR versions into the folder, unless it has one."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if not (folder / "sickbay.db").exists():
        shutil.copy(_fill_once(patients, versions) / "sickbay.db", folder)


async def open_alone(settings: Settings) -> Sandbox:
    """Open a sandbox that no other server shares, so that it needn't wait 1.5 seconds for what another one may be writing."""
    sandbox = await open_sandbox(settings)
    if settings.workers == 1:
        sandbox.journal.unreachable_seconds = 0.0
    return sandbox


async def _walk(steps: Callable[[Flow], Coroutine[Any, Any, T]], settings: Settings) -> T:
    sandbox = await open_alone(settings)
    app = create(sandbox)
    transport = httpx2.ASGITransport(app=app)
    try:
        async with httpx2.AsyncClient(transport=transport, base_url=BASE, trust_env=False) as http:
            return await steps(Flow(sandbox, http))
    finally:
        await app.stop()
        await sandbox.close()


@cache
def _fill_once(patients: int, versions: tuple[str, ...]) -> Path:
    """A data folder with patients. Each test worker creates it once."""
    folder = tempfile.mkdtemp(prefix="sickbay-flows-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    async def fill(flow: Flow) -> None:
        for version in versions:
            await flow.sandbox.filling.ensure(ResourceSpace("general", version))

    with ThreadPoolExecutor(1) as thread:  # while a browser is open, its driver's event loop runs in this thread
        thread.submit(asyncio.run, _walk(fill, Settings(data=folder, patients=patients))).result()
    return Path(folder)

"""Counts the files in src/sickbay that a cold request enters between the ASGI call and the response.

Usage: walk.py [NAME…] [--list]. Each walk runs in a separate process and sandbox. --list prints the files in the order of first
entry. Work of the store's and the journal's threads counts too, so counts may differ slightly between runs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SOURCES = f"{ROOT / 'src' / 'sickbay'}/"
TOOL = 4
"""One of the ids that sys.monitoring reserves for general use."""
SEARCH = "/general/r4/Observation?patient=p-0001"


class Recorder:
    """An ASGI application that records the files that one call of another application enters, threads included."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.files: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self.stop()

        self.start()
        try:
            await self.app(scope, receive, sent)
        finally:
            self.stop()

    def start(self) -> None:
        monitoring = sys.monitoring
        monitoring.use_tool_id(TOOL, "walk")
        monitoring.register_callback(TOOL, monitoring.events.PY_START, self._entered)
        monitoring.set_events(TOOL, monitoring.events.PY_START)

    def stop(self) -> None:
        if sys.monitoring.get_tool(TOOL):
            sys.monitoring.set_events(TOOL, 0)
            sys.monitoring.free_tool_id(TOOL)

    def _entered(self, code: CodeType, offset: int) -> Any:
        if code.co_filename.startswith(SOURCES) and code.co_filename.endswith(".py"):
            if _is_importing(sys._getframe(1)):
                return None
            name = code.co_filename.removeprefix(SOURCES)
            if name not in self.files:
                self.files.append(name)
        return sys.monitoring.DISABLE


def _is_importing(frame: FrameType | None) -> bool:
    """Return whether a module of Sickbay is being imported, which a later request wouldn't do."""
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_code.co_filename.startswith(SOURCES):
            return True
        frame = frame.f_back
    return False


async def recorded(flow: Any, request: Callable[[Any], Awaitable[Any]], status: int) -> list[str]:
    """Return the files that this request enters. Exits with an error if the response has another status."""
    import httpx2
    from tests.flows.flow import BASE

    recorder = Recorder(flow.http._transport.app)
    transport = httpx2.ASGITransport(app=recorder)
    async with httpx2.AsyncClient(transport=transport, base_url=BASE, trust_env=False) as http:
        response = await request(http)
    if response.status_code != status:
        raise SystemExit(f"{response.request.url}: {response.status_code} instead of {status}\n{response.text}")
    return recorder.files


async def refused_authorize(flow: Any) -> list[str]:
    app = await flow.register()
    parameters = flow.asking(app, redirect_uri="http://localhost:8100/other")
    headers = {"Accept": "text/html"}
    return await recorded(flow, lambda http: http.get("/general/oauth/authorize", params=parameters, headers=headers), 400)


async def granted_search(flow: Any) -> list[str]:
    token = await flow.launched()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    return await recorded(flow, lambda http: http.get(SEARCH, headers=headers), 200)


async def token_with_key(flow: Any) -> list[str]:
    from tests.services import assertions

    keys = assertions.jwks(assertions.key())
    app = await flow.register(client="asymmetric", jwks=keys)
    code = await flow.code(app, launch=(await flow.launch(app))["launch"])
    form = assertions.form(assertions.sign(app["client_id"]), None, grant_type="authorization_code", code=code)
    form |= {"redirect_uri": app["redirect_uris"][0], "code_verifier": _verifier()}
    return await recorded(flow, lambda http: http.post("/general/oauth/token", data=form), 200)


def _verifier() -> str:
    from tests.flows.flow import VERIFIER

    return VERIFIER


async def create(flow: Any) -> list[str]:
    scope = "launch patient/Observation.cruds"
    app = await flow.register(scope=scope)
    code = await flow.code(app, launch=(await flow.launch(app))["launch"], scope=scope)
    token = (await flow.redeem(app, code)).json()
    headers = {"Authorization": f"Bearer {token['access_token']}", "Content-Type": "application/fhir+json"}
    rate = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
    observation = {"resourceType": "Observation", "status": "final", "code": rate, "subject": {"reference": "Patient/p-0001"}}
    content = json.dumps(observation)
    return await recorded(flow, lambda http: http.post("/general/r4/Observation", content=content, headers=headers), 201)


WALKS = {
    "refused-authorize": refused_authorize,
    "granted-search": granted_search,
    "token-with-key": token_with_key,
    "create-on-sqlite": create,
}


def walk(name: str) -> list[str]:
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    from tests.flows.flow import run

    with tempfile.TemporaryDirectory(prefix="sickbay-walk-") as folder:
        return run(WALKS[name], Path(folder))


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 12):
        print("tools/walk.py needs Python 3.12 or later: it uses sys.monitoring")
        return 2
    names = [name for name in arguments if not name.startswith("-")]
    if unknown := set(names) - WALKS.keys():
        print(f"Unknown: {', '.join(sorted(unknown))}. Choose from {', '.join(WALKS)}.")
        return 2
    if "--json" in arguments:
        print(json.dumps(walk(names[0])))
        return 0
    for name in names or WALKS:
        command = [sys.executable, __file__, name, "--json"]
        files = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        print(f"{len(files):4d}  {name}")
        if "--list" in arguments:
            print("\n".join(f"      {number:3d}  {file}" for number, file in enumerate(files, 1)))
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))

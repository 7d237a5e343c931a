"""What the commands ask of /admin: of the server that runs on this data folder, else of the sandbox opened in this process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import httpx2
from cyclopts import Parameter

from sickbay.cli import admin_key, config_file, folder
from sickbay.cli.output import CommandError, note
from sickbay.settings import Settings

Data = Annotated[
    str | None,
    Parameter(help="The data folder, or postgresql://user@host/database. Default: your own folder, ~/.local/share/sickbay."),
]
PATIENCE = 30
"""Seconds that an answer may take."""


def ask(data: str | None, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """The answer's JSON, or None where it has no body. Raises Trouble with what /admin said where it refused."""
    place = folder.chosen(data)
    server = folder.running(place)
    asked = (method, path, body)
    answer = (
        _beside(place, server, *asked)
        if server
        else asyncio.run(_alone(folder.settings(data, policies=config_file.policies()), *asked))
    )
    if answer.is_success:
        return answer.json() if answer.content else None
    raise CommandError(_refused(answer))


def running(data: str | None) -> bool:
    return folder.running(folder.chosen(data)) is not None


def absent() -> None:
    note("Sickbay is not running on this data folder; start it with `sickbay serve` before you use this.")


def apps(data: str | None, tenant: str | None = None) -> list[dict[str, Any]]:
    return list(ask(data, "GET", "/admin/apps" + (f"?tenant={quote(tenant)}" if tenant else "")))


def app(data: str | None, wish: str) -> dict[str, Any]:
    """The app with this app_id, client_id or unique name. Raises Trouble."""
    every = apps(data)
    for key in ("app_id", "client_id", "name"):
        found = [one for one in every if one.get(key) == wish]
        if len(found) == 1:
            return dict(found[0])
        if found:
            raise CommandError(
                f"{len(found)} apps are named {wish}; use the app_id: {', '.join(one['app_id'] for one in found)}."
            )
    raise CommandError(f"There is no app {wish}; `sickbay apps list` shows all.")


def at(one: dict[str, Any]) -> str:
    """The app's address below /admin."""
    return f"/admin/apps/{quote(one['app_id'], safe='')}"


def _beside(place: Path, server: dict[str, Any], method: str, path: str, body: dict[str, Any] | None) -> httpx2.Response:
    """With the key in the data folder, which the server takes for an admin token."""
    key = admin_key.read(place)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        with _client(server) as client:
            return client.request(method, path, json=body, headers=headers)
    except httpx2.TransportError as error:
        raise CommandError(f"The server at {server['base']} (process {server['pid']}) does not answer: {error}.") from error


def _client(server: dict[str, Any]) -> httpx2.Client:
    """Where it listens; a server with https is known by its own certificate."""
    place = f"{server['host']}:{server['port']}"
    if "certificate" not in server:
        return httpx2.Client(base_url=f"http://{place}", trust_env=False, timeout=PATIENCE)
    from sickbay.cli import certificate

    verify = certificate.trusting(Path(server["certificate"]))
    return httpx2.Client(base_url=f"https://{place}", verify=verify, trust_env=False, timeout=PATIENCE)


async def _alone(settings: Settings, method: str, path: str, body: dict[str, Any] | None) -> httpx2.Response:
    from sickbay.sandbox.sandbox import open_sandbox
    from sickbay.web.app import create

    sandbox = await open_sandbox(settings)
    folder.note_replaced(sandbox.runtime.keys.replaced)
    app = create(sandbox)
    try:
        transport = httpx2.ASGITransport(app, client=("127.0.0.1", 0))
        async with httpx2.AsyncClient(base_url=settings.base, transport=transport) as client:
            return await client.request(method, path, json=body)
    finally:
        await app.stop()
        await sandbox.close()


def _refused(answer: httpx2.Response) -> str:
    """The problem and its findings: one sentence, then one line for each."""
    try:
        problem = answer.json()
    except ValueError:
        return f"The server answered {answer.status_code}."
    said = problem.get("detail") or problem.get("title") or f"The server answered {answer.status_code}."
    lines = [f"  {one['title']}  [{one['id']}]\n  → {one['fix']}" for one in problem.get("findings", ())]
    return "\n".join([said, *lines])

"""Sends requests to /admin: to the server that runs on the data folder, or to a sandbox opened in this process."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx2

from sickbay.cli import admin_key, config_file, folder, imports, signals
from sickbay.cli.output import CommandError, print_note
from sickbay.settings import Settings

TIMEOUT_SECONDS = 30
"""Seconds to wait for a response."""
FILE_TIMEOUT_SECONDS = 600
"""Maximum seconds for a request that reads or writes a file, which may have to create sample patients first."""


class RequestContent(NamedTuple):
    """A body that isn't this command's own JSON."""

    text: str | bytes
    media_type: str


def ask(data: str | None, method: str, path: str, body: dict[str, Any] | RequestContent | None = None) -> Any:
    """The JSON of the response; None if it has no body. Raises CommandError with the problem if /admin refuses the request."""
    response = _send_and_require_success(data, method, path, body)
    return response.json() if response.content else None


def download(data: str | None, path: str) -> bytes:
    """The body of a response that isn't JSON. Raises CommandError like `ask`."""
    content: bytes = _send_and_require_success(data, "GET", path, None, FILE_TIMEOUT_SECONDS).content
    return content


def upload(data: str | None, path: str, content: bytes, media_type: str) -> Any:
    """Send a file. Returns the same as `ask`."""
    return _send_and_require_success(data, "POST", path, RequestContent(content, media_type), FILE_TIMEOUT_SECONDS).json()


def _send_and_require_success(
    data: str | None, method: str, path: str, body: dict[str, Any] | RequestContent | None, timeout: float = TIMEOUT_SECONDS
) -> httpx2.Response:
    """The response to a request that /admin granted. Raises CommandError."""
    place = folder.data_folder(data)
    server = folder.find_running_server(place)
    response = (
        _ask_server(place, server, method, path, body, timeout)
        if server
        else signals.run(_ask_sandbox(folder.read_settings(data, **config_file.read_hospitals()), method, path, body))
    )
    if response.is_success:
        return response
    raise CommandError(describe_problem(response))


def open_connection(data: str | None, timeout: float) -> tuple[httpx2.Client, str]:
    """A client with the admin token for the server that runs on the data folder, and its base URL. Raises CommandError."""
    place = folder.data_folder(data)
    server = folder.find_running_server(place)
    if server is None:
        raise CommandError("Sickbay isn't running on this data folder. Start it with `sickbay serve`, then run this again.")
    connection = open_client(server)
    connection.timeout = httpx2.Timeout(timeout)
    connection.headers.update(_authorization_header(place))
    return connection, server["base"]


def is_running(data: str | None) -> bool:
    return folder.find_running_server(folder.data_folder(data)) is not None


def note_not_running() -> None:
    print_note("Sickbay isn't running on this data folder. Start it with `sickbay serve` before you open this URL.")


def list_apps(data: str | None, tenant: str | None = None) -> list[dict[str, Any]]:
    return list(ask(data, "GET", "/admin/apps" + (f"?tenant={quote(tenant)}" if tenant else "")))


def find_app(data: str | None, name: str) -> dict[str, Any]:
    """Returns the app with this app_id, client_id or unique name. Raises CommandError."""
    registered = list_apps(data)
    for key in ("app_id", "client_id", "name"):
        matches = [app for app in registered if app.get(key) == name]
        if len(matches) == 1:
            return dict(matches[0])
        if matches:
            raise CommandError(
                "\n".join([f"{len(matches)} apps are named {name}. Choose one:", *_apps_to_choose_from(name, matches)])
            )
    raise CommandError(f"There is no app {name}. Run `sickbay apps list` to list all apps.")


def _apps_to_choose_from(name: str, matches: Sequence[dict[str, Any]]) -> list[str]:
    """Lists the hospital of each app with this name, and the same command with its app_id."""
    width = max(len(app["tenant"]) for app in matches)
    return [f"  {app['tenant']:<{width}}  {_command_with_id(name, app['app_id'])}" for app in matches]


def _command_with_id(name: str, id: str) -> str:
    """The command as it was entered, with the app_id instead of the name."""
    arguments = list(sys.argv[1:])
    if name in arguments:
        arguments[arguments.index(name)] = id
    return shlex.join(["sickbay", *arguments])


def app_path(app: dict[str, Any]) -> str:
    return f"/admin/apps/{quote(app['app_id'], safe='')}"


def _ask_server(
    place: Path, server: dict[str, Any], method: str, path: str, body: dict[str, Any] | RequestContent | None, timeout: float
) -> httpx2.Response:
    """Adds the key in the data folder as the admin token."""
    try:
        with open_client(server) as connection:
            headers = _authorization_header(place) | _media_type(body)
            return connection.request(method, path, headers=headers, timeout=timeout, **_content_arguments(body))
    except httpx2.TransportError as error:
        raise CommandError(f"The server at {server['base']} (process {server['pid']}) doesn't respond: {error}.") from error


def _media_type(body: dict[str, Any] | RequestContent | None) -> dict[str, str]:
    return {"content-type": body.media_type} if isinstance(body, RequestContent) else {}


def _content_arguments(body: dict[str, Any] | RequestContent | None) -> dict[str, Any]:
    return {"content": body.text} if isinstance(body, RequestContent) else {"json": body}


def _authorization_header(place: Path) -> dict[str, str]:
    key = admin_key.read(place)
    return {"authorization": f"Bearer {key}"} if key else {}


def open_client(server: dict[str, Any]) -> httpx2.Client:
    """A client for the address that the server listens on. For https it trusts only the server's certificate."""
    address = f"{server['host']}:{server['port']}"
    if "certificate" not in server:
        return httpx2.Client(base_url=f"http://{address}", trust_env=False, timeout=TIMEOUT_SECONDS)
    from sickbay.cli import certificate

    verify = certificate.make_trusting_context(Path(server["certificate"]))
    return httpx2.Client(base_url=f"https://{address}", verify=verify, trust_env=False, timeout=TIMEOUT_SECONDS)


async def _ask_sandbox(
    settings: Settings, method: str, path: str, body: dict[str, Any] | RequestContent | None
) -> httpx2.Response:
    with imports.pause_collection():
        from sickbay.sandbox.sandbox import open_sandbox
        from sickbay.web.admin.application import AdminApplication

    sandbox = await open_sandbox(settings)
    folder.report_replaced_keys(sandbox.runtime.keys.replaced)
    try:
        transport = httpx2.ASGITransport(AdminApplication(sandbox), client=("127.0.0.1", 0))
        async with httpx2.AsyncClient(base_url=settings.base, transport=transport) as client:
            return await client.request(method, path, headers=_media_type(body), **_content_arguments(body))
    finally:
        await sandbox.close()


def _describe_finding(finding: Mapping[str, str], sentence: str) -> str:
    """Leaves out a title that the sentence before it already contains. Says if the finding isn't an error."""
    label = "" if finding.get("severity", "error") == "error" else f"{finding['severity']}: "
    title = "" if finding["title"] in sentence else f"  {label}{finding['title']}  [{finding['id']}]\n"
    return f"{title}  → {finding['fix']}" + ("" if title else f"  [{finding['id']}]")


def describe_problem(response: httpx2.Response) -> str:
    """The problem in one sentence, then two lines for each finding."""
    try:
        problem = response.json()
    except ValueError:
        return f"The server responded with status {response.status_code}."
    sentence = problem.get("detail") or problem.get("title") or f"The server responded with status {response.status_code}."
    lines = [_describe_finding(finding, sentence) for finding in problem.get("findings", ())]
    end = "" if lines or sentence.endswith((".", "?", "!", ":")) else "."
    return "\n".join([sentence + end, *lines])

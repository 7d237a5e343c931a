"""The page that moves and freezes Sickbay's clock, and saves and restores snapshots."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from sickbay.kernel import english
from sickbay.kernel.clock_moves import parse_move
from sickbay.protocol.parameters import parse
from sickbay.sandbox import snapshot_files, snapshots
from sickbay.sandbox.sandbox import Sandbox
from sickbay.sandbox.snapshots import SnapshotError
from sickbay.services import clock
from sickbay.services.clock import ClockOutOfRange
from sickbay.services.context import Runtime
from sickbay.services.snapshot_files.archive import PACKED_BYTES
from sickbay.web import cookies, html_response, http_request, multipart
from sickbay.web.admin.snapshots import file_response, read_file
from sickbay.web.admin.wrong import Wrong
from sickbay.web.admin_guard import is_own_path
from sickbay.web.portal.apps import TOO_LATE
from sickbay.web.portal.time_view import SecretRow, SnapshotRow, TimeView
from sickbay.web.redirects import redirect_to

PAGE = "/developer/time"
MOVES = ("+5m", "+1h", "+1d", "+30d", "-1h", "-1d")
"""The moves that have a button."""
SNAPSHOT_ACTIONS: Final[dict[str, Callable[[Sandbox, str], Awaitable[object]]]] = {
    "save": snapshots.save,
    "restore": snapshots.restore,
    "remove": snapshots.remove,
}
DONE: Final = {
    "save": "Saved the snapshot.",
    "restore": "Restored the snapshot.",
    "remove": "Removed the snapshot.",
    "import": "Imported the snapshot.",
}
FORM_BYTES: Final = PACKED_BYTES + 20_000
"""Maximum size in bytes of a form with a file: the file, the other fields and their headers."""


async def show_time(request: Request, sandbox: Sandbox) -> Response:
    """GET shows it. POST: csrf, and move (such as +2h, freeze, run or real) and back, or save, restore, remove or export with
    the name of a snapshot, or as multipart/form-data a file to import and its name. On errors the same page, 422.
    """
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    if request.method != "POST":
        done = DONE.get(request.query_params.get("done", ""), "")
        return html_response.render_page(request, sandbox, "time", replace(await _time_view(sandbox), done=done), options)
    if http_request.headers_of(request.scope).get("content-type", "").startswith("multipart/form-data"):
        return await _import_uploaded_file(request, sandbox, options)
    sent = parse(await http_request.read_body(request))
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return html_response.render_page(
            request, sandbox, "time", replace(await _time_view(sandbox), fault=TOO_LATE), options, 403
        )
    action = next((name for name in SNAPSHOT_ACTIONS if sent.get(name) is not None), "")
    text = (sent.get(action or "move") or "").strip()
    if name := sent.get("export"):
        return await _export_snapshot(request, sandbox, options, name)
    if action:
        back, faults = f"{PAGE}?done={action}#h-snapshots", await _change_snapshots(sandbox, action, text)
    else:
        back, faults = sent.get("back") or PAGE, await _move_clock(sandbox.runtime, text)
    if faults:
        return html_response.render_page(request, sandbox, "time", replace(await _time_view(sandbox), **faults), options, 422)
    return redirect_to(back if is_own_path(back) else PAGE)


async def _export_snapshot(request: Request, sandbox: Sandbox, options: html_response.PageOptions, name: str) -> Response:
    """Returns the file of a snapshot, or the page with an error."""
    try:
        return file_response(name, await snapshot_files.export_file(sandbox, name))
    except SnapshotError as error:
        view = replace(await _time_view(sandbox), import_fault=f"{error}.")
        return html_response.render_page(request, sandbox, "time", view, options, 422)


async def _import_uploaded_file(request: Request, sandbox: Sandbox, options: html_response.PageOptions) -> Response:
    """Import the file of the form. If apps have new secrets, the page shows them this once."""
    try:
        body = await read_file(request, FORM_BYTES)
        sent = multipart.parse(http_request.headers_of(request.scope)["content-type"], body)
        del body
        if not cookies.is_own_form(request, options.session, sent.get("csrf", b"").decode("utf-8", "replace")):
            return html_response.render_page(
                request, sandbox, "time", replace(await _time_view(sandbox), fault=TOO_LATE), options, 403
            )
        name = sent.get("name", b"").decode("utf-8", "replace").strip()
        imported = await snapshot_files.import_file(sandbox, sent.get("file", b""), name or None)
    except (SnapshotError, ValueError) as error:
        view = replace(await _time_view(sandbox), import_fault=f"{error}.")
        return html_response.render_page(request, sandbox, "time", view, options, 422)
    except Wrong as error:
        view = replace(await _time_view(sandbox), import_fault=f"{error}.")
        return html_response.render_page(request, sandbox, "time", view, options, 413)
    if not imported.secrets:
        return redirect_to(f"{PAGE}?done=import#h-snapshots")
    secrets = tuple(SecretRow(secret.app_id, secret.client_id, secret.client_secret) for secret in imported.secrets)
    view = replace(await _time_view(sandbox), done=DONE["import"], secrets=secrets)
    return html_response.render_page(request, sandbox, "time", view, options)


async def _move_clock(runtime: Runtime, text: str) -> dict[str, Any]:
    """Move the clock. Returns what is wrong, as members of the view; nothing if it was moved."""
    seconds = parse_move(text)
    try:
        if text == "real":
            await clock.move(runtime, offset=0.0, frozen=False)
        elif text in ("freeze", "run"):
            await clock.move(runtime, frozen=text == "freeze")
        elif seconds is not None:
            await clock.move(runtime, advance=seconds)
        else:
            return {
                "fault": "Enter a plus or minus sign, numbers and units (s, m, h, d, w), such as +2h or -1d12h.",
                "text": text,
            }
    except ClockOutOfRange as error:
        return {"fault": f"{error}.", "text": text}
    return {}


async def _change_snapshots(sandbox: Sandbox, action: str, name: str) -> dict[str, Any]:
    """Save, restore or remove a snapshot. Returns what is wrong, as members of the view."""
    try:
        await SNAPSHOT_ACTIONS[action](sandbox, name)
    except SnapshotError as error:
        return {"snapshot_fault": f"{error}.", "snapshot_name": name if action == "save" else ""}
    return {}


async def _time_view(sandbox: Sandbox) -> TimeView:
    reading = clock.read(sandbox.runtime)
    return TimeView(
        now=english.format_time(reading.now),
        real=english.format_time(reading.real),
        offset=english.describe_offset(reading.offset),
        frozen=reading.frozen,
        is_real=reading.is_real,
        moves=MOVES,
        action=PAGE,
        snapshots=tuple(
            SnapshotRow(saved.name, english.format_time(saved.at), english.describe_size(saved.bytes))
            for saved in await snapshots.list_snapshots(sandbox)
        ),
    )

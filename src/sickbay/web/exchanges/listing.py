"""GET /exchanges as a page, as JSON and as a stream; clearing it; and the list of launches.

All are for the administrator, and in class mode for students, who get only what belongs to them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.models import Client
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import clear_exchanges, launch_progress, registration
from sickbay.services.journal import exchange_json, lines
from sickbay.services.journal import read as journal_reader
from sickbay.services.journal.filter_language import FilterReading, format_word
from sickbay.services.journal.filters import read_filter
from sickbay.services.launch_progress import LaunchProgress
from sickbay.storage.exchange_filter import read_exact
from sickbay.storage.interface import Record
from sickbay.web import cookies, error_responses, html_response, http_request, students
from sickbay.web.admin.session import refuse_stranger
from sickbay.web.exchanges import list_view
from sickbay.web.exchanges.list_view import ClearView, DisplayNames, ExchangesView, LaunchesView, shorten_address
from sickbay.web.exchanges.stream import stream, wants_stream
from sickbay.web.html_response import preferred_form

ROWS: Final = 100
"""Number of exchanges on a page."""
MAXIMUM_ROWS: Final = 1000
"""Maximum number of exchanges in a JSON response."""
COUNTED: Final = 1000
"""The maximum to which the list counts matching exchanges. Counting 10,000 takes longer than finding the newest."""
DELETED: Final = 100_000
"""The maximum to which exchanges are counted before they are deleted."""


async def show_list(request: Request, sandbox: Sandbox) -> Response:
    """The newest exchanges. `?id=` redirects to the one with this correlation id."""
    if wants_stream(request):
        return await stream(request, sandbox)
    id = request.query_params.get("id", "").strip()
    if id and await journal_reader.read_exchange(sandbox.runtime, sandbox.journal, id, full=False):
        return Response(status_code=303, headers={"location": f"/exchanges/{id}"})
    if rejection := refuse_stranger(request, sandbox):
        return rejection
    query = http_request.query_of(request.scope)
    text = read_filter_text(query)
    reading = await read_filter(sandbox.runtime, text, students.owner_of(request))
    if preferred_form(request.headers.get("accept", "")) == "json":
        return await _json_response(sandbox, query, reading)
    view = await _list_view(sandbox, query, text, reading, id, students.owner_of(request))
    if query.get("part") == "list":
        return html_response.render_page(request, sandbox, "exchange_list", view)
    options = await html_response.page_options(request, sandbox, here="Exchanges")
    return html_response.render_page(request, sandbox, "exchanges", view, options, 400 if reading.problems else 200)


def read_filter_text(query: Parameters) -> str:
    """The filter of a URL: `q`, and `app` as in older links."""
    app = query.get("app")
    return " ".join(word for word in ((query.get("q") or "").strip(), format_word("app", app) if app else "") if word)


def _read_number(text: str | None, most: int) -> int | None:
    return min(int(text), most) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


async def _json_response(sandbox: Sandbox, query: Parameters, reading: FilterReading) -> Response:
    if reading.problems:
        return error_responses.respond_problem(400, "The filter has a mistake", detail=" ".join(reading.problems))
    await sandbox.journal.collect()
    limit, until = _read_number(query.get("limit"), MAXIMUM_ROWS) or ROWS, _read_number(query.get("before"), 2**62)
    records = await sandbox.runtime.store.find_exchanges(reading.wanted, limit, until)
    counted = await sandbox.runtime.store.count_exchanges(reading.wanted, COUNTED) if len(records) == limit else len(records)
    shown = [lines.to_json(entry) for entry in await lines.read_newest_lines(sandbox.runtime, records)]
    return error_responses.respond_json(shown, headers=error_responses.NO_STORE | {"x-total-count": str(counted)})


async def _list_view(
    sandbox: Sandbox, query: Parameters, text: str, reading: FilterReading, missing: str, student: str
) -> ExchangesView:
    """Builds the view. If a filter has an invalid word, its other words apply. student: the only student to show."""
    runtime, until = sandbox.runtime, _read_number(query.get("before"), 2**62)
    if query.get("part") != "list":  # what the stream told of is stored
        await sandbox.journal.collect()
    records = await runtime.store.find_exchanges(reading.wanted, ROWS + 1, until)
    entries = await lines.read_newest_lines(runtime, records[:ROWS])
    client, stalled = None, list[LaunchProgress]()
    if until is None and (not reading.wanted or (client := await _find_only_app(sandbox, reading))):
        entries, stalled = await _add_probable_exchanges(sandbox, records[:ROWS], entries, client)
    elif student and until is None and not text:
        stalled = await _find_stalled_launches(sandbox, records[:ROWS], None, student)
    names = await _display_names(sandbox, entries)
    day = list_view.day_of(entries)
    kept, app = None if student else runtime.kept_bodies, client.name if client else ""
    rows = [list_view.make_row(entry, names, day, app, kept.find(str(entry["id"])) if kept else None) for entry in entries]
    flat, more = query.get("flat") == "1", len(records) > ROWS
    older = shorten_address("/exchanges", q=text, flat="1" if flat else "", before=str(records[ROWS - 1].at)) if more else ""
    counted = await runtime.store.count_exchanges(reading.wanted, COUNTED) if more else 0
    return ExchangesView(
        groups=list_view.group_by_launch(entries, rows, names, stalled, flat=flat),
        day=day,
        filter=text,
        problems=reading.problems,
        missing=missing,
        counted=f"{counted:,}{' or more' if counted == COUNTED else ''}" if more else "",
        older=older,
        flat=flat,
        live=until is None,
        keeps_bodies=kept is not None,
    )


async def _find_only_app(sandbox: Sandbox, reading: FilterReading) -> Client | None:
    """Returns the app of a filter that has no other condition."""
    if len(reading.wanted) != 1:
        return None
    column, patterns, excluded = reading.wanted[0]
    if column != "owner" or len(patterns) != 1 or excluded:
        return None
    return await registration.find_by_id(sandbox.runtime, read_exact(patterns[0]))


async def _add_probable_exchanges(
    sandbox: Sandbox, records: Sequence[Record], entries: list[dict[str, Any]], client: Client | None
) -> tuple[list[dict[str, Any]], list[LaunchProgress]]:
    """Returns the exchanges, including those that probably came from the app, and the stalled launches."""
    runtime = sandbox.runtime
    stalled = await _find_stalled_launches(sandbox, records, client.client_id if client else None)
    if client is not None:
        probable = await journal_reader.probably_of_app(runtime, sandbox.journal, client, ROWS)
        entries = sorted((*entries, *probable), key=lambda entry: -int(entry["arrival"]))[:ROWS]
    return entries, stalled


async def _find_stalled_launches(
    sandbox: Sandbox, records: Sequence[Record], owner: str | None, student: str = ""
) -> list[LaunchProgress]:
    """The stalled launches of these exchanges, and of an app or a student."""
    runtime, newest = sandbox.runtime, dict[str, Record]()
    for record in records:
        if record.family:
            newest.setdefault(record.family, record)
    listed = list(newest.values())[: launch_progress.LISTED_LAUNCHES]
    last = [await exchange_json.read_whole(runtime, record, False) | {"arrival": record.at} for record in listed]
    return await launch_progress.find_stalled_launches(runtime, last, owner, student)


async def _display_names(sandbox: Sandbox, entries: Sequence[Mapping[str, Any]]) -> DisplayNames:
    ids = {str(entry["app"]) for entry in entries if entry.get("app")}
    clients = [client for id in ids if (client := await registration.find_by_id(sandbox.runtime, id))]
    services = {client.client_id for client in clients if client.type == "system"}
    return DisplayNames({client.client_id: client.name for client in clients}, _hospital_titles(sandbox), services)


def _hospital_titles(sandbox: Sandbox) -> dict[str, str]:
    return {name: tenant.title for name, tenant in sandbox.runtime.tenants.items()}


async def clear(request: Request, sandbox: Sandbox) -> Response:
    """GET shows what would be deleted. POST deletes it: csrf."""
    if rejection := refuse_stranger(request, sandbox, acts=request.method == "POST"):
        return rejection
    text = read_filter_text(http_request.query_of(request.scope))
    reading = await read_filter(sandbox.runtime, text, students.owner_of(request))
    options = await html_response.page_options(request, sandbox, here="Exchanges")
    back = shorten_address("/exchanges", q=text)
    if request.method == "POST" and not reading.problems:
        sent = parse(await http_request.read_body(request))
        if cookies.is_own_form(request, options.session, sent.get("csrf")):
            await clear_exchanges.delete_exchanges(sandbox.runtime, sandbox.journal, reading.wanted)
        return Response(status_code=303, headers={"location": back})
    await sandbox.journal.collect()
    matching = await sandbox.runtime.store.count_exchanges(reading.wanted, DELETED)
    counted = (
        f"{DELETED:,} or more exchanges" if matching == DELETED else f"{matching:,} exchange{'s' if matching != 1 else ''}"
    )
    action = shorten_address("/exchanges/clear", q=text)
    view = ClearView(filter=text, counted=counted, action=action, back=back, problems=reading.problems)
    return html_response.render_page(request, sandbox, "clear_exchanges", view, options, 400 if reading.problems else 200)


async def show_launches(request: Request, sandbox: Sandbox) -> Response:
    """The newest launches, the last one first."""
    wanted = students.exchange_filter_of(request)
    found = await launch_progress.find_newest(sandbox.runtime, sandbox.journal, None, wanted=wanted, is_listed=True)
    hospitals = _hospital_titles(sandbox)
    view = LaunchesView(launches=tuple(list_view.make_launch_line(launch, hospitals) for launch in found))
    options = await html_response.page_options(request, sandbox, here="Exchanges")
    return html_response.render_page(request, sandbox, "launches", view, options)

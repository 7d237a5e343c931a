"""The page of a launch and its files: with all facts for the administrator, and with what the requests prove for others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias, cast
from urllib.parse import quote, urlsplit

import msgspec
from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response

from sickbay.diagnosis.silence.declare import NOTHING
from sickbay.diagnosis.silence.progress import seconds_for
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import ask_app, launch_progress, patients, records, registration
from sickbay.services import launch as launches
from sickbay.services.context import Tenant
from sickbay.services.journal import read as journal_reader
from sickbay.services.journal.read import Timeline
from sickbay.services.launch_progress import LaunchProgress
from sickbay.web import cookies, error_responses, html_response, http_request, students
from sickbay.web.admin.session import refuse_stranger
from sickbay.web.ehr import chart
from sickbay.web.exchanges import timeline_exports
from sickbay.web.exchanges.handlers import load_names, may_read_all
from sickbay.web.exchanges.har import make_har
from sickbay.web.exchanges.timeline_views import TimelineView, timeline_view
from sickbay.web.html_response import preferred_form
from sickbay.web.pages.notice import NoticeView
from sickbay.web.pages.parts import Link

File: TypeAlias = Literal["svg", "mermaid", "har"]
FILES: Final[Mapping[File, tuple[str, str]]] = {
    "svg": ("image/svg+xml", "svg"),
    "mermaid": ("text/plain; charset=utf-8", "mmd"),
    "har": ("application/json", "har"),
}
"""The media type and the extension of each file that a launch can be saved as."""
NO_LAUNCH = NoticeView(
    title="Launch not found",
    text="Sickbay keeps the requests of a launch for at most a day, refused ones for a week. A new launch appears with its "
    "first request.",
    primary=Link("View all launches", "/timelines"),
)


class Persons(NamedTuple):
    """The patient and the user of a launch from a chart; "" if unknown."""

    patient: str = ""
    user: str = ""


async def load_persons(sandbox: Sandbox, tenant: Tenant | None, timeline: str) -> Persons:
    launch = await launches.find_by_timeline(sandbox.runtime, timeline) if tenant else None
    if launch is None or tenant is None:
        return Persons()
    user = await records.load_user(sandbox.runtime, tenant, launch.user) if launch.user else None
    record = None
    if launch.patient:
        record = await patients.read_resource(sandbox.runtime, tenant, launch.fhir, "Patient", launch.patient, None)
    name = " ".join(reversed(chart.name_of(record))).strip() if record else launch.patient or ""
    return Persons(name, user.name or user.username if user else launch.user or "")


async def show_timeline(request: Request, sandbox: Sandbox, id: str) -> Response:
    """GET shows a launch, or saves it as a file (`as`). POST checks whether anything responds at the app's address, and shows
    the launch with the result.
    """
    full, wanted = may_read_all(request), request.query_params.get("as", "")
    is_file = request.method != "POST" and wanted in FILES
    found = await launch_progress.read_launch(sandbox.runtime, sandbox.journal, id, full=full, whole=wanted == "har")
    if request.method == "POST":
        return await _ask_for_sign_in(request, sandbox, id, found)
    form = "json" if wanted == "json" else preferred_form(request.headers.get("accept", ""))
    if form == "json" and not is_file:
        recorded = found.timeline if found else Timeline([])
        return error_responses.respond_json(journal_reader.list_lines(id, recorded), 200 if found else 404)
    if found is None:
        return html_response.render_page(request, sandbox, "notice", NO_LAUNCH, await _page_options(request, sandbox), 404)
    if is_file:
        return await _save_response(sandbox, found, full, cast(File, wanted))
    view = await _timeline_view(sandbox, found, full)
    if (student := students.owner_of(request)) and view.compares:  # a student sends nothing from here
        view = replace(view, ask="", compares=found.client is not None and found.client.student == student)
    if request.query_params.get("part") == "body":
        return html_response.render_page(request, sandbox, "timeline_body", view, await _page_options(request, sandbox))
    return html_response.render_page(request, sandbox, "timeline", view, await _page_options(request, sandbox))


async def _page_options(request: Request, sandbox: Sandbox) -> html_response.PageOptions:
    return await html_response.page_options(request, sandbox, here="Exchanges")


async def _save_response(sandbox: Sandbox, found: LaunchProgress, full: bool, form: File) -> Response:
    """The launch as a file, with the same facts as the page."""
    view = await _timeline_view(sandbox, found, full, sandbox.runtime.base)
    if form == "har":
        recorded = found.timeline
        every = sorted((*recorded.exchanges, *recorded.probable), key=lambda exchange: int(exchange["arrival"]))
        content = msgspec.json.encode(make_har(f"{view.names[0][0]}: {view.verdict}", every, recorded.left_out))
    else:
        content = (timeline_exports.draw_svg(view) if form == "svg" else timeline_exports.draw_mermaid(view)).encode()
    media_type, extension = FILES[form]
    headers = {
        "content-disposition": f'attachment; filename="launch-{quote(found.id)}.{extension}"',
        "cache-control": "no-store",
    }
    return Response(content, media_type=media_type, headers=headers)


async def _ask_for_sign_in(request: Request, sandbox: Sandbox, id: str, found: LaunchProgress | None) -> Response:
    if rejection := refuse_stranger(request, sandbox, acts=True):
        return rejection
    options = await _page_options(request, sandbox)
    sent = parse(await http_request.read_body(request))
    uri = ask_app.address_to_ask(sandbox.runtime, found) if found else ""
    if not uri or not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return Response(status_code=303, headers={"location": f"/timelines/{quote(id)}"})
    answer = await ask_app.ask_redirect_uri(sandbox.runtime, uri)
    asked = await launch_progress.read_launch(sandbox.runtime, sandbox.journal, id, full=True, answer=answer)
    assert asked is not None
    view = replace(await _timeline_view(sandbox, asked, True), answer=_describe_answer(answer), live=False)
    return html_response.render_page(request, sandbox, "timeline", view, options)


def _describe_answer(answer: str) -> str:
    """Describes the response of an address for the page."""
    reason = answer.removeprefix(NOTHING)
    return answer if reason == answer else f"no answer ({reason})"


async def _timeline_view(sandbox: Sandbox, found: LaunchProgress, all_facts: bool, root: str = "") -> TimelineView:
    """Only the administrator sees the app's name and origin, the patient and the user. root: before the path of each link."""
    recorded, client = found.timeline, found.client
    first: dict[str, Any] = dict(recorded.exchanges[0]) if recorded.exchanges else {}
    if client is not None:
        first |= {"app": client.client_id, "tenant": client.tenant}
    tenant = sandbox.runtime.tenants.get(first["tenant"])
    shown_names = await load_names(sandbox, first, full=all_facts)
    people = await load_persons(sandbox, tenant, found.id) if all_facts else Persons()
    view = timeline_view(
        found.id,
        recorded.exchanges,
        app=shown_names["app"],
        hospital=shown_names["hospital"],
        origin=await _origin_of_app(sandbox, first) if all_facts else "",
        root=root,
        patient=people.patient,
        user=people.user,
        left_out=recorded.left_out,
        probable=recorded.probable,
        trail=found.trail,
    )
    if not all_facts:
        return view
    return replace(
        view,
        ask=ask_app.address_to_ask(sandbox.runtime, found),
        live=True,
        due=_count_milliseconds_left(found),
        compares=client is not None,
        is_service=client is not None and client.type == "system",
    )


def _count_milliseconds_left(found: LaunchProgress) -> int:
    """Returns when the page changes without a new request, because the launch has stalled by then. 0 for never."""
    status = found.status
    if status.state != "running" or status.awaited is None or status.since is None:
        return 0
    return math.ceil(1000 * max(0.0, seconds_for(status.awaited, status.since) - status.seconds)) + 500


async def _origin_of_app(sandbox: Sandbox, entry: Mapping[str, Any]) -> str:
    """Host and port of the app's launch URI, else of its first redirect URI."""
    client = await registration.find_by_id(sandbox.runtime, entry.get("app"))
    addresses = [client.launch_uri, *client.redirect_uris] if client else []
    return next((urlsplit(uri).netloc for uri in addresses if uri), "")

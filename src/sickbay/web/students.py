"""Recognises students in class mode, and tells what belongs to them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.models import Client
from sickbay.authorization.students import Wanted, find_requested_object
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import launch as launches
from sickbay.services import registration
from sickbay.services.class_mode import attribution, members
from sickbay.services.class_mode.members import Student
from sickbay.services.journal.outcomes import condition_for_student
from sickbay.services.journal.read import find_student, student_of
from sickbay.storage.exchange_filter import ExchangeFilter
from sickbay.web import cookies, html_response
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.http_request import headers_of, state_of
from sickbay.web.pages.notice import NoticeView
from sickbay.web.pages.parts import Link


async def recognise(request: Request, sandbox: Sandbox) -> Response | None:
    """Note in the request's state which student sent it, and whether it is about something that belongs to the student.

    Returns the response if it is about something that belongs to another student.
    """
    state = state_of(request.scope)
    session = await cookies.find_session(request, sandbox)
    student = await members.find(sandbox.runtime, session.student) if session is not None else None
    state.student, state.owns = (student.id, False) if student is not None else ("", False)
    if student is not None and not state.is_administrator:
        query = request.query_params  # as the handlers read it: of repeated parameters, the same one counts
        app, timeline = query.get("app", ""), query.get("timeline", "")
        wanted = find_requested_object(request.scope["path"], request.method, app, timeline, sandbox.runtime.tenants)
        owner = await _find_owner(sandbox, wanted, student.id) if wanted is not None else ""
        state.owns = owner == student.id
        if owner and not state.owns:
            return html_response.error_response(request, sandbox, 404, OF_ANOTHER.title, OF_ANOTHER.text, OF_ANOTHER)
    return None


OF_ANOTHER = NoticeView(
    title="This belongs to another student",
    text="Only that student and the teacher see it.",
    primary=Link("Go to your apps", "/developer"),
    others=(Link("View your exchanges", "/exchanges"),),
)


async def _find_owner(sandbox: Sandbox, wanted: Wanted, student: str) -> str:
    """The student who owns it; "" if no student does, or if it doesn't exist."""
    runtime = sandbox.runtime
    match wanted.kind:
        case "lists":
            return student
        case "app":
            client = await registration.find_unambiguous_app(runtime, wanted.id)
            return client.student if client is not None else ""
        case "exchange":
            return await find_student(runtime, sandbox.journal, exchange=wanted.id)
        case "launch":
            owner = await attribution.student_of_launch(runtime, wanted.id)
            return owner or await find_student(runtime, sandbox.journal, timeline=wanted.id)
        case "app of launch":
            launch = await launches.find_by_timeline(runtime, wanted.id)
            client = await registration.find_by_id(runtime, launch.client_id) if launch is not None else None
            return client.student if client is not None else ""


def owner_of(request: Request) -> str:
    """The student whose data this request is limited to; "" if it may see everything, as the administrator's may."""
    state = state_of(request.scope)
    return state.student if state.owns else ""


async def find_current_student(request: Request, sandbox: Sandbox) -> Student | None:
    """The student whose browser sent the request."""
    return await members.find(sandbox.runtime, state_of(request.scope).student)


def may_launch(request: Request, client: Client) -> bool:
    """Whether this request may launch the app with a link. An app is found by several kinds of names, so this is about the one
    that was found.
    """
    return owner_of(request) in ("", client.student)


def exchange_filter_of(request: Request) -> ExchangeFilter:
    """The conditions that the exchanges meet which this request may see."""
    student = owner_of(request)
    return (condition_for_student(student),) if student else ()


def is_started_by_student(request: Request, recorded: bytes) -> bool:
    """Whether an exchange that was just recorded began in the browser of the student who owns it."""
    guard: AdminGuard = request.app.state.guard
    student, scope = state_of(request.scope).student, request.scope
    return bool(student) and student_of(recorded) == student and not guard.is_foreign(scope, headers_of(scope), acts=False)


def may_open(request: Request, sandbox: Sandbox, client: Client) -> bool:
    """Whether this browser may open an app from a chart: in class mode, the apps of students are only for themselves."""
    return not sandbox.runtime.class_mode or not client.student or client.student == state_of(request.scope).student

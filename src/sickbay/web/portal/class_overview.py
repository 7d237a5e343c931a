"""The class over HTTP: the teacher's overview with one page for each student, and the page of a student about the class."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.kernel.english import count
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import sessions
from sickbay.services.class_mode import clearing, members, progress
from sickbay.services.class_mode.members import Student
from sickbay.services.journal.outcomes import STUDENT
from sickbay.web import cookies, html_response, http_request, students
from sickbay.web.http_request import state_of
from sickbay.web.portal.class_link import join_link
from sickbay.web.portal.class_views import ClassView, MemberView, student_row, student_view, summarise_students
from sickbay.web.redirects import redirect_to

OVERVIEW = "/developer/class"
CHART = "/general/ehr/patients/p-0017"
SAVED = {
    "reset": "Everyone’s apps, launches and exchanges were deleted. The students stay in the class.",
    "student": "The student’s apps, launches and exchanges were deleted. The student stays in the class.",
    "removed": "The student and all of the student’s data were deleted.",
    "key": "The old link no longer works. Students who joined with it stay in the class.",
}


async def show_overview(request: Request, sandbox: Sandbox) -> Response:
    """GET shows the class: all of it to the teacher, to a student what concerns the student. POST: csrf, action."""
    options = await html_response.page_options(request, sandbox, here="Class")
    if not state_of(request.scope).is_administrator and (student := await students.find_current_student(request, sandbox)):
        return await _member_page(request, sandbox, student, options)
    if request.method == "POST":
        return await _change_class(request, sandbox, options)
    if request.query_params.get("show") == "link":
        return html_response.render_page(request, sandbox, "class_link", await join_link(sandbox), options)
    view = await _class_view(sandbox, request.query_params.get("saved", ""))
    name = "class_list" if request.query_params.get("part") == "list" else "class_overview"
    return html_response.render_page(request, sandbox, name, view, options)


async def _class_view(sandbox: Sandbox, saved: str) -> ClassView:
    await sandbox.journal.collect("")  # without waiting for explanations that aren't written yet
    found = await progress.read_progress_of_students(sandbox.runtime, await members.list_students(sandbox.runtime))
    return ClassView(
        rows=tuple(map(student_row, found)),
        summary=summarise_students(found),
        live=f"{OVERVIEW}?part=list",
        join=await join_link(sandbox),
        action=OVERVIEW,
        full=f"The class is full: it has {members.MAXIMUM_STUDENTS} students."
        if len(found) >= members.MAXIMUM_STUDENTS
        else "",
        saved=SAVED.get(saved, ""),
    )


async def _change_class(request: Request, sandbox: Sandbox, options: html_response.PageOptions) -> Response:
    """action: key makes a new link; reset deletes what all students have."""
    sent = parse(await http_request.read_body(request))
    saved = ""
    if cookies.is_own_form(request, options.session, sent.get("csrf")):
        match sent.get("action"):
            case "key":
                await members.change_key(sandbox.runtime)
                saved = "key"
            case "reset":
                for student in await members.list_students(sandbox.runtime):
                    await clearing.reset(sandbox.runtime, sandbox.journal, student)
                saved = "reset"
    return redirect_to(f"{OVERVIEW}?saved={saved}" if saved else OVERVIEW)


async def show_student(request: Request, sandbox: Sandbox, id: str) -> Response:
    """One student, for the teacher. POST: csrf, action, which is reset, code or remove."""
    options = await html_response.page_options(request, sandbox, here="Class")
    found = await members.find(sandbox.runtime, id)
    if found is None:
        return html_response.respond_not_found(request, sandbox, options)
    sent = parse(await http_request.read_body(request)) if request.method == "POST" else None
    action = sent.get("action") if sent and cookies.is_own_form(request, options.session, sent.get("csrf")) else ""
    code = ""
    match action:
        case "reset":
            await clearing.reset(sandbox.runtime, sandbox.journal, found)
            return redirect_to(f"{OVERVIEW}/{found.id}?saved=student")
        case "remove":
            await clearing.remove(sandbox.runtime, sandbox.journal, found)
            return redirect_to(f"{OVERVIEW}?saved=removed")
        case "code":
            code = await members.renew_code(sandbox.runtime, found)
    if sent is not None and not code:
        return redirect_to(f"{OVERVIEW}/{found.id}")
    (reached,) = await progress.read_progress_of_students(sandbox.runtime, [found])
    saved = SAVED.get(request.query_params.get("saved", ""), "")
    view = student_view(reached, f'"{STUDENT}{found.id} "', code, saved)
    return html_response.render_page(request, sandbox, "class_student", view, options)


async def _member_page(request: Request, sandbox: Sandbox, student: Student, options: html_response.PageOptions) -> Response:
    """GET shows a student's own page. POST: csrf, action: code gives a new personal code, leave signs out of the class."""
    sent = parse(await http_request.read_body(request)) if request.method == "POST" else None
    action = sent.get("action") if sent and cookies.is_own_form(request, options.session, sent.get("csrf")) else ""
    if action == "leave" and options.session is not None:
        await sessions.leave_on_this_browser(sandbox.runtime, options.session)
        return redirect_to("/")
    code = await members.renew_code(sandbox.runtime, student) if action == "code" else ""
    if sent is not None and not code:
        return redirect_to(OVERVIEW)
    return await member_page(request, sandbox, student, options, code)


async def member_page(
    request: Request, sandbox: Sandbox, student: Student, options: html_response.PageOptions, code: str = ""
) -> Response:
    """The page of a student. code: a new personal code."""
    (reached,) = await progress.read_progress_of_students(sandbox.runtime, [student])
    apps = count(len(reached.apps), "app") if reached.apps else ""
    view = MemberView(student.name, apps, CHART, OVERVIEW, student_row(reached), code)
    return html_response.render_page(request, sandbox, "class_member", view, options)

"""Joining a class over HTTP: with its link, or again from another browser with a personal code."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.kernel.english import count
from sickbay.protocol.names import clean_name
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import sessions
from sickbay.services.class_mode import members
from sickbay.web import cookies, html_response, http_request, students
from sickbay.web.admin import wrong_tokens
from sickbay.web.http_request import state_of
from sickbay.web.portal.class_link import JOIN
from sickbay.web.portal.class_overview import OVERVIEW, member_page
from sickbay.web.portal.class_views import JoinView
from sickbay.web.redirects import redirect_to

WRONG_LINK = "This link isn’t the current one. Ask your teacher for it."
WRONG_CODE = "No class and no student has this code. Check it, or ask your teacher for a new one."
NO_NAME = "Enter a name, so that your teacher recognises you."
FULL = "The class is full. Ask your teacher."


async def join(request: Request, sandbox: Sandbox) -> Response:
    """The form for a code. POST: csrf, code: the class's, which leads to the form for a name, or a personal one."""
    if await students.find_current_student(request, sandbox) is not None:
        return redirect_to(OVERVIEW)
    options = await html_response.page_options(request, sandbox, here="Class")
    if request.method != "POST":
        return html_response.render_page(request, sandbox, "class_join", JoinView(JOIN), options)
    sent = parse(await http_request.read_body(request))
    code = sent.get("code") or ""
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return _join_form(request, sandbox, options, JoinView(JOIN, fault=cookies.rejection_reason(request)), 403)
    if seconds := await wrong_tokens.seconds_to_wait(sandbox.runtime, request.scope, "class"):
        return _join_form(request, sandbox, options, JoinView(JOIN, fault=_describe_limit(seconds)), 429, seconds)
    if await members.is_join_key(sandbox.runtime, code):
        return redirect_to(f"{JOIN}/{await members.load_join_key(sandbox.runtime)}")
    student = await members.find_by_code(sandbox.runtime, code)
    if student is None:
        return await _count_wrong(request, sandbox, options, JoinView(JOIN, fault=WRONG_CODE, sent=code[:100]))
    response = redirect_to(OVERVIEW)
    cookies.put(request, response, sandbox, await sessions.join_class(sandbox.runtime, options.session, student.id))
    return response


async def join_with_link(request: Request, sandbox: Sandbox, key: str) -> Response:
    """The link of the class. GET shows the form. POST: csrf, name: joins, and shows the personal code."""
    if await students.find_current_student(request, sandbox) is not None:
        return redirect_to(OVERVIEW)
    options = await html_response.page_options(request, sandbox, here="Class")
    if seconds := await wrong_tokens.seconds_to_wait(sandbox.runtime, request.scope, "class"):
        return _join_form(request, sandbox, options, JoinView(JOIN, fault=_describe_limit(seconds)), 429, seconds)
    if not await members.is_join_key(sandbox.runtime, key):
        return await _count_wrong(request, sandbox, options, JoinView(JOIN, fault=WRONG_LINK))
    action = f"{JOIN}/{await members.load_join_key(sandbox.runtime)}"
    if request.method != "POST":
        return html_response.render_page(request, sandbox, "class_join", JoinView(action, key), options)
    sent = parse(await http_request.read_body(request))
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return _join_form(request, sandbox, options, JoinView(action, key, name_fault=cookies.rejection_reason(request)), 403)
    return await _join_class(request, sandbox, options, sent, JoinView(action, key))


async def _join_class(
    request: Request, sandbox: Sandbox, options: html_response.PageOptions, sent: Parameters, view: JoinView
) -> Response:
    name = clean_name(sent.get("name") or "", members.NAME_CHARACTERS)
    if not name:
        return _join_form(request, sandbox, options, JoinView(view.action, view.key, name_fault=NO_NAME), 422)
    try:
        joined = await members.join(sandbox.runtime, name, sent.get("csrf") or "")
    except members.ClassIsFull:
        return _join_form(request, sandbox, options, JoinView(view.action, view.key, name, name_fault=FULL), 409)
    cookie = await sessions.join_class(sandbox.runtime, options.session, joined.student.id)
    state_of(request.scope).student = joined.student.id
    session = await sessions.find_session(sandbox.runtime, cookie)
    options = html_response.PageOptions(session=session, cookie=cookie, here="Class")
    return await member_page(request, sandbox, joined.student, options, joined.code)


async def _count_wrong(request: Request, sandbox: Sandbox, options: html_response.PageOptions, view: JoinView) -> Response:
    seconds = await wrong_tokens.count_wrong(sandbox.runtime, request.scope, "class")
    if seconds:
        return _join_form(request, sandbox, options, JoinView(JOIN, fault=_describe_limit(seconds)), 429, seconds)
    return _join_form(request, sandbox, options, view, 403)


def _describe_limit(seconds: int) -> str:
    return f"Too many wrong codes were sent from this network. Try again in {count(seconds, 'second')}."


def _join_form(
    request: Request, sandbox: Sandbox, options: html_response.PageOptions, view: JoinView, status: int, retry_after: int = 0
) -> Response:
    response = html_response.render_page(request, sandbox, "class_join", view, options, status)
    if retry_after:
        response.headers["retry-after"] = str(retry_after)
    return response

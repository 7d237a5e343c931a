"""The doctor's page over HTTP."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import cookies, html_response, http_request
from sickbay.web.html_response import PageOptions
from sickbay.web.portal import doctor_process
from sickbay.web.portal.diagnosis_views import examine
from sickbay.web.portal.doctor_examples import EXAMPLES
from sickbay.web.portal.doctor_process import LONG_TEXT_BYTES, NotFinished, examine_apart
from sickbay.web.portal.doctor_views import DoctorView


async def show_doctor(request: Request, sandbox: Sandbox) -> Response:
    """GET shows the text box, perhaps with an example, and POST checks its content. It is neither stored nor sent anywhere."""
    options = await html_response.page_options(request, sandbox, here="Doctor")
    if request.method != "POST":
        view = DoctorView(input=EXAMPLES.get(request.query_params.get("example", ""), ""))
        return html_response.render_page(request, sandbox, "doctor", view, options)
    body = await http_request.read_body(request, http_request.PASTED)
    sent = await asyncio.to_thread(parse, body)  # a megabyte takes half a second
    text, added = (sent.get("input") or "").strip(), (sent.get("added") or "").strip()
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        view = DoctorView(input=text, added=added, fault="This page was probably open for too long. Try again.")
        return html_response.render_page(request, sandbox, "doctor", view, options, 403)
    try:
        view = await _examine_text(sandbox, text, added)
    except NotFinished:
        return _show_not_finished(request, sandbox, text, added, options)
    return html_response.render_page(request, sandbox, "doctor", view, options)


async def _examine_text(sandbox: Sandbox, text: str, added: str) -> DoctorView:
    """A short text is examined in a thread, a long one in a process. Raises NotFinished."""
    if len(text.encode()) + len(added.encode()) <= LONG_TEXT_BYTES:
        async with sandbox.short_texts:
            return await asyncio.to_thread(examine, text, added)
    if sandbox.long_texts.locked():
        raise NotFinished
    async with sandbox.long_texts:
        return await examine_apart(text, added)


def _show_not_finished(request: Request, sandbox: Sandbox, text: str, added: str, options: PageOptions) -> Response:
    seconds, size = doctor_process.LIMIT_SECONDS, doctor_process.LIMIT_BYTES >> 20
    fault = (
        f"This text wasn’t examined. A long text may take {seconds} seconds and {size} MB, one at a time. "
        "Try again in a few seconds, or paste only the part with the error."
    )
    view = DoctorView(input=text, added=added, fault=fault)
    response = html_response.render_page(request, sandbox, "doctor", view, options, 503)
    response.headers["retry-after"] = str(seconds)
    return response

"""The page that moves and freezes Sickbay's clock."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from sickbay.kernel import english
from sickbay.kernel.clock_moves import parse_move
from sickbay.protocol.parameters import parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import clock
from sickbay.services.clock import ClockOutOfRange
from sickbay.services.context import Runtime
from sickbay.web import cookies, error_responses, html_response, http_request
from sickbay.web.admin_guard import is_own_path
from sickbay.web.portal.apps import TOO_LATE, refuse_unless_administrator
from sickbay.web.portal.time_view import TimeView

PAGE = "/developer/time"
MOVES = ("+5m", "+1h", "+1d", "+30d", "-1h", "-1d")
"""The moves that have a button."""


async def time(request: Request, sandbox: Sandbox) -> Response:
    """GET shows it. POST: csrf, move (such as +2h, freeze, run or real) and back. On errors the same page, 422."""
    if rejection := refuse_unless_administrator(request, sandbox):
        return rejection
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    if request.method != "POST":
        return html_response.page(request, sandbox, "time", _view(sandbox.runtime), options)
    sent = parse(await http_request.read_body(request))
    ours, text = cookies.is_own_form(request, options.session, sent.get("csrf")), (sent.get("move") or "").strip()
    fault = await _move(sandbox.runtime, text) if ours else TOO_LATE
    if fault:
        return html_response.page(request, sandbox, "time", _view(sandbox.runtime, fault, text), options, 422 if ours else 403)
    back = sent.get("back") or PAGE
    return RedirectResponse(back if is_own_path(back) else PAGE, 303, error_responses.NO_STORE)


async def _move(runtime: Runtime, text: str) -> str:
    """Move the clock. Returns what is wrong; "" if it was moved."""
    seconds = parse_move(text)
    try:
        if text == "real":
            await clock.move(runtime, offset=0.0, frozen=False)
        elif text in ("freeze", "run"):
            await clock.move(runtime, frozen=text == "freeze")
        elif seconds is not None:
            await clock.move(runtime, advance=seconds)
        else:
            return "Enter a sign, numbers and units (s, m, h, d, w), such as +2h or -1d12h."
    except ClockOutOfRange as error:
        return f"{error}."
    return ""


def _view(runtime: Runtime, fault: str = "", text: str = "") -> TimeView:
    reading = clock.read(runtime)
    return TimeView(
        now=english.moment(reading.now),
        real=english.moment(reading.real),
        offset=english.from_real_time(reading.offset),
        frozen=reading.frozen,
        is_real=reading.is_real,
        moves=MOVES,
        action=PAGE,
        fault=fault,
        text=text,
    )

"""Browser sessions that signed in with the admin token: which requests they authorize, and the pages to sign in and out."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.administration import PORTAL
from sickbay.kernel.english import count
from sickbay.protocol.parameters import Parameters, parse
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import sessions
from sickbay.settings.settings import Settings
from sickbay.web import cookies, error_responses, html_response, http_request
from sickbay.web.admin import wrong_tokens
from sickbay.web.admin_guard import AdminGuard, is_own_path
from sickbay.web.html_response import accepts_html
from sickbay.web.http_request import headers_of, state_of
from sickbay.web.oauth.sign_in import AdminSignInView
from sickbay.web.pages.notice import NoticeView
from sickbay.web.pages.parts import Link
from sickbay.web.redirects import redirect_to

SIGN_IN = "/developer/sign-in"
FOREIGN = "A page of another origin sent this request, so it was refused."


async def recognise(request: Request, sandbox: Sandbox, guard: AdminGuard) -> None:
    """Record in the request's state that its browser signed in with an admin token that is still valid."""
    cookie = cookies.read_cookie(request, cookies.make_name(sandbox)) if guard.has_token else None
    session = await sessions.find_session(sandbox.runtime, cookie) if cookie else None
    if session is not None and session.admin and session.admin_until > sandbox.runtime.now():
        state_of(request.scope).is_administrator = guard.is_proof(session.admin)


def refuse_stranger(request: Request, sandbox: Sandbox, *, acts: bool = False, pages: bool = True) -> Response | None:
    """Returns None if the request is the administrator's, else a page that links to the sign-in, or a problem (403; 429). acts:
    this GET changes something. pages: a browser may get a page.
    """
    guard: AdminGuard = request.app.state.guard
    verdict = guard.decide_admin_access(request.scope, headers_of(request.scope), acts=acts)
    if verdict in ("keyboard", "token", "session"):
        return None
    seconds = guard.wait(request.scope)
    if pages and accepts_html(request.headers.get("accept", "")):
        view = (
            _make_too_many_notice(seconds)
            if seconds
            else _make_foreign_notice()
            if verdict == "foreign"
            else _make_private_notice(request, sandbox)
        )
        response: Response = html_response.render_page(request, sandbox, "notice", view, status=403)
    else:
        title, detail = _problem_text(verdict, seconds, sandbox)
        response = error_responses.respond_problem(
            429 if seconds else 403, title, detail=detail + (_describe_refusal(request) if verdict == "no-rights" else "")
        )
    return add_retry_after(response, seconds)


def _problem_text(verdict: str, seconds: int, sandbox: Sandbox) -> tuple[str, str]:
    """The title and detail of the problem."""
    if seconds:
        return "Too many wrong admin tokens", f"Try again in {count(seconds, 'second')}."
    if verdict == "foreign":
        return "Only for the user who runs this Sickbay or with the admin token, and never from another origin", FOREIGN
    if verdict == "wrong-token":
        return "The admin token is wrong", token_hint(sandbox.settings)
    detail = f"Send Authorization: Bearer TOKEN. {token_hint(sandbox.settings)}"
    return "Only for the user who runs this Sickbay, on the same machine, or with the admin token", detail


def _describe_refusal(request: Request) -> str:
    """A hint for the person at the keyboard if their request looks like one from a proxy or from another user."""
    guard: AdminGuard = request.app.state.guard
    reason = guard.why_not_keyboard(request.scope, headers_of(request.scope))
    return f" {reason}" if reason else ""


def add_retry_after(response: Response, seconds: int) -> Response:
    """Turn the response into a 429 with Retry-After if there were too many wrong tokens."""
    if seconds:
        response.status_code = 429
        response.headers["retry-after"] = str(seconds)
    return response


def token_hint(settings: Settings) -> str:
    """A sentence on where to find the admin token."""
    chosen = "The token is the value of --admin-token or SICKBAY_ADMIN_TOKEN."
    in_folder = "The token is in the file admin-token of Sickbay's data folder; Sickbay prints its path when it starts."
    return chosen if settings.admin_token else in_folder if settings.admin_key else "This Sickbay has no admin token."


def _make_private_notice(request: Request, sandbox: Sandbox) -> NoticeView:
    if state_of(request.scope).student:
        return NoticeView(
            title="Only for your teacher",
            text="This page is about other students or the whole class. Your own apps, launches and "
            "exchanges are in the developer portal.",
            primary=Link("Go to your apps", "/developer"),
            others=(Link("View your exchanges", "/exchanges"),),
        )
    current_path = http_request.raw_path(request.scope) + (f"?{request.url.query}" if request.url.query else "")
    next = (
        f"?next={quote(current_path, safe='')}" if request.method == "GET" and not current_path.endswith("/ehr/launch") else ""
    )
    return NoticeView(
        title="Sign in with the admin token",
        text="This page is only for the user who runs this Sickbay, on the same machine or with the admin token. "
        f"{token_hint(sandbox.settings)}{_describe_refusal(request)}",
        primary=Link("Sign in with the admin token", f"{SIGN_IN}{next}"),
        others=(*_join_link(sandbox), Link("Go to the start page", "/")),
    )


def _join_link(sandbox: Sandbox) -> tuple[Link, ...]:
    return (Link("Join the class", "/developer/join"),) if sandbox.runtime.class_mode else ()


def _make_foreign_notice() -> NoticeView:
    return NoticeView(
        title="Not allowed from another origin", text=FOREIGN, primary=Link("Go to the developer portal", "/developer")
    )


def _make_too_many_notice(seconds: int) -> NoticeView:
    return NoticeView(
        title="Too many wrong admin tokens",
        text=f"Try again in {count(seconds, 'second')}. The right token is accepted at any time.",
        primary=Link("Sign in with the admin token", SIGN_IN),
    )


async def sign_in(request: Request, sandbox: Sandbox) -> Response:
    """GET shows the form. POST: csrf, token. Redirects to `next`, which is one of our own paths."""
    guard: AdminGuard = request.app.state.guard
    query = http_request.query_of(request.scope)
    options = await html_response.page_options(request, sandbox, here="Developer portal")
    if request.method != "POST":
        if guard.is_administrator(request.scope, headers_of(request.scope)):
            return redirect_to(_requested_page(query))
        return html_response.render_page(request, sandbox, "admin_sign_in", _sign_in_view(sandbox, query), options)
    sent = parse(await http_request.read_body(request))
    if not cookies.is_own_form(request, options.session, sent.get("csrf")):
        return html_response.render_page(
            request, sandbox, "admin_sign_in", _sign_in_view(sandbox, query, cookies.rejection_reason(request)), options, 403
        )
    token = (sent.get("token") or "").strip()
    if not guard.is_right(token):
        seconds = await wrong_tokens.count_wrong(sandbox.runtime, request.scope)
        fault = f"Too many wrong tokens. Try again in {count(seconds, 'second')}." if seconds else "This isn’t the admin token."
        page = html_response.render_page(request, sandbox, "admin_sign_in", _sign_in_view(sandbox, query, fault), options, 401)
        return add_retry_after(page, seconds)
    response = redirect_to(_requested_page(query))
    cookies.put(request, response, sandbox, await sessions.sign_in_admin(sandbox.runtime, options.session, guard.proof(token)))
    return response


def _sign_in_view(sandbox: Sandbox, query: Parameters, fault: str = "") -> AdminSignInView:
    action = f"{SIGN_IN}?next={quote(_requested_page(query), safe='')}"
    return AdminSignInView(action=action, where=token_hint(sandbox.settings), fault=fault)


def _requested_page(query: Parameters) -> str:
    """The requested page if it is a read-only page of the portal, else the portal."""
    wanted = query.get("next") or ""
    ours = is_own_path(wanted) and wanted[1:].partition("?")[0].partition("/")[0] in PORTAL
    return wanted if ours and not wanted.startswith(SIGN_IN) else "/developer"


async def sign_out(request: Request, sandbox: Sandbox) -> Response:
    """POST: csrf. The user stays signed in at the hospitals."""
    session = await cookies.find_session(request, sandbox)
    sent = parse(await http_request.read_body(request))
    if session is not None and cookies.is_own_form(request, session, sent.get("csrf")):
        await sessions.sign_out_admin(sandbox.runtime, session)
    return redirect_to("/")

"""The session cookie, and the cookies with the theme and the favourite apps."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import sessions
from sickbay.services.sessions import Session
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.http_request import headers_of

THEME = "sickbay_theme"
FAVOURITES = "sickbay_favourites"
YEAR = 31_536_000


def make_name(sandbox: Sandbox) -> str:
    """The cookie's name. Cookies ignore ports, so two Sickbays on one host need different names."""
    return f"sickbay_{sandbox.runtime.keys.instance}"


def read_cookie(request: Request, name: str) -> str | None:
    """The value of a cookie. Reads no others: those of every server on this machine arrive here, and there may be thousands."""
    lines = [value.decode("latin-1") for key, value in request.scope["headers"] if key == b"cookie"]
    header = "; ".join(["", *lines])
    start = header.rfind(f"; {name}=")
    return None if start < 0 else header[start + len(name) + 3 :].partition(";")[0].strip()


async def find_session(request: Request, sandbox: Sandbox) -> Session | None:
    value = read_cookie(request, make_name(sandbox))
    return await sessions.find_session(sandbox.runtime, value) if value else None


async def prepare_session(request: Request, sandbox: Sandbox) -> tuple[Session, str | None]:
    """Returns the existing session, or a new one that isn't stored, with its cookie value."""
    existing = await find_session(request, sandbox)
    return (existing, None) if existing else sessions.begin_unstored_session(sandbox.runtime)


async def load_session(request: Request, sandbox: Sandbox) -> tuple[Session, str | None]:
    """Returns the stored session, or a new one with its cookie value."""
    existing = await find_session(request, sandbox)
    return (existing, None) if existing and existing.key else await sessions.begin_session(sandbox.runtime)


def put(request: Request, response: Response, sandbox: Sandbox, value: str | None) -> None:
    if value is not None:
        _set_cookie(request, response, make_name(sandbox), value, None)


def put_theme(request: Request, response: Response, theme: str) -> None:
    _set_cookie(request, response, THEME, theme, YEAR)


def put_favourites(request: Request, response: Response, apps: str) -> None:
    _set_cookie(request, response, FAVOURITES, apps, YEAR)


def _set_cookie(request: Request, response: Response, name: str, value: str, seconds: int | None) -> None:
    """Set a cookie.

    SameSite=None works in frames of another site, but needs Secure, which browsers reject over plain http, except from a
    loopback name.
    """
    guard: AdminGuard = request.app.state.guard
    if guard.is_secure(request.scope, headers_of(request.scope)):
        response.set_cookie(name, value, seconds, path="/", secure=True, httponly=True, samesite="none")
    else:
        response.set_cookie(name, value, seconds, path="/", httponly=True, samesite="lax")


def rejection_reason(request: Request) -> str:
    """Returns why the form was refused, as a sentence for the user."""
    headers, guard = headers_of(request.scope), request.app.state.guard
    if guard.own_origin(headers) is False:
        sent = headers["origin"]
        return (
            f"You opened Sickbay at {sent}, but its base URL is {guard.base}. Open it there, or start Sickbay "
            f"with --base-url {sent}."
        )
    if "sickbay_" not in headers.get("cookie", ""):
        return "Your browser sent no cookie of Sickbay. Allow cookies for this site, load the page again, and try again."
    return "This page was probably open for too long. Try again."


def is_own_form(request: Request, current: Session | None, sent: str | None) -> bool:
    """Check the CSRF token and the Origin of a form."""
    guard: AdminGuard = request.app.state.guard
    return guard.own_origin(headers_of(request.scope)) is not False and sessions.csrf_matches(current, sent)

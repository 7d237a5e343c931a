"""The one cookie of the browser, and the theme it chose."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.operations import sessions
from sickbay.operations.sessions import Session
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web.doors import same_origin

THEME = "sickbay_theme"


def name(sandbox: Sandbox) -> str:
    """Cookies ignore ports: two Sickbays on one host must not share one."""
    return f"sickbay_{sandbox.world.keys.instance}"


async def session(request: Request, sandbox: Sandbox) -> Session | None:
    return await sessions.find(sandbox.world, request.cookies.get(name(sandbox)))


async def begun(request: Request, sandbox: Sandbox) -> tuple[Session, str | None]:
    """The session that is there, or a new one and the value to set."""
    found = await session(request, sandbox)
    return (found, None) if found else await sessions.begin(sandbox.world)


def put(response: Response, sandbox: Sandbox, value: str | None) -> None:
    """Chromium takes Secure over http on loopback; Lax does not arrive in a frame under the other loopback name."""
    if value is not None:
        response.set_cookie(name(sandbox), value, path="/", secure=True, httponly=True, samesite="none")


def form_is_ours(request: Request, found: Session | None, sent: str | None) -> bool:
    """CSRF token and Origin of a form (contract, Sessions)."""
    headers = {key.lower(): value for key, value in request.headers.items()}
    origin = headers.get("origin")
    ours = origin is None or same_origin(origin, request.scope, headers)
    return ours and sessions.csrf_fits(found, sent)

"""The bar of the explorer: which hospital, which FHIR version, and whose view."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

from sickbay.authorization.models import User
from sickbay.kernel import english
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import sessions, users, viewers
from sickbay.services.context import Tenant
from sickbay.services.viewers import TokenChoice, Viewer
from sickbay.web import cookies
from sickbay.web.explorer.place import HOME, ExplorerPlace
from sickbay.web.explorer.views import Bar
from sickbay.web.pages.parts import Choice

LISTED_TOKENS: Final = 50
LISTED_USERS: Final = 100
LABEL_CHARACTERS: Final = 60
SCOPE_CHARACTERS: Final = 400


async def make_bar(sandbox: Sandbox, place: ExplorerPlace, viewer: Viewer | None) -> Bar:
    """The bar of a page. viewer: None on a page without data."""
    runtime, tenant = sandbox.runtime, place.tenant
    tokens = await viewers.list_tokens(runtime, tenant, LISTED_TOKENS)
    everyone = (await users.list_users(runtime, tenant))[:LISTED_USERS]
    token = viewer.context.token if viewer else None
    return Bar(
        action=HOME,
        hospitals=tuple(Choice(name, other.title, other is tenant) for name, other in sandbox.runtime.tenants.items()),
        versions=tuple(Choice(name, name.upper(), name == place.version) for name in tenant.dialect.fhir),
        users=_add_chosen_viewer(
            tuple(
                Choice(f"user:{user.username}", _name_user(user), place.viewer == f"user:{user.username}") for user in everyone
            ),
            viewer if viewer and viewer.kind == "user" else None,
        ),
        tokens=_add_chosen_viewer(
            tuple(_name_token(tenant, choice, runtime.now(), place.viewer) for choice in tokens),
            viewer if viewer and viewer.kind == "token" else None,
        ),
        path=place.path + (f"?{place.query}" if place.query else ""),
        home=place.at(""),
        hospital=tenant.title,
        version=place.version.upper(),
        viewer=name_viewer(viewer) if viewer else "",
        scope=shorten_text(token.scope, SCOPE_CHARACTERS) if token else "",
    )


def _add_chosen_viewer(choices: tuple[Choice, ...], chosen: Viewer | None) -> tuple[Choice, ...]:
    """The choices with the viewer of the page, even if it isn't one of the first."""
    if chosen is None or any(choice.chosen for choice in choices):
        return choices
    return (Choice(chosen.key, name_viewer(chosen), True), *choices)


def shorten_text(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


def _name_user(user: User) -> str:
    details = "all patients" if user.patients == "*" else english.count(len(user.patients), "patient")
    return f"{shorten_text(user.name or user.username, LABEL_CHARACTERS)} ({details})"


def _name_token(tenant: Tenant, choice: TokenChoice, now: int, chosen: str) -> Choice:
    token, key = choice.token, f"token:{choice.handle}"
    parts = [
        shorten_text(choice.app or "removed app", LABEL_CHARACTERS),
        f"patient {token.patient}" if token.patient else token.user or "no user",
        tenant.version_of(token.base).upper(),
        f"issued {english.format_time(token.issued_at)} UTC",
        shorten_text(token.scope, LABEL_CHARACTERS),
    ]
    expired = " (expired)" if token.expires_at <= now else ""
    return Choice(key, ", ".join(filter(None, parts)) + expired, chosen == key)


def name_viewer(viewer: Viewer) -> str:
    """'Dr. Adaeze Okafor', or 'a token of Sample app'."""
    context = viewer.context
    if viewer.kind == "user":
        return shorten_text((context.user.name if context.user else "") or viewer.name, LABEL_CHARACTERS)
    app = context.client.name if context.client else ""
    return f"a token of {shorten_text(app, LABEL_CHARACTERS)}" if app else "a token of a removed app"


async def choose_viewer(request: Request, sandbox: Sandbox, tenant: Tenant) -> str:
    """The user who is signed in at the hospital with this browser, else a user who sees all patients, else the newest token.

    "" if there are neither users nor tokens.
    """
    session = await cookies.find_session(request, sandbox)
    signed_in = await sessions.load_signed_in_user(sandbox.runtime, tenant, session)
    everyone = [signed_in] if signed_in else await users.list_users(sandbox.runtime, tenant)
    user = next((user for user in everyone if user.patients == "*"), everyone[0] if everyone else None)
    if user is not None:
        return f"user:{user.username}"
    return next((f"token:{token.handle}" for token in await viewers.list_tokens(sandbox.runtime, tenant, 1)), "")

"""Authorization requests: loads what one names, and decides before any page is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct, structs

from sickbay.authorization.authorize import stage
from sickbay.authorization.authorize.default_scopes import add_default_scopes
from sickbay.authorization.client_document import is_document_id
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import AutoApproval, Client, Launch
from sickbay.authorization.requests import AuthorizeRequest, authorize_request
from sickbay.authorization.scopes import ordinary as ordinary_scopes
from sickbay.authorization.scopes.granting import granted_scopes
from sickbay.diagnosis.stages import AUTHORIZE
from sickbay.kernel.checks import Refusal
from sickbay.services import client_documents, records, registration, sessions
from sickbay.services import launch as launches
from sickbay.services.client_documents import DocumentSource
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, conclude
from sickbay.services.pending_authorization import (
    PendingAuthorization,
    StoredAuthorization,
    drop_auto_approve,
    load_sign_in,
    make_pending,
)
from sickbay.services.sessions import Session

AuthorizeDecision: TypeAlias = Decision[AuthorizeRequest, AuthorizeContext]


class AuthorizeResult(Struct, frozen=True):
    """redirects: whether the error is sent to the redirect URI. waiting: None if the request was refused."""

    decision: AuthorizeDecision
    client: Client | None
    timeline: str
    redirects: bool
    waiting: PendingAuthorization | None = None


async def authorize(
    runtime: Runtime,
    tenant: Tenant,
    text: str,
    method: str,
    session: Session | None,
    exchange: str,
    *,
    elsewhere: str = "",
    misdirected: bool = False,
    fetched: bool = False,
    automatic: Callable[[], bool] = lambda: True,
    approval: AutoApproval | None = None,
    resent: bool = False,
    source: DocumentSource | None = None,
) -> AuthorizeResult:
    """text: `endpoint?query`, or for POST `endpoint?body`, as received. elsewhere: an unknown tenant in the address.

    misdirected: the request came to the wrong address and is refused whatever it contains. fetched: a script sent it.
    automatic: returns whether auto_approve applies to this request (setting open_sign_in); called if the app has it.
    approval: replaces the app's auto_approve in a request that Sickbay itself makes (`services.resend`). resent: Sickbay sends
    it again, so its parameters aren't remembered as the app's. source: who sends it, for a client_id that has to be fetched.
    """
    request = authorize_request(text, method)
    stored, live_at = await _load_client(runtime, tenant, request)
    client, document_fault = await _find_client(runtime, tenant, request, stored, source)
    client = _apply_approval(client, approval, automatic)
    tenant = tenant.override_for_app(client)
    code = request.parameters.get("launch")
    launch = await launches.find_launch(runtime, tenant, code) if code else None
    login = await sessions.find_login(runtime, tenant, session) if session else None
    newest_clients = () if client else await registration.newest_clients(runtime, tenant.name, session)
    context = AuthorizeContext(
        now=runtime.now(),
        server=tenant.server,
        elsewhere=elsewhere,
        misdirected=misdirected,
        fetched=fetched,
        client=client,
        document_fault=document_fault,
        launch=launch,
        others=tuple([client.client_id for client in newest_clients]),
        newest_clients=newest_clients,
        session_user=_session_user(client, login),
        live_at=live_at,
        seen=_seen_parameters(runtime, client, request),
        unusual_scopes=client is None or not ordinary_scopes.is_ordinary_authorize(request, client, tenant.server),
    )
    decision = conclude(AUTHORIZE, tenant, request, context, stage.examine_request(request, context))
    own = launch is not None and client is not None and launch.client_id == client.client_id
    timeline = launch.timeline if launch and own else runtime.effects.token(12)
    if decision.refusal is not None or client is None:  # a check refuses a client that is not registered
        return await _refuse_authorization(runtime, tenant, decision, client, timeline)
    if client.document is not None:
        await client_documents.store(runtime, registration.copy_settings(client, stored), stored)
    if not resent:
        runtime.recent_parameters.remember(_memory_name(client), request.parameters)
    waiting = await _build_waiting_request(runtime, tenant, decision, client, launch, login, timeline, exchange)
    return AuthorizeResult(decision, client, timeline, False, waiting)


def _apply_approval(client: Client | None, approval: AutoApproval | None, automatic: Callable[[], bool]) -> Client | None:
    if client is not None and approval is not None:
        return structs.replace(client, auto_approve=approval)
    if client is not None and client.auto_approve is not None and not automatic():
        return drop_auto_approve(client)
    return client


async def _refuse_authorization(
    runtime: Runtime, tenant: Tenant, decision: AuthorizeDecision, client: Client | None, timeline: str
) -> AuthorizeResult:
    if client is not None:
        decision = await _add_live_launch(runtime, tenant, decision, client)
    assert decision.refusal is not None
    on_a_page = tenant.dialect.answers.not_redirected
    redirects = stage.error_goes_to_the_app(decision.examination, decision.refusal, on_a_page)
    return AuthorizeResult(decision, client, timeline, redirects)


async def _build_waiting_request(
    runtime: Runtime,
    tenant: Tenant,
    decision: AuthorizeDecision,
    client: Client,
    launch: Launch | None,
    login: tuple[str, sessions.Login] | None,
    timeline: str,
    exchange: str,
) -> PendingAuthorization:
    """Builds the accepted request with everything that it refers to, and default scopes if it has none. It isn't stored yet."""
    request = add_default_scopes(decision.request, client, tenant.server)
    code = request.parameters.get("launch")
    key = records.digest(code) if launch and code else ""
    person = await load_sign_in(runtime, tenant, client, login)
    before = login[0] if login else None
    stored = StoredAuthorization("", request.method, key, client.client_id, timeline, exchange, "", before=before)
    offered = granted_scopes(request, client, tenant.server, unusual=decision.context.unusual_scopes)
    return make_pending(tenant, stored, request, client, launch, person, offered)


def _seen_parameters(runtime: Runtime, client: Client | None, request: AuthorizeRequest) -> frozenset[tuple[str, str]]:
    return runtime.recent_parameters.find_seen_values(_memory_name(client), request.parameters) if client else frozenset()


def _memory_name(client: Client) -> str:
    """Returns a key that begins with the hospital, so that resetting the hospital finds the app."""
    return f"{client.tenant}/{client.client_id}"


def _session_user(client: Client | None, login: tuple[str, sessions.Login] | None) -> str | None:
    if client is not None and client.auto_approve is not None:
        return client.auto_approve.user
    return login[1].user if login else None


async def _add_live_launch(runtime: Runtime, tenant: Tenant, decision: AuthorizeDecision, client: Client) -> AuthorizeDecision:
    """Decides again with the launch code that would have been right, so that the explanation can name it."""
    live = await launches.find_active_launch(runtime, tenant, client)
    if live is None:
        return decision
    context = structs.replace(decision.context, live=live, live_launch=launches.placeholder_of(live.timeline))
    return conclude(AUTHORIZE, tenant, decision.request, context, stage.examine_request(decision.request, context))


async def _load_client(runtime: Runtime, tenant: Tenant, request: AuthorizeRequest) -> records.LiveClient:
    """Loads the client. An app of another hospital is known, but not enabled here."""
    live = await records.load_live_client(runtime, request.parameters.get("client_id"))
    client = live.client
    if client is None or tenant.has_client(client) or client.enabled_tenants is not None:
        return live
    return live._replace(client=structs.replace(client, enabled_tenants=(client.tenant,)))


async def _find_client(
    runtime: Runtime, tenant: Tenant, request: AuthorizeRequest, stored: Client | None, source: DocumentSource | None
) -> tuple[Client | None, Refusal | None]:
    """The registered client, or the one whose metadata document is at the client_id, or why that can't be used."""
    url = request.parameters.get("client_id") or ""
    if (stored is not None and stored.document is None) or not is_document_id(url):
        return stored, None
    loaded = await client_documents.load(runtime, tenant, url, stored, source)
    return (None, loaded) if isinstance(loaded, Refusal) else (loaded, None)

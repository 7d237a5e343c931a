"""Authorization requests: loads what one names, decides before any page is shown, and stores it while the user signs in."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from msgspec import Struct, structs

from sickbay.authorization.authorize import stage
from sickbay.authorization.authorize.default_scopes import add_default_scopes
from sickbay.authorization.authorize.parameters import find_target
from sickbay.authorization.authorize.redirect_uri import is_registered
from sickbay.authorization.client_document import is_document_id
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.login.prompt import SignInParameters, sign_in_parameters
from sickbay.authorization.models import AutoApproval, Client, Launch, User
from sickbay.authorization.requests import AuthorizeRequest, authorize_request
from sickbay.authorization.scopes import ordinary as ordinary_scopes
from sickbay.authorization.scopes.granting import GrantedScope, granted_scopes
from sickbay.diagnosis.silence.trail import ShownPage
from sickbay.diagnosis.stages import AUTHORIZE
from sickbay.kernel.checks import Refusal
from sickbay.services import client_documents, id_token, records, registration, sessions
from sickbay.services import launch as launches
from sickbay.services.client_documents import DocumentSource
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, conclude
from sickbay.services.sessions import Session
from sickbay.storage.interface import Delete, Put, Record
from sickbay.storage.quotas import ANONYMOUS

AuthorizeDecision: TypeAlias = Decision[AuthorizeRequest, AuthorizeContext]
WAITS_FOR = 1800
"""How long a user has to sign in, choose and consent, in seconds."""
MAXIMUM_PER_BROWSER = 32
"""Maximum number of pending requests of one browser, once a user has signed in there."""


class StoredAuthorization(Struct, frozen=True):
    """An accepted request that waits for the user, as it is stored. text: endpoint?parameters, without the launch code.

    session: the browser that sent it. login: the sign-in of the user who chose the patient, encounter and other context; ""
    until something was chosen.
    """

    text: str
    method: str
    launch_key: str
    client_id: str
    timeline: str
    exchange: str
    session: str
    login: str = ""
    patient: str | None = None
    encounter: str | None = None
    before: str | None = None
    chosen: dict[str, str] = {}
    page: str = ""
    """The page that was shown last, by its name in `login.LoginStep`; "" if it hasn't been shown since the last answer."""
    pages: tuple[ShownPage, ...] = ()
    """All pages that were shown, at most MAXIMUM_PAGES (`shown_pages`)."""


class PendingAuthorization(Struct, frozen=True):
    """A StoredAuthorization with all that it names. id: "" until it is stored. login, auth_time: the sign-in at this tenant."""

    request: AuthorizeRequest
    client: Client
    timeline: str
    exchange: str
    base: str
    version: str
    launch: Launch | None = None
    launch_key: str = ""
    user: User | None = None
    login: str | None = None
    before: str | None = None
    """The sign-in that existed when the request arrived."""
    auth_time: int | None = None
    patient: str | None = None
    encounter: str | None = None
    """Empty if the user was asked and chose none."""
    chosen: dict[str, str] = {}
    """launch/ scope for another type -> the reference that the user chose; "" if none was chosen."""
    id: str = ""
    pages: tuple[ShownPage, ...] = ()
    sign_in_parameters: SignInParameters = SignInParameters()
    offered: tuple[GrantedScope, ...] = ()
    """Each requested scope, and whether it can be granted."""
    grantable: tuple[str, ...] = ()
    """The requested scopes that can be granted."""

    @property
    def redirect_uri(self) -> str:
        return redirect_uri(self.request, self.client)


class AuthorizeResult(Struct, frozen=True):
    """redirects: whether the error is sent to the redirect URI. waiting: None if the request was refused."""

    decision: AuthorizeDecision
    client: Client | None
    timeline: str
    redirects: bool
    waiting: PendingAuthorization | None = None


def redirect_uri(request: AuthorizeRequest, client: Client) -> str:
    """The redirect URI as sent, or the only registered one if the dialect allows leaving it out."""
    return request.parameters.get("redirect_uri") or next(iter(client.redirect_uris), "")


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
    tenant = tenant.for_app(client)
    code = request.parameters.get("launch")
    launch = await launches.find(runtime, tenant, code) if code else None
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
        return _drop_auto_approve(client)
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
    person = await _load_person(runtime, tenant, client, login)
    before = login[0] if login else None
    stored = StoredAuthorization("", request.method, key, client.client_id, timeline, exchange, "", before=before)
    offered = granted_scopes(request, client, tenant.server, unusual=decision.context.unusual_scopes)
    return _make_pending(tenant, stored, request, client, launch, person, offered)


def _drop_auto_approve(client: Client) -> Client:
    """Returns the app without auto_approve, so that users have to sign in and consent."""
    return structs.replace(client, auto_approve=None)


def _seen_parameters(runtime: Runtime, client: Client | None, request: AuthorizeRequest) -> frozenset[tuple[str, str]]:
    return runtime.recent_parameters.find_seen(_memory_name(client), request.parameters) if client else frozenset()


def _memory_name(client: Client) -> str:
    """Returns a key that begins with the hospital, so that resetting the hospital finds the app."""
    return f"{client.tenant}/{client.client_id}"


def _session_user(client: Client | None, login: tuple[str, sessions.Login] | None) -> str | None:
    if client is not None and client.auto_approve is not None:
        return client.auto_approve.user
    return login[1].user if login else None


async def _add_live_launch(runtime: Runtime, tenant: Tenant, decision: AuthorizeDecision, client: Client) -> AuthorizeDecision:
    """Decides again with the launch code that would have been right, so that the explanation can name it."""
    live = await launches.find_active(runtime, tenant, client)
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


def _make_pending(
    tenant: Tenant,
    stored: StoredAuthorization,
    request: AuthorizeRequest,
    client: Client,
    launch: Launch | None,
    person: _Person,
    offered: tuple[GrantedScope, ...],
    id: str = "",
) -> PendingAuthorization:
    """stored: for a new request, what is known so far. The user's choices override the launch, which overrides auto_approve."""
    base = find_target(request, tenant.server) or (launch.iss if launch else "") or tenant.fhir_base(client.fhir)
    patient = stored.patient or (launch.patient if launch else None)
    encounter = (launch.encounter if launch else None) if stored.encounter is None else stored.encounter
    if client.auto_approve is not None:
        patient, encounter = patient or client.auto_approve.patient, encounter or client.auto_approve.encounter
    return PendingAuthorization(
        request,
        client,
        stored.timeline,
        stored.exchange,
        base,
        tenant.version_of(base) or client.fhir,
        launch,
        stored.launch_key,
        user=person.user,
        login=person.login,
        before=stored.before,
        auth_time=person.auth_time,
        patient=patient,
        encounter=encounter,
        chosen=stored.chosen,
        id=id,
        pages=stored.pages,
        sign_in_parameters=sign_in_parameters(request.parameters),
        offered=offered,
        grantable=tuple([scope.scope for scope in offered if scope.granted]),
    )


class _Person(NamedTuple):
    """The signed-in user, the id of the sign-in, and its time."""

    user: User | None = None
    login: str | None = None
    auth_time: int | None = None


async def _load_person(runtime: Runtime, tenant: Tenant, client: Client, login: tuple[str, sessions.Login] | None) -> _Person:
    """Returns the signed-in user. For an auto-approved app, that is the user of auto_approve, without a sign-in."""
    if client.auto_approve is not None:
        return _Person(await records.load_user(runtime, tenant, client.auto_approve.user), None, runtime.now())
    if login is None:
        return _Person()
    return _Person(await records.load_user(runtime, tenant, login[1].user), login[0], login[1].at)


async def store(runtime: Runtime, tenant: Tenant, waiting: PendingAuthorization, session: Session) -> PendingAuthorization:
    """Stores the request, bound to the browser. The forms contain its id.

    Authorizations that wait for a sign-in count towards the quota of anonymous records. If a user is signed in, only the
    browser's newest requests are kept.
    """
    id = waiting.id or runtime.effects.token(16)
    without_launch = waiting.request.parameters.replace([("launch", None)])
    stored = StoredAuthorization(
        text=f"{waiting.request.url}?{without_launch.raw}",
        method=waiting.request.method,
        launch_key=waiting.launch_key,
        client_id=waiting.client.client_id,
        timeline=waiting.timeline,
        exchange=waiting.exchange,
        session=session.origin,
        login=waiting.login or "",
        patient=waiting.patient,
        encounter=waiting.encounter,
        before=waiting.before,
        chosen=waiting.chosen,
        pages=waiting.pages,
    )
    now = runtime.now()
    record = Record(
        "pending",
        id,
        records.dump(stored),
        tenant.name,
        waiting.client.client_id,
        "" if session.is_anonymous else session.origin,
        ANONYMOUS if session.is_anonymous else "",
        at=now,
        expires_at=now + WAITS_FOR,
    )
    older = [] if waiting.id or session.is_anonymous else await _oldest_of_browser(runtime, session.origin)
    await runtime.store.transaction([Put(record), *older])
    if "openid" in waiting.grantable:
        await id_token.prepare_signing(runtime)
    return structs.replace(waiting, id=id)


async def _oldest_of_browser(runtime: Runtime, origin: str) -> list[Delete]:
    """Returns the request to delete if a browser would otherwise have more than MAXIMUM_PER_BROWSER."""
    if await runtime.store.count_family("pending", origin, MAXIMUM_PER_BROWSER) < MAXIMUM_PER_BROWSER:
        return []
    oldest = await runtime.store.find("pending", family=origin, limit=1, oldest=True)
    return [Delete("pending", record.key) for record in oldest]


async def load_pending(
    runtime: Runtime, tenant: Tenant, id: str, session: Session | None, *, automatic: bool = True
) -> PendingAuthorization | None:
    """The request stored under this id for this browser; None if it has ended (`lost_session.find_ending` says why)."""
    record = await runtime.store.get("pending", id) if id else None
    if record is None or record.tenant != tenant.name or (record.expires_at or 0) <= runtime.now():
        return None
    stored = records.parse(StoredAuthorization, record.value)
    client = await registration.find_by_id(runtime, stored.client_id)
    if client is not None and not automatic:
        client = _drop_auto_approve(client)
    tenant = tenant.for_app(client)
    if session is None or stored.session != session.origin or client is None:
        return None
    request = authorize_request(stored.text, stored.method)
    if not is_registered(client, tenant.policy, redirect_uri(request, client)):
        return None  # the registration was edited while the user signed in
    launch = await launches.find_by_key(runtime, tenant, stored.launch_key)
    person = await _load_person(runtime, tenant, client, await sessions.find_login(runtime, tenant, session))
    if stored.login != (person.login or ""):
        stored = structs.replace(stored, patient=None, encounter=None, chosen={})
    offered = granted_scopes(request, client, tenant.server)
    return _make_pending(tenant, stored, request, client, launch, person, offered, id)


def delete_pending(waiting: PendingAuthorization) -> list[Delete]:
    return [Delete("pending", waiting.id)] if waiting.id else []

"""Accepted authorization requests that wait for the user: what they consist of, and how they are stored and loaded."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct, structs

from sickbay.authorization.authorize.parameters import find_target
from sickbay.authorization.authorize.redirect_uri import is_registered
from sickbay.authorization.login.prompt import SignInParameters, sign_in_parameters
from sickbay.authorization.models import Client, Launch, User
from sickbay.authorization.requests import AuthorizeRequest, authorize_request
from sickbay.authorization.scopes.granting import GrantedScope, granted_scopes
from sickbay.diagnosis.silence.trail import ShownPage
from sickbay.services import id_token, records, registration, sessions
from sickbay.services import launch as launches
from sickbay.services.context import Runtime, Tenant
from sickbay.services.sessions import Session
from sickbay.storage.interface import Delete, Put, Record
from sickbay.storage.quotas import ANONYMOUS

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


def redirect_uri(request: AuthorizeRequest, client: Client) -> str:
    """The redirect URI as sent, or the only registered one if the dialect allows leaving it out."""
    return request.parameters.get("redirect_uri") or next(iter(client.redirect_uris), "")


def make_pending(
    tenant: Tenant,
    stored: StoredAuthorization,
    request: AuthorizeRequest,
    client: Client,
    launch: Launch | None,
    person: SignIn,
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


class SignIn(NamedTuple):
    """The signed-in user, the id of the sign-in, and its time."""

    user: User | None = None
    login: str | None = None
    auth_time: int | None = None


async def load_sign_in(runtime: Runtime, tenant: Tenant, client: Client, login: tuple[str, sessions.Login] | None) -> SignIn:
    """Returns the signed-in user. For an auto-approved app, that is the user of auto_approve, without a sign-in."""
    if client.auto_approve is not None:
        return SignIn(await records.load_user(runtime, tenant, client.auto_approve.user), None, runtime.now())
    if login is None:
        return SignIn()
    return SignIn(await records.load_user(runtime, tenant, login[1].user), login[0], login[1].at)


async def store_pending(
    runtime: Runtime, tenant: Tenant, waiting: PendingAuthorization, session: Session
) -> PendingAuthorization:
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
        client = drop_auto_approve(client)
    tenant = tenant.override_for_app(client)
    if session is None or stored.session != session.origin or client is None:
        return None
    request = authorize_request(stored.text, stored.method)
    if not is_registered(client, tenant.policy, redirect_uri(request, client)):
        return None  # the registration was edited while the user signed in
    launch = await launches.find_by_key(runtime, tenant, stored.launch_key)
    person = await load_sign_in(runtime, tenant, client, await sessions.find_login(runtime, tenant, session))
    if stored.login != (person.login or ""):
        stored = structs.replace(stored, patient=None, encounter=None, chosen={})
    offered = granted_scopes(request, client, tenant.server)
    return make_pending(tenant, stored, request, client, launch, person, offered, id)


def delete_pending(waiting: PendingAuthorization) -> list[Delete]:
    return [Delete("pending", waiting.id)] if waiting.id else []


def drop_auto_approve(client: Client) -> Client:
    """Returns the app without auto_approve, so that users have to sign in and consent."""
    return structs.replace(client, auto_approve=None)

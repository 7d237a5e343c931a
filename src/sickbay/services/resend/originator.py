"""Finds the app that sent a recorded request, and what was granted to it: user, patient, scopes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from sickbay.authorization.models import AccessToken, AuthorizationCode, AutoApproval, Client, TokenFamily, User
from sickbay.protocol import scopes
from sickbay.protocol.parameters import parse
from sickbay.services import launch as launches
from sickbay.services import patients, records, registration, users
from sickbay.services.context import Runtime, Tenant
from sickbay.services.journal import read as journal_reader
from sickbay.services.resend.edited import EditedRequest

READ_GRANTS: Final = 50
"""The newest codes, grants and tokens of an app that are read, of each kind."""


class Originator(NamedTuple):
    """The app of a recorded request, and the timeline of its launch. is_guess: the request itself doesn't show which app."""

    client: Client
    timeline: str = ""
    is_guess: bool = False


class Grantee(NamedTuple):
    """For whom a new code is issued, and what it may grant. base: the FHIR base; "" for the app's own.

    is_default: no one has opened the app yet, so they are the user and patient that the hospital lists first.
    """

    user: User
    scope: str
    patient: str | None = None
    encounter: str | None = None
    base: str = ""
    context: Mapping[str, Any] = MappingProxyType({})
    is_default: bool = False


async def find_originator(
    runtime: Runtime, tenant: Tenant, entry: Mapping[str, Any], edited: EditedRequest
) -> Originator | None:
    """The app that the request names, or that probably sent it, or the newest app of the hospital; None if it has none."""
    timeline = entry.get("launch") or ""
    for name in _list_client_ids(entry, edited):
        client = await registration.find_by_id(runtime, name)
        if client is not None and client.tenant == tenant.name:
            return Originator(client, timeline if entry.get("app") in (None, client.client_id) else "")
    guess = await journal_reader.guess_launch(runtime, entry["id"])
    client = await registration.find_by_id(runtime, guess.app) if guess else None
    if guess is not None and client is not None and client.tenant == tenant.name:
        return Originator(client, guess.launch, is_guess=True)
    likely = find_likely_app(await registration.newest_clients(runtime, tenant.name), edited)
    return Originator(likely, is_guess=True) if likely is not None else None


def find_likely_app(newest: Sequence[Client], edited: EditedRequest) -> Client | None:
    """The app with the redirect URI of the request, or the newest one of the kind that sends such requests. newest: first."""
    sent = [*parse(edited.query), *parse(edited.body)]
    is_service = ("grant_type", "client_credentials") in sent
    fitting = [client for client in newest if (client.type == "system") == is_service]
    uris = [value for name, value in sent if name == "redirect_uri"]
    own = [client for client in fitting if not client.sample]
    registered = [client for client in fitting if any(uri in client.redirect_uris for uri in uris)]
    return next(iter((*registered, *own, *fitting)), None)


def _list_client_ids(entry: Mapping[str, Any], edited: EditedRequest) -> Iterator[str]:
    """The possible client_ids: of the edited request, of the exchange, and in the facts of the findings."""
    yield from (value for text in (edited.query, edited.body) for value in parse(text).all("client_id"))
    yield from [entry["app"]] if entry.get("app") else []
    for finding in entry["findings"]:
        yield from (str(finding["facts"][name]) for name in ("expected", "registered", "owner") if finding["facts"].get(name))


async def find_grantee(runtime: Runtime, tenant: Tenant, originator: Originator) -> Grantee | None:
    """The user, patient and scopes of the launch; else of the app's newest grant, of auto_approve, or those that come first.

    If the app is a guess, nothing is known of the scopes, so they are all that it is registered for.
    """
    client = originator.client
    grants = await _grants_of_client(runtime, client)
    own = [grant for grant in grants if originator.timeline and grant.timeline == originator.timeline]
    for grant in own or grants:
        user = await records.load_user(runtime, tenant, grant.user) if grant.user else None
        if user is not None:
            context = {} if isinstance(grant, AccessToken) else grant.context
            grantee = Grantee(user, grant.scope, grant.patient, grant.encounter, grant.base, context)
            return await _grant_all_scopes(runtime, tenant, client, grantee) if originator.is_guess else grantee
    return await _find_grantee_of_launch(runtime, tenant, originator) or await _default_grantee(runtime, tenant, client)


async def _grants_of_client(runtime: Runtime, client: Client) -> Sequence[AuthorizationCode | TokenFamily | AccessToken]:
    """Codes first, because they have everything that was granted."""
    find, owner = runtime.store.find, client.client_id
    codes = [records.parse(AuthorizationCode, record.value) for record in await find("code", owner=owner, limit=READ_GRANTS)]
    families = [records.parse(TokenFamily, record.value) for record in await find("family", owner=owner, limit=READ_GRANTS)]
    tokens = [records.parse(AccessToken, record.value) for record in await find("token", owner=owner, limit=READ_GRANTS)]
    return (*codes, *families, *tokens)


async def _find_grantee_of_launch(runtime: Runtime, tenant: Tenant, originator: Originator) -> Grantee | None:
    launch = await launches.find_by_timeline(runtime, originator.timeline) if originator.timeline else None
    if launch is None or launch.client_id != originator.client.client_id or not launch.user:
        return None
    user = await records.load_user(runtime, tenant, launch.user)
    if user is None:
        return None
    return Grantee(user, originator.client.scope, launch.patient, launch.encounter, launch.iss, launch.context)


async def _grant_all_scopes(runtime: Runtime, tenant: Tenant, client: Client, grantee: Grantee) -> Grantee:
    """With all scopes of the app, and a patient: the earlier grant may have none, or one that was deleted since."""
    user, earlier = grantee.user, grantee.patient
    if earlier and await _find_first_patient(runtime, tenant, client, user, ("_id", earlier)):
        return grantee._replace(scope=client.scope)
    patient = user.only_patient or await _find_first_patient(runtime, tenant, client, user)
    return grantee._replace(scope=client.scope, patient=patient, encounter=None)


async def _default_grantee(runtime: Runtime, tenant: Tenant, client: Client) -> Grantee | None:
    """The user of auto_approve, or the first one who may open such an app."""
    auto = client.auto_approve or AutoApproval("")
    people = await users.list_users(runtime, tenant)
    is_of_patients = client.type == "patient"
    fitting = [user for user in people if user.acts_for_patients == is_of_patients]
    user = next((user for user in people if user.username == auto.user), fitting[0] if fitting else None)
    if user is None:
        return None
    patient = auto.patient or user.only_patient or await _find_first_patient(runtime, tenant, client, user)
    granted = auto.scopes or " ".join(scopes.split(client.scope))
    return Grantee(user, granted, patient, auto.encounter, is_default=client.auto_approve is None)


async def _find_first_patient(
    runtime: Runtime, tenant: Tenant, client: Client, user: User, *conditions: tuple[str, str]
) -> str | None:
    """The first patient of the user who meets the conditions of a search."""
    search = [("_count", "1"), ("_sort", "_id"), *conditions]
    listed = await patients.list_patients(runtime, tenant, client.fhir, search, user)
    return str(listed.rows[0]["id"]) if listed.rows else None

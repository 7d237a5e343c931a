"""Loads, checks and stores app state. Each state is a record of the app that wrote it."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.authorization.access import app_state, bearer
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, AppState
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.stages import ACCESS
from sickbay.fhir import body as bodies
from sickbay.fhir.body import Body
from sickbay.fhir.visibility import NOTHING
from sickbay.kernel.checks import UNKNOWN, Unknown
from sickbay.services import records, token_lookup
from sickbay.services.access import AccessResult
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import decide
from sickbay.services.writing.saving import format_instant
from sickbay.storage.interface import Conflict, Put, Record

KIND = "app-state"
FOUND = 1000
"""The maximum number of states of one code and subject in a response, newest first."""
GONE_FOR = 90 * 86_400
"""Seconds for which a deleted state is remembered as deleted."""


class StoredAppState(NamedTuple):
    """The current version of one state."""

    id: str
    version_id: int
    at: int
    body: bytes


class AppStateResult(NamedTuple):
    """The result of a request. states: those that were written or found; empty after a refusal or a delete."""

    access: AccessResult
    states: tuple[StoredAppState, ...] = ()


async def perform(runtime: Runtime, tenant: Tenant, request: AccessRequest, body: Body | Unknown) -> AppStateResult:
    """Decides on a request and carries it out. If another write comes first, decides again on the new state."""
    while True:
        context, revision = await _load_context(runtime, tenant, request, body)
        decision = decide(ACCESS, tenant, app_state.checks_for(request), request, context)
        token = context.token
        owner = (token.client_id, token.timeline) if isinstance(token, AccessToken) else ()
        result = AccessResult(decision, NOTHING, *owner)
        if decision.refusal is not None or not isinstance(token, AccessToken):
            return AppStateResult(result)
        if request.interaction == "search-type":
            return AppStateResult(result, await _search_states(runtime, tenant, request, context, token))
        if request.interaction not in app_state.LETTERS:
            return AppStateResult(result)
        try:
            return AppStateResult(result, await _save_state(runtime, tenant, request, context, revision))
        except Conflict:
            continue


async def _load_context(
    runtime: Runtime, tenant: Tenant, request: AccessRequest, body: Body | Unknown
) -> tuple[AccessContext, int]:
    """Also returns the revision of the record, 0 if there is none."""
    token = await token_lookup.access_token(runtime, tenant, bearer.read_bearer(request))
    client, user = await token_lookup.client_of(runtime, token), await token_lookup.user_of(runtime, tenant, token)
    record = await runtime.store.get(KIND, _record_key(tenant, request.id)) if request.id else None
    state = _select_visible(record, token, user, request)
    context = AccessContext(
        now=runtime.now(),
        server=tenant.server,
        client=client,
        token=token,
        user=user,
        version=app_state.VERSION,
        body=body,
        state=state,
        current=record.revision if record and state else UNKNOWN,
    )
    return context, record.revision if record else 0


def _select_visible(record: Record | None, token: AccessToken | None, user: object, request: AccessRequest) -> AppState | None:
    """Returns the stored state, or None if it belongs to another app, was deleted, or isn't covered by the token."""
    if record is None or token is None or record.owner != token.client_id:
        return None
    state, letter = records.parse(AppState, record.value), app_state.LETTERS.get(request.interaction, "s")
    return state if state.text and app_state.permits_app_state(token, user, letter, state) else None


async def _save_state(
    runtime: Runtime, tenant: Tenant, request: AccessRequest, context: AccessContext, revision: int
) -> tuple[StoredAppState, ...]:
    """For a create, the id is in the body. Raises Conflict."""
    token, now = context.token, runtime.effects.now()
    assert isinstance(token, AccessToken)
    if isinstance(context.body, Body):
        resource, id = context.body.resource, str(context.body.resource["id"])
        text = bodies.add_version(resource, revision + 1, format_instant(int(now * 1000)))
        subject = app_state.find_subject(resource, request.base)
        state = AppState(*app_state.read_code(resource), subject, text.decode())
    else:
        assert isinstance(context.state, AppState)
        assert request.id is not None
        id, text = request.id, b""
        state = AppState(context.state.system, context.state.code, context.state.subject)
    record = Record(
        KIND,
        _record_key(tenant, id),
        records.dump(state),
        tenant.name,
        token.client_id,
        state.subject or "",
        _record_label(state.system, state.code),
        int(now),
        None if text else int(now) + GONE_FOR,
    )
    await runtime.store.transaction([Put(record, if_revision=revision)])
    return (StoredAppState(id, revision + 1, int(now), text),) if text else ()


async def _search_states(
    runtime: Runtime, tenant: Tenant, request: AccessRequest, context: AccessContext, token: AccessToken
) -> tuple[StoredAppState, ...]:
    system, _, code = (request.parameters.get("code") or "").partition("|")
    subject_reference = request.parameters.get("subject")
    subject = (
        app_state.read_reference(subject_reference, request.base)
        if subject_reference
        else ""
        if "subject:missing" in request.parameters
        else None
    )
    matches = await runtime.store.find(
        KIND, tenant=tenant.name, owner=token.client_id, family=subject, label=_record_label(system, code), limit=FOUND
    )
    states = [(record, records.parse(AppState, record.value)) for record in matches]
    return tuple(
        StoredAppState(record.key.rpartition("/")[2], record.revision, record.at, state.text.encode())
        for record, state in states
        if state.text and app_state.permits_app_state(token, context.user, "s", state)
    )


def _record_key(tenant: Tenant, id: str) -> str:
    return f"{tenant.name}/{id}"


def _record_label(system: str, code: str) -> str:
    return records.digest(f"{system}|{code}")

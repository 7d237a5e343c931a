"""Sign-in, patient and consent: what still has to be asked of a person, and the code once nothing has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sickbay.authorization import launch_context, login_consent, login_prompt, scope_negotiation
from sickbay.authorization import login as stage
from sickbay.authorization.contexts import AuthorizeContext, LoginContext
from sickbay.authorization.models import AuthorizationCode, User
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.requests import AuthorizeRequest, LoginRequest
from sickbay.diagnosis.stages import AUTHORIZE, LOGIN
from sickbay.protocol import scopes
from sickbay.protocol.scopes import LaunchScope
from sickbay.services import patients, records
from sickbay.services.authorize import PendingAuthorization, forget
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, decide, refused
from sickbay.storage.interface import Conflict, Put, Record, Step, UseOnce

Ask: TypeAlias = Literal["sign-in", "patient", "encounter", "context", "consent", "nothing"]


@dataclass(frozen=True, slots=True)
class Consent:
    """What this person allowed this app before, and what was unticked."""

    scopes: tuple[str, ...]
    at: int
    refused: tuple[str, ...] = ()


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class SignInResult:
    """code: None where it was refused."""

    decision: Decision[LoginRequest, LoginContext] | Decision[AuthorizeRequest, AuthorizeContext]
    code: str | None = None


async def next_ask(runtime: Runtime, tenant: Tenant, waiting: PendingAuthorization) -> Ask:
    """What a person has to be asked next."""
    tenant = tenant.under(waiting.client)
    if waiting.client.auto_approve is not None:
        return "nothing"
    if waiting.user is None or _anew(runtime, waiting, waiting.user):
        return "sign-in"
    granted = waiting.grantable
    if not granted or not _same_person(waiting):
        return "nothing"
    picker = tenant.policy.standalone_picker or waiting.user.acts_for_patients
    if picker and waiting.patient is None and own_patient(waiting) is None and stage.needs_patient(granted):
        return "patient"
    if picker and waiting.launch is None and waiting.encounter is None and stage.asks_encounter(granted):
        return "encounter"
    if picker and waiting.launch is None and open_context(tenant, waiting) is not None:
        return "context"
    allowed = await consented(runtime, tenant, waiting)
    asks = waiting.wishes.consent or allowed is None or not set(granted) <= set(allowed.scopes)
    return "consent" if asks else "nothing"


def open_context(tenant: Tenant, waiting: PendingAuthorization) -> tuple[LaunchScope, str] | None:
    """The next launch/ scope of another type for which nothing was chosen yet, and the name of its type."""
    asked = [one for one in stage.asks_context(waiting.grantable) if one.text not in waiting.chosen]
    if not asked:
        return None
    types = {one.lower(): one for one in tenant.server.resource_types.get(waiting.base, ())}
    return next(((one, name) for one in asked if (name := types.get(one.type or ""))), None)


async def candidates(runtime: Runtime, tenant: Tenant, waiting: PendingAuthorization, type: str) -> list[dict[str, Any]]:
    """What may be chosen of this type: of the patient in context where it is about one, visible to the person."""
    patient = waiting.patient or own_patient(waiting)
    for asked in ([("patient", patient)] if patient else [], []):
        try:
            return await patients.find(runtime, tenant, waiting.version, type, [*asked, ("_count", "50")], waiting.user)
        except ValueError:  # a type that is about no patient
            continue
    return []


def _anew(runtime: Runtime, waiting: PendingAuthorization, user: User) -> bool:
    return login_prompt.signs_in_anew(
        waiting.wishes, user, auth_time=waiting.auth_time, now=runtime.now(), fresh=waiting.login != waiting.before
    )


def _same_person(waiting: PendingAuthorization) -> bool:
    launch, user = waiting.launch, waiting.user
    return launch is None or launch.user is None or user is None or launch.user == user.username


def own_patient(waiting: PendingAuthorization) -> str | None:
    """Who signs in as a patient, or for one, has that patient in context; who may open several records chooses."""
    return waiting.user.only_patient if waiting.user else None


async def consented(runtime: Runtime, tenant: Tenant, waiting: PendingAuthorization) -> Consent | None:
    return await records.load(runtime, "consent", _consent_key(tenant, waiting), Consent)


def _consent_key(tenant: Tenant, waiting: PendingAuthorization) -> str:
    username = waiting.user.username if waiting.user else ""
    return f"{tenant.name}/{username}/{waiting.client.client_id}"


async def finish(
    runtime: Runtime,
    tenant: Tenant,
    waiting: PendingAuthorization,
    *,
    ticked: tuple[str, ...] | None = None,
    denied: bool = False,
) -> SignInResult:
    """Decide on the person's answers and give a code. ticked: what was left allowed on the consent page, None: all."""
    tenant = tenant.under(waiting.client)
    granted = _granted(waiting, ticked)
    patient = waiting.patient or own_patient(waiting)
    user = waiting.user
    visible = (
        True if patient is None or user is None else await patients.visible(runtime, tenant, waiting.version, user, patient)
    )
    request = LoginRequest(
        waiting.request.parameters, user.username if user else None, patient, waiting.encounter or None, granted, denied
    )
    known = LoginContext(
        server=tenant.server,
        client=waiting.client,
        request=waiting.request,
        launch=waiting.launch,
        user=user,
        granted=granted,
        patient_visible=visible,
        encounter_fits=await patients.encounter_fits(runtime, tenant, waiting.version, user, patient, waiting.encounter),
    )
    decision = decide(LOGIN, tenant, stage.CHECKS, request, known)
    if decision.refusal is not None:
        return SignInResult(decision)
    try:
        return SignInResult(decision, await _give(runtime, tenant, waiting, granted, patient, ticked is not None))
    except Conflict:
        facts = {"received": None, "seconds": 0, "ago": "just now"}
        of_request = AuthorizeContext(runtime.now(), tenant.server, client=waiting.client, launch=waiting.launch)
        return SignInResult(refused(AUTHORIZE, waiting.request, of_request, refusals.LAUNCH_CODE_REUSED.with_facts(facts)))


SILENT = {
    "sign-in": (refusals.PROMPT_NONE_WITHOUT_SESSION, "no suitable user is signed in"),
    "consent": (refusals.PROMPT_NONE_WITHOUT_CONSENT, "the user hasn't approved all requested access yet"),
}
CHOICES = (refusals.PROMPT_NONE_WITHOUT_CHOICE, "the user has to choose a patient or an encounter")


def not_silently(waiting: PendingAuthorization, ask: Ask) -> SignInResult:
    """prompt=none, and a person would have to be asked this (OpenID Connect Core 3.1.2.6)."""
    kind, reason = SILENT.get(ask, CHOICES)
    refusal = kind(received="none", reason=reason)
    return SignInResult(refused(AUTHORIZE, waiting.request, AuthorizeContext(client=waiting.client), refusal))


def _granted(waiting: PendingAuthorization, ticked: tuple[str, ...] | None) -> tuple[str, ...]:
    granted = waiting.grantable
    auto = waiting.client.auto_approve
    if auto is not None and auto.scopes is not None:
        return login_consent.approved(granted, scopes.split(auto.scopes))
    return login_consent.granted(granted, ticked)


async def _give(
    runtime: Runtime,
    tenant: Tenant,
    waiting: PendingAuthorization,
    granted: tuple[str, ...],
    patient: str | None,
    remember: bool,
) -> str:
    """The code, and all that goes with it, in one transaction. Raises Conflict where the launch was used in this moment."""
    text, now = runtime.effects.token(), runtime.now()
    made = _code(runtime, tenant, waiting, granted, patient, now)
    steps: list[Step] = [UseOnce("launch", waiting.launch_key, now)] if waiting.launch_key else []
    steps += [Put(records.code(records.digest(text), made, tenant.name)), *forget(waiting)]
    if remember:
        steps.append(_remembered(tenant, waiting, granted, now))
    await runtime.store.transaction(steps)
    return text


def _code(
    runtime: Runtime, tenant: Tenant, waiting: PendingAuthorization, granted: tuple[str, ...], patient: str | None, now: int
) -> AuthorizationCode:
    sent, launch = waiting.request.parameters, waiting.launch
    banner = patient and not tenant.policy.bare_without_launch
    context = dict(launch.context) if launch else {"need_patient_banner": True} if banner else {}
    context = launch_context.chosen(context, _picked(waiting, granted))
    return AuthorizationCode(
        client_id=waiting.client.client_id,
        redirect_uri=sent.get("redirect_uri"),
        scope=" ".join(granted),
        issued_at=now,
        lifetime=tenant.policy.code_lifetime,
        family=_family(runtime, now),
        base=waiting.base,
        timeline=waiting.timeline,
        user=waiting.user.username if waiting.user else None,
        session=waiting.login,
        code_challenge=sent.get("code_challenge"),
        code_challenge_method=sent.get("code_challenge_method"),
        nonce=sent.get("nonce"),
        patient=patient if stage.gives_patient(granted, launch) else None,
        encounter=waiting.encounter or None if stage.gives_encounter(granted, launch) else None,
        context=launch_context.members(context, waiting.client),
        auth_time=waiting.auth_time,
        negotiated=scope_negotiation.negotiated(waiting.offered, granted, automatic=waiting.client.auto_approve is not None),
    )


def _family(runtime: Runtime, now: int) -> str:
    """Its id begins with the time: in an index those of one commit then lie side by side, and a commit writes fewer pages."""
    return f"{now:x}{runtime.effects.token(12)}"


def _picked(waiting: PendingAuthorization, granted: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """Reference and role of what was chosen for a scope that was granted in the end."""
    asked = stage.asks_context(granted)
    return [(reference, one.role) for one in asked if (reference := waiting.chosen.get(one.text))]


def _remembered(tenant: Tenant, waiting: PendingAuthorization, granted: tuple[str, ...], now: int) -> Put:
    refused = tuple(one for one in waiting.grantable if one not in granted)
    user = waiting.user.username if waiting.user else ""
    kept = Record(
        "consent",
        _consent_key(tenant, waiting),
        records.dump(Consent(granted, now, refused)),
        tenant.name,
        waiting.client.client_id,
        label=user,
        at=now,
    )
    return Put(kept)

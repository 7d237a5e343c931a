"""Sign-in, patient and consent: chooses the next question to the user, and issues the code after the last one."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct

from sickbay.authorization import login as stage
from sickbay.authorization.contexts import AuthorizeContext, LoginContext
from sickbay.authorization.launch import context as launch_context
from sickbay.authorization.login import consent as login_consent
from sickbay.authorization.login import decision as login_decision
from sickbay.authorization.login import prompt as login_prompt
from sickbay.authorization.models import AuthorizationCode, User
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.requests import AuthorizeRequest, LoginRequest
from sickbay.authorization.scopes import negotiation as scope_negotiation
from sickbay.diagnosis.stages import AUTHORIZE, LOGIN
from sickbay.protocol import scopes, urls
from sickbay.protocol.scopes import LaunchScope
from sickbay.services import app_removal, patients, records
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, decide, refuse
from sickbay.services.pending_authorization import PendingAuthorization, delete_pending
from sickbay.storage.interface import Conflict, Put, Record, Step, UseOnce

LoginStep: TypeAlias = Literal["sign-in", "patient", "encounter", "context", "consent", "nothing"]


class Consent(Struct, frozen=True):
    """The user's last consent for this app, with the scopes that the user unticked."""

    scopes: tuple[str, ...]
    at: int
    refused: tuple[str, ...] = ()


class SignInResult(Struct, frozen=True):
    """code: None if the request was refused."""

    decision: Decision[LoginRequest, LoginContext] | Decision[AuthorizeRequest, AuthorizeContext]
    code: str | None = None


async def next_step(runtime: Runtime, tenant: Tenant, waiting: PendingAuthorization) -> LoginStep:
    """The next question for the user."""
    tenant = tenant.override_for_app(waiting.client)
    if waiting.client.auto_approve is not None:
        return "nothing"
    if waiting.user is None or _needs_new_sign_in(runtime, waiting, waiting.user):
        return "sign-in"
    granted = waiting.grantable
    if not granted or not _is_same_person(waiting):
        return "nothing"
    picker = tenant.policy.standalone_picker or waiting.user.acts_for_patients
    if picker and waiting.patient is None and find_own_patient(waiting) is None and login_decision.needs_patient(granted):
        return "patient"
    if picker and waiting.launch is None and waiting.encounter is None and login_decision.asks_encounter(granted):
        return "encounter"
    if picker and waiting.launch is None and open_context(tenant, waiting) is not None:
        return "context"
    allowed = await load_consent(runtime, tenant, waiting)
    is_new = allowed is None or not set(granted) <= set(allowed.scopes)
    needs_consent = waiting.sign_in_parameters.consent or tenant.policy.always_ask or is_new or _may_be_another(waiting)
    return "consent" if needs_consent else "nothing"


def _may_be_another(waiting: PendingAuthorization) -> bool:
    """Whether another program on the user's machine can pass for the client, because the document is public."""
    return waiting.client.document is not None and urls.is_loopback(waiting.redirect_uri)


def open_context(tenant: Tenant, waiting: PendingAuthorization) -> tuple[LaunchScope, str] | None:
    """The next launch/ scope for another type that nothing was chosen for yet, and the name of its type."""
    open_scopes = [scope for scope in login_decision.asks_context(waiting.grantable) if scope.text not in waiting.chosen]
    if not open_scopes:
        return None
    types = {name.lower(): name for name in tenant.server.resource_types.get(tenant.fhir_base(waiting.version), ())}
    return next(((scope, name) for scope in open_scopes if (name := types.get(scope.type or ""))), None)


async def list_candidates(runtime: Runtime, tenant: Tenant, waiting: PendingAuthorization, type: str) -> list[dict[str, Any]]:
    """Returns the selectable resources of a type: those of the patient in context, or all if the type has no patient."""
    patient = waiting.patient or find_own_patient(waiting)
    for filters in ([("patient", patient)] if patient else [], []):
        try:
            return await patients.find_resources(
                runtime, tenant, waiting.version, type, [*filters, ("_count", "50")], waiting.user
            )
        except ValueError:  # the type has no patient parameter
            continue
    return []


def _needs_new_sign_in(runtime: Runtime, waiting: PendingAuthorization, user: User) -> bool:
    return login_prompt.needs_new_sign_in(
        waiting.sign_in_parameters, user, auth_time=waiting.auth_time, now=runtime.now(), fresh=waiting.login != waiting.before
    )


def _is_same_person(waiting: PendingAuthorization) -> bool:
    launch, user = waiting.launch, waiting.user
    return launch is None or launch.user is None or user is None or launch.user == user.username


def find_own_patient(waiting: PendingAuthorization) -> str | None:
    """A user tied to one patient gets that patient as context; a user with several records chooses one."""
    return waiting.user.only_patient if waiting.user else None


async def load_consent(runtime: Runtime, tenant: Tenant, waiting: PendingAuthorization) -> Consent | None:
    return await records.load(runtime, "consent", _consent_key(tenant, waiting), Consent)


def _consent_key(tenant: Tenant, waiting: PendingAuthorization) -> str:
    username = waiting.user.username if waiting.user else ""
    return f"{tenant.name}/{username}/{waiting.client.client_id}"


async def finish_login(
    runtime: Runtime,
    tenant: Tenant,
    waiting: PendingAuthorization,
    *,
    ticked: tuple[str, ...] | None = None,
    denied: bool = False,
) -> SignInResult:
    """Decides on the user's answers and issues a code. ticked: the scopes left ticked on the consent page; None for all."""
    tenant = tenant.override_for_app(waiting.client)
    granted = _list_granted_scopes(waiting, ticked)
    patient = waiting.patient or find_own_patient(waiting)
    decision = await _decide_login(runtime, tenant, waiting, granted, patient, denied)
    if decision.refusal is not None:
        return SignInResult(decision)
    try:
        return SignInResult(decision, await _issue_code(runtime, tenant, waiting, granted, patient, ticked is not None))
    except Conflict:
        facts = {"received": None, "seconds": 0, "ago": "just now"}
        context = AuthorizeContext(runtime.now(), tenant.server, client=waiting.client, launch=waiting.launch)
        return SignInResult(refuse(AUTHORIZE, waiting.request, context, refusals.LAUNCH_CODE_REUSED.with_facts(facts)))


async def _decide_login(
    runtime: Runtime, tenant: Tenant, waiting: PendingAuthorization, granted: tuple[str, ...], patient: str | None, denied: bool
) -> Decision[LoginRequest, LoginContext]:
    user, version = waiting.user, waiting.version
    visible = patient is None or user is None or await patients.is_visible(runtime, tenant, version, user, patient)
    request = LoginRequest(
        waiting.request.parameters, user.username if user else None, patient, waiting.encounter or None, granted, denied
    )
    context = LoginContext(
        server=tenant.server,
        client=waiting.client,
        request=waiting.request,
        launch=waiting.launch,
        user=user,
        granted=granted,
        patient_visible=visible,
        encounter_fits=await patients.encounter_fits(runtime, tenant, version, user, patient, waiting.encounter),
    )
    return decide(LOGIN, tenant, stage.COMPILED, request, context)


SILENT = {
    "sign-in": (refusals.PROMPT_NONE_WITHOUT_SESSION, "no suitable user is signed in"),
    "consent": (refusals.PROMPT_NONE_WITHOUT_CONSENT, "the user has to approve the requested access"),
}
CHOICES = (refusals.PROMPT_NONE_WITHOUT_CHOICE, "the user has to choose a patient or an encounter")


def refuse_silent_step(waiting: PendingAuthorization, step: LoginStep) -> SignInResult:
    """The refusal of prompt=none if the user would have to be asked (OpenID Connect Core 3.1.2.6)."""
    kind, reason = SILENT.get(step, CHOICES)
    refusal = kind(received="none", reason=reason)
    return SignInResult(refuse(AUTHORIZE, waiting.request, AuthorizeContext(client=waiting.client), refusal))


def _list_granted_scopes(waiting: PendingAuthorization, ticked: tuple[str, ...] | None) -> tuple[str, ...]:
    granted = waiting.grantable
    auto = waiting.client.auto_approve
    if auto is not None and auto.scopes is not None:
        return login_consent.limit_to_allowed(granted, scopes.split(auto.scopes))
    return granted if ticked is None else login_consent.select_ticked_scopes(granted, ticked)


async def _issue_code(
    runtime: Runtime,
    tenant: Tenant,
    waiting: PendingAuthorization,
    granted: tuple[str, ...],
    patient: str | None,
    remember: bool,
) -> str:
    """Stores the code and everything that belongs to it in one transaction. Raises Conflict if the launch was just used, and
    AppRemoved.
    """
    text, now = runtime.effects.token(), runtime.now()
    code = _new_code(runtime, tenant, waiting, granted, patient, now)
    steps: list[Step] = [UseOnce("launch", waiting.launch_key, now)] if waiting.launch_key else []
    steps += [Put(records.make_code_record(records.digest(text), code, tenant.name)), *delete_pending(waiting)]
    if remember:
        steps.append(_consent_record(tenant, waiting, granted, now))
    await runtime.store.transaction(steps)
    await app_removal.undo_if_removed(runtime, code.client_id)
    return text


def _new_code(
    runtime: Runtime, tenant: Tenant, waiting: PendingAuthorization, granted: tuple[str, ...], patient: str | None, now: int
) -> AuthorizationCode:
    sent, launch = waiting.request.parameters, waiting.launch
    banner = patient and not tenant.policy.bare_without_launch
    context = dict(launch.context) if launch else {"need_patient_banner": True} if banner else {}
    if waiting.chosen:
        context = launch_context.add_choices(context, _chosen_context(waiting, granted))
    return AuthorizationCode(
        client_id=waiting.client.client_id,
        redirect_uri=sent.get("redirect_uri"),
        scope=" ".join(granted),
        issued_at=now,
        lifetime=tenant.policy.code_lifetime,
        family=_new_family_id(runtime, now),
        base=waiting.base,
        timeline=waiting.timeline,
        by_resource=bool(sent.get("resource")),
        user=waiting.user.username if waiting.user else None,
        session=waiting.login,
        code_challenge=sent.get("code_challenge"),
        code_challenge_method=sent.get("code_challenge_method"),
        nonce=sent.get("nonce"),
        patient=patient if login_decision.gives_patient(granted, launch) else None,
        encounter=waiting.encounter or None if login_decision.gives_encounter(granted, launch) else None,
        context=launch_context.list_members(context, waiting.client),
        auth_time=waiting.auth_time,
        negotiated=scope_negotiation.explain_negotiation(
            waiting.offered, granted, automatic=waiting.client.auto_approve is not None
        ),
        hint=_find_other_hint(sent.get("login_hint"), waiting.user, patient),
    )


def _find_other_hint(hint: str | None, user: User | None, patient: str | None) -> str | None:
    """login_hint, if it names another user than this one, whose own record the patient is."""
    is_own = user is not None and user.fhir_user == f"Patient/{patient}"
    return hint if hint and is_own and user is not None and hint != user.username else None


def _new_family_id(runtime: Runtime, now: int) -> str:
    """The id starts with the time, so that grants of one commit are adjacent in the index and the commit writes fewer pages."""
    return f"{now:x}{runtime.effects.token(12)}"


def _chosen_context(waiting: PendingAuthorization, granted: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """Reference and role of the resources chosen for scopes that were granted in the end."""
    context_scopes = login_decision.asks_context(granted)
    return [(reference, scope.role) for scope in context_scopes if (reference := waiting.chosen.get(scope.text))]


def _consent_record(tenant: Tenant, waiting: PendingAuthorization, granted: tuple[str, ...], now: int) -> Put:
    refused = tuple(scope for scope in waiting.grantable if scope not in granted)
    user = waiting.user.username if waiting.user else ""
    record = Record(
        "consent",
        _consent_key(tenant, waiting),
        records.dump(Consent(granted, now, refused)),
        tenant.name,
        waiting.client.client_id,
        label=user,
        at=now,
    )
    return Put(record)

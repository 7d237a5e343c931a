"""Declares the stages at which requests are examined, how a corrected request is examined again, and the kinds of input that
`doctor` reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

from msgspec import structs

from sickbay.authorization import (
    access,
    authorize,
    introspection,
    launch,
    login,
    logout,
    readable,
    registration,
    revocation,
    token,
    userinfo,
)
from sickbay.authorization import redirect as authorization_response
from sickbay.authorization.access import app_state, bearer, operations, search, writes
from sickbay.authorization.contexts import (
    AccessContext,
    AuthorizeContext,
    LoginContext,
    LogoutContext,
    SubjectContext,
    TokenContext,
)
from sickbay.authorization.models import Server
from sickbay.authorization.requests import (
    AccessRequest,
    AuthorizeRequest,
    LoginRequest,
    LogoutRequest,
    RegistrationRequest,
    TokenRequest,
    UrlRequest,
)
from sickbay.authorization.token import client_assertion, client_authentication
from sickbay.authorization.token import recheck as token_recheck
from sickbay.diagnosis import guesses
from sickbay.diagnosis.corrections import PLACEHOLDER_LAUNCH, PLACEHOLDER_SECRET, with_well_formed_pkce
from sickbay.diagnosis.evidence import access as read_access
from sickbay.diagnosis.evidence import answer
from sickbay.diagnosis.evidence import app_state as read_app_state
from sickbay.diagnosis.evidence import authorize as read_authorize
from sickbay.diagnosis.evidence import login as read_login
from sickbay.diagnosis.evidence import logout as read_logout
from sickbay.diagnosis.evidence import registration as read_registration
from sickbay.diagnosis.evidence import silence as read_silence
from sickbay.diagnosis.evidence import subject as read_subject
from sickbay.diagnosis.evidence import token as read_token
from sickbay.diagnosis.evidence import url as read_url
from sickbay.kernel.checks import UNKNOWN, Check, Examination, examine

R = TypeVar("R")
K = TypeVar("K")
R_co = TypeVar("R_co", covariant=True)
K_co = TypeVar("K_co", covariant=True)
T = TypeVar("T", bound=TokenContext)
Delivery: TypeAlias = Literal["redirect", "json", "fhir"]
"""How a refusal is returned: as a redirect or a page, as OAuth's JSON, or as an OperationOutcome."""


class Decided(Protocol[R_co, K_co]):
    """A refused request and its context. meant: the context of the token that was probably meant, if none could be read."""

    @property
    def request(self) -> R_co: ...
    @property
    def context(self) -> K_co: ...
    @property
    def examination(self) -> Examination: ...
    @property
    def meant(self) -> Any: ...


def no_checks(request: object) -> tuple[Check[Any, Any], ...]:
    return ()


def by_policy(context: Any) -> frozenset[str]:
    """The refusals that the hospital turns into advice."""
    server = getattr(context, "server", None)
    return frozenset(server.policy.relaxed) if isinstance(server, Server) else frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Stage(Generic[R, K]):
    """One stage of a flow, with everything that is needed to examine its requests.

    name:        the name in storage, on pages and in filters.
    checks:      request -> all checks that examine it.
    to_evidence: request -> the form in which it is recorded, shown and passed to `doctor`.
    relaxed:     context -> names of the refusals that policy and registration turn into advice.
    recheck:     (refused, corrected request) -> that request and its context, which is read from the refused one without a new
                 lookup; None if corrected requests aren't examined again.
    delivery:    how a refusal is returned.
    compared:    the type of context for which the responses of other dialects are shown for comparison.
    pasted:      checks that run first if the request was pasted. On a live request they run before it is parsed.
    """

    name: str
    checks: Callable[[R], Sequence[Check[Any, Any]]] = no_checks
    to_evidence: Callable[[R], dict[str, Any]] = answer.to_evidence
    relaxed: Callable[[K], frozenset[str]] = by_policy
    recheck: Callable[[Decided[R, K], R], tuple[R, K]] | None = None
    delivery: Delivery = "redirect"
    compared: type[Any] | None = None
    pasted: tuple[Check[Any, Any], ...] = ()

    def examine(self, request: R, context: K) -> Examination:
        return examine(self.checks(request), request, context, self.relaxed(context))

    def examine_again(self, refused: Decided[R, K], corrected: R) -> tuple[Examination, K]:
        """Examines a corrected request. Returns the examination and its context."""
        assert self.recheck is not None
        request, context = self.recheck(refused, corrected)
        return self.examine(with_well_formed_pkce(request), context), context


def always(*checks: Check[Any, Any]) -> Callable[[Any], Sequence[Check[Any, Any]]]:
    return lambda request: checks


def fhir_checks(request: AccessRequest) -> Sequence[Check[Any, Any]]:
    """The token first, then the request itself."""
    return (*access.checks(request), *search.checks(request), *operations.CHECKS, *writes.all_checks(request))


def _recheck_authorize(
    refused: Decided[AuthorizeRequest, AuthorizeContext], corrected: AuthorizeRequest
) -> tuple[AuthorizeRequest, AuthorizeContext]:
    context = authorize.context_for(refused.context, refused.request, corrected)
    if corrected.parameters.get("launch") == PLACEHOLDER_LAUNCH:
        context = structs.replace(context, launch=UNKNOWN)  # a placeholder: the app has the value, we don't
    return corrected, context


def _recheck_token(refused: Decided[TokenRequest, T], corrected: TokenRequest) -> tuple[TokenRequest, T]:
    context: T = token_recheck.context_for(refused.context, refused.request, corrected)
    if refused.examination.has_passed(client_assertion.signature_is_valid):
        context = structs.replace(context, jwks=UNKNOWN)  # verifying the same signature again would take half a millisecond
    if PLACEHOLDER_SECRET in client_authentication.secrets(corrected):
        context = structs.replace(context, secret_known=UNKNOWN)
    return corrected, context


def _recheck_token_lookup(
    refused: Decided[TokenRequest, SubjectContext], corrected: TokenRequest
) -> tuple[TokenRequest, SubjectContext]:
    """For introspection and revocation requests."""
    context = token_recheck.context_for(refused.context, refused.request, corrected)
    if corrected.parameters.get("token") != refused.request.parameters.get("token"):
        context = structs.replace(context, subject=UNKNOWN)
    return corrected, context


def _recheck_userinfo(
    refused: Decided[AccessRequest, AccessContext], corrected: AccessRequest
) -> tuple[AccessRequest, AccessContext]:
    same = bearer.bearer(corrected) == bearer.bearer(refused.request)
    context = refused.context if same else structs.replace(refused.context, token=UNKNOWN, client=UNKNOWN, user=UNKNOWN)
    return corrected, context


def _recheck_fhir(
    refused: Decided[AccessRequest, AccessContext], corrected: AccessRequest
) -> tuple[AccessRequest, AccessContext]:
    return read_access.reread(refused.context, refused.request, corrected, refused.meant)


def _recheck_logout(
    refused: Decided[LogoutRequest, LogoutContext], corrected: LogoutRequest
) -> tuple[LogoutRequest, LogoutContext]:
    same = corrected.client_id == refused.request.client_id
    return corrected, refused.context if same else structs.replace(refused.context, client=refused.context.hinted)


def _same_context(refused: Decided[R_co, K_co], corrected: Any) -> tuple[Any, K_co]:
    """For registrations, whose context doesn't depend on the request."""
    return corrected, refused.context


AUTHORIZE: Stage[AuthorizeRequest, AuthorizeContext] = Stage(
    "authorize",
    always(*authorize.CHECKS),
    read_authorize.to_evidence,
    authorize.relaxed_refusals,
    _recheck_authorize,
    compared=AuthorizeContext,
    pasted=(readable.request_is_utf8,),
)
LOGIN: Stage[LoginRequest, LoginContext] = Stage("login", always(*login.CHECKS), read_login.to_evidence)
TOKEN: Stage[TokenRequest, TokenContext] = Stage(
    "token",
    token.checks,
    read_token.to_evidence,
    recheck=_recheck_token,
    delivery="json",
    compared=TokenContext,
    pasted=(readable.form_is_small_enough, readable.request_is_utf8, client_authentication.failed_attempts_are_below_the_limit),
)
SCRIPT: Stage[TokenRequest, TokenContext] = Stage("script", delivery="json")
INTROSPECTION: Stage[TokenRequest, SubjectContext] = Stage(
    "introspection",
    introspection.checks,
    read_subject.introspection_to_evidence,
    recheck=_recheck_token_lookup,
    delivery="json",
)
REVOCATION: Stage[TokenRequest, SubjectContext] = Stage(
    "revocation", revocation.checks, read_subject.revocation_to_evidence, recheck=_recheck_token_lookup, delivery="json"
)
USERINFO: Stage[AccessRequest, AccessContext] = Stage(
    "userinfo", always(*userinfo.CHECKS), read_subject.userinfo_to_evidence, recheck=_recheck_userinfo, delivery="json"
)
FHIR: Stage[AccessRequest, AccessContext] = Stage(
    "access",
    fhir_checks,
    read_access.to_evidence,
    recheck=_recheck_fhir,
    delivery="fhir",
    compared=AccessContext,
    pasted=(readable.request_is_utf8,),
)
REGISTRATION: Stage[RegistrationRequest, Any] = Stage(
    "registration", always(*registration.CHECKS), read_registration.to_evidence, recheck=_same_context, delivery="json"
)
LOGOUT: Stage[LogoutRequest, LogoutContext] = Stage(
    "logout", always(*logout.CHECKS), read_logout.to_evidence, recheck=_recheck_logout
)
LAUNCH: Stage[UrlRequest, Any] = Stage("launch", always(*launch.CHECKS), read_url.launch_to_evidence)
REDIRECT: Stage[UrlRequest, Any] = Stage("redirect", always(*authorization_response.CHECKS), read_url.redirect_to_evidence)
BROWSER: Stage[Any, Any] = Stage("browser")
DISCOVERY: Stage[Any, Any] = Stage("discovery")
ID_TOKEN: Stage[Any, Any] = Stage("id_token")
ANSWER: Stage[Any, Any] = Stage("answer")
SILENCE: Stage[Any, Any] = Stage("silence")
THROTTLE: Stage[None, None] = Stage("throttle", delivery="json")
REQUEST: Stage[None, None] = Stage("request", delivery="json")


class Kind(NamedTuple):
    """A kind of input that `doctor` reads.

    request:    input -> the request.
    context:      (input, request) -> its context.
    own_checks: the checks, if they differ from those of the stage.
    """

    stage: Stage[Any, Any]
    request: Callable[[Any], Any]
    context: Callable[[Any, Any], Any]
    own_checks: Callable[[Any], Sequence[Check[Any, Any]]] | None = None

    def checks(self, request: Any) -> Sequence[Check[Any, Any]]:
        return self.own_checks(request) if self.own_checks else (*self.stage.pasted, *self.stage.checks(request))

    def examine(self, request: Any, context: Any) -> Examination:
        checks = self.checks(request)
        return guesses.mark_guesses(
            checks, context, examine(checks, with_well_formed_pkce(request), context, self.stage.relaxed(context))
        )


KINDS: dict[str, Kind] = {
    "authorize_url": Kind(AUTHORIZE, read_authorize.request, read_authorize.context_of),
    "launch_url": Kind(LAUNCH, read_url.request, read_url.context_of),
    "login": Kind(LOGIN, read_login.request, read_login.context_of),
    "logout_request": Kind(LOGOUT, read_logout.request, read_logout.context_of),
    "redirect_url": Kind(REDIRECT, read_url.request, read_url.context_of),
    "error_page_url": Kind(
        REDIRECT, read_url.error_page, read_url.context_of, always(*authorization_response.ERROR_PAGE_CHECKS)
    ),
    "registration": Kind(REGISTRATION, read_registration.request, read_registration.context_of),
    "token_request": Kind(TOKEN, read_token.request, read_token.context_of),
    "introspection_request": Kind(INTROSPECTION, read_token.request, read_subject.context_of),
    "revocation_request": Kind(REVOCATION, read_token.request, read_subject.context_of),
    "userinfo_request": Kind(USERINFO, read_subject.userinfo, read_subject.userinfo_context),
    "fhir_request": Kind(FHIR, read_access.request, read_access.context_of),
    "app_state_request": Kind(FHIR, read_app_state.request, read_app_state.context_of, app_state.checks),
    "token_response": Kind(ID_TOKEN, answer.token_response, answer.context_of),
    "smart_configuration": Kind(DISCOVERY, answer.document, answer.context_of),
    "error_answer": Kind(ANSWER, answer.nothing, answer.context_of),
    "http_exchange": Kind(BROWSER, answer.exchange, answer.context_of),
    "launch_trail": Kind(SILENCE, read_silence.request, answer.context_of),
}

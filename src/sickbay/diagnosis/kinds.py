"""The kinds of input that `doctor` reads: how each is read, and the stage whose checks examine it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from msgspec import structs

from sickbay.authorization import redirect
from sickbay.authorization.access import app_state
from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis import guesses
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.corrections import with_well_formed_pkce
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
from sickbay.diagnosis.evidence.context import Json
from sickbay.diagnosis.stage import Stage, always
from sickbay.diagnosis.stages import (
    ACCESS,
    ANSWER,
    AUTHORIZE,
    BROWSER,
    DISCOVERY,
    ID_TOKEN,
    INTROSPECTION,
    LAUNCH,
    LOGIN,
    LOGOUT,
    REDIRECT,
    REGISTRATION,
    REVOCATION,
    SILENCE,
    TOKEN,
    USERINFO,
)
from sickbay.kernel.checks import Check, Examination, examine

_RULE_IDS = frozenset(BY_ID)


def _url_context(evidence: Json, request: UrlRequest) -> UrlContext:
    """The response of another server may name one of our rules."""
    return structs.replace(read_url.context_of(evidence, request), ids=_RULE_IDS)


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
    "launch_url": Kind(LAUNCH, read_url.request, _url_context),
    "login": Kind(LOGIN, read_login.request, read_login.context_of),
    "logout_request": Kind(LOGOUT, read_logout.request, read_logout.context_of),
    "redirect_url": Kind(REDIRECT, read_url.request, _url_context),
    "error_page_url": Kind(REDIRECT, read_url.error_page, _url_context, always(*redirect.ERROR_PAGE_CHECKS)),
    "registration": Kind(REGISTRATION, read_registration.request, read_registration.context_of),
    "token_request": Kind(TOKEN, read_token.request, read_token.context_of),
    "introspection_request": Kind(INTROSPECTION, read_token.request, read_subject.context_of),
    "revocation_request": Kind(REVOCATION, read_token.request, read_subject.context_of),
    "userinfo_request": Kind(USERINFO, read_subject.userinfo, read_subject.userinfo_context),
    "fhir_request": Kind(ACCESS, read_access.request, read_access.context_of),
    "app_state_request": Kind(ACCESS, read_app_state.request, read_app_state.context_of, app_state.checks),
    "token_response": Kind(ID_TOKEN, answer.token_response, answer.context_of),
    "smart_configuration": Kind(DISCOVERY, answer.document, answer.context_of),
    "error_answer": Kind(ANSWER, answer.nothing, answer.context_of),
    "http_exchange": Kind(BROWSER, answer.exchange, answer.context_of),
    "launch_trail": Kind(SILENCE, read_silence.request, answer.context_of),
}

"""Each kind of input: its stage, how it is read and written, and the checks that examine it. One line a kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sickbay.authorization import (
    access,
    app_state,
    authorize,
    client_authentication,
    introspection,
    launch,
    login,
    logout,
    operations,
    readable,
    redirect,
    registration,
    revocation,
    search,
    token,
    userinfo,
    writes,
)
from sickbay.authorization.requests import AccessRequest, TokenRequest
from sickbay.diagnosis.reading import access as read_access
from sickbay.diagnosis.reading import answer
from sickbay.diagnosis.reading import app_state as read_app_state
from sickbay.diagnosis.reading import authorize as read_authorize
from sickbay.diagnosis.reading import login as read_login
from sickbay.diagnosis.reading import logout as read_logout
from sickbay.diagnosis.reading import registration as read_registration
from sickbay.diagnosis.reading import subject as read_subject
from sickbay.diagnosis.reading import token as read_token
from sickbay.diagnosis.reading import url as read_url
from sickbay.kernel.refusal import Check


def nothing(known: Any) -> frozenset[str]:
    return frozenset()


class Kind(NamedTuple):
    """request(input) and known(input, request) read; unread(request) writes the corrected one in the form of the input."""

    stage: str
    request: Callable[[Any], Any]
    known: Callable[[Any, Any], Any]
    checks: Callable[[Any], Sequence[Check[Any, Any]]]
    unread: Callable[[Any], dict[str, Any]]
    relaxed: Callable[[Any], frozenset[str]] = nothing
    """known -> the refusals that policy and registration turn into advice."""


def always(checks: Sequence[Check[Any, Any]]) -> Callable[[Any], Sequence[Check[Any, Any]]]:
    return lambda request: checks


def fhir(request: AccessRequest) -> Sequence[Check[Any, Any]]:
    """The token first, then the request itself."""
    return (*access.checks(request), *search.checks(request), *operations.CHECKS, *writes.all_checks(request))


def tokens(request: TokenRequest) -> Sequence[Check[Any, Any]]:
    """Whether it can be read and whether the app must wait, as it is asked live before everything else."""
    first = (readable.form_is_small_enough, readable.request_is_utf8, client_authentication.guesses_are_few)
    return (*first, *token.checks(request))


def pasted_fhir(request: AccessRequest) -> Sequence[Check[Any, Any]]:
    """Live, whether it can be read is decided before there is a request."""
    return (readable.request_is_utf8, *fhir(request))


KINDS: dict[str, Kind] = {
    "authorize_url": Kind(
        "authorize",
        read_authorize.request,
        read_authorize.known,
        always((readable.request_is_utf8, *authorize.CHECKS)),
        read_authorize.unread,
        authorize.relaxed,
    ),
    "launch_url": Kind("launch", read_url.request, read_url.known, always(launch.CHECKS), read_url.unread_launch),
    "login": Kind("login", read_login.request, read_login.known, always(login.CHECKS), read_login.unread),
    "logout_request": Kind("logout", read_logout.request, read_logout.known, always(logout.CHECKS), read_logout.unread),
    "redirect_url": Kind("redirect", read_url.request, read_url.known, always(redirect.CHECKS), read_url.unread_redirect),
    "error_page_url": Kind(
        "redirect", read_url.error_page, read_url.known, always(redirect.ERROR_PAGE_CHECKS), read_url.unread_redirect
    ),
    "registration": Kind(
        "registration",
        read_registration.request,
        read_registration.known,
        always(registration.CHECKS),
        read_registration.unread,
    ),
    "token_request": Kind("token", read_token.request, read_token.known, tokens, read_token.unread),
    "introspection_request": Kind(
        "introspection",
        read_token.request,
        read_subject.known,
        introspection.checks,
        read_subject.unread_introspection,
    ),
    "revocation_request": Kind(
        "revocation", read_token.request, read_subject.known, revocation.checks, read_subject.unread_revocation
    ),
    "userinfo_request": Kind(
        "userinfo",
        read_subject.userinfo,
        read_subject.known_of_userinfo,
        always(userinfo.CHECKS),
        read_subject.unread_userinfo,
    ),
    "fhir_request": Kind("access", read_access.request, read_access.known, pasted_fhir, read_access.unread),
    "app_state_request": Kind("access", read_app_state.request, read_app_state.known, app_state.checks, read_access.unread),
    "token_response": Kind("id_token", answer.token_response, answer.known, always(()), answer.unread),
    "smart_configuration": Kind("discovery", answer.document, answer.known, always(()), answer.unread),
    "error_answer": Kind("answer", answer.nothing, answer.known, always(()), answer.unread),
    "http_exchange": Kind("browser", answer.exchange, answer.known, always(()), answer.unread),
}

"""The stages of a flow: the only list of their names.

A rule belongs to the stage whose folder it is in. Exchanges, filters and metrics have these names, and pages have their titles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sickbay.authorization import (
    access,
    authorize,
    introspection,
    launch,
    login,
    logout,
    readable,
    redirect,
    registration,
    revocation,
    token,
    userinfo,
)
from sickbay.authorization.access import operations, search, writes
from sickbay.authorization.contexts import (
    AccessContext,
    AuthorizeContext,
    LoginContext,
    LogoutContext,
    SubjectContext,
    TokenContext,
)
from sickbay.authorization.requests import (
    AccessRequest,
    AuthorizeRequest,
    LoginRequest,
    LogoutRequest,
    RegistrationRequest,
    TokenRequest,
    UrlRequest,
)
from sickbay.authorization.token import client_authentication
from sickbay.diagnosis import recheck
from sickbay.diagnosis.evidence import access as read_access
from sickbay.diagnosis.evidence import authorize as read_authorize
from sickbay.diagnosis.evidence import login as read_login
from sickbay.diagnosis.evidence import logout as read_logout
from sickbay.diagnosis.evidence import registration as read_registration
from sickbay.diagnosis.evidence import subject as read_subject
from sickbay.diagnosis.evidence import token as read_token
from sickbay.diagnosis.evidence import url as read_url
from sickbay.diagnosis.stage import Stage, always
from sickbay.kernel.checks import Check


def fhir_checks(request: AccessRequest) -> Sequence[Check[Any, Any]]:
    """The token first, then the request itself."""
    return (*access.checks(request), *search.checks(request), *operations.CHECKS, *writes.all_checks(request))


REGISTRATION: Stage[RegistrationRequest, Any] = Stage(
    "registration",
    "Registration",
    outcome="422; the app isn't registered",
    checks=always(*registration.CHECKS),
    to_evidence=read_registration.to_evidence,
    recheck=recheck.recheck_registration,
)
LAUNCH: Stage[UrlRequest, Any] = Stage(
    "launch",
    "Launch",
    sender="browser",
    receiver="app",
    sentence="The EHR launches your app",
    outcome="the app can't start",
    checks=always(*launch.CHECKS),
    to_evidence=read_url.launch_to_evidence,
)
DISCOVERY: Stage[Any, Any] = Stage("discovery", "Discovery", receiver="fhir", sentence="Your app looks up the endpoints")
AUTHORIZE: Stage[AuthorizeRequest, AuthorizeContext] = Stage(
    "authorize",
    "Authorization request",
    sender="browser",
    sentence="Your app requests an authorization code",
    delivery="redirect",
    checks=always(*authorize.CHECKS),
    pasted=(readable.request_is_utf8,),
    relaxed=authorize.relaxed_refusals,
    to_evidence=read_authorize.to_evidence,
    recheck=recheck.recheck_authorize_request,
    compared=AuthorizeContext,
)
LOGIN: Stage[LoginRequest, LoginContext] = Stage(
    "login",
    "Sign-in and consent",
    sender="browser",
    sentence="The user signs in, chooses or consents",
    delivery="redirect",
    checks=always(*login.CHECKS),
    to_evidence=read_login.to_evidence,
)
REDIRECT: Stage[UrlRequest, Any] = Stage(
    "redirect",
    "Authorization response",
    sender="auth",
    receiver="browser",
    sentence="The response goes to your app",
    outcome="the app refuses",
    checks=always(*redirect.CHECKS),
    to_evidence=read_url.redirect_to_evidence,
    recorded=False,
)
TOKEN: Stage[TokenRequest, TokenContext] = Stage(
    "token",
    "Token request",
    sentence="Your app exchanges the code for a token",
    checks=token.checks,
    pasted=(readable.form_is_small_enough, readable.request_is_utf8, client_authentication.failed_attempts_are_below_the_limit),
    to_evidence=read_token.to_evidence,
    recheck=recheck.recheck_token_request,
    compared=TokenContext,
)
CLIENT_AUTHENTICATION: Stage[Any, Any] = Stage("client_authentication", "Token request", part_of="token", recorded=False)
PKCE: Stage[Any, Any] = Stage("pkce", "Token request", part_of="token", recorded=False)
REFRESH: Stage[Any, Any] = Stage("refresh", "Token refresh", part_of="token", sentence="Your app refreshes its token")
BACKEND: Stage[Any, Any] = Stage("backend", "Token request", part_of="token", sentence="Your app requests a token")
SCRIPT: Stage[TokenRequest, TokenContext] = Stage("script", "Token for a script", recorded=False)
ID_TOKEN: Stage[Any, Any] = Stage("id_token", "ID token", recorded=False)
ACCESS: Stage[AccessRequest, AccessContext] = Stage(
    "access",
    "FHIR request",
    receiver="fhir",
    delivery="fhir",
    checks=fhir_checks,
    pasted=(readable.request_is_utf8,),
    to_evidence=read_access.to_evidence,
    recheck=recheck.recheck_fhir_request,
    compared=AccessContext,
)
SEARCH: Stage[Any, Any] = Stage(
    "search", "FHIR search", part_of="access", receiver="fhir", sentence="Your app searches data", delivery="fhir"
)
APP_STATE: Stage[Any, Any] = Stage("app_state", "App state", part_of="access", receiver="fhir", delivery="fhir", recorded=False)
INTROSPECTION: Stage[TokenRequest, SubjectContext] = Stage(
    "introspection",
    "Token introspection",
    checks=introspection.checks,
    to_evidence=read_subject.introspection_to_evidence,
    recheck=recheck.recheck_token_lookup,
)
REVOCATION: Stage[TokenRequest, SubjectContext] = Stage(
    "revocation",
    "Token revocation",
    checks=revocation.checks,
    to_evidence=read_subject.revocation_to_evidence,
    recheck=recheck.recheck_token_lookup,
)
USERINFO: Stage[AccessRequest, AccessContext] = Stage(
    "userinfo",
    "UserInfo request",
    checks=always(*userinfo.CHECKS),
    to_evidence=read_subject.userinfo_to_evidence,
    recheck=recheck.recheck_userinfo_request,
)
LOGOUT: Stage[LogoutRequest, LogoutContext] = Stage(
    "logout",
    "Sign-out",
    delivery="page",
    checks=always(*logout.CHECKS),
    to_evidence=read_logout.to_evidence,
    recheck=recheck.recheck_logout_request,
)
BROWSER: Stage[Any, Any] = Stage("browser", "Browser", sender="browser")
CLOCK: Stage[Any, Any] = Stage("clock", "Clock", recorded=False)
ANSWER: Stage[Any, Any] = Stage("answer", "Error response", recorded=False)
SILENCE: Stage[Any, Any] = Stage("silence", "Missing request", recorded=False)
THROTTLE: Stage[None, None] = Stage("throttle", "Rate limit", recorded=False)
REQUEST: Stage[None, None] = Stage("request", "Request")

STAGES: dict[str, Stage[Any, Any]] = {
    stage.name: stage
    for stage in (
        REGISTRATION,
        LAUNCH,
        DISCOVERY,
        AUTHORIZE,
        LOGIN,
        REDIRECT,
        TOKEN,
        CLIENT_AUTHENTICATION,
        PKCE,
        REFRESH,
        BACKEND,
        SCRIPT,
        ID_TOKEN,
        ACCESS,
        SEARCH,
        APP_STATE,
        INTROSPECTION,
        REVOCATION,
        USERINFO,
        LOGOUT,
        BROWSER,
        CLOCK,
        ANSWER,
        SILENCE,
        THROTTLE,
        REQUEST,
    )
}
FHIR_STAGES = frozenset(name for name, stage in STAGES.items() if stage.delivery == "fhir")


def find_stage(name: str) -> Stage[Any, Any]:
    """The stage with this name; REQUEST for a name that isn't one, which a newer Sickbay may have stored."""
    return STAGES.get(name, REQUEST)

"""Checks of launch (SMART 2.2, EHR launch): the opaque, short-lived, single-use code of one launch of this app."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.authorize.aud import aud_is_a_fhir_base_of_this_server
from sickbay.authorization.authorize.client import client_is_registered
from sickbay.authorization.authorize.parameters import (
    asks_launch,
    asks_patient,
    find_base,
    read_audience,
    resource_facts,
    split_scope,
)
from sickbay.authorization.bases import base_of
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Launch, Server
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.authorization.scopes.supported import list_supported_scopes
from sickbay.kernel.checks import Refusal
from sickbay.protocol import urls


def _sent_launch_code(request: AuthorizeRequest) -> str | None:
    return request.parameters.get("launch")


@check(requires=("server",))
def launch_type_is_allowed(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """Policy and registration say which launches are allowed: from the EHR with a launch code, or standalone."""
    allowed = context.server.policy.launches if isinstance(context.server, Server) else ()
    kind = "ehr" if _sent_launch_code(request) else "standalone"
    facts = {"received": kind, "expected": list(allowed)}
    return None if kind in allowed else refusals.LAUNCH_TYPE_NOT_ALLOWED.with_facts(facts)


@check()
def launch_scope_is_sent_only_with_launch(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if not asks_launch(request) or _sent_launch_code(request):
        return None
    facts = {"received": None} | _expected_launch(context) | resource_facts(request)
    if _requests_everything(request, context):
        facts["whole"] = True
    return refusals.LAUNCH_SCOPE_WITHOUT_LAUNCH_PARAM.with_facts(facts)


def _requests_everything(request: AuthorizeRequest, context: AuthorizeContext) -> bool:
    """Whether the request names every scope in the discovery document, including those of backend services."""
    requested, server = split_scope(request), context.server
    services = any(token.startswith("system/") for token in requested)
    return services and isinstance(server, Server) and {*list_supported_scopes(server.policy)} <= {*requested}


@check()
def launch_is_sent_only_with_the_launch_scope(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if not _sent_launch_code(request) or not split_scope(request) or asks_launch(request):
        return None
    facts = {"received": list(split_scope(request)), "expected": "launch", "picker": asks_patient(request)}
    return refusals.LAUNCH_PARAM_WITHOUT_LAUNCH_SCOPE.with_facts(facts)


@check()
def launch_is_a_code_if_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    code = _sent_launch_code(request)
    if not code or not (urls.is_absolute(code) or _is_base(code, request, context)):
        return None
    facts = {"received": code, "aud": read_audience(request), "is_base": _is_base(code, request, context)}
    return refusals.LAUNCH_PARAM_IS_URL.with_facts(facts | _expected_launch(context))


def _is_base(code: str, request: AuthorizeRequest, context: AuthorizeContext) -> bool:
    bases = context.server.fhir_bases if isinstance(context.server, Server) else ()
    return urls.normalise(code) in {urls.normalise(url) for url in (*bases, read_audience(request)) if url}


@check(requires=("launch",), after=(launch_is_a_code_if_sent,))
def launch_code_was_issued_by_this_server_if_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    code = _sent_launch_code(request)
    if not code or isinstance(context.launch, Launch):
        return None
    return refusals.LAUNCH_CODE_UNKNOWN.with_facts({"received": code} | _expected_launch(context))


@check(requires=("launch",), after=(launch_code_was_issued_by_this_server_if_sent, client_is_registered), inputs="launch")
def launch_code_was_issued_to_this_app_if_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    launch, client = context.launch, context.client
    if not isinstance(launch, Launch) or not isinstance(client, Client) or launch.client_id == client.client_id:
        return None
    return refusals.LAUNCH_CODE_OTHER_CLIENT.with_facts({"received": _sent_launch_code(request)} | _expected_launch(context))


@check(requires=("launch", "now"), after=(launch_code_was_issued_by_this_server_if_sent,), inputs="launch")
def launch_code_has_not_expired_if_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    launch, now = context.launch, context.now
    if not isinstance(launch, Launch) or not isinstance(now, int) or now <= launch.expires_at:
        return None
    return refusals.LAUNCH_CODE_EXPIRED.with_facts(_age_facts(request, context, now - launch.expires_at))


@check(requires=("launch",), after=(launch_code_was_issued_by_this_server_if_sent,), inputs="launch")
def launch_code_was_not_used_before_if_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    launch = context.launch
    if not isinstance(launch, Launch) or launch.used_at is None:
        return None
    ago = context.now - launch.used_at if isinstance(context.now, int) and launch.used_at else None
    return refusals.LAUNCH_CODE_REUSED.with_facts(_age_facts(request, context, ago))


@check(
    requires=("server", "launch"),
    after=(aud_is_a_fhir_base_of_this_server, launch_code_was_issued_by_this_server_if_sent),
    inputs="launch",
)
def aud_equals_iss_of_the_launch_if_there_is_one(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """`aud` must be the server that the app was launched with, in the same FHIR version (SMART 2.2, authorize request)."""
    launch, server = context.launch, context.server
    if not isinstance(launch, Launch) or not isinstance(server, Server):
        return None
    if not read_audience(request) or base_of(launch.iss, server.fhir_bases) in (None, find_base(request, server)):
        return None
    facts = {"received": read_audience(request), "expected": launch.iss, "note": "the iss of the launch"}
    return refusals.AUD_NOT_ISS_OF_LAUNCH.with_facts(facts)


def _expected_launch(context: AuthorizeContext) -> dict[str, Any]:
    """Returns what to send instead: the code of this app's launch that is still valid, if one is known."""
    live, now = context.live, context.now
    if context.live_launch is None or live is None:
        return {"note": "the launch value of the launch URL"}
    ago = f"{now - live.created_at} seconds earlier, " if isinstance(now, int) and live.created_at else ""
    return {"expected": context.live_launch, "note": f"given to your app {ago}in its launch URL"}


def _age_facts(request: AuthorizeRequest, context: AuthorizeContext, seconds: int | None) -> dict[str, Any]:
    ago = "before" if seconds is None else f"{seconds} seconds ago" if seconds != 1 else "1 second ago"
    return {"received": _sent_launch_code(request), "seconds": seconds, "ago": ago} | _expected_launch(context)

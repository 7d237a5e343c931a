"""Checks of the request's syntax: line breaks, escaped ampersands, response type, repeated parameters, state and secrets."""

from __future__ import annotations

import re

from sickbay.authorization.authorize.parameters import resource_facts
from sickbay.authorization.authorize.redirect_uri import describe_repetition
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.login.prompt import read_max_age
from sickbay.authorization.refusals import authorize as refusals
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.kernel.checks import UNKNOWN, Refusal
from sickbay.protocol import urls

ONCE = tuple(
    """
    response_type client_id redirect_uri scope state aud launch code_challenge code_challenge_method response_mode nonce
    prompt max_age login_hint id_token_hint
    """.split()
)
RESPONSE_TYPES = frozenset({"code", "token", "id_token", "none"})
"""The response types of OAuth and OpenID Connect, which can be combined (OAuth 2.0 Multiple Response Type Encoding)."""
OBJECTS = {
    "request": refusals.REQUEST_OBJECT_UNSUPPORTED,
    "request_uri": refusals.REQUEST_URI_UNSUPPORTED,
    "registration": refusals.REGISTRATION_UNSUPPORTED,
}
"""Parameters of OpenID Connect Core 6 and 7.2.1, each with its own error code (3.1.2.6)."""
ONLY_OBJECTS = {
    "request": refusals.REQUEST_OBJECT_WITHOUT_REDIRECT_URI,
    "request_uri": refusals.REQUEST_URI_WITHOUT_REDIRECT_URI,
}
"""Those that can contain all other parameters but `client_id` (RFC 9101 5)."""


@check()
def url_is_on_one_line(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if not urls.has_whitespace(request.raw):
        return None
    match = re.search(r"(\S{0,12})(\s+|%0[ad])(\S{0,12})", request.raw, re.I)
    facts = {"received": match.group() if match else request.raw, "places": len(re.findall(r"\s+|%0[ad]", request.raw, re.I))}
    return refusals.URL_HAS_WHITESPACE.with_facts(facts)


@check()
def ampersands_are_not_html_escaped(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if not urls.is_html_escaped(request.raw):
        return None
    return refusals.URL_HTML_ESCAPED(received="&amp;", expected="&")


@check()
def response_type_is_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if request.parameters.get("response_type"):
        return None
    return refusals.RESPONSE_TYPE_MISSING(received=None, expected="code")


@check(after=(response_type_is_sent,))
def response_type_is_code(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    response_type = request.parameters.get("response_type") or ""
    if response_type == "code" or (not context.smart and RESPONSE_TYPES.issuperset(response_type.split())):
        return None
    return refusals.RESPONSE_TYPE_INVALID(received=response_type, expected="code")


@check()
def response_mode_is_query_if_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    mode = request.parameters.get("response_mode")
    if mode in (None, "query") or not context.smart:
        return None
    return refusals.RESPONSE_MODE_UNSUPPORTED(received=mode, expected="query")


@check()
def parameters_are_sent_once(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    repeated = [name for name in request.parameters.list_repeated_names() if name in ONCE]
    return refusals.DUPLICATE_PARAMETER.with_facts(describe_repetition(request, repeated)) if repeated else None


@check()
def parameters_are_not_only_in_a_request_object(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """Without `redirect_uri` in the URL, the request object is the cause, and the error is shown on a page."""
    used = _find_object(request, context)
    if used not in ONLY_OBJECTS or request.parameters.get("redirect_uri"):
        return None
    return ONLY_OBJECTS[used].with_facts(_object_facts(used))


@check()
def request_object_is_not_used(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    used = _find_object(request, context)
    if used is None or (used in ONLY_OBJECTS and not request.parameters.get("redirect_uri")):
        return None
    return OBJECTS[used].with_facts(_object_facts(used))


def _find_object(request: AuthorizeRequest, context: AuthorizeContext) -> str | None:
    return next((name for name in OBJECTS if request.parameters.get(name)), None) if context.smart else None


def _object_facts(used: str) -> dict[str, object]:
    return {"received": used, "name": used, "expected": "plain parameters"}


@check()
def state_is_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if request.parameters.get("state") or (not context.smart and _is_bound(request)):
        return None
    facts = {"received": None, "note": "an example; yours must be random"} | resource_facts(request)
    return refusals.STATE_MISSING.with_facts(facts)


def _is_bound(request: AuthorizeRequest) -> bool:
    """Whether PKCE or a nonce binds the response to the request, which `state` need not do then (RFC 9700 2.1)."""
    return bool(request.parameters.get("code_challenge") or request.parameters.get("nonce"))


@check()
def client_secret_is_not_in_the_url(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    if "client_secret" not in request.parameters:
        return None
    return refusals.CLIENT_SECRET_IN_URL(received="(a secret)", expected=None)


@check()
def none_is_the_only_prompt_if_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """`none` (show no page) can't be combined with a prompt that shows one (OpenID Connect Core 3.1.2.1)."""
    prompts = (request.parameters.get("prompt") or "").split()
    if "none" not in prompts or set(prompts) == {"none"}:
        return None
    return refusals.PROMPT_NONE_WITH_OTHERS(received=" ".join(prompts), expected="none")


@check()
def max_age_is_a_number_if_sent(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """Otherwise the app couldn't rely on the new sign-in that it asked for (OpenID Connect Core 3.1.2.1)."""
    age = request.parameters.get("max_age")
    return refusals.MAX_AGE_INVALID(received=age) if age and read_max_age(age) is None else None


@check()
def user_is_signed_in_if_prompt_is_none(request: AuthorizeRequest, context: AuthorizeContext) -> Refusal | None:
    """An unknown session counts as no session: the request can't succeed without a user."""
    silent = "none" in (request.parameters.get("prompt") or "").split()
    if not silent or request.parameters.get("id_token_hint") or not context.smart:
        return None
    if context.session_user is not UNKNOWN and context.session_user is not None:
        return None
    facts = {"received": "none", "reason": "no user is signed in"}
    return refusals.PROMPT_NONE_WITHOUT_SESSION.with_facts(facts)

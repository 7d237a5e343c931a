"""Checks of the authorization response as the app sees it (RFC 6749 4.1.2, SMART 2.2): a code or an error, and the state."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

from sickbay.authorization.checks import check
from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.refusals import redirect as refusals
from sickbay.authorization.requests import UrlRequest
from sickbay.kernel.checks import Check, Refusal
from sickbay.protocol import urls

UrlCheck: TypeAlias = Check[UrlRequest, UrlContext]

_ANSWERS = tomllib.loads(Path(__file__).with_name("answers.toml").read_text(encoding="utf-8"))
URNS: tuple[tuple[str, str], ...] = tuple((tail, refusal_name) for tail, refusal_name in _ANSWERS["urns"])
SAYINGS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.I), refusal_name) for pattern, refusal_name in _ANSWERS["sayings"]
)


@check()
def response_is_in_the_query(request: UrlRequest, context: UrlContext) -> Refusal | None:
    in_fragment = [name for name in ("code", "error") if name in request.fragment]
    asked_for = context.response_mode == "fragment" or any(
        name in request.fragment for name in ("session_state", "client_info")
    )
    facts = {"names": in_fragment} | ({"asked_for": True} if asked_for else {})
    return refusals.REDIRECT_PARAMS_IN_FRAGMENT.with_facts(facts) if in_fragment else None


@check(after=(response_is_in_the_query,))
def response_has_a_code_or_an_error(request: UrlRequest, context: UrlContext) -> Refusal | None:
    if request.parameters.get("code") or request.parameters.get("error"):
        return None
    return refusals.REDIRECT_NO_CODE_NO_ERROR(received=request.url)


@check(after=(response_has_a_code_or_an_error,))
def response_has_a_state(request: UrlRequest, context: UrlContext) -> Refusal | None:
    if request.parameters.get("state"):
        return None
    return refusals.REDIRECT_STATE_MISSING(received=None)


@check(requires=("sent_state",), after=(response_has_a_state,))
def state_is_the_one_that_the_app_sent(request: UrlRequest, context: UrlContext) -> Refusal | None:
    state = request.parameters.get("state")
    if state == context.sent_state:
        return None
    return refusals.REDIRECT_STATE_MISMATCH(received=state, expected=context.sent_state)


@check()
def code_is_complete(request: UrlRequest, context: UrlContext) -> Refusal | None:
    code = request.parameters.get("code")
    if not code or not (re.search(r"[\s%]", code) or code.endswith(("…", "..."))):
        return None
    return refusals.REDIRECT_CODE_MANGLED(received=code)


@check()
def response_has_no_error(request: UrlRequest, context: UrlContext) -> Refusal | None:
    """Recognises an error that names its cause: by its URN, its text, or a rule id in the text."""
    sent = request.parameters
    error, description = sent.get("error") or "", sent.get("error_description") or ""
    urn = urn_of(sent.get("error_uri") or "")
    name = (
        _find_rule_by_urn(urn)
        or _find_rule_by_id(description, context.ids)
        or _find_rule_by_text(description, error)
        or _find_rule_by_error(error)
    )
    if name is None or (context.ids and name not in context.ids):
        return None
    return refusals.make_foreign_refusal(name, error).with_facts(
        {"told": urn or description or error} | _quoted_values(description)
    )


def urn_of(address: str) -> str:
    """Returns the URN in an error_uri, which is often encoded twice; "" if there is none."""
    match = re.search(r"urn:[\w:.\-]+", unquote(unquote(address)), re.I)
    return match.group() if match else ""


def _find_rule_by_urn(urn: str) -> str | None:
    plain = urn.lower().replace("_", "-")
    return next((name for tail, name in URNS if plain.endswith(tail)), None) if urn else None


def _find_rule_by_id(description: str, ids: frozenset[str]) -> str | None:
    return next((word for word in re.findall(r"(?<![a-z0-9])[a-z0-9]++(?:-[a-z0-9]++)+", description) if word in ids), None)


def _find_rule_by_text(said: str, error: str) -> str | None:
    text = said or error.replace("_", " ")
    return next((name for pattern, name in SAYINGS if pattern.search(text)), None)


def _find_rule_by_error(error: str) -> str | None:
    return {
        "login_required": "prompt-none-without-session",
        "unsupported_response_type": "response-type-invalid",
        "redirect_uri_mismatch": "redirect-uri-mismatch",
        "unknown_client": "client-id-unknown",
    }.get(error)


def _quoted_values(description: str) -> dict[str, Any]:
    """Returns the received and expected values if the text quotes both."""
    quoted = re.findall(r"[\"']([^\"']+)[\"']", description)
    names = ("received", "expected")
    return dict(zip(names, quoted, strict=False)) if len(quoted) <= 2 and all(map(urls.is_absolute, quoted)) else {}


CHECKS: tuple[UrlCheck, ...] = (
    response_is_in_the_query,
    response_has_a_code_or_an_error,
    response_has_a_state,
    state_is_the_one_that_the_app_sent,
    code_is_complete,
    response_has_no_error,
)

ERROR_PAGE_CHECKS: tuple[UrlCheck, ...] = (response_has_no_error,)

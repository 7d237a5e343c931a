"""How the other dialects would answer the same request: examined under their policies, by what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sickbay import dialects
from sickbay.authorization import policy as policies
from sickbay.authorization.known import AccessKnown, AuthorizeKnown, TokenKnown
from sickbay.authorization.values import Client, Policy, Server
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.explain import speaker
from sickbay.diagnosis.stages import KINDS
from sickbay.dialects import Dialect
from sickbay.kernel.compiled_checks import CompiledChecks, compile, examine
from sickbay.kernel.refusal import UNKNOWN, Check, Refusal
from sickbay.kernel.remembering import memoized
from sickbay.operations.decision import Decision

EXAMINED = {"authorize": "authorize_url", "token": "token_request", "access": "fhir_request"}
KNOWN: dict[str, type[Any]] = {"authorize": AuthorizeKnown, "token": TokenKnown, "access": AccessKnown}
PROOF = "redirect_uri_is_registered"


def others(decision: Decision | None, tenant: str) -> list[dict[str, Any]]:
    """Of each dialect but the tenant's own: title, refusal (None: granted), status, error, urn, delivered."""
    if decision is None or not _is_examined(decision):
        return []
    kind = KINDS[EXAMINED[decision.stage]]
    ready = _plan(tuple(kind.checks(decision.request)), getattr(decision.request, "interaction", None))
    return [_answer(decision, kind, ready, dialects.load(one)) for one in _names() if one != tenant]


@memoized(256)
def _plan(checks: tuple[Check[Any, Any], ...], interaction: str | None) -> CompiledChecks[Any, Any]:
    """Without the checks of what is stored, since `state` is known of no decision that is examined here."""
    return compile(tuple(one for one in checks if "state" not in one.needs), interaction)


def _is_examined(decision: Decision) -> bool:
    """Not at other stages, nor what only showed when it was stored, nor a signature, which is good once."""
    if decision.stage not in EXAMINED or len(decision.examination.checked) < 2:
        return False
    known = decision.known
    if type(known) is not KNOWN[decision.stage] or not isinstance(known.server, Server):
        return False
    return not decision.request.parameters.get("client_assertion") and getattr(known, "state", UNKNOWN) is UNKNOWN


@cache
def _names() -> tuple[str, ...]:
    return tuple(dialects.names())


@cache
def _policy(dialect: str) -> Policy:
    given = dialects.load(dialect)
    return Policy(**{"send_iss": given.answers.iss, **given.policy})


def _answer(decision: Decision, kind: Any, ready: CompiledChecks[Any, Any], dialect: Dialect) -> dict[str, Any]:
    version = getattr(decision.known, "version", "")
    if version and version not in dialect.fhir:
        return {"title": dialect.title, "speaks": list(dialect.fhir)}
    policy, client = _policy(dialect.name), decision.known.client
    if isinstance(client, Client):
        policy = policies.under(policy, client.policy)
    known = replace(decision.known, server=replace(decision.known.server, policy=policy))
    relaxed = kind.relaxed(known) | frozenset(policy.relaxed)
    examination = examine(ready, decision.request, known, relaxed)
    refusal = examination.decisive(policy.precedence)
    told = _refused(dialect, decision.stage, examination.passed(PROOF), refusal) if refusal else {}
    return {"title": dialect.title, "refusal": refusal.name if refusal else None, **told}


def _refused(dialect: Dialect, stage: str, proven: bool, refusal: Refusal) -> Mapping[str, Any]:
    if stage == "access":
        return {"status": refusal.status, "error": refusal.error}
    words = dialect.wording(_speaks(refusal), refusal.name, stage)
    how, named = dialect.answers, {"error": words.error or refusal.error}
    if words.urn and "errors" in dialect.paths:
        named["urn"] = how.urn_prefix + words.urn
    if stage == "token":
        return {"status": refusal.status, **named}
    trusted = proven and refusal.name not in how.untold
    if trusted and how.refused == "redirect":
        return {"status": 302, "delivered": "to your app", **named}
    if not trusted and how.untrusted == "see-other":
        return {"status": 303, "delivered": "to a page of its own", **named}
    return {"status": how.page_status, "delivered": "a page, and nothing to your app"}


def _speaks(refusal: Refusal) -> str:
    try:
        return speaker(RULES, refusal)[0].id
    except LookupError:
        return refusal.name

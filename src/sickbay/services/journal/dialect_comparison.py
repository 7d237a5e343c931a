"""How the other dialects would answer the same request: examined under their policies, by what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from sickbay import dialects
from sickbay.authorization import authorize
from sickbay.authorization import policy as policies
from sickbay.authorization.models import Client, Policy, Server
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.explain import speaker
from sickbay.diagnosis.stages import Stage
from sickbay.dialects import Dialect
from sickbay.kernel.checks import UNKNOWN, Check, Examination, Refusal
from sickbay.kernel.compiled_checks import CompiledChecks, compile, examine
from sickbay.kernel.memoize import memoized
from sickbay.services.decision import Decision


def others(decision: Decision[Any, Any] | None, tenant: str) -> list[dict[str, Any]]:
    """Of each dialect but the tenant's own: title, refusal (None: granted), status, error, urn, delivered."""
    if decision is None or not _is_examined(decision):
        return []
    ready = _plan(tuple(decision.stage.checks(decision.request)), getattr(decision.request, "interaction", None))
    return [_answer(decision, ready, dialects.load(one)) for one in _names() if one != tenant]


@memoized(256)
def _plan(checks: tuple[Check[Any, Any], ...], interaction: str | None) -> CompiledChecks[Any, Any]:
    """Without the checks of what is stored, since `state` is known of no decision that is examined here."""
    return compile(tuple(one for one in checks if "state" not in one.requires), interaction)


def _is_examined(decision: Decision[Any, Any]) -> bool:
    """Not at other stages, nor what only showed when it was stored, nor a signature, which is good once."""
    known = decision.known
    if type(known) is not decision.stage.compared or len(decision.examination.checked) < 2:
        return False
    if not isinstance(known.server, Server):
        return False
    return not decision.request.parameters.get("client_assertion") and getattr(known, "state", UNKNOWN) is UNKNOWN


@cache
def _names() -> tuple[str, ...]:
    return tuple(dialects.names())


@cache
def _policy(dialect: str) -> Policy:
    given = dialects.load(dialect)
    return Policy(**{"send_iss": given.answers.iss, **given.policy})


def _answer(decision: Decision[Any, Any], ready: CompiledChecks[Any, Any], dialect: Dialect) -> dict[str, Any]:
    version = getattr(decision.known, "version", "")
    if version and version not in dialect.fhir:
        return {"title": dialect.title, "speaks": list(dialect.fhir)}
    policy, client = _policy(dialect.name), decision.known.client
    if isinstance(client, Client):
        policy = policies.under(policy, client.policy)
    known = replace(decision.known, server=replace(decision.known.server, policy=policy))
    examination = examine(ready, decision.request, known, decision.stage.relaxed(known))
    refusal = examination.decisive(policy.precedence)
    told = _refused(dialect, decision.stage, examination, refusal) if refusal else {}
    return {"title": dialect.title, "refusal": refusal.name if refusal else None, **told}


def _refused(dialect: Dialect, stage: Stage[Any, Any], examination: Examination, refusal: Refusal) -> Mapping[str, Any]:
    if stage.delivery == "fhir":
        return {"status": refusal.status, "error": refusal.error}
    words = dialect.wording(_speaks(refusal), refusal.name, stage.name)
    how, named = dialect.answers, {"error": words.error or refusal.error}
    if words.urn and "errors" in dialect.paths:
        named["urn"] = how.urn_prefix + words.urn
    if stage.delivery == "json":
        return {"status": refusal.status, **named}
    redirects = authorize.error_goes_to_the_app(examination, refusal, how.untold)
    if redirects and how.refused == "redirect":
        return {"status": 302, "delivered": "to your app", **named}
    if not redirects and how.untrusted == "see-other":
        return {"status": 303, "delivered": "on its own error page", **named}
    return {"status": how.page_status, "delivered": "an error page; your app gets no response"}


def _speaks(refusal: Refusal) -> str:
    try:
        return speaker(RULES, refusal)[0].id
    except LookupError:
        return refusal.name

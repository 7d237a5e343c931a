"""Determines how the other dialects would answer the same request, with the same context under their policies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec import structs

from sickbay import dialects
from sickbay.authorization import policy as policies
from sickbay.authorization.authorize.stage import error_goes_to_the_app
from sickbay.authorization.models import Client, Policy, Server
from sickbay.diagnosis.explain import rule_for
from sickbay.diagnosis.stages import Stage
from sickbay.dialects import Dialect
from sickbay.kernel.checks import UNKNOWN, Check, CompiledChecks, Examination, Refusal, compile_checks, examine
from sickbay.kernel.memoize import cache_results
from sickbay.services.decision import Decision


def compare_dialects(decision: Decision[Any, Any] | None, tenant: str) -> list[dict[str, Any]]:
    """For each dialect except the tenant's: title, refusal (None: granted), status, error, urn, delivered."""
    if decision is None or not _is_examined(decision):
        return []
    checks, context = tuple(decision.stage.examiner.checks(decision.request)), decision.context
    unknown = frozenset(name for name in _list_required_checks(checks) if getattr(context, name) is UNKNOWN)
    ready = _plan_checks(checks, unknown, getattr(decision.request, "interaction", None))
    return [_dialect_answer(decision, ready, dialects.load(name)) for name in _dialect_names() if name != tenant]


@cache_results(256)
def _list_required_checks(checks: tuple[Check[Any, Any], ...]) -> frozenset[str]:
    return frozenset(name for check in checks for name in check.requires)


@cache_results(256)
def _plan_checks(
    checks: tuple[Check[Any, Any], ...], unknown: frozenset[str], interaction: str | None
) -> CompiledChecks[Any, Any]:
    """Leaves out the checks that would be skipped, because a skipped check never decides.

    unknown: attributes of the context that weren't loaded, such as the stored version that a create doesn't have.
    """
    able: dict[Check[Any, Any], None] = {}
    for check in checks:
        if unknown.isdisjoint(check.requires) and all(earlier in able for earlier in check.after):
            able[check] = None
    return compile_checks(tuple(able), interaction)


def _is_examined(decision: Decision[Any, Any]) -> bool:
    """Excludes other stages, refusals found only while storing, and signed assertions, which can be used only once."""
    context = decision.context
    if type(context) is not decision.stage.examiner.compared or len(decision.examination.checked) < 2:
        return False
    if not isinstance(context.server, Server):
        return False
    return not decision.request.parameters.get("client_assertion") and getattr(context, "state", UNKNOWN) is UNKNOWN


@cache
def _dialect_names() -> tuple[str, ...]:
    return tuple(dialects.list_names())


@cache
def _policy_of_dialect(dialect: str) -> Policy:
    profile = dialects.load(dialect)
    return Policy(**{"send_iss": profile.answers.iss, **profile.policy})


def _dialect_answer(decision: Decision[Any, Any], ready: CompiledChecks[Any, Any], dialect: Dialect) -> dict[str, Any]:
    version = getattr(decision.context, "version", "")
    if version and version not in dialect.fhir:
        return {"title": dialect.title, "speaks": list(dialect.fhir)}
    policy, client = _policy_of_dialect(dialect.name), decision.context.client
    if isinstance(client, Client) and client.policy:
        policy = policies.override_policy(policy, client.policy)
    unusual = {"unusual_scopes": True} if hasattr(decision.context, "unusual_scopes") else {}  # they depend on the policy
    context = structs.replace(decision.context, server=structs.replace(decision.context.server, policy=policy), **unusual)
    examination = examine(ready, decision.request, context, decision.stage.examiner.relaxed(context))
    refusal = examination.decisive(policy.precedence)
    refusal_members = _describe_refusal(dialect, decision.stage, examination, refusal) if refusal else {}
    return {"title": dialect.title, "refusal": refusal.name if refusal else None, **refusal_members}


def _describe_refusal(
    dialect: Dialect, stage: Stage[Any, Any], examination: Examination, refusal: Refusal
) -> Mapping[str, Any]:
    if stage.delivery == "fhir":
        return {"status": refusal.status, "error": refusal.error}
    wording = dialect.wording(_rule_id(refusal), refusal.name, stage.name)
    style, members = dialect.answers, {"error": wording.error or refusal.error}
    if wording.urn and "errors" in dialect.paths:
        members["urn"] = style.urn_prefix + wording.urn
    if stage.delivery == "json":
        return {"status": refusal.status, **members}
    redirects = error_goes_to_the_app(examination, refusal, style.not_redirected)
    if redirects and style.refused == "redirect":
        return {"status": 302, "delivered": "to your app", **members}
    if not redirects and style.untrusted == "see-other":
        return {"status": 303, "delivered": "on its own error page", **members}
    return {"status": style.page_status, "delivered": "an error page; your app gets no response"}


def _rule_id(refusal: Refusal) -> str:
    from sickbay.diagnosis.catalogue import INDEX  # a server that starts needs no rules

    try:
        return rule_for(INDEX, refusal)[0].id
    except LookupError:
        return refusal.name

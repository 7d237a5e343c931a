"""How the other dialects would answer the same request: examined once more, by what was known of it, under their policies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from sickbay import dialects
from sickbay.authorization import policy as policies
from sickbay.authorization.values import Client, Policy
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.explain import speaker
from sickbay.diagnosis.stages import KINDS
from sickbay.dialects import Dialect
from sickbay.kernel.refusal import Check, Checked, Examination, Refusal, examine
from sickbay.operations.again import Again

EXAMINED = {"authorize": "authorize_url", "token": "token_request", "access": "fhir_request"}
PROOF = "redirect_uri_is_registered"
NOT_KEPT = "body"
"""What was known and is kept nowhere: the checks that need it are as they were, since no dialect has them otherwise."""


def others(again: Again, tenant: str) -> list[dict[str, Any]]:
    """Of each dialect but the tenant's own: title, refusal (None: granted), status, error, urn, delivered."""
    kind = KINDS[EXAMINED[again.stage]]
    return [_answer(again, kind, dialects.load(one)) for one in dialects.names() if one != tenant]


@cache
def _policy(dialect: str) -> Policy:
    given = dialects.load(dialect)
    return Policy(**{"send_iss": given.answers.iss, **given.policy})


def _answer(again: Again, kind: Any, dialect: Dialect) -> dict[str, Any]:
    version = getattr(again.known, "version", "")
    if version and version not in dialect.fhir:
        return {"title": dialect.title, "speaks": list(dialect.fhir)}
    policy, client = _policy(dialect.name), again.known.client
    if isinstance(client, Client):
        policy = policies.under(policy, client.policy)
    known = replace(again.known, server=replace(again.known.server, policy=policy))
    relaxed = kind.relaxed(known) | frozenset(policy.relaxed)
    checks = kind.checks(again.request)
    examination = _as_before(examine(checks, again.request, known, relaxed), checks, again)
    refusal = examination.decisive(policy.precedence)
    told = _refused(dialect, again.stage, examination, refusal) if refusal else {}
    return {"title": dialect.title, "refusal": refusal.name if refusal else None, **told}


def _as_before(examination: Examination, checks: Sequence[Check[Any, Any]], again: Again) -> Examination:
    def said(one: Checked, of: Check[Any, Any]) -> Checked:
        refusal = again.refused.get(one.name) if one.outcome == "skipped" and NOT_KEPT in of.needs else None
        return Checked(one.name, "refused", refusal) if refusal else one

    return Examination(tuple(map(said, examination.checked, checks)))


def _refused(dialect: Dialect, stage: str, examination: Examination, refusal: Refusal) -> Mapping[str, Any]:
    if stage == "access":
        return {"status": refusal.status, "error": refusal.error}
    words = dialect.wording(_speaks(refusal), refusal.name, stage)
    how, named = dialect.answers, {"error": words.error or refusal.error}
    if words.urn and "errors" in dialect.paths:
        named["urn"] = how.urn_prefix + words.urn
    if stage == "token":
        return {"status": refusal.status, **named}
    trusted = examination.passed(PROOF) and refusal.name not in how.untold
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

"""The result of a stage: the request, its context, the outcome of each check, and the explanation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Generic, TypeAlias, TypeVar

from msgspec import Struct, structs

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.scopes.negotiation import TokenSummary
from sickbay.diagnosis.explain import Again, Explanation, explain, explain_refusals, find_roots
from sickbay.diagnosis.placeholders import PLACEHOLDER_LAUNCH
from sickbay.diagnosis.rule import PERHAPS, Finding, fill_rule, is_severity
from sickbay.diagnosis.rule_index import load_index
from sickbay.diagnosis.stages import Stage
from sickbay.dialects import ErrorWording
from sickbay.kernel.checks import Check, Checked, CompiledChecks, Examination, Facts, Refusal, examine
from sickbay.services.context import Runtime, Tenant
from sickbay.services.journal.disclosure import LAUNCH_PLACE, contains_text, private_facts, unsent_texts

R = TypeVar("R")
K = TypeVar("K")
R_co = TypeVar("R_co", covariant=True)
K_co = TypeVar("K_co", covariant=True)
Negotiation: TypeAlias = Callable[[], TokenSummary]
PRIVATE = ("registered", "nearest", "owner", "other", "known", "secret", "launch_uri")
"""Prefixes of facts that only the app's owner and the administrator may read. Facts that repeat their values are hidden too."""
HIDDEN = "(shown to the app's owner)"


class Decision(Struct, Generic[R_co, K_co], frozen=True, dict=True):
    """refusal: the one that decides the response; None if the request was granted."""

    stage: Stage[R_co, K_co]
    request: R_co
    context: K_co
    examination: Examination
    refusal: Refusal | None = None
    intended_context: Any = None
    """For a FHIR request without a readable token: the context of the token that was probably meant."""
    negotiation: Negotiation | None = None
    """Summarises what the token response granted. Called only if the exchange is recorded."""

    @cached_property
    def given(self) -> TokenSummary | None:
        """The scopes of the token response."""
        return self.negotiation() if self.negotiation else None

    def explain(self) -> Explanation:
        """Returns all findings, at the severity that a live exchange allows."""
        return self._first_explanation

    @cached_property
    def _first_explanation(self) -> Explanation:
        examination, context = self.examination, self.context
        if examination.refusals or examination.relaxed:
            examination = Examination(tuple([check for check in examination.checked if _has_rule(check)]))
        if isinstance(context, TokenContext) and self.given is not None:
            context = structs.replace(context, given=self.given)
        again = self._make_again()
        explanation = explain(load_index(), self.stage.name, self.request, context, examination, live=True, again=again)
        if not explanation.findings:
            return explanation
        return explanation._replace(findings=self._add_private(explanation.findings))

    def refused_findings(self) -> tuple[Finding, ...]:
        """The findings of `explain` that refuse the request or caused that, in the same order, without corrections."""
        examination = Examination(tuple([check for check in self.examination.checked if _has_rule(check)]))
        roots = find_roots(load_index(), self.stage.name, self.request, self.context)
        return self._add_private(explain_refusals(load_index(), examination, roots))

    def _make_again(self) -> Again | None:
        """A function that examines a corrected request with this context; None if that would need a new lookup."""
        return partial(self.stage.examiner.examine_again, self) if self.stage.examiner.recheck else None

    def _add_private(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        if not any(_may_quote(finding.facts) for finding in findings):
            return findings
        unsent = unsent_texts(self.request, self.context, self.examination)
        return tuple(
            structs.replace(finding, private=private)
            if (private := private_facts(finding.id, finding.facts, unsent))
            else finding
            for finding in findings
        )


def _may_quote(facts: Facts) -> bool:
    """Whether a fact can contain stored text. A number can't."""
    return any(value and not isinstance(value, int) for value in facts.values())


def _has_rule(check: Checked) -> bool:
    """A refusal without a rule is returned by its name only, so that it never causes a server error."""
    return check.refusal is None or check.refusal.name in load_index().explaining


Checks: TypeAlias = Sequence[Check[Any, Any]] | CompiledChecks[Any, Any]


def decide(stage: Stage[R, K], tenant: Tenant, checks: Checks, request: R, context: K) -> Decision[R, K]:
    """Run all checks under the tenant's policy."""
    examination = examine(checks, request, context, tenant.server.policy.relaxed)
    return conclude(stage, tenant, request, context, examination)


async def decide_in_turn(
    runtime: Runtime, stage: Stage[TokenRequest, K], tenant: Tenant, checks: Checks, request: TokenRequest, context: K
) -> Decision[TokenRequest, K]:
    """What `decide` returns. ES384 signatures are verified one at a time, and other requests run in between.

    Verifying one takes half a millisecond and the library holds the interpreter lock, so a thread wouldn't help.
    """
    assertion = request.assertion
    if assertion is None or not str(assertion.header.get("alg")).startswith("ES"):
        return decide(stage, tenant, checks, request, context)
    async with runtime.verifying:
        await asyncio.sleep(0)
        return decide(stage, tenant, checks, request, context)


def conclude(stage: Stage[R, K], tenant: Tenant, request: R, context: K, examination: Examination) -> Decision[R, K]:
    """The decision of an examination. Raises RuntimeError if nothing was refused but not every check passed."""
    if examination.granted:
        return Decision(stage, request, context, examination)
    refusal = examination.decisive(tenant.policy.precedence)
    if refusal is None:
        raise RuntimeError(f"{stage.name}: nothing refused, but not every check passed: {_waiting_checks(examination)}")
    return Decision(stage, request, context, examination, refusal)


def refuse(stage: Stage[R, K], request: R, context: K, refusal: Refusal) -> Decision[R, K]:
    """A refusal found only while storing, for example if another request redeemed the code at the same moment."""
    return Decision(stage, request, context, Examination((Checked(refusal.name, "refused", refusal),)), refusal)


def _waiting_checks(examination: Examination) -> str:
    return ", ".join(f"{check.name} waits for {check.waits_for}" for check in examination.checked if check.outcome == "skipped")


def hide_private(finding: Finding) -> Finding:
    """The same finding without the facts that only the administrator may see."""
    from sickbay.diagnosis.catalogue import BY_ID

    facts = redact_facts(finding.facts, finding.private)
    if facts == finding.facts:
        return finding
    return fill_rule(BY_ID[finding.id], facts, refused=finding.refused, ceiling=finding.severity)


def redact_facts(facts: Facts, private: Sequence[str] = ()) -> Mapping[str, Any]:
    """Hides private facts, but not what was received, which the sender knows. private: names that are hidden in any case."""
    private_texts = {
        text for key, value in facts.items() if key.startswith(PRIVATE) for text in _texts_of_value(value) if len(text) > 2
    }
    hidden = {
        key: "" if key in PERHAPS else HIDDEN
        for key, value in facts.items()
        if (key in private or _is_private(key, value, private_texts)) and not is_severity(key, value)
    }
    without_places = {key: _drop_place(value) for key, value in facts.items()}
    return {**facts, **without_places, **hidden}


def _drop_place(value: Any) -> Any:
    """Replaces the placeholder for the code of a live launch, which only the administrator sees, with a general one."""
    return LAUNCH_PLACE.sub(PLACEHOLDER_LAUNCH, value) if isinstance(value, str) else value


def _is_private(key: str, value: Any, private_texts: set[str]) -> bool:
    if key.startswith(PRIVATE):
        return bool(value)
    return key != "received" and any(contains_text(fact, text) for fact in _texts_of_value(value) for text in private_texts)


def _texts_of_value(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(member) for member in value] if isinstance(value, (list, tuple)) else []


def word_error(tenant: Tenant, decision: Decision[Any, Any], finding: Finding | None) -> ErrorWording:
    """The tenant's own wording of the decisive refusal."""
    name = decision.refusal.name if decision.refusal else ""
    return tenant.dialect.wording(finding.id if finding else name, name, decision.stage.name)

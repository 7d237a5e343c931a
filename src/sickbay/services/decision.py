"""A decision as it leaves a stage: what was asked, what was known, what each check said, and how it is explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.scope_negotiation import TokenSummary
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.diagnosis.corrections import PLACEHOLDER_LAUNCH
from sickbay.diagnosis.explain import Again, Explanation, explain
from sickbay.diagnosis.rule import PERHAPS, Finding, find
from sickbay.diagnosis.stages import Stage
from sickbay.dialects import ErrorWording
from sickbay.kernel.checks import Check, Checked, Examination, Facts, Refusal
from sickbay.kernel.compiled_checks import CompiledChecks, examine
from sickbay.services.context import Tenant
from sickbay.services.journal.disclosure import LAUNCH_PLACE, private_facts

R = TypeVar("R")
K = TypeVar("K")
R_co = TypeVar("R_co", covariant=True)
K_co = TypeVar("K_co", covariant=True)
PRIVATE = ("registered", "nearest", "owner", "other", "known", "secret", "launch_uri")
"""Facts whose names begin so are for the app's owner and the administrator, and so is every fact that repeats one."""
HIDDEN = "(shown to the app's owner)"


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class Decision(Generic[R_co, K_co]):
    """refusal: the one that decides the wire answer, None where the request was granted."""

    stage: Stage[R_co, K_co]
    request: R_co
    known: K_co
    examination: Examination
    refusal: Refusal | None = None
    meant: Any = None
    """Of a FHIR request without a token that can be read: what is known of the one that was likely meant."""
    given: TokenSummary | None = None
    """What a token response granted."""

    def explained(self) -> Explanation:
        """All findings, as loud as a live exchange may be."""
        examination, known = self.examination, self.known
        if any(one.refusal for one in examination.checked):
            examination = Examination(tuple(one for one in examination.checked if _has_rule(one)))
        if isinstance(known, TokenContext) and self.given is not None:
            known = replace(known, given=self.given)
        said = explain(RULES, self.stage.name, self.request, known, examination, live=True, again=self._again())
        return said._replace(findings=tuple(self._with_private(finding) for finding in said.findings))

    def _again(self) -> Again | None:
        """Examines a corrected request by what was known of this one, where that takes no new lookup."""
        return partial(self.stage.examine_again, self) if self.stage.recheck else None

    def _with_private(self, finding: Finding) -> Finding:
        names = private_facts(finding.id, finding.facts, self.request, self.known, self.examination)
        return replace(finding, private=names) if names else finding


def _has_rule(one: Checked) -> bool:
    """A refusal that the catalogue has no rule for is answered by its name; it must never end in a server error."""
    return one.refusal is None or one.refusal.name in _SPOKEN_FOR


_SPOKEN_FOR = frozenset(rule.explains for rule in RULES) | frozenset(BY_ID)


Checks: TypeAlias = Sequence[Check[Any, Any]] | CompiledChecks[Any, Any]


def decide(stage: Stage[R, K], tenant: Tenant, checks: Checks, request: R, known: K) -> Decision[R, K]:
    """Run all checks under the tenant's policy."""
    examination = examine(checks, request, known, tenant.policy.relaxed)
    return decided(stage, tenant, request, known, examination)


def decided(stage: Stage[R, K], tenant: Tenant, request: R, known: K, examination: Examination) -> Decision[R, K]:
    """What an examination comes to. Raises RuntimeError where nothing refused and yet not every check passed."""
    if examination.granted:
        return Decision(stage, request, known, examination)
    refusal = examination.decisive(tenant.policy.precedence)
    if refusal is None:
        raise RuntimeError(f"{stage.name}: nothing refused, but not every check passed: {_waiting(examination)}")
    return Decision(stage, request, known, examination, refusal)


def refused(stage: Stage[R, K], request: R, known: K, refusal: Refusal) -> Decision[R, K]:
    """A refusal that only shows when storing: a code that somebody else redeemed in the same moment."""
    return Decision(stage, request, known, Examination((Checked(refusal.name, "refused", refusal),)), refusal)


def _waiting(examination: Examination) -> str:
    return ", ".join(f"{one.name} waits for {one.waits_for}" for one in examination.checked if one.outcome == "skipped")


def public(finding: Finding) -> Finding:
    """The same finding without what only the administrator may know."""
    facts = redacted(finding.facts, finding.private)
    if facts == finding.facts:
        return finding
    return find(BY_ID[finding.id], facts, refused=finding.refused, ceiling=finding.severity)


def redacted(facts: Facts, private: Sequence[str] = ()) -> Mapping[str, Any]:
    """What was received stays: whoever sent it knows it. private: names of facts that are hidden whatever they are called."""
    held = {text for key, value in facts.items() if key.startswith(PRIVATE) for text in _texts(value) if len(text) > 2}
    hidden = {
        key: "" if key in PERHAPS else HIDDEN for key, value in facts.items() if key in private or _is_private(key, value, held)
    }
    placed = {key: _without_place(value) for key, value in facts.items()}
    return {**facts, **placed, **hidden}


def _without_place(value: Any) -> Any:
    """Where the code of a live launch is to be filled in for the administrator, others read where they find theirs."""
    return LAUNCH_PLACE.sub(PLACEHOLDER_LAUNCH, value) if isinstance(value, str) else value


def _is_private(key: str, value: Any, held: set[str]) -> bool:
    if key.startswith(PRIVATE):
        return bool(value)
    return key != "received" and any(text in said for said in _texts(value) for text in held)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else []


def words(tenant: Tenant, decision: Decision[Any, Any], finding: Finding | None) -> ErrorWording:
    """The tenant's own words for the refusal that decided."""
    name = decision.refusal.name if decision.refusal else ""
    return tenant.dialect.wording(finding.id if finding else name, name, decision.stage.name)

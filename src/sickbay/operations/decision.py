"""A decision as it leaves a stage: what was asked, what was known, what each check said, and how it is explained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sickbay.authorization import (
    access,
    authorize,
    client_authentication,
    introspection,
    logout,
    registration,
    revocation,
    token,
    token_mended,
    userinfo,
)
from sickbay.authorization.values import Server
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.diagnosis.explain import Again, Explanation, explain
from sickbay.diagnosis.reading import access as reading
from sickbay.diagnosis.repairs import PLACE_OF_LAUNCH, PLACE_OF_SECRET
from sickbay.diagnosis.rule import PERHAPS, Finding, find
from sickbay.diagnosis.stages import fhir
from sickbay.dialects import Words
from sickbay.kernel.compiled_checks import CompiledChecks, examine
from sickbay.kernel.refusal import UNKNOWN, Check, Checked, Examination, Facts, Refusal
from sickbay.operations.context import Tenant
from sickbay.operations.disclosure import LAUNCH_PLACE, private_facts

PRIVATE = ("registered", "nearest", "owner", "other", "known", "secret", "launch_uri")
"""Facts whose names begin so are for the app's owner and the administrator, and so is every fact that repeats one."""
HIDDEN = "(shown to the app's owner)"


@dataclass(slots=True)  # not frozen, for the same reason as AccessRequest
class Decision:
    """refusal: the one that decides the wire answer, None where the request was granted."""

    stage: str
    request: Any
    known: Any
    examination: Examination
    refusal: Refusal | None = None
    meant: Any = None
    """Of a FHIR request without a token that can be read: what is known of the one that was likely meant."""

    def explained(self) -> Explanation:
        """All findings, as loud as a live exchange may be."""
        examination = self.examination
        if any(one.refusal for one in examination.checked):
            examination = Examination(tuple(one for one in examination.checked if _has_rule(one)))
        said = explain(RULES, self.stage, self.request, self.known, examination, live=True, again=self._again())
        return said._replace(findings=tuple(self._with_private(finding) for finding in said.findings))

    def _with_private(self, finding: Finding) -> Finding:
        names = private_facts(finding.id, finding.facts, self.request, self.known, self.examination)
        return replace(finding, private=names) if names else finding

    def _again(self) -> Again | None:
        """Examines a mended request by what was known of this one, where it can be mended without a new lookup."""
        again = {
            "authorize": self._mended,
            "logout": self._mended_logout,
            "token": self._mended_token,
            "access": self._mended_access,
            "registration": self._mended_registration,
            "introspection": self._mended_subject,
            "revocation": self._mended_subject,
            "userinfo": self._mended_userinfo,
        }
        return again.get(self.stage)

    def _mended_token(self, request: Any) -> tuple[Examination, Any]:
        known = token_mended.known_for(self.known, self.request, request)
        if self.examination.passed("signature_is_right"):
            known = replace(known, jwks=UNKNOWN)  # what was verified once takes half a millisecond no second time
        if PLACE_OF_SECRET in client_authentication.secrets(request):
            known = replace(known, secret_known=UNKNOWN)
        return examine(token.checks(request), request, known, _relaxed(known)), known

    def _mended_subject(self, request: Any) -> tuple[Examination, Any]:
        known: Any = token_mended.known_for(self.known, self.request, request)
        if request.parameters.get("token") != self.request.parameters.get("token"):
            known = replace(known, subject=UNKNOWN)
        checks = introspection.checks if self.stage == "introspection" else revocation.checks
        return examine(checks(request), request, known, _relaxed(known)), known

    def _mended_userinfo(self, request: Any) -> tuple[Examination, Any]:
        same = access.bearer(request) == access.bearer(self.request)
        known = self.known if same else replace(self.known, token=UNKNOWN, client=UNKNOWN, user=UNKNOWN)
        return examine(userinfo.CHECKS, request, known, _relaxed(known)), known

    def _mended_access(self, request: Any) -> tuple[Examination, Any]:
        request, known = reading.again(self.known, self.request, request, self.meant)
        return examine(fhir(request), request, known, _relaxed(known)), known

    def _mended_registration(self, request: Any) -> tuple[Examination, Any]:
        return examine(registration.CHECKS, request, self.known, _relaxed(self.known)), self.known

    def _mended_logout(self, request: Any) -> tuple[Examination, Any]:
        same = request.client_id == self.request.client_id
        known = self.known if same else replace(self.known, client=self.known.hinted)
        return examine(logout.CHECKS, request, known), known

    def _mended(self, request: Any) -> tuple[Examination, Any]:
        known = authorize.known_for(self.known, self.request, request)
        if request.parameters.get("launch") == PLACE_OF_LAUNCH:
            known = replace(known, launch=UNKNOWN)  # a place to put the value into: the app has it, we do not
        return authorize.examined(request, known), known


def _relaxed(known: Any) -> tuple[str, ...]:
    """The refusals that the hospital turns into advice."""
    return known.server.policy.relaxed if isinstance(known.server, Server) else ()


def _has_rule(one: Checked) -> bool:
    """A refusal that the catalogue has no rule for is answered by its name; it must never end in a server error."""
    return one.refusal is None or one.refusal.name in _SPOKEN_FOR


_SPOKEN_FOR = frozenset(rule.explains for rule in RULES) | frozenset(BY_ID)


Checks: TypeAlias = Sequence[Check[Any, Any]] | CompiledChecks[Any, Any]


def decide(stage: str, tenant: Tenant, checks: Checks, request: Any, known: Any) -> Decision:
    """Run all checks under the tenant's policy."""
    examination = examine(checks, request, known, tenant.policy.relaxed)
    return decided(stage, tenant, request, known, examination)


def decided(stage: str, tenant: Tenant, request: Any, known: Any, examination: Examination) -> Decision:
    """What an examination comes to. Raises RuntimeError where nothing refused and yet not every check passed."""
    if examination.granted:
        return Decision(stage, request, known, examination)
    refusal = examination.decisive(tenant.policy.precedence)
    if refusal is None:
        raise RuntimeError(f"{stage}: nothing refused, but not every check passed: {_waiting(examination)}")
    return Decision(stage, request, known, examination, refusal)


def refused(stage: str, request: Any, known: Any, refusal: Refusal) -> Decision:
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
    return LAUNCH_PLACE.sub(PLACE_OF_LAUNCH, value) if isinstance(value, str) else value


def _is_private(key: str, value: Any, held: set[str]) -> bool:
    if key.startswith(PRIVATE):
        return bool(value)
    return key != "received" and any(text in said for said in _texts(value) for text in held)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(one) for one in value] if isinstance(value, (list, tuple)) else []


def words(tenant: Tenant, decision: Decision, finding: Finding | None) -> Words:
    """The tenant's own words for the refusal that decided."""
    name = decision.refusal.name if decision.refusal else ""
    return tenant.dialect.wording(finding.id if finding else name, name, decision.stage)

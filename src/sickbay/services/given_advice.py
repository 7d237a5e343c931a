"""Which advice this worker gave to which app, so that a habit of an app is named once and not on every exchange."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.importance import HABITS
from sickbay.kernel.memory import ResetScope

KEPT_PAIRS: Final = 4_000
"""The most pairs of an app and a rule. Without the oldest ones, their advice is given once more."""


class GivenAdvice:
    """A part of `Runtime.memory`."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str], str] = OrderedDict()
        """The hospital of the exchange with the advice, by client and rule."""

    def without_repeated(self, explanation: Explanation, tenant: str, client_id: str) -> Explanation:
        """Return an explanation without habits that the app was told before, and remember those that it is told now."""
        if not client_id or HABITS.isdisjoint([finding.id for finding in explanation.findings]):
            return explanation
        findings = tuple(
            finding
            for finding in explanation.findings
            if finding.refused or finding.id not in HABITS or self._is_first(tenant, client_id, finding.id)
        )
        return explanation if len(findings) == len(explanation.findings) else explanation._replace(findings=findings)

    def _is_first(self, tenant: str, client_id: str, rule: str) -> bool:
        if (client_id, rule) in self._given:
            return False
        self._given[client_id, rule] = tenant
        if len(self._given) > KEPT_PAIRS:
            self._given.popitem(last=False)
        return True

    def forget(self, reset: ResetScope) -> None:
        for pair, tenant in tuple(self._given.items()):
            if reset.tenant in (None, tenant):
                del self._given[pair]

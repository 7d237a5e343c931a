"""Which advice this worker gave to which app, so that a habit of an app is named once and not on every exchange."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from sickbay.diagnosis.importance import HABITS
from sickbay.kernel.memory import ResetScope

if TYPE_CHECKING:
    from sickbay.diagnosis.explain import Explanation

KEPT_PAIRS: Final = 4_000
"""The most pairs of an app and a rule. Without the oldest ones, their advice is given once more."""


class GivenAdvice:
    """A part of `Runtime.memory`."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str], tuple[str, str]] = OrderedDict()
        """The hospital and the id of the exchange with the advice, by client and rule."""

    def without_repeated(self, explanation: Explanation, tenant: str, client_id: str, exchange: str) -> Explanation:
        """Leave out advice about habits that the app has already received, and remember the advice that remains.

        exchange: its id. If it couldn't be stored, it is recorded again, with the same advice.
        """
        if not client_id or HABITS.isdisjoint([finding.id for finding in explanation.findings]):
            return explanation
        findings = tuple(
            finding
            for finding in explanation.findings
            if finding.refused or finding.id not in HABITS or self._is_first((tenant, exchange), client_id, finding.id)
        )
        if len(findings) == len(explanation.findings):
            return explanation
        from sickbay.diagnosis.catalogue import BY_ID  # commands that explain nothing don't load the rules

        is_correctable = any((rule := BY_ID.get(finding.id)) and rule.repair for finding in findings)
        return explanation._replace(findings=findings, corrected=explanation.corrected if is_correctable else None)

    def _is_first(self, place: tuple[str, str], client_id: str, rule: str) -> bool:
        given = self._given.setdefault((client_id, rule), place)
        if len(self._given) > KEPT_PAIRS:
            self._given.popitem(last=False)
        return given == place

    def forget(self, reset: ResetScope) -> None:
        for pair, (tenant, _) in tuple(self._given.items()):
            if reset.tenant in (None, tenant):
                del self._given[pair]

"""The likely causes of a step that didn't come."""

from __future__ import annotations

from typing import Final

from sickbay.diagnosis.catalogue import INDEX
from sickbay.diagnosis.explain import explain
from sickbay.diagnosis.rule import Finding
from sickbay.diagnosis.silence.progress import silence
from sickbay.diagnosis.silence.trail import Trail
from sickbay.diagnosis.stages import SILENCE
from sickbay.kernel.checks import Examination

SHOWN_CAUSES: Final = 4
"""A reader tries the likeliest causes. A long list helps no one."""


def causes(trail: Trail) -> tuple[Finding, ...]:
    """The likely causes of the step that didn't come, the likeliest first. None after a fault that was injected on purpose."""
    found = silence(trail)
    if found is None or found.since.injected:
        return ()
    explanation = explain(INDEX, SILENCE.name, found, None, Examination(()), live=True)
    return explanation.findings[:SHOWN_CAUSES]

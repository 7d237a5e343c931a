"""The likely causes of a step that didn't come."""

from __future__ import annotations

from typing import Final

from sickbay.diagnosis.explain import explain
from sickbay.diagnosis.rule import Finding
from sickbay.diagnosis.rule_index import load_index
from sickbay.diagnosis.silence.progress import find_silence
from sickbay.diagnosis.silence.trail import Trail
from sickbay.diagnosis.stages import SILENCE
from sickbay.kernel.checks import Examination

INJECTED: Final = "fault-injected"
SHOWN_CAUSES: Final = 4
"""A reader tries the likeliest causes. A long list helps no one."""


def find_causes(trail: Trail) -> tuple[Finding, ...]:
    """The likely causes of the step that didn't come, the likeliest first.

    After a fault that was injected on purpose, only that: nothing is explained as a mistake of the app.
    """
    if (found := find_silence(trail)) is None:
        return ()
    index = load_index()
    explained = explain(index, SILENCE.name, found, None, Examination(()), live=True).findings
    findings = tuple(sorted(explained, key=lambda finding: index.places[finding.id]))  # what the launch points to comes first
    injected = tuple(finding for finding in findings if finding.id == INJECTED)
    return injected or findings[:SHOWN_CAUSES]

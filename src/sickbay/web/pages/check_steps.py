"""The list of checks on the page of an exchange: one step per check, in the order in which the checks ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sickbay.authorization.authorize import GATE
from sickbay.web.pages.check_names import words

FEW = 4
"""Longer runs of passed checks are folded."""
_MISSING = {
    "client": "the registration",
    "server": "the other server’s records",
    "launch": "the launch",
    "code": "the authorization code",
    "token": "the token",
    "user": "a signed-in user",
    "now": "the current time",
}
OUTCOMES = {"passed": "passed", "refused": "failed", "skipped": "skipped"}
"""The outcome in JSON -> its word on a page."""


@dataclass(frozen=True, slots=True)
class Step:
    """One check. The outcome `gate` marks where responses may be redirected to the app from then on."""

    outcome: str
    text: str
    because: str = ""


def folded(steps: Sequence[Step]) -> tuple[tuple[Step, ...], ...]:
    """Group the steps: more than FEW passed checks in a row are one group, every other step is a group of its own."""
    groups: list[list[Step]] = []
    for step in steps:
        if step.outcome == "passed" and not step.because and groups and groups[-1][-1].outcome == "passed":
            groups[-1].append(step)
        else:
            groups.append([step])
    return tuple(part for group in groups for part in ([tuple(group)] if len(group) > FEW else [(step,) for step in group]))


def steps_of(checks: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Build the steps from the checks in the JSON of an exchange. The first failed check decided the response."""
    steps: list[Step] = []
    undecided = True
    for check in checks:
        outcome = str(check["outcome"])
        because = str(check.get("note") or "")
        if outcome == "refused" and undecided:
            undecided, because = False, because or "decided the response"
        if outcome == "skipped":
            because = _needs(check.get("waits_for"))
        steps.append(Step(outcome, words(str(check["name"])), because))
        if check["name"] == GATE.name and outcome == "passed":
            steps.append(Step("gate", "From here on, a response may be redirected to your app."))
    return tuple(steps)


def _needs(missing: str | None) -> str:
    if missing in _MISSING:
        return f"needs {_MISSING[missing]}"
    return f"runs only after “{words(missing)}” has passed" if missing else "runs only after another check has passed"


def tally(checks: Sequence[Mapping[str, Any]]) -> str:
    """'4 passed, 3 failed, 1 skipped'."""
    counted = [(sum(check["outcome"] == outcome for check in checks), word) for outcome, word in OUTCOMES.items()]
    return ", ".join(f"{number} {word}" for number, word in counted if number)

"""The rule for an error answer whose cause isn't in what was pasted. Other rules explain causes that are."""

from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule

UNEXPLAINED = Rule(
    id="error-answer-unexplained",
    stage="answer",
    severity="error",
    outcome="the request failed",
    title="I see {article} {recognised}. Its cause isn't in this text.",
    why="{meaning}{also}{said}",
    fix="Add {add}. Then the cause can be named.",
    spec=specs.rfc(6749, "5.2", "Error Response"),
)

RULES = (UNEXPLAINED,)

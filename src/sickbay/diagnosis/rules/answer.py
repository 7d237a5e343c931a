"""The rule for an error response whose cause isn't in the pasted text. Other rules explain causes that are in it."""

from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule

UNEXPLAINED = Rule(
    id="error-answer-unexplained",
    outcome="the request failed",
    differs="It isn't advice: another server has refused the request.",
    title="The text contains {article} {recognised}, but not its cause",
    why="{meaning}{also}{said}",
    fix="Add {add}.",
    spec=specs.rfc(6749, "5.2", "Error Response"),
)

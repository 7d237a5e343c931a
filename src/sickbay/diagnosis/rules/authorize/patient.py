"""Rules about the patient that an authorization request needs."""

from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts


def _drop_context(facts: Facts) -> Facts:
    """Says what the request has and lacks. The response of another server shows neither."""
    if "launch" not in facts or "told" in facts:
        return facts
    if facts["launch"]:
        return {**facts, "requested": " Your app sent a launch code, but didn't request the scope `launch`."}
    if "launch" in facts.get("received", ()):
        return {**facts, "requested": " Your app requested the scope `launch`, but sent no launch code."}
    return {**facts, "requested": " Your app requested neither `launch` nor `launch/patient`."}


FUNCTIONS: RuleFunctions = {
    "scope-patient-without-context": {"recognises": _drop_context, "repair": corrections.correct_context}
}

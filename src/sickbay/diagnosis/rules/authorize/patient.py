"""Rules about the patient that an authorization request needs."""

from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Facts


def _without_context(facts: Facts) -> Facts:
    """Says what the request has and lacks. The response of another server shows neither."""
    if "launch" not in facts or "told" in facts:
        return facts
    if facts["launch"]:
        return {**facts, "requested": " Your app sent a launch code, but didn't request the scope `launch`."}
    if "launch" in facts.get("received", ()):
        return {**facts, "requested": " Your app requested the scope `launch`, but sent no launch code."}
    return {**facts, "requested": " Your app requested neither `launch` nor `launch/patient`."}


SCOPE_PATIENT_WITHOUT_CONTEXT = Rule(
    id="scope-patient-without-context",
    parameter="scope",
    recognises=_without_context,
    title="`scope` contains `{scopes}`, but no patient is selected",
    why="`patient/` scopes apply to a single patient, which the EHR launch or a patient picker chooses.{requested}",
    fix="For an EHR launch, add the scope `launch` and send the launch code. For a standalone launch, "
    "add the scope `launch/patient`.",
    spec=specs.SMART_CONTEXT,
    repair=corrections.correct_context,
)

"""Rules about sign-in, patient selection and consent."""

from sickbay.diagnosis.lists import WORDS
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts


def _add_reason(outcome: str, facts: Facts) -> Facts:
    """The facts with the sentences for the setting that is the reason. Only the administrator reads them."""
    cause, fix = (WORDS[f"{kind}_of_{outcome}"].get(str(facts.get("registered_reason")), "") for kind in ("causes", "fixes"))
    return {**facts, "registered_cause": cause, "registered_fix": fix}


def _no_patient_was_chosen(facts: Facts) -> Facts | None:
    """No patient was chosen although the request asked for one."""
    return _add_reason("no_patient", facts) if facts.get("note") == "no patient was chosen" else None


FUNCTIONS: RuleFunctions = {
    "mismatched-identity": {"recognises": lambda facts: _add_reason("another_user", facts)},
    "patient-not-chosen": {"recognises": _no_patient_was_chosen},
}

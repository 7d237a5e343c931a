"""Rules about sign-in, patient selection and consent."""

from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts

_NOT_CHOSEN = {
    "auto_approve": (
        " The app's `auto_approve` answered instead of a user, and it names no patient.",
        ' Or name a patient in the app\'s `auto_approve`, such as `{"user": "okafor", "patient": "p-0017"}`.',
    ),
    "no picker": (
        " This hospital's policy `standalone_picker` is off, so it never asks for a patient.",
        " Or turn on the hospital's policy `standalone_picker`.",
    ),
}
_OTHER_USER = {
    "auto_approve": (
        " The app's `auto_approve` always answers as the same user.",
        " Or launch the app as the user of its `auto_approve`, or turn `auto_approve` off.",
    )
}


def _add_reason(texts: dict[str, tuple[str, str]], facts: Facts) -> Facts:
    """The facts with the sentences for the setting that is the reason. Only the administrator reads them."""
    cause, fix = texts.get(str(facts.get("registered_reason")), ("", ""))
    return {**facts, "registered_cause": cause, "registered_fix": fix}


def _no_patient_was_chosen(facts: Facts) -> Facts | None:
    """No patient was chosen although the request asked for one."""
    return _add_reason(_NOT_CHOSEN, facts) if facts.get("note") == "no patient was chosen" else None


FUNCTIONS: RuleFunctions = {
    "mismatched-identity": {"recognises": lambda facts: _add_reason(_OTHER_USER, facts)},
    "patient-not-chosen": {"recognises": _no_patient_was_chosen},
}

"""Rules about sign-in, patient selection and consent."""

from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Facts

DENIED = specs.rfc(6749, "4.1.2.1", "Error Response")

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


def _reason(texts: dict[str, tuple[str, str]], facts: Facts) -> Facts:
    """The facts with the sentences for the setting that is the reason. Only the administrator reads them."""
    cause, fix = texts.get(str(facts.get("registered_reason")), ("", ""))
    return {**facts, "registered_cause": cause, "registered_fix": fix}


def _not_chosen(facts: Facts) -> Facts | None:
    """No patient was chosen although the request asked for one."""
    return _reason(_NOT_CHOSEN, facts) if facts.get("note") == "no patient was chosen" else None


def _other_user(facts: Facts) -> Facts:
    return _reason(_OTHER_USER, facts)


USER_DENIED = Rule(
    id="user-denied",
    severity="info",
    differs="The user decided this, so nothing is wrong with the app.",
    title="The user declined or left the sign-in page",
    why="Users may refuse access. This isn't an error in your app.",
    fix="Ask again only if the user does something that needs access, and explain why.",
    spec=DENIED,
)

MISMATCHED_IDENTITY = Rule(
    id="mismatched-identity",
    recognises=_other_user,
    title="Another user than the one who launched your app is answering",
    why="A launch belongs to the user who started it.{registered_cause}",
    fix="Sign out and launch again. To keep both sessions, use a private window.{registered_fix}",
    spec=specs.SMART_LAUNCH,
)

DENIED_NO_SCOPE_GRANTED = Rule(
    id="denied-no-scope-granted",
    parameter="scope",
    title="None of the requested scopes was granted",
    why="Each scope was unknown, not registered, or not approved. Registered: {registered}.",
    fix="Request at least one scope that is registered for your app.",
    spec=specs.rfc(6749, "3.3", "Access Token Scope"),
)

PATIENT_NOT_ACCESSIBLE = Rule(
    id="patient-not-accessible",
    title="The user has no access to this patient",
    why="The record isn't among those that the user may see, or it isn't the patient of the launch.",
    fix="Choose a patient that the user may see.",
    spec=specs.SMART_CONTEXT,
)

PATIENT_NOT_CHOSEN = Rule(
    id="patient-not-chosen",
    explains="scope-patient-without-context",
    recognises=_not_chosen,
    parameter="scope",
    title="No patient was chosen, but `scope` needs one: {scopes:code}",
    why="The launch or the patient picker chooses the patient for these scopes.{registered_cause}",
    fix="Launch the app for a patient, or choose one in the patient picker.{registered_fix}",
    spec=specs.SMART_CONTEXT,
)

"""Rules about sign-in, patient selection and consent."""

from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule

DENIED = specs.rfc(6749, "4.1.2.1", "Error Response")

USER_DENIED = Rule(
    id="user-denied",
    stage="login",
    explains="user-denied",
    severity="info",
    outcome="access_denied",
    title="The user declined or left the sign-in page",
    why="Users may refuse access. This isn't an error in your app.",
    fix="Ask again only if the user does something that needs access, and explain why.",
    spec=DENIED,
)

MISMATCHED_IDENTITY = Rule(
    id="mismatched-identity",
    stage="login",
    explains="mismatched-identity",
    severity="error",
    outcome="access_denied",
    title="A different user is signed in than the one who launched your app",
    why="A launch belongs to the user who started it, and this browser has the session of another user.",
    fix="Sign out and launch again. To keep both sessions, use a private window.",
    spec=specs.SMART_LAUNCH,
)

DENIED_NO_SCOPE_GRANTED = Rule(
    id="denied-no-scope-granted",
    stage="login",
    explains="denied-no-scope-granted",
    severity="error",
    outcome="access_denied",
    parameter="scope",
    title="None of the requested scopes was granted",
    why="Each scope was unknown, not registered, or not approved by the user. Registered: {registered}.",
    fix="Request at least one scope that is registered for your app.",
    spec=specs.rfc(6749, "3.3", "Access Token Scope"),
)

PATIENT_NOT_ACCESSIBLE = Rule(
    id="patient-not-accessible",
    stage="login",
    explains="patient-not-accessible",
    severity="error",
    outcome="access_denied",
    title="The user has no access to this patient",
    why="The record isn't among those that the user may see, or it isn't the patient of the launch.",
    fix="Choose a patient that the user may see.",
    spec=specs.SMART_CONTEXT,
)

RULES = (USER_DENIED, MISMATCHED_IDENTITY, DENIED_NO_SCOPE_GRANTED, PATIENT_NOT_ACCESSIBLE)

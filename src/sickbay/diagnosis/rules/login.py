"""Rules of sign-in, patient and consent: a person decided, or was the wrong one to."""

from sickbay.diagnosis import specs
from sickbay.diagnosis.rule import Rule

DENIED = specs.rfc(6749, "4.1.2.1", "Error Response")

USER_DENIED = Rule(
    id="user-denied",
    stage="login",
    explains="user-denied",
    severity="info",
    outcome="access_denied",
    title="The person said no, or went away from the sign-in",
    why="That is their right, and no fault of your app's.",
    fix="Ask again only when the person does something that needs it, and say what for.",
    spec=DENIED,
)

MISMATCHED_IDENTITY = Rule(
    id="mismatched-identity",
    stage="login",
    explains="mismatched-identity",
    severity="error",
    outcome="access_denied",
    title="Somebody else is signed in than the one who opened your app",
    why="A launch belongs to the person who started it; this browser still has another one's session.",
    fix="Sign out and launch again, or use a private window.",
    spec=specs.SMART_LAUNCH,
)

DENIED_NO_SCOPE_GRANTED = Rule(
    id="denied-no-scope-granted",
    stage="login",
    explains="denied-no-scope-granted",
    severity="error",
    outcome="access_denied",
    parameter="scope",
    title="Nothing is left of what your app asked for",
    why="Each scope was unknown, not registered, or not allowed by the person. Registered: {registered}.",
    fix="Ask for at least one scope that your app is registered for.",
    spec=specs.rfc(6749, "3.3", "Access Token Scope"),
)

PATIENT_NOT_ACCESSIBLE = Rule(
    id="patient-not-accessible",
    stage="login",
    explains="patient-not-accessible",
    severity="error",
    outcome="access_denied",
    title="This patient is not one the person may see",
    why="The record was not found among those open to whoever signed in, or it is not the one of the launch.",
    fix="Choose a patient that this person may see.",
    spec=specs.SMART_CONTEXT,
)

RULES = (USER_DENIED, MISMATCHED_IDENTITY, DENIED_NO_SCOPE_GRANTED, PATIENT_NOT_ACCESSIBLE)

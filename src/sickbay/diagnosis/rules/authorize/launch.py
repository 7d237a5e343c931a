"""Rules about launch: the code by which the EHR opened the app."""

from sickbay.authorization.authorize.reading import asks_launch, asks_patient
from sickbay.authorization.known import AuthorizeKnown
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import repairs, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.refusal import Facts

LAUNCH_TYPE_NOT_ALLOWED = Rule(
    id="launch-type-not-allowed",
    stage="authorize",
    explains="launch-type-not-allowed",
    severity="error",
    outcome="unauthorized_client",
    parameter="launch",
    title="Your app may not be opened so: {received}",
    why="Hospital or registration allow {expected} alone. ehr means with a launch code, standalone without.",
    fix="Open the app in an allowed way, or change launches in the policy of the app.",
    spec=specs.SMART_LAUNCH,
)

LAUNCH_SCOPE_WITHOUT_LAUNCH_PARAM = Rule(
    id="launch-scope-without-launch-param",
    stage="authorize",
    explains="launch-scope-without-launch-param",
    severity="error",
    outcome="invalid_request",
    parameter="launch",
    title="Your app asked for the scope launch, but sent no launch code",
    why="Scope launch means: take the context from which the EHR opened me. The launch code says which that is.",
    fix="Opened from the EHR: send the launch value of the launch URL. On its own: ask launch/patient instead of launch.",
    spec=specs.SMART_CONTEXT,
    repair=repairs.mend_launch,
)


def _with_launch_scope(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return repairs.add_scopes(request, "launch")


LAUNCH_PARAM_WITHOUT_LAUNCH_SCOPE = Rule(
    id="launch-param-without-launch-scope",
    stage="authorize",
    explains="launch-param-without-launch-scope",
    severity="error",
    outcome="invalid_request",
    parameter="scope",
    title="Your app sent a launch code without asking for the scope launch",
    why="The code names the context; the scope asks for it. With one alone, the token comes without the patient.",
    fix="Add launch to the scopes.",
    spec=specs.SMART_CONTEXT,
    repair=_with_launch_scope,
)


def _is_base(facts: Facts) -> Facts | None:
    return facts if facts["is_base"] else None


LAUNCH_PARAM_IS_ISS = Rule(
    id="launch-param-is-iss",
    stage="authorize",
    explains="launch-param-is-url",
    recognises=_is_base,
    severity="error",
    outcome="invalid_request",
    parameter="launch",
    title="Your app sent the FHIR base as launch",
    why="The launch URL brings two values: iss is the FHIR base and goes into aud, launch is a code and goes into launch.",
    fix="Send aud=<the iss value> and launch=<the launch value>.",
    spec=specs.SMART_LAUNCH,
    repair=repairs.mend_launch,
)

LAUNCH_PARAM_IS_URL = Rule(
    id="launch-param-is-url",
    stage="authorize",
    explains="launch-param-is-url",
    severity="error",
    outcome="invalid_request",
    parameter="launch",
    title="Your app sent the address {received} as launch",
    why="launch is the code that the EHR put into the launch URL, not the launch URL itself.",
    fix="Send the value of the query parameter launch with which your app was opened, unchanged.",
    spec=specs.SMART_LAUNCH,
    repair=repairs.mend_launch,
)

LAUNCH_CODE_UNKNOWN = Rule(
    id="launch-code-unknown",
    stage="authorize",
    explains="launch-code-unknown",
    severity="error",
    outcome="invalid_request",
    parameter="launch",
    title="This server gave out no launch code {received}",
    why="A launch code cannot be made up, nor brought from another server: it names one opening of your app here.",
    fix="Opened from the EHR: send the launch value as it came. On its own: send no launch, and ask launch/patient.",
    spec=specs.SMART_LAUNCH,
    repair=repairs.mend_launch,
)

LAUNCH_CODE_OTHER_CLIENT = Rule(
    id="launch-code-other-client",
    stage="authorize",
    explains="launch-code-other-client",
    severity="error",
    outcome="invalid_request",
    parameter="launch",
    title="This launch code was made for another app",
    why="The EHR opens one app at a time; its code is good for that client_id alone.",
    fix="Send the client_id of the app that the EHR opened, or open this one.",
    spec=specs.SMART_LAUNCH,
    repair=repairs.mend_launch,
)

LAUNCH_CODE_EXPIRED = Rule(
    id="launch-code-expired",
    stage="authorize",
    explains="launch-code-expired",
    severity="error",
    outcome="invalid_request",
    parameter="launch",
    title="This launch code ended {ago}",
    why="A launch code lives a few minutes. A reloaded or bookmarked launch URL brings an old one.",
    fix="Launch again from the chart; the new code comes by itself.",
    spec=specs.SMART_LAUNCH,
    repair=repairs.mend_launch,
)

LAUNCH_CODE_REUSED = Rule(
    id="launch-code-reused",
    stage="authorize",
    explains="launch-code-reused",
    severity="error",
    outcome="invalid_request",
    parameter="launch",
    title="This launch code was used {ago}, and a code opens one launch",
    why="The launch page ran twice: reloaded, or called twice by the app's own code.",
    fix="Launch again from the chart; the new code comes by itself.",
    spec=specs.SMART_LAUNCH,
    repair=repairs.mend_launch,
)


def _picker_in_launch(request: AuthorizeRequest, known: AuthorizeKnown) -> Facts | None:
    if not request.parameters.get("launch") or not asks_patient(request) or asks_launch(request):
        return None
    return {"received": "launch/patient", "expected": "launch"}


LAUNCH_PATIENT_IN_EHR_LAUNCH = Rule(
    id="launch-patient-in-ehr-launch",
    stage="authorize",
    severity="warning",
    outcome="advice",
    advises=_picker_in_launch,
    parameter="scope",
    title="Your app asked for launch/patient in a launch from the EHR",
    why="launch/patient asks that a patient be chosen. The EHR has chosen already; scope launch takes that one.",
    fix="Ask launch; launch/patient alone is for an app that was opened on its own.",
    spec=specs.SMART_CONTEXT,
    repair=_with_launch_scope,
)

RULES = (
    LAUNCH_TYPE_NOT_ALLOWED,
    LAUNCH_PARAM_IS_ISS,
    LAUNCH_PARAM_IS_URL,
    LAUNCH_CODE_UNKNOWN,
    LAUNCH_CODE_OTHER_CLIENT,
    LAUNCH_CODE_EXPIRED,
    LAUNCH_CODE_REUSED,
    LAUNCH_SCOPE_WITHOUT_LAUNCH_PARAM,
    LAUNCH_PARAM_WITHOUT_LAUNCH_SCOPE,
    LAUNCH_PATIENT_IN_EHR_LAUNCH,
)

"""Rules about `launch`, the code with which the EHR launched the app."""

from sickbay.authorization.authorize.parameters import asks_launch, asks_patient
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections, specs
from sickbay.diagnosis.rule import Rule
from sickbay.kernel.checks import Facts

_LAUNCH_TYPES = {"ehr": ("EHR launch", "an EHR launch"), "standalone": ("Standalone launch", "a standalone launch")}


def _launch_type(facts: Facts) -> Facts:
    allowed = " or ".join(_LAUNCH_TYPES[name][1] for name in facts.get("expected") or () if name in _LAUNCH_TYPES)
    return {**facts, "launch_type": _LAUNCH_TYPES[facts["received"]][0], "allowed": allowed or "no launch at all"}


LAUNCH_TYPE_NOT_ALLOWED = Rule(
    id="launch-type-not-allowed",
    recognises=_launch_type,
    parameter="launch",
    title="{launch_type} isn't allowed for this app",
    why="The policy of the hospital or of the app allows only {allowed}.",
    fix="Start your app with {allowed}. To allow both, change `launches` in the app's policy.",
    spec=specs.SMART_LAUNCH,
)


def _is_base(facts: Facts) -> Facts | None:
    return facts if facts["is_base"] else None


LAUNCH_PARAM_IS_ISS = Rule(
    id="launch-param-is-iss",
    explains="launch-param-is-url",
    recognises=_is_base,
    parameter="launch",
    title="`launch` is the FHIR base URL instead of the launch code",
    why="The launch URL has two parameters. `iss` is the FHIR base URL and goes into `aud`; `launch` is "
    "the launch code and goes into `launch`.",
    fix="Send the `iss` value as `aud` and the `launch` value as `launch`.",
    spec=specs.SMART_LAUNCH,
    repair=corrections.correct_launch,
)


LAUNCH_PARAM_IS_URL = Rule(
    id="launch-param-is-url",
    parameter="launch",
    title="`launch` is a URL instead of the launch code: `{received}`",
    why="`launch` is the code that the EHR added to your launch URL, not the launch URL itself.",
    fix="Send the value of the `launch` parameter in the launch URL, unchanged.",
    spec=specs.SMART_LAUNCH,
    repair=corrections.correct_launch,
)


LAUNCH_CODE_UNKNOWN = Rule(
    id="launch-code-unknown",
    parameter="launch",
    title="`launch` isn't a launch code of this server: `{received}`",
    why="The EHR creates a launch code for each launch, and the server accepts only codes that it created itself.",
    fix="For an EHR launch, send the `launch` value of the launch URL unchanged. For a standalone "
    "launch, leave out `launch` and request `launch/patient`.",
    spec=specs.SMART_LAUNCH,
    repair=corrections.correct_launch,
)


LAUNCH_CODE_OTHER_CLIENT = Rule(
    id="launch-code-other-client",
    parameter="launch",
    title="`launch` belongs to another app",
    why="A launch code is valid only for the `client_id` of the app that the EHR launched.",
    fix="Send the `client_id` of the app that was launched. If you meant this app, launch it from the EHR.",
    spec=specs.SMART_LAUNCH,
    repair=corrections.correct_launch,
)


LAUNCH_CODE_EXPIRED = Rule(
    id="launch-code-expired",
    parameter="launch",
    title="`launch` expired {ago}",
    why="A launch code is valid only for a short time. A reloaded or bookmarked launch URL contains an old one.",
    fix="Launch your app from the EHR again to get a new launch code.",
    spec=specs.SMART_LAUNCH,
    repair=corrections.correct_launch,
)


LAUNCH_CODE_REUSED = Rule(
    id="launch-code-reused",
    parameter="launch",
    title="`launch` was already used {ago}",
    why="A launch code works only once. Usually the launch page was reloaded, or the app's code ran twice.",
    fix="Launch your app from the EHR again to get a new launch code.",
    spec=specs.SMART_LAUNCH,
    repair=corrections.correct_launch,
)


LAUNCH_SCOPE_WITHOUT_LAUNCH_PARAM = Rule(
    id="launch-scope-without-launch-param",
    parameter="launch",
    title="`launch` is missing, although the scope `launch` is requested",
    why="The scope `launch` asks for the context of an EHR launch, and the launch code says which launch that is.",
    fix="For an EHR launch, send the `launch` value of the launch URL. For a standalone launch, request "
    "`launch/patient` instead of `launch`.",
    spec=specs.SMART_CONTEXT,
    repair=corrections.correct_launch,
)


def _with_launch_scope(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return corrections.add_scopes(request, "launch")


LAUNCH_PARAM_WITHOUT_LAUNCH_SCOPE = Rule(
    id="launch-param-without-launch-scope",
    parameter="scope",
    title="`scope` doesn't contain `launch`, although a launch code is sent",
    why="The launch code identifies the context, and the scope `launch` requests it. Without the scope, "
    "the token comes without a patient.",
    fix="Add `launch` to `scope`.",
    spec=specs.SMART_CONTEXT,
    repair=_with_launch_scope,
)


def _picker_in_launch(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    if not asks_patient(request) or asks_launch(request):
        return None
    return {"received": "launch/patient", "expected": "launch"}


LAUNCH_PATIENT_IN_EHR_LAUNCH = Rule(
    id="launch-patient-in-ehr-launch",
    severity="warning",
    advises=_picker_in_launch,
    sent="launch",
    parameter="scope",
    title="`scope` contains `launch/patient` in an EHR launch",
    why="`launch/patient` asks for a patient picker. In an EHR launch, the EHR chooses the patient, and the scope "
    "`launch` returns it.",
    fix="Request `launch`. Use `launch/patient` only for a standalone launch.",
    spec=specs.SMART_CONTEXT,
    repair=_with_launch_scope,
)

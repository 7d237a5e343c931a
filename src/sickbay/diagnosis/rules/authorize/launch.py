"""Rules about `launch`, the code with which the EHR launched the app."""

from sickbay.authorization.authorize.parameters import asks_launch, asks_patient
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions, only_with
from sickbay.kernel.checks import Facts

_LAUNCH_TYPES = {"ehr": ("EHR launch", "an EHR launch"), "standalone": ("Standalone launch", "a standalone launch")}


def _launch_type(facts: Facts) -> Facts:
    allowed = " or ".join(_LAUNCH_TYPES[name][1] for name in facts.get("expected") or () if name in _LAUNCH_TYPES)
    return {**facts, "launch_type": _LAUNCH_TYPES[facts["received"]][0], "allowed": allowed or "no launch at all"}


def _requests_picker_in_launch(request: AuthorizeRequest, context: AuthorizeContext) -> Facts | None:
    if not asks_patient(request) or asks_launch(request):
        return None
    return {"received": "launch/patient", "expected": "launch"}


FUNCTIONS: RuleFunctions = {
    "launch-type-not-allowed": {"recognises": _launch_type},
    "launch-param-is-iss": {"recognises": only_with("is_base"), "repair": corrections.correct_launch},
    "launch-param-is-url": {"repair": corrections.correct_launch},
    "launch-code-unknown": {"repair": corrections.correct_launch},
    "launch-code-other-client": {"repair": corrections.correct_launch},
    "launch-code-expired": {"repair": corrections.correct_launch},
    "launch-code-reused": {"repair": corrections.correct_launch},
    "launch-scope-without-launch-param": {"repair": corrections.correct_launch},
    "launch-param-without-launch-scope": {"repair": corrections.request_also("launch")},
    "launch-patient-in-ehr-launch": {"advises": _requests_picker_in_launch, "repair": corrections.request_also("launch")},
}

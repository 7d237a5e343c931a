"""Rules about `state`: the value by which an app knows its own answer again."""

from dataclasses import replace

from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts

AUTHORIZE = Spec(
    "SMART App Launch 2.2, Obtain authorization code",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#obtain-authorization-code",
)
EXAMPLE = "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E"


def _with_state(request: AuthorizeRequest, facts: Facts) -> AuthorizeRequest:
    return replace(request, parameters=request.parameters.replaced([("state", EXAMPLE)]))


STATE_MISSING = Rule(
    id="state-missing",
    stage="authorize",
    explains="state-missing",
    severity="error",
    outcome="invalid_request",
    parameter="state",
    title="There is no state",
    why="State lets your app recognise its own answer and turn away a forged one.",
    fix="Make a random value of 22 characters or more, keep it, send it as state, and compare it when the answer arrives.",
    spec=AUTHORIZE,
    repair=_with_state,
)

RULES = (STATE_MISSING,)

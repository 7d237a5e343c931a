"""The rule about launches that stopped after a fault that was injected on purpose."""

from typing import Any, Final

from sickbay.diagnosis.rule import RuleFunctions
from sickbay.diagnosis.silence.progress import Silence
from sickbay.kernel.checks import Facts

REQUESTS: Final = {
    "discovery": "the request for the endpoints",
    "authorize": "the authorization request",
    "code": "the authorization request",
    "token": "the token request",
    "refresh": "the refresh",
}
"""The name of a step in a sentence. All others are FHIR requests."""


def _find_injected_fault(silence: Silence | None, context: Any) -> Facts | None:
    events = [event for event in silence.trail.events if event.injected] if silence is not None else []
    return {"request": REQUESTS.get(events[-1].step, "a request of the app")} if events else None


FUNCTIONS: RuleFunctions = {"fault-injected": {"advises": _find_injected_fault}}

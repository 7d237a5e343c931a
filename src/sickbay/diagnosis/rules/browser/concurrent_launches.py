"""The rule about two launches that run in one browser and use each other's values."""

from collections.abc import Mapping

from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import Functions
from sickbay.kernel.checks import Facts


def _from_another_launch(facts: Facts) -> Facts | None:
    return facts if facts.get("other_attempt") else None


FUNCTIONS: Mapping[str, Functions] = {
    "session-bleed": {"recognises": _from_another_launch, "insert_placeholder": corrections.new_verifier},
}

"""The rule about two launches that run in one browser and use each other's values."""

from collections.abc import Mapping

from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import Functions, only_with

FUNCTIONS: Mapping[str, Functions] = {
    "session-bleed": {"recognises": only_with("other_attempt"), "insert_placeholder": corrections.new_verifier}
}

"""The rule about two launches that run in one browser and use each other's values."""

from sickbay.diagnosis import corrections
from sickbay.diagnosis.rule import RuleFunctions, only_with

FUNCTIONS: RuleFunctions = {
    "session-bleed": {"recognises": only_with("other_attempt"), "insert_placeholder": corrections.new_verifier}
}

"""Rules about requests to any endpoint that can't be read at all: not UTF-8, or too large."""

from sickbay.diagnosis.rule import RuleFunctions, only_with

FUNCTIONS: RuleFunctions = {
    "request-contains-nul": {"recognises": lambda facts: facts if facts["received"] in ("%00", "0x00") else None},
    "request-in-latin1": {"recognises": only_with("meant")},
}

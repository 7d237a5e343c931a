"""Rules about the endpoint at which apps store their own state."""

from sickbay.diagnosis.rule import RuleFunctions, add_count

FUNCTIONS: RuleFunctions = {"app-state-not-in-profile": {"recognises": add_count}}

"""Rules about writes: the body, its patient, the version and the condition."""

from sickbay.diagnosis.rule import RuleFunctions, add_count

FUNCTIONS: RuleFunctions = {"fhir-resource-invalid": {"recognises": add_count}}

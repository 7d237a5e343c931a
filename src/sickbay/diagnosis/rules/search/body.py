"""Rules about writes: the body, its patient, the version and the condition."""

from collections.abc import Mapping

from sickbay.diagnosis.rule import Functions
from sickbay.diagnosis.wording import add_count

FUNCTIONS: Mapping[str, Functions] = {"fhir-resource-invalid": {"recognises": add_count}}

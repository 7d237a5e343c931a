"""The file of a complete hospital, and changes to it."""

from __future__ import annotations

RIVERSIDE = """\
name = "riverside"
title = "Riverside Clinic"
fhir = ["r4"]
scopes = ["launch", "launch/patient", "openid", "fhirUser", "online_access", "patient/*.rs", "user/Observation.rs"]

[paths]
fhir = "/api/fhir"
authorize = "/connect/authorize"
token = "/connect/token"

[answers]
error_description = false

[policy]
token_lifetime = 300

[search]
required = ["r4 Observation: patient | subject | _id"]

[search.parameters]
Observation = ["patient", "subject", "category", "code"]

[[users]]
username = "grace"
password = "open sesame"
fhirUser = "Practitioner/pr-1"

[[faults]]
kind = "status"
status = 503
type = "Condition"
"""


def replace_text(old: str, new: str) -> str:
    """The file with one text replaced. Raises AssertionError if the file doesn't contain it."""
    assert old in RIVERSIDE
    return RIVERSIDE.replace(old, new, 1)

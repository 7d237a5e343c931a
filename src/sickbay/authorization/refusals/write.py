"""Refusals of FHIR writes."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

FHIR_SUBSCRIPTION_UNSUPPORTED = RefusalType("fhir-subscription-unsupported", "not-supported", status=422)
FHIR_BODY_MALFORMED = RefusalType("fhir-body-malformed", "structure")
FHIR_BODY_ID_MISMATCH = RefusalType("fhir-body-id-mismatch", "value")
FHIR_RESOURCE_INVALID = RefusalType("fhir-resource-invalid", "invalid", status=422)
FHIR_WRITE_OUTSIDE_SCOPE = RefusalType("fhir-write-outside-scope", "forbidden", status=403)
FHIR_WRITE_NOT_SUBJECT = RefusalType("fhir-write-not-subject", "forbidden", status=403)
FHIR_PATCH_FAILED = RefusalType("fhir-patch-failed", "structure")
FHIR_PATCH_READS = RefusalType("fhir-patch-reads", "forbidden", status=403)
FHIR_DELETE_CASCADE = RefusalType("fhir-delete-cascade", "forbidden", status=403)
FHIR_VERSION_CONFLICT = RefusalType("fhir-version-conflict", "conflict", status=412)
FHIR_RESOURCE_EXISTS = RefusalType("fhir-resource-exists", "conflict", status=412)
FHIR_CONDITION_AMBIGUOUS = RefusalType("fhir-condition-ambiguous", "multiple-matches", status=412)
FHIR_PATCH_NOT_APPLICABLE = RefusalType("fhir-patch-failed", "processing", status=422)
FHIR_RESOURCE_EXISTS_ALREADY = RefusalType("fhir-resource-exists", "conflict", status=409)

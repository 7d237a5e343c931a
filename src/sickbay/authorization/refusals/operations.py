"""Refusals of FHIR operations: bulk export and parameters."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

BULK_NOT_BY_SYSTEM = RefusalType("bulk-not-by-system", "insufficient_scope", status=403)
BULK_PREFER_MISSING = RefusalType("bulk-prefer-missing", "not-supported")
BULK_FORMAT_UNSUPPORTED = RefusalType("bulk-format-unsupported", "not-supported")
FHIR_OPERATION_UNKNOWN = RefusalType("fhir-operation-unknown", "not-found", status=404)
FHIR_OPERATION_PARAMETER = RefusalType("fhir-operation-parameter", "value")

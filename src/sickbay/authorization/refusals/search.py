"""Refusals of a FHIR request: address, representation and search parameters."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

FHIR_BASE_URL_WRONG = RefusalType("fhir-base-url-wrong", "not-found", status=404)
FHIR_PATIENT_UNDEFINED_IN_PATH = RefusalType("fhir-patient-undefined", "value", status=404)
FHIR_PATIENT_UNDEFINED = RefusalType("fhir-patient-undefined", "value")
FHIR_SEARCH_UNBOUNDED = RefusalType("fhir-search-unbounded", "too-costly")
FHIR_SEARCH_MISSING_PATIENT = RefusalType("fhir-search-missing-patient", "required")
FHIR_SEARCH_MISSING_CATEGORY = RefusalType("fhir-search-missing-category", "required")
FHIR_SEARCH_MISSING_PARAM = RefusalType("fhir-search-missing-param", "required")
FHIR_SEARCH_ID_NOT_ALONE = RefusalType("fhir-search-id-not-alone", "business-rule")
FHIR_SEARCH_POST_CONTENT_TYPE = RefusalType("fhir-search-post-content-type", "not-supported", status=415)
FHIR_IF_MATCH_MISSING = RefusalType("fhir-if-match-missing", "required", status=412)
FHIR_WRITE_CONTENT_TYPE = RefusalType("fhir-write-content-type", "not-supported", status=415)
FHIR_BASE_DOUBLE_SLASH = RefusalType("fhir-base-double-slash", "not-found", status=404)
FHIR_PATH_TRAILING_SLASH = RefusalType("fhir-path-trailing-slash", "not-found", status=404)
FHIR_RESOURCE_WRONG_VERSION = RefusalType("fhir-resource-wrong-version", "not-found", status=404)
FHIR_RESOURCE_UNKNOWN = RefusalType("fhir-resource-unknown", "not-found", status=404)
FHIR_ID_INVALID = RefusalType("fhir-id-invalid", "value")
FHIR_METHOD_NOT_ALLOWED = RefusalType("fhir-method-not-allowed", "not-supported", status=405)
FHIR_PATH_UNKNOWN = RefusalType("fhir-path-unknown", "not-found", status=404)
FHIR_ACCEPT_UNSUPPORTED = RefusalType("fhir-accept-unsupported", "not-supported", status=406)
FHIR_PATIENT_SEARCHED_BY_PATIENT = RefusalType("fhir-patient-searched-by-patient", "value")
FHIR_SEARCH_COLON_FOR_EQUALS = RefusalType("fhir-search-colon-for-equals", "value")
FHIR_REFERENCE_MALFORMED = RefusalType("fhir-reference-malformed", "value")
FHIR_DATE_MALFORMED = RefusalType("fhir-date-malformed", "value")
FHIR_SEARCH_VALUE_MALFORMED = RefusalType("fhir-search-value-malformed", "value")
FHIR_SEARCH_UNKNOWN_PARAM = RefusalType("fhir-search-unknown-param", "value")
FHIR_SEARCH_MODIFIER_UNSUPPORTED = RefusalType("fhir-search-modifier-unsupported", "value")
FHIR_SEARCH_PARAM_UNSUPPORTED = RefusalType("fhir-search-param-unsupported", "value")
FHIR_SEARCH_TOO_COMPLEX = RefusalType("fhir-search-too-complex", "too-costly")

"""Refusals of requested scopes (RFC 6749 3.3; SMART 2.2, Scopes), at the authorization and the token endpoint."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

SCOPE_WRONG_CASE = RefusalType("scope-wrong-case", "invalid_scope", redirectable=True)
SCOPE_V2_ORDER = RefusalType("scope-v2-order", "invalid_scope", redirectable=True)
SCOPE_MALFORMED = RefusalType("scope-malformed", "invalid_scope", redirectable=True)
SCOPE_FILTER_UNSUPPORTED = RefusalType("scope-filter-unsupported", "invalid_scope", redirectable=True)
SCOPE_V1_ON_V2_APP = RefusalType("scope-v1-on-v2-app", "invalid_scope", redirectable=True)
SCOPE_SYSTEM_IN_USER_FLOW = RefusalType("scope-system-in-user-flow", "invalid_scope", redirectable=True)
SCOPE_WILDCARD_NOT_ALLOWED = RefusalType("scope-wildcard-not-allowed", "invalid_scope", redirectable=True)
SCOPE_RESOURCE_NOT_IN_VERSION = RefusalType("scope-resource-not-in-version", "invalid_scope", redirectable=True)
SCOPE_LEVELS_MIXED = RefusalType("scope-levels-mixed", "invalid_scope", redirectable=True)
SCOPE_MISSING = RefusalType("scope-missing", "invalid_scope", redirectable=True)
SCOPE_DOUBLE_ENCODED = RefusalType("scope-double-encoded", "invalid_scope", redirectable=True)
SCOPE_COMMA_SEPARATED = RefusalType("scope-comma-separated", "invalid_scope", redirectable=True)
SCOPE_PLUS_LITERAL = RefusalType("scope-plus-literal", "invalid_scope", redirectable=True)
SCOPE_TAB_SEPARATED = RefusalType("scope-tab-separated", "invalid_scope", redirectable=True)
SCOPE_SEPARATOR_WRONG = RefusalType("scope-separator-wrong", "invalid_scope", redirectable=True)
SCOPE_HAS_STRAY_CHARACTERS = RefusalType("scope-has-stray-characters", "invalid_scope", redirectable=True)
SCOPE_NOT_REGISTERED = RefusalType("scope-not-registered", "invalid_scope", redirectable=True)
SCOPE_PATIENT_WITHOUT_CONTEXT = RefusalType("scope-patient-without-context", "access_denied", redirectable=True)
BACKEND_SCOPE_MISSING = RefusalType("backend-scope-missing", "invalid_scope")
BACKEND_SCOPE_NOT_SYSTEM = RefusalType("backend-scope-not-system", "invalid_scope")
BACKEND_EMPTY_SCOPES = RefusalType("backend-empty-scopes", "invalid_scope")

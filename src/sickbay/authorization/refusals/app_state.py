"""Refusals of app state (SMART App State)."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

APP_STATE_TOO_LARGE = RefusalType("app-state-too-large", "too-long", status=413)
APP_STATE_NOT_IN_PROFILE = RefusalType("app-state-not-in-profile", "invalid", status=422)
APP_STATE_OTHER_SUBJECT = RefusalType("app-state-other-subject", "forbidden", status=403)
FHIR_IF_MATCH_MISSING = RefusalType("fhir-if-match-missing", "required", status=412)
APP_STATE_NOT_THERE = RefusalType("app-state-not-there", "conflict", status=412)
APP_STATE_MOVED = RefusalType("app-state-moved", "conflict", status=412)
APP_STATE_QUERY_UNCLEAR = RefusalType("app-state-query-unclear", "invalid")

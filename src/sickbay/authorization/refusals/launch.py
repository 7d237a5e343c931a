"""Faults of a launch URL, as the app received it (SMART 2.2, Launch)."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

LAUNCH_URL_PARAMS_IN_FRAGMENT = RefusalType("launch-url-params-in-fragment", "invalid_request")
LAUNCH_URL_VENDOR_SUBSTITUTION = RefusalType("launch-url-vendor-substitution", "invalid_request")
LAUNCH_URL_MISSING_ISS = RefusalType("launch-url-missing-iss", "invalid_request")
LAUNCH_URL_ISS_DOUBLE_ENCODED = RefusalType("launch-url-iss-double-encoded", "invalid_request")
LAUNCH_URL_ISS_NOT_ABSOLUTE = RefusalType("launch-url-iss-not-absolute", "invalid_request")
LAUNCH_URL_ISS_NOT_BASE = RefusalType("launch-url-iss-not-base", "invalid_request")
LAUNCH_URL_ISS_NOT_ALLOWLISTED = RefusalType("launch-url-iss-not-allowlisted", "invalid_request")

"""Refusals of any request: its size, its encoding, and the origin of the page that sends it."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

REQUEST_NOT_UTF8 = RefusalType("request-not-utf8", "invalid_request")
REQUEST_BODY_COMPRESSED = RefusalType("request-body-compressed", "invalid_request", status=415)
REQUEST_TOO_LARGE = RefusalType("request-too-large", "invalid_request", status=413)
CORS_ORIGIN_NOT_REGISTERED = RefusalType("cors-origin-not-registered", "invalid_request", status=403)
CORS_ORIGIN_NOT_REGISTERED_FOR_FHIR = RefusalType("cors-origin-not-registered", "forbidden", status=403)

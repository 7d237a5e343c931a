"""Refusals at sign-in, patient selection and consent. The redirect URI was proven before."""

from __future__ import annotations

from sickbay.kernel.checks import RefusalType

USER_DENIED = RefusalType("user-denied", "access_denied", redirectable=True)
MISMATCHED_IDENTITY = RefusalType("mismatched-identity", "access_denied", redirectable=True)
DENIED_NO_SCOPE_GRANTED = RefusalType("denied-no-scope-granted", "access_denied", redirectable=True)
SCOPE_PATIENT_WITHOUT_CONTEXT = RefusalType("scope-patient-without-context", "access_denied", redirectable=True)
PATIENT_NOT_ACCESSIBLE = RefusalType("patient-not-accessible", "access_denied", redirectable=True)
COOKIE_SAMESITE_IFRAME = RefusalType("cookie-samesite-iframe", "access_denied")

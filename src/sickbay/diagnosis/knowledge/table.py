"""All known errors."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import KnownError
from sickbay.diagnosis.knowledge.servers import (
    athena,
    athena_codes,
    athena_fhir,
    athena_scheduling,
    cerner,
    cerner_fhir,
    cerner_symptoms,
    cerner_token,
    epic,
    epic_fhir,
    epic_symptoms,
    federal,
    inferno,
    inferno_app_tests,
    inferno_response_tests,
    inferno_tests,
    medplum,
    oauth,
    openemr,
    other_ehrs,
    smart,
    smart_launcher,
)

ALL: tuple[KnownError, ...] = (
    *athena.ERRORS,
    *athena_codes.ERRORS,
    *athena_fhir.ERRORS,
    *athena_scheduling.ERRORS,
    *cerner.ERRORS,
    *cerner_fhir.ERRORS,
    *cerner_symptoms.ERRORS,
    *cerner_token.ERRORS,
    *epic.ERRORS,
    *epic_fhir.ERRORS,
    *epic_symptoms.ERRORS,
    *federal.ERRORS,
    *inferno.ERRORS,
    *inferno_app_tests.ERRORS,
    *inferno_response_tests.ERRORS,
    *inferno_tests.ERRORS,
    *medplum.ERRORS,
    *openemr.ERRORS,
    *other_ehrs.ERRORS,
    *smart_launcher.ERRORS,
    *smart.ERRORS,
    *oauth.ERRORS,
)

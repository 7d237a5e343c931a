"""All known errors."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import KnownError
from sickbay.diagnosis.knowledge.servers import (
    azure_fhir,
    cloud_symptoms,
    cognito,
    cognito_checklists,
    entra_b2c,
    entra_checklists,
    entra_registration,
    entra_scopes,
    entra_token,
    entra_tokens,
    entra_user,
    github,
    google,
    google_api,
    google_requests,
    google_token,
    healthlake,
    msal,
    oauth,
    salesforce,
    social,
)

ALL: tuple[KnownError, ...] = (
    *azure_fhir.ERRORS,
    *cognito.ERRORS,
    *cognito_checklists.ERRORS,
    *entra_b2c.ERRORS,
    *entra_checklists.ERRORS,
    *entra_registration.ERRORS,
    *entra_scopes.ERRORS,
    *entra_token.ERRORS,
    *entra_tokens.ERRORS,
    *entra_user.ERRORS,
    *github.ERRORS,
    *google.ERRORS,
    *google_api.ERRORS,
    *google_requests.ERRORS,
    *google_token.ERRORS,
    *healthlake.ERRORS,
    *msal.ERRORS,
    *oauth.ERRORS,
    *salesforce.ERRORS,
    *social.ERRORS,
    *cloud_symptoms.ERRORS,
)

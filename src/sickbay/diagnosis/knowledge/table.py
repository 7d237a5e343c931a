"""All known errors."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import KnownError
from sickbay.diagnosis.knowledge.servers import (
    appauth,
    browser,
    browser_cors,
    bulk_export,
    client_libraries,
    connection,
    discovery,
    fhir_access,
    fhir_search,
    fhir_write,
    fhirclient,
    id_token,
    login_state,
    oauth,
)

ALL: tuple[KnownError, ...] = (
    *appauth.ERRORS,
    *browser.ERRORS,
    *browser_cors.ERRORS,
    *bulk_export.ERRORS,
    *client_libraries.ERRORS,
    *connection.ERRORS,
    *discovery.ERRORS,
    *fhir_access.ERRORS,
    *fhir_search.ERRORS,
    *fhir_write.ERRORS,
    *fhirclient.ERRORS,
    *id_token.ERRORS,
    *login_state.ERRORS,
    *oauth.ERRORS,
)

"""All known errors."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import KnownError
from sickbay.diagnosis.knowledge.servers import (
    aspnet,
    auth0,
    auth0_checks,
    identityserver,
    keycloak,
    keycloak_checks,
    keycloak_token,
    oauth,
    oauth_requests,
    okta,
    okta_checks,
    openiddict,
    providers,
    spring,
    spring_oauth,
    symptoms,
    tokens,
)

ALL: tuple[KnownError, ...] = (
    *keycloak.ERRORS,
    *keycloak_token.ERRORS,
    *keycloak_checks.ERRORS,
    *okta.ERRORS,
    *okta_checks.ERRORS,
    *auth0.ERRORS,
    *auth0_checks.ERRORS,
    *identityserver.ERRORS,
    *aspnet.ERRORS,
    *openiddict.ERRORS,
    *spring.ERRORS,
    *spring_oauth.ERRORS,
    *providers.ERRORS,
    *tokens.ERRORS,
    *oauth_requests.ERRORS,
    *symptoms.ERRORS,
    *oauth.ERRORS,
)

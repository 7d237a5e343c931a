"""Checklists for bare OAuth error codes from AWS Cognito."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.cognito import APP_CLIENT, LOGIN_PAGES, cognito

ERRORS = (
    cognito(
        "invalid-client",
        (),
        "invalid_client: Cognito couldn't authenticate the app client",
        "A client with secret has to send it, one without may not. Basic needs base64 of client_id:client_secret.",
        Cause(
            "The Authorization header is missing or wrong although the client has a secret.",
            "The app client shows a client secret.",
            "Send Authorization: Basic base64(client_id:client_secret), encoded once and without a line break.",
        ),
        Cause(
            "client_id or secret belong to another pool or client, or the client was recreated.",
            "Compare both with the console.",
            "Copy client ID and secret of the client in the pool of this domain.",
        ),
        Cause(
            "The client has no secret, but the request sends one.",
            "No secret in the console.",
            "Remove the Authorization header and send client_id in the form body.",
        ),
        codes=("invalid_client",),
        where=APP_CLIENT,
    ),
    cognito(
        "unauthorized-client",
        (),
        "unauthorized_client: the app client isn't allowed to use this flow, or the code belongs to another client",
        "Cognito checks the flows and scopes that are allowed for the app client.",
        Cause(
            "The flow (code, implicit, client credentials) isn't ticked.",
            "Compare grant_type or response_type with OAuth grant types of the client.",
            "Enable the flow for the app client: Authorization code grant for codes.",
        ),
        Cause(
            "The code was issued to another app client.",
            "Compare client_id in both requests.",
            "Send the same client_id in both requests.",
        ),
        codes=("unauthorized_client",),
        where=f"{LOGIN_PAGES} → OAuth grant types",
    ),
    cognito(
        "invalid-grant",
        (),
        "invalid_grant: the authorization code or refresh token was used already, has expired, or doesn't fit the client",
        "Cognito's codes last 5 minutes and can be redeemed once.",
        Cause(
            "The code was used already, for example by Amplify or a first failed attempt, or is older than 5 minutes.",
            "A fresh code works.",
            "Redeem each code once and at once.",
        ),
        Cause(
            "redirect_uri or code_verifier isn't that of the authorize request.",
            "Compare both requests.",
            "Send the same redirect_uri and the verifier of this attempt.",
        ),
        Cause(
            "The refresh token is revoked, expired, or of another client.",
            "grant_type is refresh_token.",
            "Sign the user in again, with the client that refreshes.",
        ),
        codes=("invalid_grant",),
    ),
    cognito(
        "invalid-request",
        (),
        "invalid_request: a parameter is missing, or Cognito couldn't read the body",
        "Cognito says no more. It reads a form-encoded POST body only.",
        Cause(
            "The body is JSON, or the Content-Type isn't application/x-www-form-urlencoded.",
            "Look at the raw body.",
            "Send key=value&… with Content-Type: application/x-www-form-urlencoded.",
        ),
        Cause(
            "client_id or redirect_uri is missing, or code_verifier doesn't hash to the challenge.",
            "Compare with the authorize request.",
            "Send the same redirect_uri and client_id in the body.",
        ),
        codes=("invalid_request",),
    ),
    cognito(
        "invalid-scope",
        (),
        "invalid_scope: a requested scope isn't allowed for this app client",
        "Custom scopes have the form RESOURCE-SERVER-IDENTIFIER/SCOPE and have to be ticked for the client.",
        Cause(
            "The scope isn't ticked, or doesn't exist at the resource server.",
            "Compare scope with the list of the app client.",
            "Create the scope at the resource server and allow it for the app client.",
        ),
        Cause(
            "A scope that Cognito doesn't know was requested: offline_access, or an OpenID scope with client_credentials.",
            "Look at scope and grant_type.",
            "Remove it. For client_credentials request only custom scopes.",
        ),
        codes=("invalid_scope",),
        where=f"{LOGIN_PAGES} → Custom scopes",
    ),
    cognito(
        "unsupported-grant-type",
        (),
        "unsupported_grant_type: grant_type isn't authorization_code, refresh_token or client_credentials, or wasn't read",
        "Usually the body isn't form-encoded.",
        Cause(
            "The body is JSON, so that grant_type doesn't arrive.",
            "Look at the Content-Type.",
            "Send a form body with application/x-www-form-urlencoded.",
        ),
        Cause(
            "The password grant isn't offered at /oauth2/token.",
            "grant_type is password.",
            "Use InitiateAuth or the authorization code flow.",
        ),
        codes=("unsupported_grant_type",),
    ),
)

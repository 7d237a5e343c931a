"""Errors of Microsoft Entra ID at the token endpoint: client authentication, codes and refresh tokens."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.entra_codes import numbered

SECRETS = "Entra admin center → App registrations → your app → Certificates & secrets"
PUBLIC = "Entra admin center → App registrations → your app → Authentication → Allow public client flows"
REFRESH = "https://learn.microsoft.com/entra/identity-platform/refresh-tokens"
CERTIFICATES = "https://learn.microsoft.com/entra/identity-platform/certificate-credentials"

ERRORS = (
    numbered(
        "7000215 50012",
        "secret-wrong",
        "client_secret: the client secret isn't the one of this app",
        "Entra ID compares the secret with the values created under Certificates & secrets of the app with this client_id.",
        Cause(
            "The Secret ID was copied, instead of the Value of the secret.",
            "The secret you send looks like a GUID with hyphens.",
            "Create a new client secret and copy its Value, which is shown only once.",
        ),
        Cause(
            "The secret wasn't percent-encoded, so characters such as + / = & ~ changed, or it carries a space.",
            "The raw body shows + or & within the secret.",
            "Percent-encode the secret in the form body, or let the HTTP library encode it.",
        ),
        Cause(
            "The secret is a placeholder, or belongs to another app or tenant.",
            "Compare the app id in the message with the registration that has the secret.",
            "Use client_id and secret of the same registration.",
        ),
        says=("invalid client secret is provided", "invalid client secret provided"),
        where=SECRETS,
    ),
    numbered(
        "7000222",
        "secret-expired",
        "client_secret: the client secret has expired",
        "Client secrets of Entra ID last at most two years.",
        Cause(
            "All secrets that match are past their expiry date.",
            "The column Expires in the portal is in the past.",
            "Create a new client secret, copy its Value into the app's configuration and restart the app.",
        ),
        says=("client secret keys for app", "client secret has expired", "provided client secret keys are expired"),
        where=SECRETS,
    ),
    numbered(
        "7000218 7000216",
        "secret-missing",
        "client_secret or client_assertion is missing: Entra ID treats this app as a confidential client",
        "The redirect URI has the platform Web, or public client flows are off, so the client has to authenticate.",
        Cause(
            "A browser or mobile app without a secret uses a redirect URI of the platform Web.",
            "Look under which platform the redirect URI is registered.",
            "Register it as Single-page application or Mobile and desktop application, and use PKCE.",
        ),
        Cause(
            "The grant is device code or password, and public client flows are off.",
            "Allow public client flows says No.",
            "Set Allow public client flows to Yes.",
        ),
        Cause(
            "A server app sends no secret, or in a form that isn't read (JSON, an empty variable).",
            "client_secret isn't in the raw form body.",
            "Send client_secret in the form-encoded body or as Basic header.",
        ),
        says=("'client_assertion' or 'client_secret'", "client_assertion or client_secret"),
        where=PUBLIC,
    ),
    numbered(
        "700025",
        "secret-from-public-client",
        "client_secret: the app is a public client and may not send a secret or assertion",
        "The redirect URI belongs to a public platform (single-page, mobile or desktop), where a secret can't be kept.",
        Cause(
            "The token request carries client_secret or client_assertion.",
            "Look at the body and at the Authorization header.",
            "Remove client_secret and use PKCE (code_challenge and code_verifier).",
        ),
        Cause(
            "A server app uses a redirect URI that is registered under Mobile and desktop or Single-page application.",
            "The app keeps a secret on a server.",
            "Register the redirect URI under the platform Web.",
        ),
        says=("client is public so neither 'client_assertion' nor 'client_secret' should be presented",),
        where=PUBLIC,
    ),
    numbered(
        "700027 700021 700023 700024 700030 50027 700211 700212 700213 70021 50013 500131 500133 5002723",
        "assertion-refused",
        "client_assertion: Entra ID couldn't verify the signed JWT (assertion)",
        "The signature is checked with a certificate of the app. aud, iss and sub are compared, exp and nbf with the clock.",
        Cause(
            "The certificate isn't uploaded to this app, or the header x5t isn't its SHA-1 thumbprint in base64url.",
            "Compare the thumbprint in the message with the list of certificates.",
            "Upload the public certificate and send its thumbprint as x5t (or SHA-256 as x5t#S256).",
        ),
        Cause(
            "aud isn't the token endpoint of the tenant, or iss and sub aren't the client_id.",
            "Decode the JWT.",
            "Set aud=https://login.microsoftonline.com/TENANT-ID/v2.0 or the token endpoint; iss and sub are the client_id.",
        ),
        Cause(
            "Federated credential: issuer, subject and audience don't equal the configured ones.",
            "AADSTS7002xx repeats the values that arrived.",
            "Enter these values under Federated credentials.",
        ),
        Cause(
            "The assertion has expired, or the clocks differ.",
            "Compare exp and nbf with the time in the message.",
            "Make a new JWT per request and synchronise the clock.",
        ),
        says=(
            "client assertion failed signature validation",
            "client assertion is not within its valid time range",
            "assertion audience claim does not match",
        ),
        where=f"{SECRETS} → Certificates or Federated credentials",
        source=CERTIFICATES,
    ),
    numbered(
        "54005",
        "code-redeemed",
        "The authorization code was already redeemed",
        "A code can be used only once. The first request got the tokens, and this is a second one with the same code.",
        Cause(
            "The callback runs twice: a reload, React strict mode, two handlers, a browser prefetch, or two nodes.",
            "The log shows two token requests for one code.",
            "Redeem the code once, then redirect to an address without it; disable the second handler.",
        ),
        Cause(
            "A retry after a timeout sends the same code again.",
            "The first request ended without an answer.",
            "Start a new sign-in instead of repeating the request.",
        ),
        says=("authorization code was already redeemed",),
    ),
    numbered(
        "70008 70043 700082 700081 700084 50089",
        "grant-expired",
        "The authorization code or refresh token has expired",
        "A code lasts about 10 minutes. A refresh token lasts 90 days without use, in a single-page app 24 hours in all.",
        Cause(
            "A single-page app's refresh token is older than 24 hours.",
            "AADSTS700084 says so. The redirect URI has the platform Single-page application.",
            "Sign the user in again through the authorize endpoint, silently with prompt=none if there is a session.",
        ),
        Cause(
            "The refresh token was unused for 90 days, or a Conditional Access policy limits the sign-in frequency.",
            "The message gives the issue date and the allowed lifetime.",
            "Sign the user in again, and store the new refresh token from each response.",
        ),
        Cause(
            "The code was redeemed too late.",
            "More than 10 minutes lie between redirect and token request.",
            "Redeem the code at once.",
        ),
        says=(
            "provided authorization code or refresh token has expired",
            "the refresh token has expired due to inactivity",
            "the refresh token has expired or is invalid due to sign-in frequency",
            "fixed, limited lifetime",
        ),
        source=REFRESH,
    ),
    numbered(
        "50173 50133 50132 50078 50085",
        "grant-revoked",
        "The refresh token or session was revoked: the user has to sign in again",
        "Entra ID revokes tokens if the password changes, an administrator revokes the sessions, or the device is removed.",
        Cause(
            "The user's password was changed or reset after the token was issued.",
            "The message gives TokensValidFrom after the issue date.",
            "Delete the stored refresh token and sign the user in again.",
        ),
        Cause(
            "An administrator revoked the sessions or a policy asks for a new sign-in.",
            "Look at the sign-in log with the Correlation ID of the message.",
            "Start an interactive sign-in with prompt=login.",
        ),
        says=("fresh auth token is needed", "tokensvalidfrom", "the provided grant has expired due to it being revoked"),
        source=REFRESH,
    ),
    numbered(
        "70002",
        "credentials-not-valid",
        "invalid_client or invalid_grant: the credentials in the token request aren't valid (AADSTS70002)",
        "This is a general code. The second AADSTS number in the message says what it was.",
        Cause(
            "The client secret is wrong or expired.",
            "The message continues with AADSTS50012 or AADSTS7000215.",
            "Create a new client secret and copy its Value.",
        ),
        Cause(
            "The code or refresh token has expired or was used already.",
            "The message continues with AADSTS70008 or AADSTS54005.",
            "Sign the user in again and redeem the new code once.",
        ),
        where=SECRETS,
    ),
    numbered(
        "70003",
        "grant-type-not-supported",
        "grant_type: this grant isn't supported or isn't allowed for the app",
        "Entra ID offers authorization_code, refresh_token, client_credentials, device_code, jwt-bearer and, for some, "
        "password.",
        Cause(
            "grant_type is misspelt or one that Entra ID doesn't have.",
            "Compare it with grant_types in the discovery document.",
            "Send grant_type=authorization_code (or client_credentials) exactly so.",
        ),
        says=("the app returned an unsupported grant type", "not supported grant type"),
    ),
    numbered(
        "70016 70019 70018",
        "device-code",
        "Device code: the user hasn't finished signing in, or the code has expired",
        "The client polls the token endpoint until the user has entered the code.",
        Cause(
            "The user hasn't finished yet: authorization_pending isn't a failure.",
            "The message is AADSTS70016.",
            "Wait for the interval of the device response and poll again.",
        ),
        Cause(
            "The code expired (about 15 minutes) or was mistyped.",
            "The message is AADSTS70019 or AADSTS70018.",
            "Request a new device code.",
        ),
    ),
)

"""Symptoms and checklists for Microsoft Entra ID: tokens that an API refuses, missing refresh tokens, bare error codes."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS
from sickbay.diagnosis.knowledge.servers.phrases import BROWSER_BLOCKED, FRAME_BLOCKED, NO_REFRESH_TOKEN

ACCESS_TOKENS = "https://learn.microsoft.com/entra/identity-platform/access-tokens"
CODE_FLOW = "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow"
REGISTRATION = "Entra admin center → App registrations → your app"
SERVERS = ("entra",)
MICROSOFT = (*MARKS["entra"], "idx10", "idx40", "idx20", "microsoft", "azure")

ERRORS = (
    KnownError(
        id="entra-no-refresh-token",
        servers=SERVERS,
        text=(
            NO_REFRESH_TOKEN,
            ("microsoft", "azure", "entra id", " aad", "aadsts", " b2c", "b2c_1", "outlook", "graph.", "office365", "msal"),
        ),
        title="scope: offline_access is missing, so Entra ID returns no refresh token",
        why="Entra ID issues a refresh token only if the scope offline_access was requested and consented to.",
        causes=(
            Cause(
                "offline_access isn't in the scope of the authorize request.",
                "The scope in the token response doesn't contain it, or the consent page didn't say Maintain access to data.",
                "Add offline_access to scope in the authorize request and in the token request.",
            ),
            Cause(
                "The grant is client_credentials or implicit, which never gives a refresh token.",
                "Look at grant_type and response_type.",
                "Request a new token when the old one expires, or use the authorization code flow.",
            ),
            Cause(
                "The library keeps the refresh token in its own cache (MSAL).",
                "The result object of MSAL has no member refreshToken by design.",
                "Call acquireTokenSilent: it uses the cached refresh token.",
            ),
        ),
        where=f"{REGISTRATION} → API permissions → Microsoft Graph → Delegated → offline_access",
        source="https://learn.microsoft.com/entra/identity-platform/scopes-oidc#the-offline_access-scope",
        confidence="documented",
    ),
    KnownError(
        id="entra-id-token-audience",
        text=(("wrong audience:", "wrong audience :"),),
        title="aud: the ID token was issued for another client than the one that is configured",
        why="The library compares the claim aud of the ID token with the configured client id. They differ.",
        causes=(
            Cause(
                "The configured clientId isn't the one for which the ID token was issued: another app, or the API's id.",
                "Compare the audience in the message with clientId in the configuration.",
                "Set clientId to the Application (client) ID of the app that signs in.",
            ),
            Cause(
                "The token is another one than the ID token, or of an earlier sign-in with another client.",
                "Clear the browser storage and sign in again.",
                "Remove stored tokens and pass the ID token, not the access token.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation",
        confidence="observed",
    ),
    KnownError(
        id="entra-api-audience",
        servers=SERVERS,
        text=(
            (
                "idx10214",
                "the audience is invalid",
                "the audience 'api://",
                "audience validation failed",
                "invalidauthenticationtoken",
                "invalid audience",
                "access token has wrong audience",
                "wrong audience or invalid",
                "jwt audience invalid",
                "invalidaudience",
            ),
        ),
        captures=(
            r"audiences?: '(?P<audience>[^']{3,120})'",
            r"the audience '(?P<audience>[^']{3,120})' is invalid",
            r"validaudience: '(?P<expected>[^']{3,120})'",
        ),
        title="aud: the access token was issued for another audience (resource) than this API expects",
        why="Entra ID sets aud from scope or resource, and the API compares it with its own configured audience.",
        causes=(
            Cause(
                "The token was requested for another API, often Microsoft Graph (00000003-0000-0000-c000-000000000000).",
                "Decode the token and compare aud with {expected}.",
                "Request a token with scope=APPLICATION-ID-URI-OF-THE-API/.default.",
            ),
            Cause(
                "aud is the client id, but the API expects api://CLIENT-ID, or vice versa.",
                "Tokens of version 1.0 have the ID URI as aud, those of version 2.0 the bare client id.",
                "Configure both forms as valid audience, or set requestedAccessTokenVersion in the API's manifest.",
            ),
            Cause(
                "The URL ends with a slash or has http instead of https, or an ID token was sent instead of an access token.",
                "Compare aud character by character with the configured value.",
                "Make both equal and send the access token.",
            ),
        ),
        where="Entra admin center → App registrations → the API → Expose an API → Application ID URI",
        source=ACCESS_TOKENS,
        confidence="documented",
    ),
    KnownError(
        id="entra-issuer-version",
        servers=SERVERS,
        text=(
            (
                "idx10205",
                "idx40001",
                "issuer validation failed",
                "the issuer is invalid",
                "the issuer 'https://sts.windows.net",
                "jwt issuer invalid",
                "invalid issuer",
                "wrong issuer",
                "unexpected iss",
                "did not match the issuer",
                "issuer did not match",
                "issuer mismatch",
                "iss mismatch",
                "expected issuer",
                "invalid token issuer",
                "issuer does not match",
                'issuer" does not match',
                "expectedissuer",
                '"iss" (issuer)',
                'unexpected "iss"',
                "iss claim",
                'claim "iss"',
                "iss does not match",
                "issuer claim",
            ),
            MICROSOFT,
        ),
        captures=(r"issuer: '(?P<issuer>https[^']{3,120})'", r"the issuer '(?P<issuer>[^']{3,120})' is invalid"),
        title="iss: the token's issuer isn't the one that the API or library expects",
        why=(
            "Version 1.0 tokens have iss https://sts.windows.net/TENANT-ID/, version 2.0 "
            "https://login.microsoftonline.com/TENANT-ID/v2.0."
        ),
        causes=(
            Cause(
                "The API's registration issues version 1.0 tokens, but the API is configured for v2.0, or vice versa.",
                "Decode the token: ver is 1.0 or 2.0.",
                "Set requestedAccessTokenVersion to 2 in the API's manifest, or configure the other issuer.",
            ),
            Cause(
                "The authority is common or organizations, whose discovery document has the issuer …/{tenantid}/v2.0.",
                "The expected issuer contains {tenantid} or common.",
                "Use the tenant id in the authority, or validate the issuer for each tenant.",
            ),
            Cause(
                "The token is from another tenant, or B2C with a policy in its issuer.",
                "Compare the tenant id in iss.",
                "Configure the same tenant and issuer, character by character.",
            ),
        ),
        where="Entra admin center → App registrations → the API → Manifest → requestedAccessTokenVersion",
        source=ACCESS_TOKENS,
        confidence="documented",
    ),
    KnownError(
        id="entra-signature",
        servers=SERVERS,
        text=(
            (
                "idx10500",
                "idx10501",
                "idx10503",
                "idx10511",
                "the signature is invalid",
                "the signature key was not found",
                "signature validation failed",
                "invalid signature",
                "jwt signature",
                "signature verification failed",
                "unable to find a signing key",
                "signing key",
                "no valid key found",
                "no matching key",
                "matching key(s)",
                "no suitable key",
                "signed jwt rejected",
                "unable to find a matching key",
                "unable to match the key",
                "failed to verify signature",
                "signature is not valid",
                "could not verify signature",
                "jwks_uri for key",
            ),
            MICROSOFT,
        ),
        without=("client assertion", "aadsts", "number of keys in configuration: '0'"),
        title="The token's signature couldn't be verified with the keys of this tenant",
        why=(
            "The API looks for the key (kid) in the discovery document. Tokens for Microsoft Graph can't be verified by others."
        ),
        causes=(
            Cause(
                "The access token is for Microsoft Graph: its header has a nonce, and its signature is only for Graph.",
                "aud is 00000003-0000-0000-c000-000000000000 or https://graph.microsoft.com.",
                "Request a token for your own API with scope=api://API-CLIENT-ID/SCOPE-NAME and don't validate Graph tokens.",
            ),
            Cause(
                "The keys come from another tenant, version or B2C policy, or were cached before a rotation.",
                "The kid in the token's header isn't in the list at jwks_uri.",
                "Load the keys from the discovery document of the authority that issued the token, again for an unknown kid.",
            ),
            Cause(
                "The app maps claims or uses SAML and so has a signing key of its own.",
                "The kid appears only with ?appid=CLIENT-ID.",
                "Add ?appid=CLIENT-ID to the metadata address.",
            ),
        ),
        source="https://learn.microsoft.com/entra/identity-platform/signing-key-rollover",
        confidence="documented",
    ),
    KnownError(
        id="entra-no-roles-or-scopes",
        servers=SERVERS,
        text=(
            (
                "idw10201",
                "neither scope or roles claim was found",
                "insufficient privileges to complete the operation",
                "authorization_requestdenied",
                "missing scp or roles",
                "does not contain the scp or roles",
                "no scopes were found in the",
                "idw10203",
            ),
        ),
        title="The access token lacks the scope (scp) or role (roles) that the API requires",
        why="Delegated permissions appear in scp, application permissions in roles, and only after consent.",
        causes=(
            Cause(
                "A delegated permission was added, but the app signs in as itself (client_credentials).",
                "The token has no scp. The permission's type in the portal is Delegated.",
                "Add an Application permission (app role) and grant admin consent.",
            ),
            Cause(
                "Admin consent is missing, or the token is older than the consent.",
                "The column Status in API permissions says Not granted.",
                "Grant admin consent and request a new token.",
            ),
        ),
        where=f"{REGISTRATION} → API permissions → Grant admin consent",
        source="https://learn.microsoft.com/entra/identity-platform/permissions-consent-overview",
        confidence="documented",
    ),
    KnownError(
        id="entra-authorize-by-script",
        servers=SERVERS,
        text=(BROWSER_BLOCKED, ("login.microsoftonline.com", "b2clogin.com", "login.windows.net", "ciamlogin.com")),
        without=(
            "openid-configuration",
            "/oauth2/v2.0/token'",
            "/oauth2/token'",
            "/oauth2/v2.0/token from",
            "/oauth2/token from",
        ),
        title="The sign-in page was called by a script (fetch or XMLHttpRequest), and the browser blocked it by CORS",
        why="The authorization endpoint shows a page and sends no CORS headers. An API that redirects a script to it fails so.",
        causes=(
            Cause(
                "The session or token expired, and the API answered the script's request with a redirect to the login.",
                "The network tab shows a 302 from your API to login.microsoftonline.com.",
                "Answer scripts with 401, and navigate the browser window to the sign-in page.",
            ),
            Cause(
                "The app itself calls the authorize endpoint with fetch or axios.",
                "The code requests /authorize.",
                "Navigate with window.location, or let MSAL do it (loginRedirect).",
            ),
        ),
        source="https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow",
        confidence="observed",
    ),
    KnownError(
        id="entra-discovery-cors",
        servers=SERVERS,
        text=(BROWSER_BLOCKED, ("openid-configuration", "/discovery/"), MICROSOFT),
        title="The discovery document couldn't be loaded: its address (tenant or policy) is most often wrong",
        why="The document itself allows every origin. Error responses have no CORS headers, so the browser speaks of CORS.",
        causes=(
            Cause(
                "Tenant, domain or B2C policy (user flow) in the authority is misspelt or doesn't exist.",
                "Open the address in the browser: it shows 400 or 404 instead of JSON.",
                "Correct the authority, for B2C https://TENANT.b2clogin.com/TENANT.onmicrosoft.com/POLICY/v2.0/.",
            ),
            Cause(
                "The network or an extension blocks the request.",
                "The address works in another network.",
                "Allow the host.",
            ),
        ),
        source=("https://blogs.aaddevsup.xyz/2023/08/troubleshooting-cors-to-azure-ad-entra-id/"),
        confidence="documented",
    ),
    KnownError(
        id="entra-token-cors",
        servers=SERVERS,
        text=(BROWSER_BLOCKED, ("/oauth2/v2.0/token", "/oauth2/token"), MICROSOFT),
        title="The token endpoint was called from a browser, and CORS isn't allowed for this app",
        why="Entra ID sends CORS headers at the token endpoint only for redirect URIs of the platform Single-page application.",
        causes=(
            Cause(
                "The redirect URI is registered as Web, or the grant is client_credentials.",
                "It works in Postman, because only browsers ask for CORS headers.",
                "Register the redirect URI as Single-page application and use PKCE without a secret.",
            ),
            Cause(
                "The app needs a secret.",
                "The request carries client_secret.",
                "Send the token request from a server: a secret in a browser isn't secret.",
            ),
        ),
        where=f"{REGISTRATION} → Authentication → Single-page application",
        source=CODE_FLOW,
        confidence="documented",
    ),
    KnownError(
        id="entra-in-frame",
        servers=SERVERS,
        text=(FRAME_BLOCKED, ("login.microsoftonline.com", "b2clogin.com", "login.live.com", "login.windows.net")),
        title="Microsoft's sign-in page can't be shown in a frame (iframe)",
        why="The page forbids framing with X-Frame-Options: DENY, so sign-in in an embedded app fails.",
        causes=(
            Cause(
                "The app runs in an iframe, such as in an EHR, and redirects the frame to the sign-in page.",
                "The console says Refused to display, and it works in a tab of its own.",
                "Open the sign-in in a popup or a new window (loginPopup), and continue in the frame.",
            ),
        ),
        source="https://learn.microsoft.com/entra/msal/javascript/browser/iframe-usage",
        confidence="documented",
    ),
    KnownError(
        id="entra-state-cookie-missing",
        text=(
            (
                "idx21323",
                "requirenonce is",
                "oice_20004",
                "a 'nonce' was not found",
                "in collectinfofromreq: invalid state",
                "in collectinfofromreq",
                "bad_state",
                "an invalid state variable was provided",
                "session value state missing",
                "authstatemissing",
                "authstateforbidden",
                "wrong state parameter given",
                "validationcontext.nonce was null",
            ),
        ),
        title="`state`: the browser didn't return the cookie of the sign-in to the redirect URI",
        why=(
            "The library keeps state and nonce in a cookie or session and compares them at the callback. Without it, "
            "it refuses."
        ),
        causes=(
            Cause(
                "The cookie was not sent: SameSite=None without https, or http behind a proxy.",
                "The request to the redirect URI has no correlation or session cookie. With form_post it is a cross-site POST.",
                "Use https throughout, and configure forwarded headers behind a proxy.",
            ),
            Cause(
                "The sign-in began on another host, or the callback was opened again or from a bookmark.",
                "Compare the host at the start and at the callback.",
                "Begin and end on the same host, and start again from the app's page.",
            ),
            Cause(
                "Several instances don't share the data protection keys.",
                "It fails only with more than one instance, or after a restart.",
                "Share the data protection keys between instances.",
            ),
        ),
        source="https://learn.microsoft.com/aspnet/core/security/samesite",
        confidence="observed",
    ),
)

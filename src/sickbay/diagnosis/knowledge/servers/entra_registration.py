"""Errors of Microsoft Entra ID about the app registration: redirect URIs, tenants, account types and platforms."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.entra_codes import numbered

AUTHENTICATION = "Entra admin center → App registrations → your app → Authentication"
OVERVIEW = "Entra admin center → App registrations → your app → Overview"
ACCOUNT_TYPES = "Entra admin center → App registrations → your app → Authentication → Supported account types"
REDIRECT_URI = (
    r"redirect ur[il] '(?P<redirect_uri>[^']{4,200})'",
    r"redirect_uri=(?P<redirect_uri>[^&\s\"']{4,200})",
    r"application:? '(?P<client_id>[\w-]{36})'",
)

ERRORS = (
    numbered(
        "50011 70004",
        "redirect-uri-not-registered",
        "redirect_uri isn't registered: {redirect_uri} isn't among the redirect URIs of this app",
        "Entra ID compares the redirect URI of the request with the registered ones and refuses if none is equal.",
        Cause(
            "The URI isn't registered: another host or port, http instead of https, another path, or a trailing slash.",
            "Compare the redirect_uri in the address bar character by character with the list in the portal.",
            "Register exactly {redirect_uri} for the app, under the platform that it uses.",
        ),
        Cause(
            "The app runs behind a proxy and builds its redirect URI with http or an internal host.",
            "The redirect_uri in the request begins with http:// although users open https://.",
            "Configure the framework to use the forwarded headers (X-Forwarded-Proto), or set the redirect URI to a "
            "fixed value.",
        ),
        Cause(
            "The client_id is that of another app registration.",
            "The application id in the message isn't the one whose redirect URIs you edited.",
            "Send the Application (client) ID of the registration that has this redirect URI.",
        ),
        says=(
            "does not match the redirect uris configured for the application",
            "does not match the reply urls configured",
            "does not match the reply addresses configured",
            "the reply url specified in the request does not match",
        ),
        captures=REDIRECT_URI,
        where=f"{AUTHENTICATION} → Platform configurations → Redirect URIs",
    ),
    numbered(
        "500113 900971",
        "no-redirect-uri",
        "redirect_uri: no reply address (redirect URI) is registered for this app",
        "Entra ID sends the answer only to a registered redirect URI, and this registration has none for the kind of app.",
        Cause(
            "No redirect URI was added to the registration.",
            "The list under Authentication is empty.",
            "Register the exact redirect URI that your app sends, under the platform Web, Single-page application or Mobile.",
        ),
        Cause(
            "The client_id belongs to another registration, often the API's or the resource server's.",
            "Compare the client_id in the request with the Application (client) ID of your app.",
            "Send the client_id of the client app.",
        ),
        where=f"{AUTHENTICATION} → Add a platform",
        says=("no reply address is registered for the application", "no reply address provided"),
    ),
    numbered(
        "500112 70000 700005",
        "redirect-uri-differs-at-token",
        "redirect_uri: the token request doesn't fit the authorization request that the code came from",
        "A code is bound to the redirect URI, the client and the endpoint for which it was issued.",
        Cause(
            "The redirect_uri in the token request isn't the same as in the authorize request.",
            "Compare both character by character, with scheme, port and trailing slash.",
            "Send the same redirect_uri in both requests.",
        ),
        Cause(
            "The code or refresh token is cut off, encoded twice, or of another tenant or app.",
            "Its length differs from the code in the redirect.",
            "Send the whole value once percent-encoded, to the token endpoint of the same tenant.",
        ),
        Cause(
            "The requested scopes go beyond those that were granted.",
            "The message says that a scope is unauthorized or expired.",
            "Sign the user in again with the scopes that you need.",
        ),
        says=(
            "the provided value for the input parameter 'redirect_uri' is not valid. the expected value",
            "provided grant is invalid or malformed",
        ),
    ),
    numbered(
        "700016 70001 700038",
        "app-not-found",
        "client_id: the tenant (directory) that was asked has no app with {client_id}",
        "Each tenant knows only the apps that were registered or consented to in it.",
        Cause(
            "The request goes to another tenant than the one with the registration.",
            "The directory named in the message isn't the Directory (tenant) ID on the app's page.",
            "Use the tenant id of the app's directory: https://login.microsoftonline.com/TENANT-ID/oauth2/v2.0/…",
        ),
        Cause(
            "The client_id is mistyped, still a placeholder, or the Object ID or secret ID instead.",
            "Compare it with the Application (client) ID on the overview page.",
            "Send the Application (client) ID as client_id.",
        ),
        Cause(
            "The app is multitenant, but no user of this tenant has consented to it yet.",
            "The app isn't in the tenant's list of enterprise applications.",
            "Have an administrator of the tenant open https://login.microsoftonline.com/TENANT-ID/adminconsent?client_id=…",
        ),
        says=(
            "was not found in the directory",
            "is not a valid application identifier",
            "application with identifier",
        ),
        captures=(r"identifier '+(?P<client_id>[^']{3,60})'",),
        where=OVERVIEW,
    ),
    numbered(
        "90002 900023 50059 50128 90019 90038 900021",
        "tenant-not-found",
        "The tenant in the address isn't known, or no tenant was given",
        "Entra ID takes the tenant from the path of the address: a tenant id, a verified domain, or common.",
        Cause(
            "The tenant id or domain in the URL is mistyped, a placeholder, or missing.",
            "Compare the part after login.microsoftonline.com/ with the Directory (tenant) ID in the portal.",
            "Use https://login.microsoftonline.com/DIRECTORY-TENANT-ID/oauth2/v2.0/token with your own tenant id.",
        ),
        Cause(
            "The app uses common or organizations for client_credentials, which has no user to tell the tenant from.",
            "grant_type is client_credentials and the URL contains /common/.",
            "Use the tenant id of the customer instead of common.",
        ),
        Cause(
            "The tenant is in another national cloud.",
            "The tenant's portal is portal.azure.us or portal.azure.cn.",
            "Use the login host of that cloud, such as login.microsoftonline.us.",
        ),
        says=("no tenant-identifying information found", "is neither a valid dns name"),
        where=f"{OVERVIEW} → Directory (tenant) ID",
    ),
    numbered(
        "50020 16003 90072 51004",
        "user-not-in-tenant",
        "The user's account isn't in the tenant that the app signs in to",
        "A single-tenant app accepts only members and invited guests of its own tenant.",
        Cause(
            "The user signed in with an account of another organisation or a personal Microsoft account.",
            "The message names an identity provider or tenant other than yours.",
            "Sign out and choose an account of the tenant, or invite the user as a guest.",
        ),
        Cause(
            "The app should accept all accounts, but is registered for a single tenant.",
            "Supported account types says My organization only.",
            "Register the app as multitenant and use /organizations or /common in the authority.",
        ),
        says=("does not exist in tenant",),
        where=ACCOUNT_TYPES,
    ),
    numbered(
        "50194 90124 90130 9002331 9002332 9002346 500201 500208 500207",
        "account-type-and-endpoint",
        "The endpoint (common, organizations, consumers or a tenant) doesn't fit the account types that the app is "
        "registered for",
        "Which accounts may sign in is part of the registration, and each endpoint in the address stands for a kind of "
        "account.",
        Cause(
            "A single-tenant app calls /common.",
            "Supported account types says Accounts in this organizational directory only.",
            "Use the tenant id in the authority: https://login.microsoftonline.com/TENANT-ID.",
        ),
        Cause(
            "An app for personal Microsoft accounts calls a tenant or /common.",
            "Supported account types says Personal Microsoft accounts only.",
            "Use https://login.microsoftonline.com/consumers as authority.",
        ),
        Cause(
            "The app is meant for several tenants, but registered for one.",
            "Users of other organisations have to sign in.",
            "Change the supported account types to multitenant (signInAudience AzureADMultipleOrgs).",
        ),
        says=(
            "is not configured as a multi-tenant application",
            "is not supported over the /common",
            "usage of the /common endpoint is not supported",
            "use the /consumers endpoint",
            "please use the /organizations or tenant-specific endpoint",
            "microsoft account users only",
        ),
        where=ACCOUNT_TYPES,
    ),
    numbered(
        "700054 700051 70005",
        "implicit-not-enabled",
        "response_type: the app asks for an ID token or access token from the authorization endpoint, which isn't "
        "enabled for it",
        "Tokens straight from the authorization endpoint (implicit and hybrid flow) have to be enabled in the registration.",
        Cause(
            "response_type contains id_token or token, and implicit grant is off.",
            "ID tokens and Access tokens are not ticked under Implicit grant and hybrid flows.",
            "Use the authorization code flow with PKCE: send response_type=code.",
        ),
        Cause(
            "The library uses the hybrid flow (code id_token), as older ASP.NET Core defaults do.",
            "The request has response_type=code id_token or id_token.",
            "Tick ID tokens in the registration, or set ResponseType to code.",
        ),
        says=("'id_token' is not enabled for the application", "'token' is not enabled for the application"),
        where=f"{AUTHENTICATION} → Implicit grant and hybrid flows",
    ),
    numbered(
        "9002326 90023",
        "cross-origin-not-spa",
        "The token request came from a browser (cross-origin), but the redirect URI isn't registered as a single-page "
        "application",
        "Entra ID answers token requests with an Origin header only if the redirect URI has the platform Single-page "
        "application.",
        Cause(
            "The redirect URI is registered under the platform Web or Mobile.",
            "Look under which heading the URI is in the list of platforms.",
            "Move the redirect URI to the platform Single-page application (type spa) and use PKCE without a secret.",
        ),
        Cause(
            "The app isn't a single-page app, but its client sends an Origin header: Postman, Insomnia or a proxy.",
            "The request has the header Origin.",
            "Send the token request from the server and remove the Origin header.",
        ),
        where=f"{AUTHENTICATION} → Add a platform → Single-page application",
        says=("cross-origin token redemption is permitted only",),
    ),
    numbered(
        "9002327",
        "spa-not-cross-origin",
        "The redirect URI is registered as a single-page application, but the token request didn't come from a browser",
        "Codes of the platform Single-page application may be redeemed only by cross-origin requests, which have an "
        "Origin header.",
        Cause(
            "A server, a desktop app or Postman redeems the code.",
            "The token request has no Origin header.",
            "Register the redirect URI under the platform Web (server) or Mobile and desktop applications instead.",
        ),
        Cause(
            "The page sends the code to its backend, which redeems it.",
            "The code is in a request to your own server.",
            "Redeem the code in the browser with PKCE, or change the platform to Web and send the client secret from "
            "the server.",
        ),
        where=f"{AUTHENTICATION} → Platform configurations",
        says=("may only be redeemed via cross-origin requests",),
    ),
    numbered(
        "9002325",
        "pkce-required",
        "code_challenge is missing: a single-page application has to use PKCE",
        "Entra ID redeems a code from a browser only if the authorize request had a code challenge.",
        Cause(
            "The authorize request has no code_challenge and code_challenge_method=S256.",
            "Look at the query of the authorize URL.",
            "Send code_challenge and code_challenge_method=S256, and code_verifier in the token request.",
        ),
        says=("proof key for code exchange is required",),
    ),
    numbered(
        "501481 50147",
        "pkce-mismatch",
        "code_verifier doesn't match the code_challenge of the authorize request",
        "Entra ID hashes the verifier with SHA-256 and compares its base64url form with the challenge.",
        Cause(
            "The verifier belongs to another attempt, for example after a reload or in a second tab.",
            "Log the verifier in both steps: it has to be the same.",
            "Store the verifier with the state of the attempt and send that one.",
        ),
        Cause(
            "The challenge is the hash in hex or base64, instead of base64url without padding.",
            "A SHA-256 challenge has exactly 43 characters.",
            "Send code_challenge = base64url(sha256(code_verifier)) without =.",
        ),
        says=(
            "the code_verifier does not match the code_challenge",
            "code_verifier does not match the code_challenge supplied",
        ),
    ),
)

"""Errors of Microsoft Entra ID about scopes, resources and consent, and about the form of a request."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.entra_codes import numbered

API_PERMISSIONS = "Entra admin center → App registrations → your app → API permissions"
CONSENT = "Entra admin center → Enterprise applications → the app → Permissions → Grant admin consent"
SCOPES_PAGE = "https://learn.microsoft.com/entra/identity-platform/scopes-oidc"

ERRORS = (
    numbered(
        "65001 90094 90093 90095 90008 900941",
        "consent-missing",
        "Consent is missing: neither the user nor an administrator has granted this app the permissions that it asks for",
        "Entra ID issues a token only for permissions with consent. Some permissions, and some tenants, need an administrator.",
        Cause(
            "The tenant lets only administrators consent, or the permission needs admin consent.",
            "The user sees Need admin approval, or Admin consent required says Yes next to the permission.",
            "Have an administrator grant consent: "
            "https://login.microsoftonline.com/TENANT-ID/adminconsent?client_id=CLIENT-ID.",
        ),
        Cause(
            "The request is silent (refresh, on-behalf-of or prompt=none), so the user can't be asked.",
            "An interactive sign-in with the same scopes shows the consent page.",
            "Send the user through the authorize endpoint once with these scopes and prompt=consent.",
        ),
        Cause(
            "The requested scope isn't among the app's API permissions.",
            "Compare scope with the list in the portal.",
            "Add the permission there and grant consent.",
        ),
        says=(
            "user or administrator has not consented",
            "need admin approval",
            "needs permission to access resources in your organi",
            "admin consent is required",
        ),
        where=f"{API_PERMISSIONS} → Grant admin consent",
    ),
    numbered(
        "65004",
        "consent-declined",
        "access_denied: the user declined to consent",
        "The user pressed Cancel on the consent page.",
        Cause(
            "The user declined, or saw permissions that looked too far-reaching.",
            "Sign in again and look at the list on the consent page.",
            "Let the user sign in again and accept, and request only the scopes that the app needs.",
        ),
        Cause(
            "The user may not consent and had to go back.",
            "The page said that an administrator has to approve.",
            "Have an administrator grant consent for the tenant.",
        ),
        where=CONSENT,
    ),
    numbered(
        "500011 50001 65005 650052 650057 650051 500014 7000112",
        "resource-not-in-tenant",
        "The resource (API) for which a token was requested isn't known or isn't enabled in this tenant",
        "The scope or the parameter resource names an API. The tenant needs a service principal of that API, and it "
        "has to be on.",
        Cause(
            "The identifier is wrong: a mistyped URI, a slash at the end, or a URL that isn't the Application ID URI.",
            "Compare it with the Application ID URI under Expose an API, for Azure FHIR with "
            "https://NAME.fhir.azurehealthcareapis.com.",
            "Send scope=APPLICATION-ID-URI/.default with the exact Application ID URI of the API.",
        ),
        Cause(
            "The API's app isn't installed in this tenant, or is disabled.",
            "It isn't in the list of enterprise applications, or Enabled for users to sign in says No.",
            "Have an administrator add and enable it, or use the tenant in which it is registered.",
        ),
        Cause(
            "The API isn't among the app's API permissions.",
            "The message is AADSTS650057.",
            "Add a permission of this API to the app registration.",
        ),
        says=(
            "the resource principal named",
            "lacks a service principal for",
            "the resource is not listed in the requested permissions",
        ),
        where=API_PERMISSIONS,
    ),
    numbered(
        "70011 650053 28002 28003 1002012 90009",
        "scope-not-valid",
        "scope: Entra ID doesn't accept {scope}",
        "A scope is openid, profile, email, offline_access, or an API's identifier followed by /NAME; spaces separate scopes.",
        Cause(
            "The grant is client_credentials, and scope isn't of the form RESOURCE/.default.",
            "grant_type is client_credentials.",
            "Send scope=https://graph.microsoft.com/.default, or YOUR-API-URI/.default.",
        ),
        Cause(
            "The scopes are separated by commas, or encoded wrongly (%2520 or $20 instead of a space).",
            "The message repeats all scopes as a single one.",
            "Separate the scopes with a space and percent-encode them once.",
        ),
        Cause(
            "The scope lacks the API's identifier, https:// or the slash before its name, or isn't exposed by the API.",
            "Compare it with Expose an API; SMART scopes such as patient/*.read aren't valid as such.",
            "Send the full scope: api://API-CLIENT-ID/SCOPE-NAME.",
        ),
        says=(
            "the provided value for the input parameter 'scope' is not valid",
            "the provided value for scope",
            "doesn't exist on the resource",
            "client credential flows must have a scope value with /.default",
        ),
        captures=(
            r"the scope '?(?P<scope>[^'.]{1,120}?)'? (?:is not|does not|isn't|format)",
            r"value for scope (?P<scope>\S+)",
        ),
        where="Entra admin center → App registrations → the API → Expose an API",
        source=SCOPES_PAGE,
    ),
    numbered(
        "901002 9010010",
        "resource-and-scope",
        "resource: the parameter resource belongs to version 1.0 of the endpoints and contradicts scope",
        "The v2.0 endpoints take the API from scope. Version 1.0 takes it from resource.",
        Cause(
            "The request sends resource (or the library adds it) to an endpoint with /v2.0/ in its path.",
            "The request has both resource and scope.",
            "Remove the parameter resource and send scope=APPLICATION-ID-URI/.default or APPLICATION-ID-URI/SCOPE-NAME.",
        ),
        Cause(
            "The client follows RFC 8707 and sends the URL of the API or MCP server as resource.",
            "resource is a URL that isn't the Application ID URI.",
            "Make resource and the API in scope the same, or use the app's ID URI for both.",
        ),
        says=("'resource' request parameter is not supported", "the resource parameter provided in the request doesn't match"),
        source=SCOPES_PAGE,
    ),
    numbered(
        "28000 700022",
        "several-resources",
        "scope: a token can be issued for only one resource (API) at a time",
        "An access token has one audience, so all scopes in a token request have to belong to the same API.",
        Cause(
            "The request mixes scopes of two APIs, such as Microsoft Graph and your own.",
            "The scopes begin with different identifiers.",
            "Request the scopes of the other API in a second token request, with the same refresh token.",
        ),
        says=(
            "contains more than one resource",
            "are not compatible with each other",
            "can not be combined with resource-specific scopes",
        ),
    ),
    numbered(
        "900144 90014 90056 900561 9002313 90004 90013 90100 90117 90121",
        "parameter-not-received",
        "{parameter} didn't arrive at the endpoint of Entra ID",
        "Entra ID reads parameters of the token request only from a POST body in form encoding.",
        Cause(
            "The body is JSON or form-data, or has no Content-Type: application/x-www-form-urlencoded.",
            "Look at the Content-Type and the raw body.",
            "Send the parameters as key=value&… in the body, with Content-Type: application/x-www-form-urlencoded.",
        ),
        Cause(
            "The parameters are in the query of the URL, or the endpoint was called by GET or opened in the browser.",
            "The body is empty. AADSTS900561 says that GET was used.",
            "Send a POST with the parameters in the body.",
        ),
        Cause(
            "The parameter isn't sent, or its name is misspelt. At v2.0 scope is needed in token requests too.",
            "The other parameters arrive.",
            "Add {parameter} to the body (scope=APPLICATION-ID-URI/.default, or the scopes of the sign-in).",
        ),
        says=(
            "the request body must contain the following parameter",
            "the endpoint only accepts post",
            "the required field 'scope' is missing",
        ),
        captures=(r"parameters?: '(?P<parameter>[\w, ']+?)'", r"field '(?P<parameter>\w+)'"),
        source="https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow",
    ),
    numbered(
        "50105 501051",
        "user-not-assigned",
        "The user isn't assigned to the app",
        "Assignment required is on, so only assigned users and groups can sign in.",
        Cause(
            "Neither the user nor a group of the user is assigned to the app.",
            "Look at Users and groups of the enterprise application. Nested groups don't count.",
            "Assign the user or group to the app, or set Assignment required to No.",
        ),
        says=(
            "is not assigned to a role for the application",
            "administrator has not assigned",
            "is blocked because they are not a direct member",
        ),
        where="Entra admin center → Enterprise applications → the app → Users and groups",
    ),
)

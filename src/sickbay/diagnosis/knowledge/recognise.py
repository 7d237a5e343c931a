"""Recognises the server or library that a pasted text comes from, by addresses and by words that only it uses."""

from __future__ import annotations

MARKS: dict[str, tuple[str, ...]] = {
    "epic": ("epic.com", "epichosted.com", "/interconnect-", "interconnect.", "epic on fhir", "mychart", "open.epic", " epic "),
    "cerner": ("cerner.com", "urn:cerner", "cerner", "oracle health", "oracle.com/health", "code console", "fhir-ehr-code"),
    "athena": ("athenahealth", "athena", "centricity", "preview.platform"),
    "entra": (
        "aadsts",
        "aadb2c",
        "microsoftonline",
        "entra id",
        "azure ad",
        "azuread",
        "azure-ad",
        "azure_ad",
        "azureactivedirectory",
        "active directory",
        "active-directory",
        "microsoft entra",
        "microsoftentra",
        "entra-id",
        "microsoft graph",
        "microsoft account",
        "microsoft login",
        " azure ",
        " aad ",
        "b2c",
        "login.windows.net",
        "sts.windows.net",
        "b2clogin.com",
        "ciamlogin.com",
        ".onmicrosoft.com/",
        "login.live.com",
        "graph.microsoft.com",
        "microsoft identity",
        "microsoft.identity",
        "msal",
        "the request body must contain the following parameter",
    ),
    "azure-fhir": ("azurehealthcareapis.com", "azure health data", "azure api for fhir", "azure fhir", "healthcareapis"),
    "google": ("accounts.google.com", "googleapis.com", "googleusercontent.com", "googleapi", "google oauth", "google"),
    "google-healthcare": ("healthcare.googleapis.com", "google healthcare", "cloud healthcare"),
    "keycloak": ("keycloak", "/protocol/openid-connect/", "/auth/realms/", "/realms/", "o.k.adapters"),
    "okta": ("okta.com", "oktapreview.com", "okta"),
    "auth0": ("auth0.com", "auth0"),
    "cognito": (
        "amazoncognito.com",
        "cognito",
        "notauthorizedexception",
        "amplify",
        "error handling auth response",
        "invalid state in oauth flow",
    ),
    "healthlake": ("healthlake",),
    "identityserver": ("identityserver", "duende"),
    "openiddict": ("openiddict",),
    "spring": ("org.springframework.security", "spring security", "spring-security", "springframework", "spring boot"),
    "hapi": ("hapi-", "hapi fhir", "hapi.fhir", "ca.uhn.fhir", "hapi"),
    "medplum": ("medplum",),
    "smart-launcher": ("launch.smarthealthit.org", "smart-launcher", "smart launcher"),
    "openemr": ("openemr",),
    "inferno": ("inferno",),
    "ibm-fhir": ("linuxforhealth", "ibm fhir", "ibm-fhir", "fhir-server/api"),
    "fhirclient": ("fhirclient", "fhir-client", "client-js", "fhir.oauth2", "getpath(this"),
    "openid-client": ("openid-client", "oidcclient.callback", "rperror", "opererror"),
    "oidc-client-ts": ("oidc-client", "signinredirectcallback", "signinsilent"),
    "appauth": ("appauth", "org.openid.appauth", "net.openid"),
    "authlib": ("authlib",),
    "requests-oauthlib": ("oauthlib", "requests_oauthlib"),
    "passport": ("passport", "oauth2strategy"),
    "nextauth": ("next-auth", "nextauth", "[auth][error]", "authjs"),
    "msal": ("msal",),
    "salesforce": ("salesforce", ".force.com", "jsforce", "restforce", "sfdc"),
    "ping": ("pingone", "pingfederate", "pingidentity"),
    "wso2": ("wso2",),
    "github": ("github.com/login/oauth", "developer.github.com", "docs.github.com/apps", "api.github.com", "omniauth-github"),
    "fiware": ("fiware", "keyrock"),
}
"""Phrases in lower case. Data files may need another server: add it here with the phrases that only it uses."""
ABOVE = {"azure-fhir": "entra", "google-healthcare": "google", "msal": "entra"}
"""A server that belongs to another one: errors of the other apply to it too."""


def recognised_servers(text: str) -> frozenset[str]:
    """text: as returned by `plain_text.plain`."""
    found = {server for server, marks in MARKS.items() if any(mark in text for mark in marks)}
    return frozenset(found | {ABOVE[server] for server in found & ABOVE.keys()})

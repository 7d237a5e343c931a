"""Recognises the server or library that a pasted text comes from, by addresses and by words that only it uses."""

from __future__ import annotations

MARKS: dict[str, tuple[str, ...]] = {
    "epic": (
        "epic.com",
        "epichosted.com",
        "/interconnect-",
        "interconnect.",
        "epic on fhir",
        "mychart",
        "open.epic",
        " epic ",
        "on epic",
        "epic's ",
        "epic sandbox",
        "epic fhir",
        "from epic",
        "with epic",
        "/api/fhir/r4",
        "/api/fhir/dstu2",
    ),
    "cerner": (
        "cerner.com",
        "urn:cerner",
        "cerner",
        "oracle health",
        "oracle.com/health",
        "code console",
        "fhir-ehr-code",
        "millennium",
    ),
    "athena": ("athena", "centricity", "preview.platform", "virence", "demoapiserver", "apiserver/oauth2", "apiserver/fhir"),
    "entra": (
        "aadsts",
        "aadb2c",
        "microsoftonline",
        "entra id",
        "azure ad",
        "azuread",
        "azure-ad",
        "azure_ad",
        "aad_",
        "azureactivedirectory",
        "oauth2-azure",
        "omniauth-azure",
        "provider\\azure",
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
        "office365",
        "outlook.office",
        " b2c",
        "b2c_1",
        "adb2c",
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
        "idx10",
        "idx20",
        "idx40",
        "tokens issued for the 'single-page application'",
        "need admin approval",
    ),
    "azure-fhir": (
        "azurehealthcareapis.com",
        "azure-api.net/smart",
        "authorizeinputfilter",
        "azure health data",
        "azure api for fhir",
        "azure fhir",
        "healthcareapis",
    ),
    "google": (
        "google",
        " gmail",
        "ya29.",
        "gserviceaccount.com",
        "flowname=generaloauthflow",
        "access blocked: ",
        "could not determine client id from request",
        "error: code was already redeemed",
        '"autherror"',
        "expected oauth 2 access token",
        "request had insufficient authentication scopes",
        "unauthorized to retrieve access tokens using this method",
        "signet::",
    ),
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
    "identityserver": ("identityserver", "duende"),
    "openiddict": ("openiddict",),
    "spring": ("org.springframework.security", "spring security", "spring-security", "springframework", "spring boot"),
    "hapi": ("hapi-", "hapi fhir", "hapi.fhir", "ca.uhn.fhir", "hapi"),
    "medplum": ("medplum",),
    "smart-launcher": ("launch.smarthealthit.org", "smart-launcher", "smart launcher", "smarthealthit.org/v/r"),
    "openemr": ("openemr", "/oauth2/default/registration", "/oauth2/default/token", "/oauth2/default/authorize?"),
    "inferno": ("inferno", "g10 test kit", "(g)(10) test kit", "g10-test-kit", "(g)(10) standardized api"),
    "openmrs": ("openmrs",),
    "blue-button": ("bluebutton", "blue button", "bcda"),
    "va": ("api.va.gov", "va lighthouse", "developer.va.gov", "vets-api"),
    "ecw": ("eclinicalworks", "healow", "ecwcloud"),
    "drchrono": ("drchrono",),
    "canvas": ("canvasmedical", "fumage-"),
    "nextgen": ("nextgen.com", "nextgen healthcare", "nextgen fhir", "nextgen enterprise"),
    "meditech": ("meditech",),
    "veradigm": ("veradigm", "allscripts", "followmyhealth", "alterahealth", "altera health"),
    "cds-hooks": ("cds-hooks", "cds hooks", "cds-services"),
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
    "github": (
        "github.com/login/oauth",
        "developer.github.com",
        "docs.github.com/apps",
        "api.github.com",
        "docs.github.com",
        "omniauth-github",
        "passport-github",
        "githubstrategy",
    ),
    "fiware": ("fiware", "keyrock"),
    "healthlake": ("healthlake",),
}
"""Phrases in lower case. Data files may need another server: add it here with the phrases that only it uses."""
ABOVE = {"azure-fhir": "entra", "google-healthcare": "google", "msal": "entra"}
"""A server that belongs to another one: errors of the other apply to it too."""


_ACCOMPANYING = """
appauth authlib cds-hooks fhirclient hapi ibm-fhir inferno msal nextauth oidc-client-ts openid-client passport requests-oauthlib
spring
"""
ACCOMPANYING = frozenset(_ACCOMPANYING.split())
"""Libraries, FHIR servers and test tools. Texts name them together with an authorization server, so they don't
exclude its errors."""


def recognised_servers(text: str) -> frozenset[str]:
    """text: as returned by `plain_text.plain`."""
    text = text.replace("www.google.com", "")  # people use it as a redirect URI that exists
    found = {server for server, marks in MARKS.items() if any(_is_in(mark, text) for mark in marks)}
    return frozenset(found | {ABOVE[server] for server in found & ABOVE.keys()})


SHORT = 7


def _is_in(mark: str, text: str) -> bool:
    """A short mark must begin with a word, so that "entra" isn't found in "central". Only the first places are looked at."""
    place = text.find(mark)
    for _ in range(20):
        if place < 1 or not (len(mark) < SHORT and mark.isalnum() and text[place - 1].isalnum()):
            return place >= 0
        place = text.find(mark, place + 1)
    return False

"""The names that OAuth libraries give to OAuth parameters and to addresses of the server."""

from __future__ import annotations

import re
from typing import Any

_NAMES = {
    "client_id": "clientid appid applicationid consumerkey oauthclientid clientidentifier",
    "client_secret": "clientsecret appsecret consumersecret secret",
    "redirect_uri": "redirecturi redirecturl callbackurl callback redirect redirecturitemplate redirecturis loginredirecturi"
    " callbackurls redirectto",
    "post_logout_redirect_uri": "postlogoutredirecturi postlogoutredirecturl endsessionredirecturi logoutredirecturi",
    "scope": "scope scopes authorizationscope defaultscopes",
    "response_type": "responsetype",
    "response_mode": "responsemode",
    "grant_type": "granttype authorizationgranttype",
    "issuer": "authority issuer issueruri domain stsserver oidcissuer authserverurl discoveryuri discoveryurl discoverydocument"
    " wellknownconfigurationurl metadataurl",
    "aud": "aud audience",
    "iss": "iss fhirserviceurl fhirurl serverurl fhirserver apibase",
    "launch": "launch launchtoken",
    "authorization_endpoint": "authorizationendpoint authorizationendpointuri authorizationurl authorizationuri authorizeurl"
    " authurl authorizeuri authendpoint",
    "token_endpoint": "tokenendpoint tokenendpointuri tokenurl tokenuri accesstokenurl accesstokenuri",
    "userinfo_endpoint": "userinfoendpoint userinfoendpointuri userinfourl userinfouri",
    "jwks_uri": "jwksuri jwkseturi",
    "token_endpoint_auth_method": "tokenendpointauthmethod clientauthenticationmethod clientauthentication",
    "code_challenge_method": "codechallengemethod pkcemethod",
    "pkce": "pkce usepkce pkcemode pkceenabled",
    "state": "state",
    "nonce": "nonce",
    "prompt": "prompt",
}
_BY_WORDS = {words: name for name, all_words in _NAMES.items() for words in all_words.split()}
_LIBRARIES = (
    (r"fhir.{0,100}authorize|smart|fhirclient", "fhirclient"),
    (r"clientregistration", "Spring"),
    (r"usermanager|oidcclient", "oidc-client"),
    (r"publicclientapplication|confidentialclientapplication", "MSAL"),
    (r"auth0", "Auth0"),
    (r"okta", "Okta"),
    (r"strategy", "Passport"),
    (r"keycloak", "Keycloak"),
    (r"authorizationrequest|oidauthorization|appauth", "AppAuth"),
    (r"issuer\.client|openid|\bclient$", "openid-client"),
)


_COMPILED = tuple((re.compile(pattern, re.I), library) for pattern, library in _LIBRARIES)


def oauth_name(name: str) -> str:
    """The OAuth name of a setting, "" if it isn't known."""
    return _BY_WORDS.get(re.sub(r"[_\W]", "", name).lower(), "")


def library_of(path: str, fields: dict[str, Any]) -> str:
    """The library that a call or the names of the settings belong to, "" if unknown."""
    for pattern, library in _COMPILED:
        if pattern.search(path):
            return library
    names = {name.lower() for name in fields}
    if names & {"authorization_scope", "discovery_uri", "authorization_endpoint_uri", "https_required"}:
        return "AppAuth"
    if "auth" in names and names & {"cache", "system"}:
        return "MSAL"
    if "authority" in names and "redirect_uri" in names:
        return "oidc-client"
    if names & {"stsserver", "postlogoutredirecturi", "usesilentrefresh", "silentrefresh"}:
        return "angular-oauth2-oidc"
    return ""

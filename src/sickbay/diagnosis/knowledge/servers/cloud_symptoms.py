"""Symptoms without an error code at Entra ID, Azure's FHIR service, Google and Cognito, and checklists for HTTP statuses."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, Confidence, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

ENTRA = (*MARKS["entra"], "azure", "microsoft")
AZURE_FHIR = (*MARKS["azure-fhir"], "fhir server", "fhir api", "fhir service")
AZURE_TOKENS = "https://learn.microsoft.com/azure/healthcare-apis/fhir/fhir-service-access-token-validation"
JSON_BODY = (
    "content-type: application/json",
    '"content-type": "application/json"',
    "'content-type': 'application/json'",
    "-d '{",
    '-d "{',
    "--data '{",
    "--data-raw '{",
    "json={",
    "json=payload",
    "json=data",
    "json=body",
    "form-data",
    "--form '",
)
IN_QUERY = ("/token?grant_type=", "/token?client_id=", "/token?code=", "get 'https://login", "get https://login", "-x get")
LACKS = (
    "missing",
    "not present",
    "null",
    "undefined",
    "contain",
    "not included",
    "empty",
    "no ",
    "not return",
    "none",
    "without",
)


def symptom(
    name: str,
    server: str,
    text: tuple[tuple[str, ...], ...],
    title: str,
    why: str,
    *causes: Cause,
    source: str,
    codes: tuple[str, ...] = (),
    without: tuple[str, ...] = (),
    where: str = "",
    confidence: Confidence = "observed",
) -> KnownError:
    return KnownError(
        id=name,
        servers=(server,) if server else (),
        codes=codes,
        text=text,
        without=without,
        title=title,
        why=why,
        causes=causes,
        where=where,
        source=source,
        confidence=confidence,
    )


NO_ROLE = Cause(
    "The user or service principal in the token (oid) has no FHIR data role. Owner and Contributor aren't data roles.",
    "Decode the token: with authorization_code oid is the user, with client_credentials the enterprise application.",
    "Assign the role FHIR Data Contributor or Reader to exactly this object on the FHIR service, and wait some minutes.",
)
WRONG_AUDIENCE = Cause(
    "The token was requested for another audience (resource) than the FHIR service.",
    "Decode the token: aud has to equal the Audience below Authentication of the service.",
    "Request the token with scope=https://NAME.fhir.azurehealthcareapis.com/.default, or resource with that URL.",
)
FORM = Cause(
    "The body is JSON or form-data instead of form-encoded, or the parameters are in the query.",
    "Look at the Content-Type and at the raw body.",
    "Send a POST with Content-Type: application/x-www-form-urlencoded and key=value&… in the body.",
)

ERRORS = (
    symptom(
        "azure-fhir-token-not-accepted",
        "azure-fhir",
        (
            ("unauthorized", " 401", "authentication failed", "not authorized", "authentication failure"),
            AZURE_FHIR,
        ),
        "401: the FHIR service doesn't accept the access token",
        "GET /metadata needs no token, everything else does. Most often the audience of the token isn't this service.",
        WRONG_AUDIENCE,
        Cause(
            "The token is of another tenant than the configured Authority, or has expired.",
            "Compare iss, tid and exp of the token with the service.",
            "Request a new token from the tenant of the service.",
        ),
        NO_ROLE,
        source=AZURE_TOKENS,
        without=("authorizationfailure",),
    ),
    symptom(
        "azure-fhir-no-access",
        "",
        (
            ("forbidden", "403", "authorization failure", "authorization failed", "not authorised", "access denied"),
            AZURE_FHIR,
            ("azure", "microsoftonline", "entra id", " aad", "healthcareapis"),
        ),
        "403: the token is valid, but its user or app has no FHIR data role",
        "The service asks Azure RBAC, or its list of allowed object ids, for the oid in the token.",
        NO_ROLE,
        Cause(
            "The app should act as itself, but the token is for the signed-in user (or the reverse).",
            "grant_type or the flow in Postman is authorization code.",
            "Use grant_type=client_credentials for the service principal, or assign the role to the user.",
        ),
        WRONG_AUDIENCE,
        source="https://github.com/MicrosoftDocs/azure-docs/issues/57137",
        without=("authorizationfailure", "storage account"),
        where="Azure portal → the FHIR service → Access control (IAM)",
    ),
    symptom(
        "entra-json-body",
        "entra",
        (("login.microsoftonline.com", "b2clogin.com", "login.windows.net"), ("/token",), (*JSON_BODY, *IN_QUERY)),
        "The token request to Entra ID isn't a form-encoded POST, so its parameters aren't read",
        "The token endpoint reads parameters only from a body with application/x-www-form-urlencoded.",
        FORM,
        source="https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow",
        confidence="documented",
    ),
    symptom(
        "google-json-in-token-request",
        "google",
        (("oauth2.googleapis.com/token", "accounts.google.com/o/oauth2/token", "oauth2/v4/token"), (*JSON_BODY, *IN_QUERY[:3])),
        "The token request to Google isn't form-encoded",
        "Google reads the parameters from a form body. Some libraries send JSON unless told otherwise.",
        FORM,
        source="https://developers.google.com/identity/protocols/oauth2/web-server",
        codes=("invalid_request", "unsupported_grant_type", "invalid_grant", "400", "invalid_client"),
    ),
    symptom(
        "entra-expected-issuer-or-audience",
        "",
        (
            (
                "issued by a different provider",
                "expected audience",
                "audience mismatch",
                "unexpected audience",
                "aud claim",
                'unexpected "aud"',
                "aud mismatch",
            ),
            ENTRA,
        ),
        "iss or aud: the token's issuer or audience isn't the one that is configured",
        "Version 1.0 tokens have iss https://sts.windows.net/TENANT-ID/ and aud api://… or spn:…, version 2.0 …/v2.0 "
        "and the client id.",
        Cause(
            "The access token has version 1.0, and the API or proxy expects version 2.0.",
            "Decode the token: ver is 1.0 and iss is sts.windows.net.",
            "Set requestedAccessTokenVersion to 2 in the app's manifest, or configure the issuer "
            "https://sts.windows.net/TENANT-ID/.",
        ),
        Cause(
            "The token was requested for another resource, such as Microsoft Graph.",
            "Compare aud with the configured audience, also its prefix api:// or spn:.",
            "Request it with scope=api://CLIENT-ID/.default, and configure the same audience.",
        ),
        source="https://learn.microsoft.com/entra/identity-platform/access-tokens",
        where="Entra admin center → App registrations → the API → Manifest",
    ),
    symptom(
        "entra-claim-missing",
        "entra",
        (
            (
                "upn",
                "email claim",
                "groups claim",
                "claim email",
                'claim "email',
                "email is",
                "preferred_username",
                "claim 'email",
                "roles claim",
                "no email",
                "oid claim",
            ),
            LACKS,
            ENTRA,
        ),
        "A claim (upn, email, groups, roles) is missing in Entra ID's token",
        "Entra ID sends many claims only if they are configured as optional claims, or if the scope (email, profile) "
        "was requested.",
        Cause(
            "The claim isn't in the token of this version: upn isn't in version 2.0 tokens and not for guests.",
            "Decode the ID token.",
            "Add the optional claim upn or email under Token configuration, or use preferred_username or oid instead.",
        ),
        Cause(
            "The scope email or profile isn't requested, or the user has no mail address.",
            "Look at scope and at the user's properties.",
            "Send scope=openid profile email.",
        ),
        Cause(
            "groups or roles aren't configured or too many (overage).",
            "The token has hasgroups or _claim_names.",
            "Configure the groups claim, assign app roles, or query Microsoft Graph.",
        ),
        source="https://learn.microsoft.com/entra/identity-platform/optional-claims",
        where="Entra admin center → App registrations → your app → Token configuration",
        without=("aadsts",),
        confidence="documented",
    ),
    symptom(
        "b2c-no-access-token",
        "entra",
        (
            (
                "missing access token",
                "no access token",
                "no access_token",
                "access token is missing",
                "access_token is missing",
                "access_token is undefined",
                "accesstoken is null",
                "accesstoken is empty",
                "access token is empty",
                "access token is null",
                "only id_token",
                "only an id_token",
                "only the id_token",
                "only get id_token",
                'accesstoken: ""',
                "access_token is null",
            ),
            ENTRA,
        ),
        "scope: no access token is returned, because no scope of an API was requested",
        "openid and profile give only an ID token. An access token needs a scope of an API, in B2C also the app's own "
        "client id.",
        Cause(
            "scope contains only openid, profile and offline_access.",
            "Look at scope in the authorize and token request.",
            "Add the API's scope, such as https://TENANT.onmicrosoft.com/API/SCOPE (B2C: or the client id itself).",
        ),
        Cause(
            "response_type is only id_token.",
            "Look at the authorize request.",
            "Use response_type=code.",
        ),
        source="https://learn.microsoft.com/azure/active-directory-b2c/access-tokens",
        confidence="documented",
    ),
    symptom(
        "entra-token-expired",
        "entra",
        (
            (
                "accesstokenexpired",
                "idx10223",
                "lifetime validation failed",
                "token is expired",
                "token has expired",
                "jwt expired",
                "token expired",
                "the token expired at",
                "access token expires",
            ),
            ENTRA,
        ),
        "The access token has expired",
        "Entra ID's access tokens last 60 to 90 minutes. The client has to get a new one with its refresh token.",
        Cause(
            "The client goes on using the first access token.",
            "It works for about an hour. exp in the token is in the past.",
            "Refresh the access token before it expires (acquireTokenSilent, or grant_type=refresh_token with offline_access).",
        ),
        Cause(
            "The clock of the API is wrong.",
            "exp is in the future of a correct clock.",
            "Synchronise the clock by NTP, and allow some minutes of skew.",
        ),
        without=("aadsts",),
        source="https://learn.microsoft.com/entra/identity-platform/access-tokens#token-lifetime",
        confidence="documented",
    ),
    symptom(
        "entra-login-loop",
        "entra",
        (
            (
                "infinite loop",
                "login loop",
                "redirect loop",
                "keeps redirecting",
                "endless loop",
                "looping",
                "in a loop",
                "infinite redirect",
                "redirected back to the login",
                "loops between",
                "too many redirects",
            ),
            ENTRA,
        ),
        "The sign-in loops: the app starts a new one before it has handled the response of the last",
        "After the redirect the app finds no account or session, ignores the error, and sends the user to Entra ID again.",
        Cause(
            "The app starts loginRedirect before handleRedirectPromise has finished, or the router drops the response.",
            "The address briefly shows #code=… or ?code=….",
            "Await handleRedirectPromise() first, and start a sign-in only if there is no account and inProgress is None.",
        ),
        Cause(
            "The response is an error, such as access_denied for a user who isn't assigned to the app.",
            "The address of the redirect contains error=.",
            "Show the error instead of starting again, and have an administrator assign the user.",
        ),
        Cause(
            "The session isn't kept: a blocked cookie, http behind a proxy, or sessionStorage of another tab.",
            "It doesn't happen in the first tab or in a private window.",
            'Use https throughout, and set cacheLocation: "localStorage" for several tabs.',
        ),
        source="https://learn.microsoft.com/entra/msal/javascript/browser/errors",
    ),
    symptom(
        "azure-smart-sample-audience",
        "azure-fhir",
        (("authorizeinputfilter", "azure-api.net/smart"), ("400", "error", "isfatal")),
        "aud: the SMART sample of Azure Health Data Services refuses the audience of the authorize request",
        "Its filter compares aud with the configured audience of the FHIR service (FhirAudience).",
        Cause(
            "aud isn't the configured audience, or lacks or has a slash at the end.",
            "Application Insights shows the exception of AuthorizeInputFilter.",
            "Send the aud that is configured as FhirAudience, or configure the URL that the app sends.",
        ),
        source="https://github.com/Azure-Samples/azure-health-data-and-ai-samples/issues/41",
    ),
    symptom(
        "redirect-uri-in-quotes",
        "google",
        (('redirect_uri="http', "redirect_uri=%22", "redirect_uri='http"), ("request details", "redirect_uri=%22")),
        "redirect_uri has quotation marks around it",
        "The quotation marks belong to the value, so it isn't a URL and equals no registered redirect URI.",
        Cause(
            "The value in the .env file or secret is quoted, and the quotes are sent too.",
            "The error details show redirect_uri with quotes.",
            "Remove the quotation marks from the configured redirect URI.",
        ),
        source="https://github.com/hunkim/streamlit-google-oauth/issues/11",
    ),
    symptom(
        "appauth-flow-cancelled",
        "",
        (
            (
                "openid.appauth.general error -4",
                "openid.appauth.general error -3",
                "appauth.general error -4",
                "program cancelled flow",
                "programcanceledauthorizationflow",
            ),
        ),
        "AppAuth ended the sign-in without a response: the redirect didn't reach the app, or the window was closed",
        "Error -3 means that the user cancelled, -4 that the program did, often because the redirect scheme isn't handled.",
        Cause(
            "The scheme of redirect_uri isn't registered in the app, or differs from the configuration.",
            "Compare it with CFBundleURLSchemes in Info.plist, or appAuthRedirectScheme in build.gradle.",
            "Register the scheme of the redirect URI in Info.plist (Android: manifest), and pass the URL to "
            "currentAuthorizationFlow.",
        ),
        Cause(
            "The session object isn't kept, or the user closed the window.",
            "currentAuthorizationFlow is a local variable.",
            "Keep the flow in a property of the app delegate until it has finished.",
        ),
        source="https://github.com/openid/AppAuth-iOS",
    ),
    symptom(
        "oauthlib-scope-changed",
        "",
        (("scope has changed from",),),
        "scope: the server granted other scopes than the app requested, and oauthlib treats that as an error",
        "Google adds openid and writes email as a URL, Entra ID adds User.Read. oauthlib compares the strings.",
        Cause(
            "The requested scopes aren't written as the server returns them.",
            "The message shows both lists.",
            "Request the full scope names from the message (with openid), or set OAUTHLIB_RELAX_TOKEN_SCOPE=1.",
        ),
        Cause(
            "include_granted_scopes=true or an earlier consent added scopes.",
            "The second list is longer.",
            "Remove include_granted_scopes, or set OAUTHLIB_RELAX_TOKEN_SCOPE=1.",
        ),
        source="https://github.com/requests/requests-oauthlib/issues/387",
    ),
    symptom(
        "passport-token-failed",
        "",
        (("failed to obtain access token",), ("internaloautherror", "passport", "strategy")),
        "passport couldn't get an access token: the token endpoint refused, or couldn't be reached",
        "InternalOAuthError hides the reason: look at oauthError in the error object.",
        Cause(
            "The server can't reach the token endpoint: firewall, proxy or DNS.",
            "The stack contains socketErrorListener, or oauthError has code ECONNREFUSED or ETIMEDOUT.",
            "Allow the connection, or give the strategy the proxy agent (strategy._oauth2.setAgent).",
        ),
        Cause(
            "The strategy calls another host: GitHub Enterprise and other servers of one's own need tokenURL and "
            "userProfileURL too.",
            "Only authorizationURL is configured.",
            "Set tokenURL and userProfileURL of that server.",
        ),
        Cause(
            "Client secret, code or callback URL is wrong.",
            "oauthError.data has invalid_client, bad_verification_code or redirect_uri_mismatch.",
            "Correct the secret, redeem the code once, and register exactly this callback URL.",
        ),
        source="https://github.com/jaredhanson/passport-github/issues/57",
    ),
    symptom(
        "github-token-in-query",
        "",
        (("must specify access token via authorization header", "oauth2-token-sent-in-a-header"),),
        "The access token was sent in the query: GitHub accepts it only in the Authorization header",
        "GitHub has removed the parameter access_token from its API.",
        Cause(
            "An old library (passport-github) sends ?access_token=….",
            "Look at the URL.",
            "Send Authorization: Bearer TOKEN, or use passport-github2.",
        ),
        source="https://docs.github.com/rest/authentication/authenticating-to-the-rest-api",
        confidence="documented",
    ),
    symptom(
        "google-no-id-token",
        "google",
        (
            (
                "no id_token",
                "id_token is undefined",
                "id_token is missing",
                "missing id_token",
                "id_token not present",
                "id_token is null",
                "id token is missing",
                "no id token",
                "id_token undefined",
            ),
            ("google",),
        ),
        "scope: openid is missing, so Google returns no ID token",
        "Google returns an ID token only if openid is among the scopes.",
        Cause(
            "scope doesn't contain openid.",
            "Look at scope in the token response.",
            "Send scope=openid email profile in the authorize request.",
        ),
        Cause(
            "Android: requestIdToken wasn't called with the web client's ID.",
            "The sign-in options don't request it.",
            "Request the ID token with the client ID of the type Web application.",
        ),
        source="https://developers.google.com/identity/openid-connect/openid-connect",
        confidence="documented",
    ),
    symptom(
        "google-bad-request",
        "google",
        (
            (
                "invalid_grant: bad request",
                "tokenerror: bad request",
                "(invalid_grant) bad request",
                '"error_description": "bad request"',
                '"error_description":"bad request"',
                "'error_description': u'bad request'",
                "'error_description': 'bad request'",
                "error_description: 'bad request'",
                '"error_description" : "bad request"',
            ),
        ),
        "invalid_grant: the refresh token or code isn't valid any more (Google says only Bad Request)",
        "Google gives this answer for a token or code that has expired, was revoked, used already, or belongs to "
        "another client.",
        Cause(
            "The refresh token has expired or was revoked: 7 days in Testing, password change, removal, 6 months without use.",
            "grant_type is refresh_token.",
            "Publish the app if it is in Testing, and sign the user in again to get a new refresh token.",
        ),
        Cause(
            "The refresh token or code was issued for another client_id, or redirect_uri differs.",
            "Compare the client of both requests.",
            "Use the client that got it, and the same redirect_uri.",
        ),
        Cause(
            "The code was used already, or is still percent-encoded.",
            "grant_type is authorization_code; the code begins with 4%2F.",
            "Redeem each code once, decoded once.",
        ),
        source="https://developers.google.com/identity/protocols/oauth2#expiration",
    ),
    symptom(
        "google-coop",
        "",
        (("cross-origin-opener-policy policy would block", "window.postmessage call", "window.closed call"),),
        "The popup of the sign-in can't talk to the page, because Cross-Origin-Opener-Policy separates them",
        "With Cross-Origin-Opener-Policy: same-origin the browser cuts the link between page and popup.",
        Cause(
            "The page sends Cross-Origin-Opener-Policy: same-origin.",
            "Look at the response headers of the page.",
            "Send Cross-Origin-Opener-Policy: same-origin-allow-popups, or use the redirect mode.",
        ),
        source="https://developers.google.com/identity/gsi/web/guides/get-google-api-clientid",
        confidence="documented",
    ),
    symptom(
        "firebase-unauthorized-domain",
        "",
        (("auth/unauthorized-domain", "auth/operation-not-allowed", "domain is not authorized for oauth operations"),),
        "Firebase Auth: this domain or sign-in method isn't allowed in the project",
        "Firebase redirects only from authorized domains, and only for enabled providers.",
        Cause(
            "The domain isn't on the list of authorized domains, or the provider isn't enabled.",
            "The error is auth/unauthorized-domain or auth/operation-not-allowed.",
            "Add the domain under Authorized domains, and enable the provider.",
        ),
        source="https://firebase.google.com/docs/auth/web/google-signin",
        where="Firebase console → Authentication → Settings and Sign-in method",
        confidence="documented",
    ),
    symptom(
        "cognito-nonce",
        "cognito",
        (("nonce",), ("mismatch", "unexpected", "expected undefined"), MARKS["cognito"]),
        "nonce: the ID token contains a nonce that the library didn't send or doesn't know any more",
        "With an external identity provider Cognito puts a nonce of its own into the first ID token.",
        Cause(
            "The library doesn't use a nonce, and refuses one that it doesn't expect.",
            "It fails only at the first sign-in with an external provider.",
            'Let the library send and check a nonce: checks: ["nonce", "state", "pkce"] in CognitoProvider.',
        ),
        Cause(
            "The cookie with the nonce was lost.",
            "It fails each time.",
            "Use https and the same host at start and end.",
        ),
        source="https://github.com/nextauthjs/next-auth/discussions/3551",
    ),
    symptom(
        "cognito-implicit-id-token",
        "",
        (("unexpected id_token in response",),),
        "response_type: an id_token came back although only token was requested",
        "With response_type=token and the scope openid, Cognito returns an ID token too. oidc-client refuses it.",
        Cause(
            "The implicit flow with response_type=token is used.",
            "Look at response_type.",
            "Use response_type=code with PKCE (or remove openid from scope).",
        ),
        source="https://github.com/DuendeArchive/identity-model-oidc-client-js/issues/576",
    ),
    symptom(
        "oauth-endpoint-empty",
        "",
        (('unsupported protocol scheme ""', "unsupported protocol scheme", "get : unsupported"),),
        "The address of an endpoint is empty in the configuration, most often the userinfo endpoint (api_url)",
        "The client calls a URL without http:// or https://, because the setting is empty.",
        Cause(
            "api_url (userinfo), token_url or auth_url isn't set.",
            "The log says after which step: get info means userinfo.",
            "Set api_url to the userinfo_endpoint of the discovery document, for Entra ID "
            "https://graph.microsoft.com/oidc/userinfo.",
        ),
        source="https://github.com/grafana/grafana/issues/10867",
    ),
    *(
        symptom(
            f"{server}-status-{status}",
            server,
            (),
            title,
            why,
            *causes,
            source=source,
            codes=(status,),
            confidence="inferred",
        )
        for server, status, title, why, source, causes in (
            (
                "entra",
                "404",
                "404: the address of the endpoint is wrong, most often its path or tenant",
                "Entra ID's endpoints are /TENANT-ID/oauth2/v2.0/authorize and /token; B2C has the policy in the path too.",
                "https://learn.microsoft.com/entra/identity-platform/v2-protocols",
                (
                    Cause(
                        "The path is mistyped, such as /v2.0/oauth2/token, or a placeholder for the tenant is left.",
                        "Compare the URL with token_endpoint of the discovery document.",
                        "Use the endpoints of "
                        "https://login.microsoftonline.com/TENANT-ID/v2.0/.well-known/openid-configuration.",
                    ),
                ),
            ),
            (
                "entra",
                "401",
                "401: the API didn't accept the access token of Entra ID",
                "Most often aud isn't this API, or the issuer's version differs. WWW-Authenticate says more.",
                "https://learn.microsoft.com/entra/identity-platform/access-tokens",
                (
                    Cause(
                        "The token was requested for another resource (audience), often Microsoft Graph.",
                        "Decode the token: aud.",
                        "Request it with scope=api://API-CLIENT-ID/.default or a scope of this API.",
                    ),
                    Cause(
                        "iss or the version (v1.0, v2.0) isn't the configured one, or the ID token was sent.",
                        "Decode the token: iss and ver.",
                        "Set requestedAccessTokenVersion in the API's manifest, and send the access token.",
                    ),
                ),
            ),
            (
                "entra",
                "403",
                "403: the token is valid, but lacks a permission (scope or role)",
                "The API found no sufficient scp or roles in the token, or no role assignment for its oid.",
                "https://learn.microsoft.com/entra/identity-platform/permissions-consent-overview",
                (
                    Cause(
                        "The permission isn't granted, or of the other type (delegated, application).",
                        "Decode the token: scp and roles.",
                        "Add the permission, grant admin consent, and request a new token.",
                    ),
                ),
            ),
            (
                "google",
                "401",
                "401: Google's API didn't accept the access token",
                "APIs want a valid OAuth access token in Authorization: Bearer.",
                "https://cloud.google.com/docs/authentication/rest",
                (
                    Cause(
                        "The access token has expired (1 hour), or an ID token or API key was sent.",
                        "Access tokens begin with ya29.",
                        "Refresh the access token and send Authorization: Bearer TOKEN.",
                    ),
                ),
            ),
            (
                "google",
                "403",
                "403: the token is valid, but a permission is missing",
                "Either the token's scope, an IAM role of the account, or the API in the project is missing.",
                "https://cloud.google.com/iam/docs/troubleshoot-policies",
                (
                    Cause(
                        "The account has no IAM role for the resource.",
                        "The message names a permission.",
                        "Grant the role to the service account or user in IAM.",
                    ),
                    Cause(
                        "The token lacks the scope, or the API isn't enabled.",
                        "The message says insufficient scopes or has not been used.",
                        "Request the scope and consent again, or enable the API.",
                    ),
                ),
            ),
            (
                "google-healthcare",
                "404",
                "404: the project, location, dataset, FHIR store or resource in the path doesn't exist",
                "The path has the form projects/P/locations/L/datasets/D/fhirStores/S/fhir/TYPE/ID.",
                "https://cloud.google.com/healthcare-api/docs/how-tos/fhir-resources",
                (
                    Cause(
                        "A part of the path is misspelt, or /fhir/ is missing before the resource type.",
                        "List the stores with gcloud healthcare fhir-stores list.",
                        "Correct the path.",
                    ),
                ),
            ),
        )
    ),
)

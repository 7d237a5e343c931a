"""Symptoms without an error code at Entra ID and Azure's FHIR service."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.recognise import MARKS
from sickbay.diagnosis.knowledge.servers.symptom import FORM, IN_QUERY, JSON_BODY, symptom

ENTRA = (*MARKS["entra"], "azure", "microsoft")
AZURE_FHIR = (*MARKS["azure-fhir"], "fhir server", "fhir api", "fhir service")
AZURE_TOKENS = "https://learn.microsoft.com/azure/healthcare-apis/fhir/fhir-service-access-token-validation"
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
NO_ROLE = Cause(
    "The user or service principal in the token (oid) has no FHIR data role. Owner and Contributor aren't data roles.",
    "Decode the token: with authorization_code oid is the user, with client_credentials the enterprise application.",
    "Assign the role FHIR Data Contributor or Reader to exactly this object on the FHIR service, and wait some minutes.",
)
WRONG_AUDIENCE = Cause(
    "The token was requested for another audience (resource) than the FHIR service.",
    "Decode the token: aud has to equal the Audience under Authentication of the service.",
    "Request the token with scope=https://NAME.fhir.azurehealthcareapis.com/.default, or resource with that URL.",
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
            "The token is from another tenant than the configured Authority, or has expired.",
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
            "The app should act as itself, but the token is for the signed-in user (or vice versa).",
            "grant_type or the flow in Postman is authorization code.",
            "Use grant_type=client_credentials for the service principal, or assign the role to the user.",
        ),
        WRONG_AUDIENCE,
        source="https://github.com/MicrosoftDocs/azure-docs/issues/57137",
        without=("authorizationfailure", "storage account"),
        where="Azure portal → the FHIR service → Access control (IAM)",
    ),
    symptom(
        "entra-bad-token-request",
        "entra",
        (
            ("/oauth2/v2.0/token", "/oauth2/token", "get_token", "gettoken", "acquiretoken", "fetch_token"),
            ("bad request", "(400)", "status 400", "400 client error"),
            ENTRA,
        ),
        "400: Entra ID refused the token request, and its response says why",
        "The exception shows only the status. The body has error and error_description with an AADSTS number.",
        Cause(
            "A parameter is wrong: the scope isn't APPLICATION-ID-URI/.default, the tenant is still a placeholder, or "
            "redirect_uri differs.",
            "Print the body of the response, and look for AADSTS.",
            "Read the response body on errors, and correct the scope, tenant or redirect URI that it names.",
        ),
        Cause(
            "A value isn't percent-encoded: the secret contains +, / or &, or the code was cut.",
            "The raw body shows these characters.",
            "Let the HTTP library encode the form (FormUrlEncodedContent, URLSearchParams).",
        ),
        Cause(
            "The code was used already or has expired.",
            "grant_type is authorization_code.",
            "Redeem each code once.",
        ),
        without=("aadsts",),
        source="https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow",
    ),
    symptom(
        "azure-fhir-search-parameter",
        "azure-fhir",
        (
            ("search parameter",),
            ("is not supported for resource type", "are not supported for resource type", "isn't supported for resource type"),
        ),
        "400: the FHIR service doesn't know this search parameter for the resource type",
        "The service refuses or ignores parameters that it doesn't support. With Prefer: handling=strict it refuses.",
        Cause(
            "The parameter is misspelt, isn't defined for the type, or is a custom one that hasn't been indexed.",
            "GET BASE-URL/metadata lists searchParam for each type.",
            "Use a supported parameter, or add a SearchParameter resource and run $reindex.",
        ),
        source="https://learn.microsoft.com/azure/healthcare-apis/fhir/overview-of-search",
        confidence="documented",
    ),
    symptom(
        "azure-fhir-rate",
        "azure-fhir",
        (("request rate is large", "the number of requests exceeded", "too many requests", "429"), AZURE_FHIR),
        "429: the FHIR service limits the rate of requests",
        "Each service has a throughput. Requests above it are refused for some time.",
        Cause(
            "The client sends more requests than the provisioned throughput (RUs).",
            "The response has the header x-ms-retry-after-ms or Retry-After.",
            "Wait as long as the header says and retry, send fewer requests at once, or raise the throughput.",
        ),
        source="https://learn.microsoft.com/azure/healthcare-apis/fhir/fhir-faq",
        confidence="documented",
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
            "The client keeps using the first access token.",
            "It works for about an hour. exp in the token is in the past.",
            "Refresh the access token before it expires (acquireTokenSilent, or grant_type=refresh_token with offline_access).",
        ),
        Cause(
            "The clock of the API is wrong.",
            "exp is in the future of a correct clock.",
            "Synchronise the clock with NTP, and allow some minutes of skew.",
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
)

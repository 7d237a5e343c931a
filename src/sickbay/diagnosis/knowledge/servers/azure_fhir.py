"""Errors of the FHIR service in Azure Health Data Services, Azure API for FHIR and Microsoft's FHIR server."""

from __future__ import annotations

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS
from sickbay.diagnosis.knowledge.servers.phrases import BROWSER_BLOCKED

SERVERS = ("azure-fhir",)
ROLES = "Azure portal → the FHIR service → Access control (IAM) → Add role assignment"
AUTHENTICATION = "Azure portal → the FHIR service → Authentication"
DOCS = "https://learn.microsoft.com/azure/healthcare-apis/"

ERRORS = (
    KnownError(
        id="azure-fhir-audience",
        text=(("the audience is invalid",), ("bearer", "www-authenticate", "invalid_token")),
        title="aud: the access token was issued for another audience (resource) than this API or FHIR service expects",
        why="The service compares aud in the token with its configured audience. Entra ID sets aud from scope or resource.",
        causes=(
            Cause(
                "The token was requested for another resource, such as Microsoft Graph or https://azurehealthcareapis.com.",
                "Decode the token: aud has to be the audience of the service.",
                "Request the token with scope=https://NAME.fhir.azurehealthcareapis.com/.default (other APIs: "
                "api://CLIENT-ID/.default), or resource.",
            ),
            Cause(
                "The audience configured for the service is another one than that of the token.",
                "Compare both character by character, with the slash at the end.",
                "Set the same audience in the service and in the token request.",
            ),
        ),
        where=f"{AUTHENTICATION} → Audience",
        source="https://github.com/MicrosoftDocs/azure-docs/issues/30483",
        confidence="observed",
    ),
    KnownError(
        id="azure-fhir-401",
        text=(("authentication failed.",), ('"code": "login"', '"code":"login"', "code: login", "code': 'login'")),
        title="401: the FHIR service doesn't accept the access token (Authentication failed)",
        why="The token is missing, has expired, or its audience or issuer isn't the configured one.",
        causes=(
            Cause(
                "The token's audience isn't the FHIR service.",
                "WWW-Authenticate says The audience is invalid; decode the token and look at aud.",
                "Request a token with scope=https://NAME.fhir.azurehealthcareapis.com/.default (or resource with that URL).",
            ),
            Cause(
                "The token is from another tenant than the configured Authority.",
                "Compare iss and tid in the token with the Authority.",
                "Use the tenant of the service in the token endpoint.",
            ),
            Cause(
                "The header Authorization: Bearer is missing, or the token has expired.",
                "Look at the request and at exp.",
                "Send Authorization: Bearer with a fresh access token, not the ID token.",
            ),
        ),
        where=AUTHENTICATION,
        source="https://github.com/MicrosoftDocs/azure-docs/issues/27324",
        confidence="observed",
    ),
    KnownError(
        id="azure-fhir-403",
        text=(("authorization failed.", "authorization failed for"), ("forbidden", "403", "operationoutcome")),
        without=("storage", "authorizationfailure"),
        title="403: the token is valid, but its user or app has no FHIR data role on this service (Authorization failed)",
        why=(
            "The service asks Azure RBAC whether the object id (oid) in the token has a data role such as FHIR Data "
            "Contributor."
        ),
        causes=(
            Cause(
                "The user or service principal (app) has no data role. Owner and Contributor aren't data roles.",
                "oid in the token isn't in the list under Access control (IAM).",
                "Assign the role FHIR Data Contributor (or Reader) to the user or to the app, and wait some minutes.",
            ),
            Cause(
                "The role was assigned to another object: the user instead of the app, or the registration's object id.",
                "With client_credentials oid is that of the enterprise application.",
                "Grant the role to the service principal with the oid in the token.",
            ),
            Cause(
                "The open source server uses app roles, or SMART users lack fhirUser or the scope (scp).",
                "The token has no roles claim or no fhirUser claim.",
                "Assign the app role (globalAdmin, smartUser) and request the SMART scopes.",
            ),
        ),
        where=ROLES,
        source="https://learn.microsoft.com/azure/healthcare-apis/configure-azure-rbac",
        confidence="documented",
    ),
    KnownError(
        id="azure-fhir-storage",
        text=(
            (
                "export operation failed",
                "import operation failed",
                "$export",
                "$import",
                "convert-data",
                "unable to connect to",
                "fail to get properties",
            ),
            (
                "authorizationfailure",
                "authorizationpermissionmismatch",
                "managed identity",
                "not authorized to perform this operation",
                "publicaccessnotpermitted",
                "cannot access storage",
                "storage account",
                "keybasedauthenticationnotpermitted",
            ),
        ),
        title="The FHIR service's managed identity has no permission on the storage account",
        why="Export and import go through blob storage. Azure Storage refused the identity of the FHIR service.",
        causes=(
            Cause(
                "The managed identity has no data role on the storage account, or is off.",
                "The account's Access control (IAM) doesn't list the FHIR service.",
                "Switch the identity on and assign Storage Blob Data Contributor to it on the storage account.",
            ),
            Cause(
                "The firewall of the storage account blocks the service.",
                "Networking says Selected networks.",
                "Allow trusted services or a resource instance of the FHIR service.",
            ),
            Cause(
                "Another storage account is configured.",
                "Compare the account with Integration → Export of the service.",
                "Enter the name of the right storage account.",
            ),
        ),
        where="Azure portal → the storage account → Access control (IAM); the FHIR service → Identity",
        source="https://learn.microsoft.com/azure/healthcare-apis/fhir/configure-export-data",
        confidence="documented",
    ),
    KnownError(
        id="azure-fhir-postman-resource",
        servers=SERVERS,
        text=(
            ("resource=", "resource parameter", "?resource", "audience", '"resource"', "resource value"),
            ("invalid_request", "access denied", "access_denied", "unsupported", "not supported", "'scope' is missing"),
            MARKS["azure-fhir"],
        ),
        title=(
            "resource: the token request for the FHIR service was refused, most often because resource doesn't fit the endpoint"
        ),
        why="Only endpoints of version 1.0 know resource. At v2.0 the API is named in scope, and the app needs its permission.",
        causes=(
            Cause(
                "resource is sent to an endpoint with /v2.0/, or isn't the audience of the service.",
                "Look at the path of the authorize URL and at the audience under Authentication.",
                "Use /oauth2/v2.0/ with scope=https://NAME.fhir.azurehealthcareapis.com/.default.",
            ),
            Cause(
                "The app has no permission for Azure Healthcare APIs.",
                "user_impersonation isn't among its API permissions.",
                "Add the permission Azure Healthcare APIs → user_impersonation and grant consent.",
            ),
        ),
        where=f"{AUTHENTICATION} → Audience; Entra admin center → App registrations → API permissions",
        source="https://github.com/MicrosoftDocs/azure-docs/issues/63236",
        confidence="observed",
    ),
    KnownError(
        id="azure-fhir-cors",
        servers=SERVERS,
        text=(BROWSER_BLOCKED, ("azurehealthcareapis.com",)),
        title="CORS: the FHIR service doesn't allow requests from this page's origin",
        why="The service sends Access-Control-Allow-Origin only for the origins that are configured.",
        causes=(
            Cause(
                "The origin of the app isn't configured, or the headers and methods aren't.",
                "The preflight (OPTIONS) has no Access-Control-Allow-Origin.",
                "Add the origin, * as headers and the methods to CORS of the FHIR service.",
            ),
            Cause(
                "The request isn't authorized, and error responses come without CORS headers.",
                "The same request with curl gives 401 or 403.",
                "Correct the token first.",
            ),
        ),
        where="Azure portal → the FHIR service → CORS",
        source="https://learn.microsoft.com/azure/healthcare-apis/fhir/configure-cross-origin-resource-sharing",
        confidence="documented",
    ),
    KnownError(
        id="azure-fhir-route",
        text=(("the requested route was not found",),),
        title="404: the FHIR service doesn't know this path",
        why="The address is wrong, or the operation doesn't exist in this version or edition of the service.",
        causes=(
            Cause(
                "The path isn't a resource type or operation of this service, or the base URL is incomplete.",
                "GET BASE-URL/metadata lists the types and operations.",
                "Use https://NAME.fhir.azurehealthcareapis.com/RESOURCE-TYPE and only operations of the CapabilityStatement.",
            ),
            Cause(
                "The operation ($convert-data, $import) isn't switched on or was called with GET.",
                "Look at the method and at the settings of the service.",
                "POST it, and enable it in the settings.",
            ),
        ),
        source="https://github.com/MicrosoftDocs/azure-docs/issues/71576",
        confidence="observed",
    ),
    KnownError(
        id="azure-easy-auth",
        text=(("you do not have permission to view this directory or page",),),
        title="401 or 403 from Azure App Service authentication, before the request reached the app or FHIR proxy",
        why="App Service checks the token itself (Easy Auth) and answers with this text if it doesn't accept it.",
        causes=(
            Cause(
                "The token's audience isn't among the Allowed token audiences of the App Service.",
                "Decode the token: aud is another app, or has no api:// in front.",
                "Add aud to the allowed audiences, or request the token for the client id of the App Service's registration.",
            ),
            Cause(
                "The issuer is that of the other version (sts.windows.net or /v2.0), or the tenant differs.",
                "Compare iss with the Issuer URL.",
                "Enter the issuer of the token as Issuer URL.",
            ),
            Cause(
                "The app that calls isn't assigned a role of the proxy.",
                "The token has no roles.",
                "Grant the app a role (Reader, Writer, Administrator) and admin consent.",
            ),
        ),
        where="Azure portal → the App Service → Authentication → the identity provider → Edit",
        source="https://github.com/MicrosoftDocs/azure-docs/issues/70864",
        confidence="observed",
    ),
    KnownError(
        id="azure-fhir-smart-user",
        servers=SERVERS,
        text=(("fhiruser claim", "fhiruser is null", "must have a fhiruser", "fhiruser must be"),),
        title="fhirUser: the token has no valid claim fhirUser, which SMART users of the FHIR service need",
        why="For a user with the role FHIR SMART User the service limits the data to the patient or practitioner in fhirUser.",
        causes=(
            Cause(
                "The claim is missing or isn't a full URL on this service.",
                "Decode the token: fhirUser has to be BASE-URL/Patient/ID.",
                "Add the claim fhirUser with the full URL by a directory extension and a claims mapping.",
            ),
        ),
        source="https://learn.microsoft.com/azure/healthcare-apis/fhir/smart-on-fhir",
        confidence="documented",
    ),
    KnownError(
        id="azure-fhir-smart-scopes",
        servers=SERVERS,
        text=(
            ("patient/", "user/", "launch", "smart"),
            ("scope", "scp"),
            ("user_impersonation", "doesn't return patient", "no patient", "slash", "patient$", "patient.all", "patient.*"),
            (*MARKS["azure-fhir"], *MARKS["entra"]),
        ),
        title="scope: Entra ID can't return SMART scopes and a launch context in the form that SMART defines",
        why=(
            "Entra ID forbids a slash or star in the name of a scope and knows no launch parameter. A proxy "
            "translates between both."
        ),
        causes=(
            Cause(
                "The app talks to Entra ID directly and asks for patient/*.read.",
                "The token response has no patient, and its scope is user_impersonation.",
                "Send the app to a SMART proxy (the AHDS sample), or register scopes such as patient.all.read at the API.",
            ),
        ),
        source="https://learn.microsoft.com/azure/healthcare-apis/fhir/smart-on-fhir",
        confidence="documented",
    ),
    *(
        KnownError(
            id=f"azure-fhir-status-{status}",
            servers=SERVERS,
            codes=(status,),
            title=title,
            why=why,
            causes=causes,
            where=where,
            source=DOCS,
            confidence="inferred",
        )
        for status, title, why, where, causes in (
            (
                "401",
                "401: the FHIR service didn't accept the access token",
                "Most often its audience isn't this service. WWW-Authenticate says what is wrong.",
                f"{AUTHENTICATION} → Audience",
                (
                    Cause(
                        "aud in the token isn't the service's audience.",
                        "WWW-Authenticate says The audience is invalid.",
                        "Request the token with scope=https://NAME.fhir.azurehealthcareapis.com/.default.",
                    ),
                    Cause(
                        "The token has expired or is from another tenant.",
                        "Decode it: exp and iss.",
                        "Request a new token from the tenant of the service.",
                    ),
                ),
            ),
            (
                "403",
                "403: the user or app has no FHIR data role on this service",
                "The token is valid, or the answer would be 401. What is missing is usually a role assignment.",
                ROLES,
                (
                    Cause(
                        "No role such as FHIR Data Contributor was assigned to the oid in the token.",
                        "Look at Access control (IAM) of the service.",
                        "Assign the role to the user or to the app's service principal, and wait some minutes.",
                    ),
                    Cause(
                        "The SMART scopes in the token don't cover this resource type.",
                        "Look at scp in the token.",
                        "Request the scope for this type.",
                    ),
                ),
            ),
        )
    ),
)

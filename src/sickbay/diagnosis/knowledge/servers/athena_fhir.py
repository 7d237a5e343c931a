"""athenahealth: refusals of the FHIR server, checklists for bare error codes, and symptoms in prose."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

ISSUES = "https://github.com/athenahealth/apiserver-athenaFlex/issues/"
PORTAL = "mydata.athenahealth.com: My Apps, then your app. athenaOne: docs.athenahealth.com/api."
ADMINISTRATION = "athenaPractice or athenaFlow: Administration, Users, the user's security groups."
NAMED = MARKS["athena"]
"""For phrases that other servers use too: the text has to name this one."""

ERRORS = (
    KnownError(
        id="athena-not-authorized",
        servers=("athena", "hapi", "spring", "entra"),
        text=(('diagnostics" => "not authorized"', 'diagnostics value="not authorized"', 'diagnostics": "not authorized"'),),
        title="Not authorized: the token has no scope for this resource",
        why="athenaPractice answers so if the scopes of the token don't cover the type. Scheduling types such as Schedule, "
        "Slot and Location aren't part of a patient's record, so patient/ scopes don't cover them.",
        causes=(
            Cause(
                "The token has only patient/ scopes.",
                "Look at scope in the token response.",
                "Request user/ scopes, for example user/Slot.read or user/*.read, and sign in as a provider.",
            ),
            Cause(
                "The authorization code was sent as the access token.",
                "The Bearer value is the code of the redirect.",
                "Exchange the code at the token endpoint and send access_token.",
            ),
            Cause(
                "The signed-in user lacks the permission in the practice, so the scope wasn't granted.",
                "The granted scope is smaller than the requested one.",
                "Let the administrator add the permission to the user, and get a new token.",
            ),
        ),
        where=ADMINISTRATION,
        source=ISSUES + "399",
        confidence="observed",
    ),
    KnownError(
        id="athena-unauthorized-with-token",
        servers=("athena",),
        text=(NAMED, ("not authorized", "unauthorized", "401"), ("token",), ("fhir", "resource", "endpoint", "api")),
        without=("invalid_client", "basic realm"),
        title="The FHIR server refuses the token: the scope, the user or the practice's authorization is missing",
        why="A token isn't enough: the app has to be authorized in the practice, the user behind the token needs the "
        "permission, and the scope has to cover the type.",
        causes=(
            Cause(
                "The scope doesn't cover the type: patient/*.read covers only the patient's own record.",
                "Look at scope in the token response.",
                "Request user/ scopes such as user/Location.read or user/*.read.",
            ),
            Cause(
                "The token wasn't issued by this server's /oauth2/token, but by Azure AD (Entra ID) directly.",
                "Its iss is login.microsoftonline.com or sts.windows.net.",
                "Register the app in the developer portal and request the token from {base URL}/oauth2/token.",
            ),
            Cause(
                "The practice hasn't authorized the app, or the service user isn't in API Server User.",
                "The same token request works in the sandbox.",
                "Let the administrator authorize the app and add the user to API Server User.",
            ),
        ),
        where=ADMINISTRATION,
        source=ISSUES + "405",
        confidence="observed",
    ),
    KnownError(
        id="athena-azure-token",
        servers=("athena", "entra"),
        text=(NAMED, ("azure ad", "entra", "ropc", "microsoft"), ("token",), ("401", "unauthorized", "metadata")),
        title="Access token: the FHIR server expects one of its own /oauth2/token, not one of Azure AD",
        why="athenaPractice uses Azure AD (Entra ID) only to sign in users. Its FHIR API accepts only tokens of its own "
        "token endpoint.",
        causes=(
            Cause(
                "The token was requested from login.microsoftonline.com.",
                "Decode the token: iss is Microsoft's.",
                "Register the app in the developer portal, let the practice authorize it, and use {base URL}/oauth2/token.",
            ),
        ),
        where=PORTAL,
        source=ISSUES + "373",
        confidence="documented",
    ),
    KnownError(
        id="athena-service-user-scopes",
        servers=("athena", "entra"),
        text=(
            ("service-account", "service account", "service user"),
            ("scope", "permission"),
            ("missing", "not granted", "– no", "- no"),
        ),
        without=("googleapis", "gserviceaccount"),
        title="scope: the service account doesn't have the permissions behind these scopes",
        why="The server grants a user/ scope only if the user behind the token has the permission for it in the practice.",
        causes=(
            Cause(
                "The user lacks the permission in the EHR.",
                "Compare the granted scope in the token response with the requested one.",
                "Ask the practice's administrator to add the permissions to the user, then request a new token.",
            ),
            Cause(
                "The scope wasn't requested, or isn't registered for the app.",
                "Look at scope in the token request.",
                "Request each missing scope, such as user/DocumentReference.write.",
            ),
        ),
        where=ADMINISTRATION,
        source=ISSUES + "347",
        confidence="observed",
    ),
    KnownError(
        id="athena-fewer-scopes",
        servers=("athena",),
        text=(
            NAMED,
            ("scope",),
            (
                "returned:",
                "doesn't accept all",
                "full suite",
                "default scope",
                "not seeing",
                "not granted",
                "only returns",
                "fewer",
            ),
        ),
        title="scope: athenahealth granted fewer scopes than the app requested",
        why="A scope is granted only if the version supports it, the app is registered for it, and the signed-in user has "
        "the permission.",
        causes=(
            Cause(
                "The user lacks the permission, or the account is locked.",
                "Another provider's login gives more scopes.",
                "Let the administrator unlock the user and add the permission, then get a new token.",
            ),
            Cause(
                "The scope's spelling isn't supported: v1 knows .read and .write, and not .create or .update.",
                "Compare it with scopes_supported.",
                "Request user/Appointment.write, or the v2 form user/Appointment.cu, whichever is listed.",
            ),
            Cause(
                "The scope isn't registered for the app.",
                "The portal doesn't list it.",
                "Add it to the registration.",
            ),
        ),
        where=ADMINISTRATION,
        source=ISSUES + "246",
        confidence="observed",
    ),
    KnownError(
        id="athena-write-scope",
        servers=("athena",),
        text=(NAMED, ("invalid scope", "invalid_scope"), ("create", "write", "*.*")),
        title="scope: writing needs a .write scope for the type, such as user/Patient.write",
        why="Wildcards like patient/*.* aren't granted for writing.",
        causes=(
            Cause(
                "The request has patient/*.* instead of a named write scope.",
                "Look at scope in the authorization URL.",
                "Request user/Patient.write (or patient/Patient.write) by name.",
            ),
            Cause(
                "The app isn't registered for writing.",
                "The portal lists only read scopes.",
                "Register the write scope and let the practice enable API Writes.",
            ),
        ),
        where=PORTAL,
        source=ISSUES + "283",
        confidence="documented",
    ),
    KnownError(
        id="athena-search-parameter",
        servers=("athena", "hapi"),
        text=(("does not know how to handle get operation", "does not know how to handle get"), ("with parameters",)),
        without=("$export", "$everything"),
        captures=(r"operation\[(?P<resource>\w+)\] with parameters \[+(?P<parameter>[\w, -]+)",),
        title="Search parameter: this server doesn't support {parameter} for {resource}",
        why="The server has no search with this combination of parameters. It isn't a matter of the token.",
        causes=(
            Cause(
                "The name isn't a search parameter of this type.",
                "The CapabilityStatement at /metadata lists the supported ones.",
                "Read Patient/{id} directly, or search with _id or identifier.",
            ),
            Cause(
                "A required parameter is missing, such as patient.",
                "The documentation of the type lists the combinations.",
                "Add patient={id}.",
            ),
        ),
        source=ISSUES + "254",
        confidence="documented",
    ),
    KnownError(
        id="athena-form-post",
        servers=("athena",),
        text=(
            NAMED,
            ("post request", "issuing post", "issues a post", "http method 'get'"),
            ("redirect", "auth_code", "callback"),
        ),
        title="response_mode: the response arrives by POST, errors arrive by GET, and the redirect URI has to accept both",
        why="With response_type=code id_token the server uses form_post: a page posts code and id_token. SMART apps expect "
        "a GET with code in the query.",
        causes=(
            Cause(
                "The authorization URL has response_type=code id_token or response_mode=form_post.",
                "Look at both parameters.",
                "Send response_type=code and no response_mode, or let the redirect endpoint accept POST as well as GET.",
            ),
            Cause(
                "The endpoint accepts only POST, and an error came back by GET.",
                "The address has error= in its query.",
                "Accept GET too and read error and error_description.",
            ),
        ),
        source=ISSUES + "159",
        confidence="observed",
    ),
    KnownError(
        id="athena-get-not-supported",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("requested resource does not support http method 'get'",),),
        title="GET: the app's redirect endpoint accepts only POST, but the response came by GET",
        why="An authorization server redirects the browser, which sends a GET, unless response_mode=form_post was "
        "requested. Errors always come by GET.",
        causes=(
            Cause(
                "The endpoint is written for form_post only.",
                "The address in the browser has error= or code= in its query.",
                "Let the endpoint accept GET too, and read code, or error and error_description, from the query.",
            ),
        ),
        source=ISSUES + "154",
        confidence="observed",
    ),
    KnownError(
        id="athena-callback-500",
        servers=("athena", "spring"),
        text=(("authorize-callback",), ("500", "jbweb")),
        title="500 at authorize-callback: the server failed with an exception after the login",
        why="Old sandbox versions fail if the authorization URL isn't the one that they expect.",
        causes=(
            Cause(
                "response_type isn't the one of this version, or aud has another host.",
                "Compare the URL with the portal's example.",
                "Use response_type=code (old versions: code id_token) and the server's own host in aud.",
            ),
            Cause(
                "The sandbox is an old version.",
                "The host is cpsapisandbox.",
                "Use the newest sandbox host that the portal lists.",
            ),
        ),
        source=ISSUES + "208",
        confidence="observed",
    ),
    KnownError(
        id="athena-bearer-base64",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("bearer base64encodedclientid", "bearer base64(", '"bearer " + base64', "bearer base64"),),
        title="Authorization header: client ID and secret belong into Basic, not into Bearer",
        why="Bearer announces an access token. The token endpoint reads the client's credentials only from Basic.",
        causes=(
            Cause(
                "The scheme is Bearer.",
                "The header is Bearer followed by base64 of two values with a colon.",
                "Send Authorization: Basic followed by base64(client_id:client_secret).",
            ),
        ),
        source="https://mydata.athenahealth.com/access-the-apis",
        confidence="documented",
    ),
    KnownError(
        id="athena-api-server-user",
        servers=("athena", "entra"),
        text=(
            ("api server user", "service account"),
            ("forbidden", "403", "401", "denied", "not authorized", "unauthorized"),
            ("aad", "athena", "practice", "patient", "observation", "api server user"),
        ),
        without=("googleapis", "gserviceaccount", "keycloak"),
        title="API Server User: the service account lacks the role or its permissions, so the data request is refused",
        why="A token can be issued although the user may not read data. The FHIR server checks the permissions of the user "
        "behind the token.",
        causes=(
            Cause(
                "The service account isn't in the security group or role API Server User.",
                "The administrator sees the user's groups.",
                "Add the account to API Server User and get a new token.",
            ),
            Cause(
                "The account lacks the permission for the type.",
                "Patient works and Observation doesn't.",
                "Add the permission to the user's role.",
            ),
            Cause(
                "The scope in the token doesn't cover the type.",
                "Look at scope in the token response.",
                "Request user/*.read.",
            ),
        ),
        where=ADMINISTRATION,
        source=ISSUES + "244",
        confidence="observed",
    ),
    KnownError(
        id="athena-aud-without-fhir",
        servers=("athena",),
        text=(
            ("oauth2/authorize?",),
            (
                "apiserver&client_id=",
                "apiserver&response_type=",
                "apiserver&scope=",
                "apiserver&state=",
                "apiserver&redirect_uri=",
                "apiserver& client_id=",
                "apiserver&disable",
            ),
            ("error", "fail", "oops", "unable", "not able", "issue", "unsuccessful", "same issue"),
        ),
        title="aud: in this authorization URL it lacks the path of the FHIR base URL",
        why="If athenaPractice refuses this URL, aud is most often the reason: newer versions accept only the FHIR base "
        "URL, with /fhir/r4 at its end.",
        causes=(
            Cause(
                "aud ends with APIServer.",
                "Compare it with the address of your FHIR requests.",
                "Send aud=https://{host}/{database}APIServer/fhir/r4, with the same host and port as in the address.",
            ),
            Cause(
                "A placeholder is still in the URL, or redirect_uri isn't registered.",
                "Look for redirectURL or ClientIDfromDevPortal.",
                "Replace every placeholder, and send exactly the registered redirect URI.",
            ),
        ),
        source=ISSUES + "313",
        confidence="inferred",
    ),
    KnownError(
        id="athena-oops",
        servers=("athena",),
        text=(NAMED, ("oops",), ("authorize", "authorization", "log in", "login", "select patient")),
        without=("session_expired", "invalid_state"),
        title="The authorize page shows only Oops!, so the server refused the request without a reason",
        why="athenaPractice redirects with an error only if it trusts client and redirect URI. In other cases it shows this "
        "page.",
        causes=(
            Cause(
                "aud isn't the FHIR base URL of this server.",
                "aud lacks /fhir/r4, or has another host.",
                "Send aud with the host of the authorize URL and the path ending with /fhir/r4.",
            ),
            Cause(
                "client_id or redirect_uri isn't that of the registration.",
                "Compare both with the Developer Portal.",
                "Copy client_id in full length, and send the registered redirect URI.",
            ),
            Cause(
                "launch is used up or unknown.",
                "The request without launch works.",
                "Create a new session for each launch, and use its value once.",
            ),
            Cause(
                "response_type doesn't fit the version.",
                "It is code id_token.",
                "Send response_type=code, without response_mode.",
            ),
        ),
        source=ISSUES + "267",
        confidence="inferred",
    ),
)

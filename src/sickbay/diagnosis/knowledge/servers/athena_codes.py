"""athenahealth: checklists for bare error codes and statuses, the most likely cause first."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

ISSUES = "https://github.com/athenahealth/apiserver-athenaFlex/issues/"
ATHENA_ONE = "https://docs.athenahealth.com/api/guides/authentication-and-url-locations"
PORTAL = "mydata.athenahealth.com: My Apps, then your app. athenaOne: docs.athenahealth.com/api."
ADMINISTRATION = "athenaPractice or athenaFlow: Administration, Users, the user's security groups."
NAMED = MARKS["athena"]
"""For phrases that other servers use too: the text has to name this one."""

ERRORS = (
    KnownError(
        id="athena-basic-challenge",
        servers=("athena",),
        text=(("www-authenticate: basic", "basic realm"),),
        title="401 with a Basic challenge: the token endpoint doesn't accept the credentials in the header",
        why="With client_credentials athenaPractice signs in the user in the Basic header at Azure AD (Entra ID). The user, "
        "its password or its API permission is refused.",
        causes=(
            Cause(
                "The user's password is wrong or expired, or the user needs MFA.",
                "Sign in as this user at the Microsoft login page.",
                "Reset the password of the service user, without MFA.",
            ),
            Cause(
                "The user isn't in the security group API Server User.",
                "The administrator sees the groups.",
                "Add the user to API Server User.",
            ),
            Cause(
                "The request is a GET with everything in the URL.",
                "Look at the method.",
                "Send POST with a form-encoded body, and Basic with the registered client_id and secret.",
            ),
        ),
        where=ADMINISTRATION,
        source=ISSUES + "142",
        confidence="observed",
    ),
    KnownError(
        id="athena-invalid-client",
        servers=("athena",),
        codes=("invalid_client",),
        title="invalid_client: athenahealth's server didn't accept the client or the user",
        why="athenaPractice uses this code for the client and also for the user who signs in. The error_description tells "
        "them apart.",
        causes=(
            Cause(
                "The client ID isn't registered or authorized in this environment.",
                "The description says unknown client or invalid client_id.",
                "Copy the client ID from the portal and let the practice authorize the app.",
            ),
            Cause(
                "The user name or password is wrong.",
                "The description says user name or password.",
                "Check the service user in Entra ID and its group API Server User.",
            ),
            Cause(
                "The client secret is wrong, or not sent as Basic.",
                "Decode the header: client_id:client_secret.",
                "Send Authorization: Basic base64(client_id:client_secret).",
            ),
        ),
        where=PORTAL,
        source=ISSUES + "266",
        confidence="observed",
    ),
    KnownError(
        id="athena-invalid-grant",
        servers=("athena",),
        codes=("invalid_grant", "unsupported_grant_type"),
        title="The code, the refresh token or the grant type isn't accepted by athenahealth's server",
        why="A code is valid once and for a short time. Older athenaPractice versions offer only authorization_code and "
        "refresh_token.",
        causes=(
            Cause(
                "The code was used already or has expired.",
                "The log shows two requests with it.",
                "Get a new code and redeem it once.",
            ),
            Cause(
                "redirect_uri differs from the authorization URL.",
                "Compare both.",
                "Send the same redirect_uri.",
            ),
            Cause(
                "The grant isn't enabled on this server.",
                "grant_types_supported doesn't list it.",
                "Use authorization_code, or let the practice enable client_credentials.",
            ),
        ),
        source=ISSUES + "348",
        confidence="observed",
    ),
    KnownError(
        id="athena-invalid-scope",
        servers=("athena",),
        codes=("invalid_scope", "unauthorized_client"),
        title="scope: athenahealth's server doesn't allow a requested scope for this app",
        why="Only scopes that are registered for the app, and that this version supports, are accepted.",
        causes=(
            Cause(
                "A scope isn't registered for the app.",
                "Compare the request with the scopes in the portal.",
                "Register the scope, or remove it from the request.",
            ),
            Cause(
                "v1 and v2 scopes, or wildcards, aren't supported by this version.",
                "Look at scopes_supported in the smart-configuration.",
                "Request only listed scopes, such as user/Patient.read.",
            ),
            Cause(
                "athenaOne: the scope lacks the product prefix, or 2-legged and 3-legged scopes are mixed.",
                "2-legged apps use athena/service/Athenanet.MDP.* or system/ scopes.",
                "Request athena/service/Athenanet.MDP.* for a 2-legged app.",
            ),
        ),
        where=PORTAL,
        source=ATHENA_ONE,
        confidence="observed",
    ),
    KnownError(
        id="athena-authorize-error",
        servers=("athena",),
        codes=("invalid_request", "access_denied", "server_error"),
        title="athenahealth's server refused the authorization request",
        why="Most often aud, redirect_uri or the host isn't the one of this server.",
        causes=(
            Cause(
                "aud isn't the FHIR base URL.",
                "Compare it with the address of your FHIR requests.",
                "Send aud=https://{host}/{database}APIServer/fhir/r4.",
            ),
            Cause(
                "redirect_uri isn't the registered one.",
                "The payload of the client ID lists redirect_uris.",
                "Send exactly the registered redirect URI.",
            ),
            Cause(
                "The user declined, or may not use the app.",
                "Another user succeeds.",
                "Sign in with a user of the practice.",
            ),
        ),
        where=PORTAL,
        source=ISSUES + "297",
        confidence="observed",
    ),
    KnownError(
        id="athena-forbidden",
        servers=("athena",),
        codes=("403", "insufficient_scope", "forbidden"),
        title="403: the token doesn't allow this request at athenahealth's server",
        why="Usually the granted scope doesn't cover the type: patient/ scopes don't cover Schedule, Slot or Location.",
        causes=(
            Cause(
                "The scope is missing.",
                "Look at scope in the token response.",
                "Request a user/ scope for the type, such as user/Slot.read.",
            ),
            Cause(
                "athenaOne: the practice hasn't enabled the app, or the practice ID in the URL is another one.",
                "The same call works in the preview practice 195900.",
                "Use the practice ID that authorized the app.",
            ),
            Cause(
                "The user lacks the permission.",
                "Another provider's token works.",
                "Let the administrator add the permission.",
            ),
        ),
        where=ADMINISTRATION,
        source=ISSUES + "399",
        confidence="observed",
    ),
    KnownError(
        id="athena-unauthorized",
        servers=("athena",),
        codes=("401", "invalid_token"),
        title="401: athenahealth's server got no credentials that it accepts",
        why="At the token endpoint these are the client's, at the FHIR API it is the access token.",
        causes=(
            Cause(
                "The access token has expired (one hour) or is from another server.",
                "Compare expires_in and the host of the token endpoint.",
                "Get a new access token from this server's /oauth2/token.",
            ),
            Cause(
                "The client ID or secret is wrong or was changed.",
                "The 401 comes from the token endpoint.",
                "Copy the secret again and send Basic base64(client_id:client_secret).",
            ),
            Cause(
                "The practice hasn't authorized the app or the user.",
                "It works in the sandbox.",
                "Let the administrator authorize the app and add the user to API Server User.",
            ),
        ),
        where=PORTAL,
        source=ISSUES + "334",
        confidence="observed",
    ),
    KnownError(
        id="athena-not-found",
        servers=("athena",),
        codes=("404", "500", "502", "503", "504"),
        title="athenahealth's server isn't at this address, or failed",
        why="Sandbox hosts change with every version, and practices have their own hosts, ports and database names.",
        causes=(
            Cause(
                "The host, the port or the database name in the URL is wrong.",
                "{base URL}/metadata fails too.",
                "Use the current sandbox host of the portal, such as "
                "https://ap25sandbox.fhirapi.athenahealth.com/demoAPIServer.",
            ),
            Cause(
                "The server is under maintenance, or blocks your country or network.",
                "It works from another network.",
                "Try again later, or ask athenahealth support.",
            ),
        ),
        source=ISSUES + "68",
        confidence="observed",
    ),
    KnownError(
        id="athena-rate-limit",
        servers=("athena",),
        codes=("429",),
        title="429: too many token requests or calls",
        why="athenaOne allows 50 token requests a minute in production and 5 in preview. A token is valid for an hour.",
        causes=(
            Cause(
                "A new token is requested for every call.",
                "Count the token requests in your log.",
                "Cache the access token and reuse it until it expires.",
            ),
        ),
        source=ATHENA_ONE,
        confidence="documented",
    ),
    KnownError(
        id="athena-bad-credentials",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("security_invalid_credentials",),),
        title="Credentials: the server doesn't accept the name and secret in the Basic header",
        why="This server checks the pair against its own registrations. A pair of the sandbox or of another practice isn't "
        "known.",
        causes=(
            Cause(
                "The client isn't registered or active on this server.",
                "The same pair works on another server.",
                "Register and authorize the app for this practice, and use its client ID and secret.",
            ),
            Cause(
                "The secret is wrong, or ID and secret are exchanged.",
                "Decode the Basic header.",
                "Copy the secret again and send Basic base64(client_id:client_secret).",
            ),
            Cause(
                "The URL is an internal service, not the FHIR server's token endpoint.",
                "It contains /ws/Services/rs/.",
                "Use {host}/{database}APIServer/oauth2/token.",
            ),
        ),
        where=PORTAL,
        source=ISSUES + "319",
        confidence="observed",
    ),
    KnownError(
        id="athena-other-product",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("not configured to use fuzzy",),),
        title="client: this client isn't registered for the login of this athenahealth product",
        why="athenaOne and athenaPractice have different portals and clients. The login service doesn't know this client.",
        causes=(
            Cause(
                "A client of one product is used at the login of the other, or a 2-legged client in a login.",
                "Compare the portal in which the app was created with the host of the URL.",
                "Register a 3-legged app in athenaOne's portal, docs.athenahealth.com, and use its client ID.",
            ),
        ),
        source=ISSUES + "315",
        confidence="inferred",
    ),
    KnownError(
        id="athena-policy-evaluation",
        servers=("athena",),
        text=(NAMED, ("policy evaluation failed for this request",)),
        title="access_denied: the access policy of the authorization server allows no token for this client, grant and scope",
        why="The text is that of Okta, which athenaOne uses. A policy of the server has to allow this client this grant "
        "with all requested scopes.",
        causes=(
            Cause(
                "The client isn't registered for this kind of login: 2-legged and 3-legged apps have separate clients.",
                "The app was created for service-to-service access.",
                "Register a 3-legged (patient- or provider-facing) app and use its client ID.",
            ),
            Cause(
                "A requested scope isn't assigned to the client.",
                "With fewer scopes it works.",
                "Request only scopes that the app's page lists.",
            ),
            Cause(
                "Preview and production are mixed.",
                "The host is api.preview.platform or api.platform.",
                "Use the client ID of this environment.",
            ),
        ),
        where=PORTAL,
        source=ATHENA_ONE,
        confidence="observed",
    ),
    KnownError(
        id="athena-host-changed",
        servers=("athena",),
        text=(
            NAMED,
            ("refused to connect", "can't be reached", "timeout", "timed out", "sandbox down", "is down", "unreachable"),
        ),
        title="Host: the address is that of an old sandbox, or the server doesn't answer",
        why="Sandbox hosts change with every version. An old host refuses connections, or redirects to an address that no "
        "longer exists.",
        causes=(
            Cause(
                "The URL has the host of an old version, such as virenceaz.com or cpsapisandbox.",
                "The portal lists another host.",
                "Use the newest sandbox host that the portal lists, in the authorize URL, in aud and in the token URL.",
            ),
            Cause(
                "The sandbox is under maintenance.",
                "{base URL}/metadata doesn't answer.",
                "Try again later, or ask athenahealth support.",
            ),
            Cause(
                "A firewall or a country filter blocks the request.",
                "It works from another network.",
                "Ask the practice or athenahealth to allow your address.",
            ),
        ),
        source=ISSUES + "187",
        confidence="observed",
    ),
    KnownError(
        id="athena-bad-request",
        servers=("athena",),
        codes=("400", "422", "processing"),
        title="400: the FHIR server can't process this request as it is",
        why="athenaPractice supports only the searches and elements that its documentation lists for the version.",
        causes=(
            Cause(
                "A search parameter or a combination isn't supported.",
                "The CapabilityStatement at /metadata lists them.",
                "Use a documented search, such as Appointment?patient={id}.",
            ),
            Cause(
                "An element of the body is missing or has another form.",
                "diagnostics names it.",
                "Compare the body with the example in the documentation.",
            ),
        ),
        source=ISSUES + "254",
        confidence="inferred",
    ),
)

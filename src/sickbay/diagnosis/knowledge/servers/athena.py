"""athenahealth: errors at authorize and token of athenaPractice and athenaFlow (earlier Centricity and Virence)."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

ISSUES = "https://github.com/athenahealth/apiserver-athenaFlex/issues/"
PORTAL = "mydata.athenahealth.com: My Apps, then your app."
ADMINISTRATION = "athenaPractice or athenaFlow: Administration, Users, the user's security groups."
NAMED = MARKS["athena"]
"""For phrases that other servers use too: the text has to name this one."""

ERRORS = (
    KnownError(
        id="athena-old-audience",
        is_evident=True,
        text=(("session timed out", "authorization request was invalid"), ("virenceaz.com", "gehealthcare.com")),
        title="aud: it names an old sandbox; it must be the base URL of the server that the request is sent to",
        why="athenahealth says that the session timed out for each authorization request that it can't use.",
        causes=(
            Cause(
                "aud has the host of an old sandbox.",
                "Compare the host in aud with that of the authorization URL.",
                "Set aud to the base URL of the current sandbox, in the authorization URL's own host.",
            ),
        ),
        source="https://github.com/athenahealth/apiserver-athenaFlex/issues/188",
        confidence="observed",
    ),
    KnownError(
        id="athena-client-id-required",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("client id is required in the authorization header",),),
        title="Client authentication: the server finds no client ID in the Authorization header",
        why="Confidential apps authenticate with Basic, public apps send client_id in the body. Another scheme, such as "
        "Bearer, is ignored.",
        causes=(
            Cause(
                "The header says Bearer instead of Basic.",
                "Look at the Authorization header of the token request.",
                "Send Authorization: Basic followed by base64(client_id:client_secret).",
            ),
            Cause(
                "The app is public and sends no client_id.",
                "The body has no client_id.",
                "Send client_id in the body.",
            ),
        ),
        where=PORTAL,
        source="https://mydata.athenahealth.com/access-the-apis",
        confidence="documented",
    ),
    KnownError(
        id="athena-invalid-audience",
        servers=("athena", "hapi"),
        text=(("invalid audience parameter",),),
        captures=(r"invalid audience parameter\s+(?P<audience>https?:\S+)",),
        title="aud: {audience} isn't the FHIR base URL of this server",
        why="athenaPractice compares aud with its own FHIR base URL: host, port, database name and the path /fhir/r4.",
        causes=(
            Cause(
                "The path /fhir/r4 is missing.",
                "aud ends with APIServer.",
                "Send aud=https://{host}/{database}APIServer/fhir/r4, the base URL of your FHIR requests.",
            ),
            Cause(
                "The host or port isn't the one in the authorization URL.",
                "Compare both, the port included.",
                "Use the same host and port in aud as in the address of the authorize endpoint.",
            ),
        ),
        source=ISSUES + "383",
        confidence="documented",
    ),
    KnownError(
        id="athena-invalid-client-id",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("contact fhir server administrator for help with client validation",),),
        title="client_id: this FHIR server doesn't know the client, or it isn't active there",
        why="Each practice's server checks the client_id with the registrations that it has authorized.",
        causes=(
            Cause(
                "The app isn't registered or authorized in this practice.",
                "The same client_id works in the sandbox.",
                "Set the app to production in the portal and let the practice's administrator authorize it.",
            ),
            Cause(
                "The client_id isn't the one from the portal, or it was shortened when it was copied.",
                "Compare both; the portal's IDs are long JWTs.",
                "Copy the whole client ID from the portal.",
            ),
        ),
        where=PORTAL,
        source=ISSUES + "383",
        confidence="documented",
    ),
    KnownError(
        id="athena-unknown-client",
        servers=("athena",),
        text=(NAMED, ("unknown client", "unknown%20client")),
        title="client_id: this athenahealth server doesn't know the client",
        why="The client_id isn't registered for the environment in the URL, or it isn't complete.",
        causes=(
            Cause(
                "The client_id belongs to another environment or sandbox version.",
                "The host in the URL isn't the one the app was registered for.",
                "Use the client ID that the developer portal shows for this environment, and copy all of it.",
            ),
            Cause(
                "The app isn't authorized in this practice.",
                "It works in the sandbox.",
                "Let the practice's administrator authorize the app.",
            ),
        ),
        where=PORTAL,
        source=ISSUES + "154",
        confidence="observed",
    ),
    KnownError(
        id="athena-user-password",
        servers=("athena", "entra", "msal"),
        text=(("user name or password is invalid", "nua989w06", "nativeuserauthorizationservice"),),
        title="User account: the server could not sign in the user, although the error is called invalid_client",
        why="With the password grant and with client_credentials, athenaPractice signs in a service user at Entra ID (Azure "
        "AD) and then looks for the same user in its own database. The client ID and secret aren't the problem.",
        causes=(
            Cause(
                "The user doesn't exist in Entra ID, its password is wrong or expired, or it needs MFA.",
                "Sign in as this user at the Microsoft login page.",
                "Create the service user in the practice's Entra ID, without MFA, and reset its password.",
            ),
            Cause(
                "athenaPractice or athenaFlow has no user with the same name.",
                "The administrator doesn't find the user there.",
                "Add the user and assign it to the security group API Server User.",
            ),
            Cause(
                "The user name is sent without its domain.",
                "It has no @.",
                "Send the whole name, such as service@practice.onmicrosoft.com.",
            ),
        ),
        where=ADMINISTRATION,
        source=ISSUES + "266",
        confidence="documented",
    ),
    KnownError(
        id="athena-user-not-found",
        servers=("athena",),
        text=(("invalid_user", "user%20not%20found", "user not found"), ("error=invalid_user", "error_description=user")),
        title="User: the person who signed in has no account in this practice",
        why="Entra ID accepted the login, but athenaPractice or athenaFlow has no user that is linked to it.",
        causes=(
            Cause(
                "The account was created in Entra ID only.",
                "The administrator doesn't find the user in athenaPractice.",
                "Add the user in athenaPractice with the same login name and the group API Server User.",
            ),
            Cause(
                "Another Microsoft account of the browser was used.",
                "A private window asks for the account.",
                "Sign in with the practice's account.",
            ),
        ),
        where=ADMINISTRATION,
        source=ISSUES + "314",
        confidence="observed",
    ),
    KnownError(
        id="athena-public-key-not-found",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("public key not found", "public%20key%20not%20found"),),
        title="client_id: the server could not find the public key with which the portal signed it",
        why="The client IDs of athenahealth's portal are signed JWTs (software statements). The FHIR server fetches the "
        "portal's keys to verify them, and that failed. Your request is most likely right.",
        causes=(
            Cause(
                "The server can't reach the portal's JWKS, or the keys were changed.",
                "The same request worked earlier, and other apps fail too.",
                "Try again later or another sandbox version, and report it to athenahealth support.",
            ),
            Cause(
                "The practice's firewall blocks outbound requests of its FHIR server.",
                "It fails only at this practice.",
                "Ask the practice's administrator to allow the server to reach the portal's host.",
            ),
            Cause(
                "The client ID was registered with the old portal.",
                "Its iss is mydata.gehealthcare.com.",
                "Register the app again and use the new client ID.",
            ),
        ),
        where=PORTAL,
        source=ISSUES + "299",
        confidence="observed",
    ),
    KnownError(
        id="athena-redirect-not-approved",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("redirect url is not an approved redirect", "not an approved redirect location"),),
        title="redirect_uri: it isn't among the approved redirect URIs of this client",
        why="The server compares redirect_uri with the ones in the client's registration (in the client_id itself).",
        causes=(
            Cause(
                "The registration has another redirect URI.",
                "Decode the client_id: its payload lists redirect_uris.",
                "Send exactly the registered redirect URI, or register this one and use the new client ID.",
            ),
            Cause(
                "The registration was changed, but the app still uses the old client ID.",
                "The portal shows another ID now.",
                "Copy the new client ID.",
            ),
        ),
        where=PORTAL + " Redirect URL.",
        source=ISSUES + "300",
        confidence="observed",
    ),
    KnownError(
        id="athena-authorize-slash",
        servers=("athena", "entra"),
        text=(("authorize/-callback",),),
        title="redirect_uri of the server's own callback is wrong, because the authorize URL ends with a slash",
        why="The server appends -callback to the address at which it was called. /authorize/ becomes /authorize/-callback, "
        "which isn't registered at Entra ID.",
        causes=(
            Cause(
                "The authorize URL ends with a slash before the question mark.",
                "It contains authorize/?.",
                "Remove the slash: use …/oauth2/authorize?….",
            ),
            Cause(
                "The sandbox is an old version.",
                "The host is cpsapisandbox.",
                "Use the newest sandbox host that the portal lists.",
            ),
        ),
        source=ISSUES + "242",
        confidence="inferred",
    ),
    KnownError(
        id="athena-session-expired",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("session_expired or invalid_state", "session timed out or the authorization request was invalid"),),
        title="The login session is gone: it timed out, or the callback belongs to another authorization request",
        why="The server keeps the authorization request in a session cookie until the login returns. If the cookie is "
        "missing or belongs to another attempt, it shows this page.",
        causes=(
            Cause(
                "The page was left open, reloaded, or opened from a bookmark.",
                "A fresh authorization URL in a private window works.",
                "Open a new authorization URL in a private window and sign in at once.",
            ),
            Cause(
                "The authorization URL uses an old sandbox host.",
                "The portal lists a newer one.",
                "Use the current host in both the URL and aud.",
            ),
            Cause(
                "Cookies of the server are blocked, as in a frame.",
                "The app runs inside another page.",
                "Open the login in its own window.",
            ),
        ),
        source=ISSUES + "288",
        confidence="observed",
    ),
    KnownError(
        id="athena-user-session-not-found",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("user session not found. user must re-authenticate",),),
        title="code: the session behind the authorization code has ended, most often because the code was used already",
        why="A code is valid once. Sending it again after the access token expired doesn't give a new token.",
        causes=(
            Cause(
                "The old code is sent again to get a new access token.",
                "It was redeemed before.",
                "Request offline_access and use the refresh token for new access tokens.",
            ),
            Cause(
                "The code has expired.",
                "Some minutes passed since the redirect.",
                "Sign in again for a new code and redeem it at once.",
            ),
        ),
        source=ISSUES + "173",
        confidence="documented",
    ),
    KnownError(
        id="athena-refresh-not-mapped",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("refresh token could not be mapped",),),
        title="Refresh token: the server no longer has the authorization to which it belongs",
        why="Some versions forget the authorization when its access token expires. Each refresh also replaces the refresh "
        "token.",
        causes=(
            Cause(
                "The refresh was sent after the access token had expired.",
                "A refresh before the hour is over works.",
                "Refresh some minutes before the access token expires; otherwise let the user sign in again.",
            ),
            Cause(
                "An older refresh token was sent.",
                "The last token response has another one.",
                "Store and send the newest refresh token.",
            ),
        ),
        source=ISSUES + "107",
        confidence="documented",
    ),
    KnownError(
        id="athena-token-unexpected-error",
        servers=("athena",),
        text=(("an unexpected error has occurred. please try this operation again",),),
        title="The server failed with an unexpected error while it handled the token request",
        why="athenaPractice answers 500 with this text for faults that it doesn't expect. Most often the code was used or "
        "is expired, or the request goes to an old host.",
        causes=(
            Cause(
                "The authorization code was used already, expired, or was copied with extra characters.",
                "A new code that is redeemed at once works.",
                "Get a new authorization code and redeem it once, percent-encoded.",
            ),
            Cause(
                "The host of the sandbox has changed.",
                "The portal lists another host, without a port.",
                "Use the current host in the authorize URL, in aud and in the token URL.",
            ),
            Cause(
                "redirect_uri is missing or differs from the authorization URL.",
                "Compare both requests.",
                "Send the same redirect_uri in both.",
            ),
            Cause(
                "The sandbox itself is at fault.",
                "It fails for a request that worked earlier.",
                "Try again later, and report it to athenahealth support.",
            ),
        ),
        source=ISSUES + "202",
        confidence="observed",
    ),
    KnownError(
        id="athena-grant-type",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("grant type must be one of authorization_code or refresh_token",),),
        title="grant_type: this athenaPractice version accepts only authorization_code and refresh_token",
        why="client_credentials and password are available only in newer versions, and only if the practice has enabled them.",
        causes=(
            Cause(
                "The server's version has no client_credentials, or the practice hasn't enabled it.",
                "grant_types_supported in the server's smart-configuration doesn't list it.",
                "Use authorization_code with a user's login, or ask the practice to upgrade and enable app service "
                "authentication.",
            ),
            Cause(
                "The scope athena/service/Athenanet.MDP.* belongs to athenaOne, which is another product.",
                "The scope starts with athena/service.",
                "Use api.platform.athenahealth.com for athenaOne.",
            ),
        ),
        source=ISSUES + "348",
        confidence="documented",
    ),
    KnownError(
        id="athena-invalid-requested-scope",
        servers=("athena", "hapi", "spring", "entra"),
        text=(("invalid requested scope",),),
        title="scope: the server doesn't know one of the requested scopes",
        why="Versions differ in the scopes that they accept. After an upgrade, wildcards such as user/Patient.* may no "
        "longer be supported.",
        causes=(
            Cause(
                "A scope is written in a way that this version doesn't support.",
                "Compare each scope with scopes_supported in the server's smart-configuration.",
                "Request only listed scopes, for example user/Patient.read or user/Patient.rs.",
            ),
            Cause(
                "The scope isn't registered for the app.",
                "The portal doesn't list it.",
                "Add the scope to the app's registration.",
            ),
        ),
        where=PORTAL,
        source=ISSUES + "356",
        confidence="observed",
    ),
)

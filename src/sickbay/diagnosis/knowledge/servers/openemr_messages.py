"""OpenEMR: the messages of its own authorization server, in responses and in its log."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS
from sickbay.diagnosis.knowledge.servers.openemr import CLIENTS, CONNECTORS

SOURCE = "https://github.com/openemr/openemr/blob/master/src/RestControllers/AuthorizationController.php"
NAMED = MARKS["openemr"]
"""For phrases that other servers use too: the text has to name this one."""

ERRORS = (
    KnownError(
        id="openemr-aud",
        text=(("aud parameter did not match authorized server",),),
        title="aud: OpenEMR expects the FHIR base URL of this site",
        why="With launch aud is required, without it aud is checked only if it is sent.",
        causes=(
            Cause(
                "aud is the host, the authorization server or another site.",
                "Compare it with https://{host}/apis/default/fhir.",
                "Send aud=https://{host}/apis/default/fhir, with the site's name instead of default.",
            ),
            Cause(
                "OpenEMR knows itself under another address.",
                "aud is right, but the host differs from the setting.",
                "Set Site Address Override under Connectors to the public address.",
            ),
        ),
        where=CONNECTORS,
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openemr-launch",
        text=(("launch parameter was incorrectly formatted or did not originate from this server",),),
        title="launch: it isn't a launch value of this OpenEMR server",
        why="OpenEMR encrypts patient and intent into launch. A made-up or changed value can't be read.",
        causes=(
            Cause(
                "The value was made up, or is that of another server.",
                "The app was opened without OpenEMR.",
                "Launch the app from the patient summary, or leave launch out and request launch/patient.",
            ),
            Cause(
                "The value was decoded twice, so + became a space.",
                "Compare it with the launch URL.",
                "Percent-encode launch once when you send it on.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openemr-registration-metadata",
        text=(
            (
                "only allowed for confidential clients",
                "unexpected content type",
                "no json body",
                "invalid json",
                "jwks is invalid",
                "redirect_uris is invalid",
                "unsupported token_endpoint_auth_method value",
            ),
            ("invalid_client_metadata", "invalid_redirect_uri", "confidential clients"),
        ),
        title="The registration was refused: the description names the field",
        why="OpenEMR takes JSON at /oauth2/default/registration. Scopes of system/ need a confidential app with keys.",
        causes=(
            Cause(
                "The scopes don't fit the application type.",
                "The description speaks of confidential clients.",
                "Set application_type to private, or leave out system/, user/ and offline_access.",
            ),
            Cause(
                "system/ scopes without a key.",
                "jwks is invalid.",
                "Add jwks or jwks_uri with the public key.",
            ),
            Cause(
                "The body isn't JSON.",
                "Unexpected content type, or no JSON body.",
                "Send Content-Type: application/json with an object.",
            ),
            Cause(
                "redirect_uris isn't an array.",
                "redirect_uris is invalid.",
                "Send redirect_uris as an array of https addresses.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openemr-jwks",
        text=(
            (
                "jwks_uri or jwks string must be provided",
                "malformed jwks missing keys property",
                "failed to retrieve jwk contents from jwk_uri",
            ),
        ),
        title="client_assertion: OpenEMR has no key set with which to check the JWT",
        why="OpenEMR reads jwks_uri at each request, else the key set that was registered.",
        causes=(
            Cause(
                "jwks_uri isn't reachable from the OpenEMR server.",
                "Request it from the server itself.",
                "Publish the key set at a reachable https address, or register jwks.",
            ),
            Cause(
                "The document isn't a key set.",
                "The document has no array called keys.",
                'Return {"keys": [...]}.',
            ),
            Cause(
                "The client has neither.",
                "The client's page.",
                "Register the client again with jwks or jwks_uri.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openemr-assertion",
        servers=("openemr",),
        text=(
            NAMED,
            (
                "jwt failed required constraints",
                "the token is not allowed to be used by this audience",
                "the token was not issued by the given issuers",
                "token signature mismatch",
            ),
        ),
        title="client_assertion: a claim or the signature of the JWT isn't accepted",
        why="iss and sub have to be the client ID, aud the token URL of OpenEMR, exp in the future, and jti new. The "
        "signature is RS384.",
        causes=(
            Cause(
                "aud isn't OpenEMR's token URL.",
                "The log has expectedAudience.",
                "Set aud to https://{host}/oauth2/default/token, as the log expects it.",
            ),
            Cause(
                "The key or algorithm doesn't match.",
                "Signature mismatch in the log.",
                "Sign with RS384 and the private key whose public key is registered under the same kid.",
            ),
            Cause(
                "iss isn't the client ID.",
                "Not issued by the given issuers.",
                "Set iss and sub to the client ID.",
            ),
            Cause(
                "The JWT was used before, or the clock is wrong.",
                "A new JWT works.",
                "Create a JWT with a new jti for each request, valid for at most five minutes.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openemr-client-not-enabled",
        servers=("openemr",),
        text=(
            NAMED,
            ("client returned was not enabled", "returned was not enabled"),
        ),
        title="invalid_client: the client exists but isn't enabled",
        why="OpenEMR disables new confidential apps, and all apps with launch, until an administrator enables them.",
        causes=(
            Cause(
                "The client hasn't been enabled yet.",
                "API Clients shows it as disabled.",
                "Let an administrator enable the client.",
            ),
        ),
        where=CLIENTS,
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openemr-system-user",
        servers=("openemr",),
        text=(
            NAMED,
            ("server was not properly setup",),
        ),
        title="OpenEMR lacks the system user for backend clients",
        why="Tokens of client_credentials belong to the user oe-system, which the upgrade creates.",
        causes=(
            Cause(
                "The database upgrade wasn't run to its end.",
                "The table users has no oe-system.",
                "Run sql_upgrade.php of this version again.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openemr-secret-with-client-credentials",
        servers=("openemr",),
        text=(
            NAMED,
            ("assertion type is not supported", "check the `client_assertion_type` parameter"),
        ),
        title="client_credentials: OpenEMR accepts only a signed JWT, not a client secret",
        why="Backend clients authenticate with client_assertion and private key.",
        causes=(
            Cause(
                "The request has client_secret or Basic.",
                "There is no client_assertion in the body.",
                "Send client_assertion, and client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openemr-introspection",
        servers=("openemr",),
        text=(
            NAMED,
            (
                "not a registered client",
                "client failed security",
                "invalid client app type",
                "missing token or unsupported hint",
            ),
        ),
        title="Introspection: OpenEMR refused the client or the parameters of the request",
        why="The introspection endpoint reads token, client_id and, for confidential apps, client_secret from the form.",
        causes=(
            Cause(
                "client_secret is missing or wrong.",
                "Client failed security, or invalid client app type.",
                "Send client_id and client_secret of the app in the form.",
            ),
            Cause(
                "client_id is unknown.",
                "Not a registered client.",
                "Send the client_id for which the token was issued.",
            ),
            Cause(
                "token_type_hint has another value.",
                "Unsupported hint.",
                "Send access_token or refresh_token, or leave it out.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openemr-csrf",
        text=(("failed authorization due to failed csrf check", "failed authorization due to missing data"),),
        title="The session of the login was lost before the consent was sent",
        why="OpenEMR keeps the request in a session cookie between login and consent.",
        causes=(
            Cause(
                "The cookie wasn't sent: an iframe, http, or another host name.",
                "The browser's storage has no OpenEMR cookie.",
                "Open the login in its own window over https, with the same host name throughout.",
            ),
            Cause(
                "Two logins ran in one browser, or the page stayed open too long.",
                "A private window works.",
                "Start the login again in one tab.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
)

"""SMART App Launcher (launch.smarthealthit.org, smart-launcher-v2): its messages, which its source lists."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

TOKEN = "https://github.com/smart-on-fhir/smart-launcher-v2/blob/main/backend/routes/auth/token.ts"
AUTHORIZE = "https://github.com/smart-on-fhir/smart-launcher-v2/blob/main/backend/routes/auth/authorize.ts"
OPTIONS = "launch.smarthealthit.org: tab Client Registration & Validation."
NAMED = MARKS["smart-launcher"]
"""For phrases that other servers use too: the text has to name this one."""

ERRORS = (
    KnownError(
        id="launcher-invalid-launch-options",
        servers=("smart-launcher", "fhirclient", "inferno"),
        text=(("invalid launch options",),),
        title="launch: the launcher can't decode the launch value",
        why="The launcher keeps its settings in the launch value (base64 of JSON) and in the /sim/ part of the URL. Another "
        "value can't be decoded.",
        causes=(
            Cause(
                "launch is a URL or a made-up value.",
                "Compare it with the launch parameter with which the launcher opened your app.",
                "Copy the launch value from the launch URL unchanged.",
            ),
            Cause(
                "The value was changed by decoding, such as + turned into a space.",
                "Its length differs from the original.",
                "Percent-encode the value when you put it into the authorization URL.",
            ),
        ),
        source=AUTHORIZE,
        confidence="documented",
    ),
    KnownError(
        id="launcher-aud",
        servers=("smart-launcher", "fhirclient", "inferno"),
        text=(("bad audience value", "missing aud parameter"),),
        captures=(r"expected \W{0,3}(?P<expected>https?://[^\s\"'\\]+)",),
        title="aud: the launcher expects the FHIR base URL of this simulation",
        why="aud has to be the FHIR base URL that the launcher sent as iss, here {expected}.",
        causes=(
            Cause(
                "aud is missing or called audience.",
                "Look for aud= in the URL.",
                "Send aud with the value of iss.",
            ),
            Cause(
                "aud is the URL of the FHIR server behind the launcher, or lacks the /sim/ part.",
                "Compare it with iss.",
                "Send aud={expected}.",
            ),
        ),
        source=AUTHORIZE,
        confidence="documented",
    ),
    KnownError(
        id="launcher-redirect-uri",
        servers=("smart-launcher",),
        text=(
            NAMED,
            ("invalid redirect_uri", "missing redirect_uri", "bad redirect_uri"),
        ),
        title="redirect_uri: it doesn't match the ones entered in the launcher, or the two requests differ",
        why="The launcher compares it with its option Allowed Redirect URIs, and at the token endpoint with the "
        "authorization URL.",
        causes=(
            Cause(
                "It isn't in the launcher's list.",
                "Look at Allowed Redirect URIs.",
                "Add this redirect URI to the list, or leave the list empty.",
            ),
            Cause(
                "The token request has another one.",
                "Compare both requests.",
                "Send the same redirect_uri in both.",
            ),
        ),
        where=OPTIONS,
        source=AUTHORIZE,
        confidence="documented",
    ),
    KnownError(
        id="launcher-client-id",
        servers=("smart-launcher",),
        text=(
            NAMED,
            ("invalid client_id", "invalid 'client_id'"),
        ),
        title="client_id: it isn't the one entered in the launcher",
        why="The launcher compares client_id only if its option Client ID is filled in.",
        causes=(
            Cause(
                "The app uses another client_id than the launcher's options.",
                "Compare both.",
                "Enter your client_id in the launcher, or leave the option empty.",
            ),
        ),
        where=OPTIONS,
        source=AUTHORIZE,
        confidence="documented",
    ),
    KnownError(
        id="launcher-code",
        servers=("smart-launcher", "fhirclient", "inferno"),
        text=(("supplied as code parameter in the post body", "missing 'code' parameter"),),
        title="code: the launcher can't read the authorization code",
        why="The launcher's codes are signed JWTs that expire. It reports a bad one as invalid_client.",
        causes=(
            Cause(
                "The code has expired (jwt expired) or was cut when it was copied.",
                "The message ends with the reason.",
                "Start the launch again and redeem the new code at once and completely.",
            ),
            Cause(
                "code wasn't sent in the form body.",
                "Read the body that was sent.",
                "Send code in an application/x-www-form-urlencoded body.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="launcher-pkce",
        servers=("smart-launcher", "fhirclient", "inferno"),
        text=(
            (
                "invalid grant or invalid pkce verifier",
                "unsupported code_challenge_method '",
                "missing code_verifier parameter",
            ),
        ),
        title="code_verifier: it doesn't belong to the code_challenge of the authorization URL",
        why="The launcher computes base64url(SHA-256(code_verifier)) and compares it with code_challenge. It supports only "
        "S256.",
        causes=(
            Cause(
                "The verifier is missing or another one than at the start, as after a reload.",
                "The message shows both values.",
                "Store the code_verifier in sessionStorage until the token request.",
            ),
            Cause(
                "The challenge was computed wrongly: hex, or base64 with padding.",
                "It has 43 characters without = if it is right.",
                "Use base64url without padding of the SHA-256 bytes.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="launcher-basic",
        servers=("smart-launcher", "fhirclient", "inferno"),
        text=(
            (
                "basic authentication is required for confidential clients",
                "the decoded header must contain",
                "in the basic auth header",
            ),
        ),
        title="Client authentication: the launcher expects Basic with the ID and secret of its options",
        why="If the client type is Confidential Symmetric, the token request needs Authorization: Basic "
        "base64(client_id:client_secret).",
        causes=(
            Cause(
                "The header is missing, or the secret is in the body.",
                "Look at the token request.",
                "Send Authorization: Basic base64(client_id:client_secret).",
            ),
            Cause(
                "The ID or secret isn't the one in the launcher.",
                "Compare both.",
                "Enter the same client secret in the launcher, or choose Public as client type.",
            ),
        ),
        where=OPTIONS,
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="launcher-assertion",
        servers=("smart-launcher", "fhirclient", "inferno"),
        text=(
            (
                "missing token 'kid' header",
                "missing token 'jti' claim",
                "missing token 'iss' claim",
                "missing token 'sub' claim",
                "missing token 'exp' claim",
                "missing token 'aud' claim",
                "invalid token 'typ' header",
                "invalid token 'aud' value",
                "the token sub does not match the token iss",
                "keys found in the jwks",
                'could not decode the "client_assertion"',
                "missing 'client_assertion",
                "invalid 'client_assertion_type'",
                "failed to fetch jwks from",
            ),
        ),
        title="client_assertion: the launcher found a fault in the signed JWT or in the JWKS",
        why="The launcher checks the JWT claim by claim and names the first fault in its message.",
        causes=(
            Cause(
                "A claim or header is missing or wrong.",
                "The message names it; aud has to be the token URL with its /sim/ part.",
                "Set iss and sub to the client_id, aud to the token URL, exp, jti, and the headers kid, alg and typ=JWT.",
            ),
            Cause(
                "The JWKS in the launcher has no public key with this kid and alg.",
                "Compare kid and alg with the keys.",
                "Enter the JWKS or its URL with the public key of the JWT's kid.",
            ),
        ),
        where=OPTIONS,
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="launcher-scope",
        servers=("smart-launcher",),
        codes=("invalid_scope",),
        title="scope: the launcher doesn't grant a requested scope",
        why="If Scopes is filled in, only those are granted. Backend clients may request only system/ scopes.",
        causes=(
            Cause(
                "The requested scopes aren't the ones in the launcher's options.",
                "Compare both.",
                "Enter the same scopes in the launcher, or leave the option empty.",
            ),
            Cause(
                "A backend app requests patient/ or user/ scopes.",
                "The request has grant_type=client_credentials.",
                "Request system/Patient.rs or other system/ scopes.",
            ),
        ),
        where=OPTIONS,
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="launcher-content-type",
        servers=("smart-launcher", "fhirclient", "inferno"),
        text=(("invalid request content-type header", "must be 'application/x-www-form-urlencoded'"),),
        title="Content-Type: the token request isn't form-encoded",
        why="The token endpoint reads only application/x-www-form-urlencoded.",
        causes=(
            Cause(
                "The body is JSON or multipart.",
                "The message shows the Content-Type that arrived.",
                "Send the parameters as application/x-www-form-urlencoded, for example with URLSearchParams.",
            ),
        ),
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="launcher-simulated",
        servers=("smart-launcher", "fhirclient", "inferno"),
        text=(("(simulated error)", "simulated invalid", "simulated expired"),),
        title="The error is simulated: the launcher is set to produce it",
        why="The launcher's option Simulated Error makes it answer like this. Your request may be right.",
        causes=(
            Cause(
                "Simulated Error is set in the launcher.",
                "The message contains the word simulated.",
                "Set Simulated Error to None and launch again.",
            ),
        ),
        where="launch.smarthealthit.org: App Launch Options, Simulated Error.",
        source=TOKEN,
        confidence="documented",
    ),
    KnownError(
        id="launcher-iframe-cookie",
        servers=("smart-launcher", "fhirclient", "inferno"),
        text=(
            (
                "simulate launch within the ehr",
                "embedded view",
                "inside an iframe",
                "in an iframe",
                "within the ehr user interface",
            ),
            ("session", "cookie", "state"),
        ),
        title="Session cookie: in the launcher's frame the browser doesn't send it, so the session of /launch is gone",
        why="The simulated EHR shows the app in an iframe of another site. Browsers send cookies there only with "
        "SameSite=None and Secure, which needs HTTPS.",
        causes=(
            Cause(
                "The session cookie has no SameSite=None; Secure.",
                "The session ID differs between the two requests, and it works without the frame.",
                "Set the cookie with SameSite=None; Secure and serve the app over HTTPS.",
            ),
            Cause(
                "The browser blocks cookies of other sites altogether.",
                "It fails with HTTPS too.",
                "Uncheck the simulated EHR, or open the app in a new tab.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/115",
        confidence="documented",
    ),
    KnownError(
        id="launcher-not-launched",
        servers=("smart-launcher", "fhirclient", "inferno"),
        text=(("failed to discover authorization url",),),
        title="iss: the launch page was opened without it, so the library can't find the authorization server",
        why="The page needs the parameters iss and launch, which the EHR or the launcher appends to the launch URL.",
        causes=(
            Cause(
                "The page was opened directly in the browser.",
                "Its address has no iss=.",
                "Enter the address of the page as App's Launch URL at launch.smarthealthit.org, and launch it from there.",
            ),
            Cause(
                "The server at iss has no smart-configuration.",
                "{iss}/.well-known/smart-configuration gives an error.",
                "Use the FHIR base URL as iss.",
            ),
        ),
        source="https://github.com/smart-on-fhir/bp-centiles-app/issues/4",
        confidence="documented",
    ),
    KnownError(
        id="launcher-openid-configuration",
        text=(
            ("openid-configuration",),
            ("issuer", "id_token", "iss"),
            ("sim/", "smart-launcher", "smarthealthit", "/auth/fhir"),
        ),
        title="issuer: there is no openid-configuration at the address in the id_token's iss",
        why="A client verifies an id_token with {iss}/.well-known/openid-configuration. Old launcher versions put another "
        "address into iss (with /auth) than the one where the document is.",
        causes=(
            Cause(
                "iss of the id_token isn't the base URL that serves the document.",
                "Open {iss}/.well-known/openid-configuration: it is an HTML page.",
                "Read the document at the FHIR base URL, or update the launcher to a version in which both are the same.",
            ),
        ),
        source=TOKEN,
        confidence="observed",
    ),
    KnownError(
        id="launcher-service-url-is-resource",
        servers=("smart-launcher", "fhirclient"),
        text=(
            ("fhirserviceurl=", "iss=http"),
            ("smarthealthit.org/patient/", "/fhir/patient/", "/r4/patient/"),
            ("launch.html",),
        ),
        title="fhirServiceUrl: it has to be the base URL of the FHIR server, not the address of a resource",
        why="The library appends /metadata and Patient/{id} to this URL.",
        causes=(
            Cause(
                "The URL contains a resource, such as /Patient/smart-2113340.",
                "Open it with /metadata appended: it fails.",
                "Send the base URL, such as https://r3.smarthealthit.org, and give the patient as patientId in the options.",
            ),
        ),
        source="https://github.com/smart-on-fhir/growth-chart-app/issues/51",
        confidence="documented",
    ),
)

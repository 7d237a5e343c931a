"""Oracle Health (Cerner): symptoms that people describe in prose, and errors of client libraries at its servers."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS
from sickbay.diagnosis.knowledge.servers import cerner, cerner_fhir, cerner_token

FORUM = "https://forums.oracle.com/ords/apexds/post/"
SCOPES = "code-console.cerner.com: My Applications, your application, Scopes or API selection."
NAMED = MARKS["cerner"]
"""For phrases that other servers use too: the text has to name this one."""
KNOWN = tuple(
    phrase
    for entry in (*cerner.ERRORS, *cerner_token.ERRORS, *cerner_fhir.ERRORS)
    for group in entry.text
    for phrase in group
    if ":" in phrase or "_" in phrase or "-" in phrase
)
"""The names of errors that other entries explain."""

ERRORS = (
    KnownError(
        id="cerner-scopes-dropped",
        servers=("cerner",),
        text=(
            NAMED,
            ("scope",),
            (
                "granted scope",
                "dropped",
                "silently drop",
                "scopes are trimmed",
                "trimmed down",
                "not returned in the token",
                "doesn't include",
                "does not include",
                "scope is missing",
                "not granted",
                "scopes are missing",
            ),
        ),
        title="scope: Cerner granted fewer scopes than the app requested",
        why="Cerner silently drops scopes that aren't registered for the app, that are wildcards, or that are written in the "
        "syntax of the other SMART version.",
        causes=(
            Cause(
                "The dropped scopes aren't registered for the app.",
                "Compare the scope of the token response with the APIs selected in the console.",
                "Select each missing API in the console, wait 15 minutes, and authorize again.",
            ),
            Cause(
                "The request uses a wildcard such as patient/*.read.",
                "Look at scope in the authorization URL.",
                "Request each type by name, for example patient/Patient.read patient/Observation.read.",
            ),
            Cause(
                "The app is registered for SMART v2 and requests .read, or vice versa.",
                "The console shows the SMART version of the app; it can't be changed later.",
                "Request patient/Patient.rs for a v2 app.",
            ),
        ),
        where=SCOPES,
        source=FORUM + "smart-on-fhir-scopes-trimmed-to-only-openid-fhiruser-launch-0660",
        confidence="observed",
    ),
    KnownError(
        id="cerner-no-id-token",
        servers=("cerner",),
        text=(
            NAMED,
            ("id_token", "id token"),
            ("missing", "not being returned", "not returned", "no id_token", "without"),
            ("openid",),
        ),
        title="openid: the token response has no id_token, because the scope openid wasn't granted",
        why="Cerner issues an id_token only if openid is registered, requested and granted. Otherwise it drops the scope "
        "silently.",
        causes=(
            Cause(
                "openid isn't registered for the app.",
                "The scope in the token response doesn't list openid.",
                "Select openid and fhirUser (or profile) in the registration, and request openid fhirUser.",
            ),
            Cause(
                "The registration of this environment differs from the other one.",
                "The same request returns openid with the other Client ID.",
                "Use the Client ID whose registration has openid.",
            ),
        ),
        where=SCOPES,
        source=FORUM + "token-scope-missing-openid-scope-and-id-token-7603",
        confidence="observed",
    ),
    KnownError(
        id="cerner-no-refresh-token",
        servers=("cerner",),
        text=(
            NAMED,
            ("refresh token", "refresh_token"),
            (
                "no refresh",
                "not return",
                "missing",
                "doesn't return",
                "does not return",
                "not receiving",
                "didn't get",
                "not getting",
            ),
        ),
        title="offline_access: no refresh token was returned, because offline or online access wasn't granted",
        why="Cerner returns a refresh token only if online_access or offline_access is in the granted scopes.",
        causes=(
            Cause(
                "The app is registered with Type of Access: Online, or none.",
                "The scope in the token response doesn't list offline_access.",
                "Set Type of Access to Offline in the console and request offline_access in the authorization URL.",
            ),
            Cause(
                "offline_access is sent in the token request only.",
                "Look at scope in the authorization URL.",
                "Request offline_access in the authorization URL.",
            ),
        ),
        where="code-console.cerner.com: My Applications, your application, Type of Access.",
        source="https://groups.google.com/g/cerner-fhir-developers/c/y9rCj4D7IQk",
        confidence="observed",
    ),
    KnownError(
        id="cerner-signing-key-rotated",
        servers=("cerner",),
        text=(
            ("could not find key id", "no matching key", "unable to find a signing key"),
            (".rsa'", ".ec'", ".ec.es256", ".ec.es384"),
        ),
        title="kid: the token was signed with a new key that your copy of the JWKS lacks",
        why="Key IDs that are timestamps are typical of Cerner, which rotates its signing keys every few days.",
        causes=(
            Cause(
                "The JWKS is cached for too long.",
                "The published JWKS has the kid now.",
                "Fetch the JWKS again if a kid is unknown, at most once a minute, and then verify once more.",
            ),
        ),
        source=FORUM + "smart-launch-auth-issues-missing-kids-3574",
        confidence="observed",
    ),
    KnownError(
        id="cerner-smart-v1-cors-credentials",
        text=(("profiles/smart-v1/token",), ("credentials mode is 'include'", "must not be the wildcard")),
        title="CORS: the token request is sent with credentials, but Cerner allows any origin with *",
        why="A browser doesn't accept Access-Control-Allow-Origin: * for a request with cookies (credentials: include).",
        causes=(
            Cause(
                "The library sends the refresh request with credentials: include.",
                "The first of two requests fails and the second without cookies succeeds.",
                "Send the request with credentials: omit, or update fhirclient to 2.3.5 or newer.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/82",
        confidence="documented",
    ),
    KnownError(
        id="cerner-other-urn",
        servers=("cerner",),
        text=(("urn:cerner:error",),),
        without=KNOWN,
        title="Cerner gives the reason as a name: the last part of the URN",
        why="Cerner sends no description. The words after the last colon of urn:cerner:error say what is wrong, and the "
        "page at the error_uri has a sentence for developers.",
        causes=(
            Cause(
                "The request breaks the rule that the name stands for.",
                "Open the error_uri in a browser.",
                "Read the sentence for the developer on that page, and give its correlation ID to Oracle Health support if "
                "it doesn't help.",
            ),
            Cause(
                "The registration doesn't allow it.",
                "Compare the request with the application in the console.",
                "Compare client_id, scopes and redirect URI with the registration.",
            ),
        ),
        source="https://docs.oracle.com/en/industries/health/millennium-platform-apis/millennium-authorization-framework/",
        confidence="documented",
    ),
    KnownError(
        id="cerner-unknown-tenant-version",
        servers=("cerner",),
        text=(("unknown-tenant",), ("smart-v1",), ("smart-v2", "smart v2", "sandbox")),
        title="tenant: unknown-tenant, because the app's SMART version isn't that of the endpoint",
        why="Cerner registers an app as SMART v1 or v2. Discovery of the sandbox names the smart-v1 endpoints, where a v2 "
        "app is refused as unknown-tenant.",
        causes=(
            Cause(
                "The app is registered as SMART v2 and uses /profiles/smart-v1/.",
                "The same request with /profiles/smart-v2/ reaches the login page.",
                "Use the smart-v2 authorize and token endpoints with .rs scopes, or register the app as SMART v1.",
            ),
            Cause(
                "The tenant ID is another one.",
                "Both versions are refused.",
                "Compare it with the FHIR base URL (iss).",
            ),
        ),
        source="https://github.com/jwilleke/yourphr/issues/338",
        confidence="observed",
    ),
    KnownError(
        id="cerner-limited-account",
        servers=("cerner",),
        text=(NAMED, ("marked as limited", "account is limited", "status limited", "limited account")),
        title="The developer account or the application isn't enabled for the tenant yet",
        why="A free account reaches the public sandbox. A health organization's tenant answers only an application that the "
        "organization has enabled.",
        causes=(
            Cause(
                "The request goes to an organization's tenant, or to production.",
                "The tenant in the URL isn't ec2458f2-1e24-41c8-b71b-0e701af7583d.",
                "Test in the public sandbox, and have the organization enable the Application ID through an Oracle Health "
                "support request.",
            ),
            Cause(
                "The account isn't a full member of the developer program.",
                "The console marks it as limited.",
                "Register for the Oracle Health developer program, or contact its support with the Application ID.",
            ),
            Cause(
                "The application was registered only minutes ago.",
                "It works later.",
                "Wait up to 15 minutes after each change.",
            ),
        ),
        source=FORUM + "fhir-r4-system-app-client-credentials-access-and-scope-enab-2009",
        confidence="inferred",
    ),
    KnownError(
        id="cerner-register-failed",
        servers=("cerner",),
        text=(("failed to register your smart app", "failed to register your app", "failed to register the app"),),
        title="The console couldn't register the application",
        why="A system account can belong to one application only, and the console shows the same message for most faults.",
        causes=(
            Cause(
                "The system account is already registered with an application.",
                "Another application has its Client ID.",
                "Update the existing application with the missing scopes, or create a new system account for a new one.",
            ),
            Cause(
                "A URI isn't accepted.",
                "A redirect URI with a fragment, a wildcard or without https.",
                "Enter an https URI, or http with localhost, and no fragment.",
            ),
            Cause(
                "The console has a fault.",
                "The same input works later.",
                "Try again later, then give the time to Oracle Health support.",
            ),
        ),
        source="https://groups.google.com/g/cerner-fhir-developers/c/iSjwVxximKQ",
        confidence="observed",
    ),
)

"""Errors of the SMART libraries: fhirclient (client-js), fhirclient for Python (client-py), fhirpy, fhir-kit-client."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="clientjs-no-state",
        text=(
            (
                "no 'state' parameter found",
                "no state found! please (re)launch",
                "please (re)launch the app",
                "(re)launch the app",
                "no state found",
                "not yet authorized",
                "app cannot be accessed directly",
                "please launch it as smart app",
            ),
        ),
        title="The app's page was opened without a launch: there is no state in its URL or in the session",
        why="FHIR.oauth2.ready() needs the code and the state that the authorization server appends to the redirect URI, or a"
        " session from an earlier launch in the same tab.",
        causes=(
            Cause(
                "The page was opened directly in the browser.",
                "The address bar has neither code nor state.",
                "Open the launch page (launch.html) from the EHR or the launcher, with iss and launch in its URL.",
            ),
            Cause(
                "The session of an earlier launch has expired, or the tab is another one.",
                "sessionStorage has no entry SMART_KEY.",
                "Launch the app again from the EHR.",
            ),
            Cause(
                "The redirect lost its query: a router, http to https, or www redirects.",
                "The Network tab shows the redirect with code and state, and a second redirect without.",
                "Register the final URL as redirect URI, and call ready() before the router starts.",
            ),
        ),
        source="https://github.com/smart-on-fhir/cardiac-risk-app/issues/9",
        confidence="observed",
    ),
    KnownError(
        id="clientjs-no-iss",
        text=(
            (
                "no server url found",
                "must be specified as query.iss",
                "property 'substr' of undefined",
                "reading 'substr'",
                "striptrailingslash",
                "failed to discover authorization url given",
                "failed to call fhir service",
                'missing url parameter "iss"',
                "missing iss parameter",
                "iss parameter is missing",
                "no iss provided",
                "cannot find authorization server",
                "no authorization server is identified",
            ),
        ),
        title="iss is missing: the launch page was opened without the parameters of an EHR launch",
        why="FHIR.oauth2.authorize() reads the FHIR base URL from the query parameter iss, which the EHR appends to the"
        " launch URL.",
        causes=(
            Cause(
                "The launch page was opened directly in the browser.",
                "Its URL has no ?iss=…&launch=….",
                "Launch the app from the EHR or from https://launch.smarthealthit.org with the URL of launch.html.",
            ),
            Cause(
                "The app is meant for a standalone launch, and authorize() has no iss.",
                "There is no EHR that launches it.",
                "Pass iss to FHIR.oauth2.authorize({ iss: FHIR base URL, … }) and request launch/patient.",
            ),
            Cause(
                "A redirect of the web server, such as adding a slash, dropped the query.",
                "The Network tab shows a 301 before the page.",
                "Register the final launch URL.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/22",
        confidence="observed",
    ),
    KnownError(
        id="clientjs-offline-access",
        text=(
            (
                "no offline_access scope found",
                "unable to refresh. no refresh",
                "no refresh_token found",
                "no refresh token found",
                "unable to refresh.",
            ),
        ),
        title="offline_access wasn't granted, so fhirclient can't refresh the access token",
        why="The library refreshes only if the granted scope has offline_access or online_access and the token response had a"
        " refresh_token. Old versions know offline_access only.",
        causes=(
            Cause(
                "Neither offline_access nor online_access was requested or granted.",
                "tokenResponse.scope has none of them.",
                "Request offline_access (or online_access) in the scope of authorize(), and register it for the app.",
            ),
            Cause(
                "online_access was granted, and the library is too old to know it.",
                "tokenResponse.scope has online_access, and the version is below 2.0.",
                "Update fhirclient to the newest version.",
            ),
            Cause(
                "The server grants it without listing it in scope.",
                "The token response has a refresh_token although the scope lacks offline_access.",
                "Update fhirclient, or refresh with the refresh_token yourself.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/138",
        confidence="observed",
    ),
    KnownError(
        id="clientjs-code-exchange-failed",
        text=(
            (
                "failed to exchange code for access_token",
                "failed to exchange refresh token",
                "failed to obtain access token. http",
            ),
        ),
        title="fhirclient couldn't exchange the code or the refresh token for an access token",
        why="The token endpoint refused the request, or the code had been used or had expired. The server's reason is in the"
        " Network tab.",
        causes=(
            Cause(
                "The page with the code was reloaded or opened late, so the code was used already or has expired.",
                "A new launch works.",
                "Launch the app again, and don't reload the redirect URI with the code.",
            ),
            Cause(
                "The refresh token has expired because the app was idle for long.",
                "It happens after a pause of minutes or hours.",
                "Launch again, and request offline_access for longer use.",
            ),
            Cause(
                "The client authentication isn't what the server expects.",
                "The response in the Network tab says invalid_client.",
                "Register the app as public, or pass clientSecret on a server.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/40",
        confidence="observed",
    ),
    KnownError(
        id="clientjs-no-patient",
        text=(
            (
                "patient is not available",
                "patient.id is null",
                "client.patient.id",
                "patient id is null",
                "patient id is undefined",
                "no patient selected",
                "id of the selected patient",
                "patient is null",
                "no patient in the token response",
                "no patient context",
                "patient is undefined",
                "patient/null",
                "patient/undefined",
                "getpatientid",
                "doesn't include patient",
                "doesn't contain patient",
                "does not contain the patient",
                "patient parameter is missing",
            ),
        ),
        without=("client.patient.read().then", "client.patient.id)"),
        title="The token response has no patient: the launch has no patient context",
        why="The server returns patient only if the launch had a patient (scope launch in an EHR) or let the user choose one"
        " (scope launch/patient).",
        causes=(
            Cause(
                "launch/patient is missing in the scope of a standalone launch.",
                "The authorize request has neither launch nor launch/patient.",
                "Add launch/patient to the scope of the authorize request and to the registration.",
            ),
            Cause(
                "The EHR launched the app without an open patient, or launch wasn't sent along.",
                "The authorize request has no launch parameter.",
                "Open a patient's chart before the launch, and send the launch value with scope launch.",
            ),
            Cause(
                "The user is a practitioner, and the server gives no patient to those.",
                "The token response has fhirUser Practitioner/….",
                "Search patients with user/Patient.read instead of patient/Patient.read.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/176",
        confidence="observed",
    ),
    KnownError(
        id="clientjs-discovery",
        text=(
            (
                "could not fetch any",
                "failed to fetch the conformance statement",
                "failed to fetch the capability",
                "could not get the conformance",
                "failed to load the conformance",
                "error fetching conformance",
            ),
        ),
        title="The FHIR server's SMART configuration or capability statement can't be fetched",
        why="The library reads iss + /.well-known/smart-configuration and iss + /metadata for the authorize and token"
        " endpoints.",
        causes=(
            Cause(
                "iss isn't the FHIR base URL.",
                "Open iss + /metadata in a browser: it isn't a CapabilityStatement.",
                "Correct iss to the FHIR base URL, without /metadata at its end.",
            ),
            Cause(
                "The server has no CORS headers or an untrusted certificate.",
                "The console has a line about CORS or a certificate.",
                "Allow the app's origin on the server, and use a trusted certificate.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/167",
        confidence="observed",
    ),
    KnownError(
        id="library-verifier-not-sent",
        text=(
            ("code_verifier", "code verifier"),
            (
                "is missing code_verifier",
                "missing code_verifier",
                "code_verifier is missing",
                "missing parameter: code_verifier",
                "code_verifier parameter is required",
                "code_verifier is required",
                "code_verifier was not",
                "code_verifier not present",
                "without code_verifier",
                "no code_verifier",
                "code verifier is missing",
                "missing code verifier",
                "pkce code verifier not specified",
                "not present in token request",
                "code_verifier parameter should have been",
                "should have been present in request",
                "code_verifier required",
            ),
        ),
        title="code_verifier is missing in the token request although the authorize request had a code_challenge",
        why="The server stored the challenge with the code and requires the verifier. The app lost it between the two requests,"
        " or the library didn't use PKCE.",
        causes=(
            Cause(
                "The library read no code_challenge_methods_supported in the server's SMART configuration and left PKCE out.",
                "The authorize URL has no code_challenge.",
                "Set pkceMode: 'required' (fhirclient) or the library's PKCE option, and announce S256 in smart-configuration.",
            ),
            Cause(
                "The verifier was stored in the session, and the redirect came to another session, tab or process.",
                "The authorize URL has code_challenge, the token request has no code_verifier.",
                "Store it in sessionStorage or in the server's session under the state, and read it at the redirect.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/189",
        confidence="observed",
    ),
    KnownError(
        id="library-verifier-characters",
        text=(
            ("code_verifier", "code verifier", "code_challenge", "code challenge"),
            (
                "unreserved characters",
                "'+' and '/'",
                "+ and /",
                "contains '+'",
                "ends with =",
                "not base64url",
                "base64url",
                "url-safe",
                "urlsafe",
            ),
        ),
        title="code_verifier or code_challenge isn't base64url: + and / and = aren't allowed in it",
        why="RFC 7636 allows only letters, digits and -._~. Plain base64 has + and / and =, which change in a form or don't"
        " match"
        " the server's hash.",
        causes=(
            Cause(
                "The app or an old library encodes with base64 instead of base64url.",
                "The value has +, / or =.",
                "Encode the SHA-256 bytes with base64url without padding: replace + by -, / by _, and remove =. fhirclient:"
                " update"
                " to 2.5.2 or newer.",
            ),
            Cause(
                "The challenge is the hex digest.",
                "It has 64 characters from 0 to 9 and a to f.",
                "Hash to bytes, and encode these with base64url: 43 characters.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/158",
        confidence="documented",
    ),
    KnownError(
        id="clientpy-unauthorized",
        text=(("fhirunauthorizedexception", "fhirpermissiondeniedexception", "fhirnotfoundexception"),),
        title="The Python fhirclient got 401, 403 or 404 from the FHIR server",
        why="The library raises this exception for the HTTP status of the response; the body has the reason.",
        causes=(
            Cause(
                "The client isn't authorized yet or the token has expired (FHIRUnauthorizedException, 401).",
                "smart.ready is False, or the last authorization was an hour ago.",
                "Call smart.prepare(), send the user to smart.authorize_url and then smart.handle_callback(url); after an hour,"
                " smart.reauthorize().",
            ),
            Cause(
                "The granted scope doesn't cover the resource (FHIRPermissionDeniedException, 403).",
                "The token response's scope lacks the type.",
                "Request a scope for that resource type, such as patient/Observation.rs.",
            ),
            Cause(
                "api_base or the id is wrong (404).",
                "Open api_base + /metadata.",
                "Set api_base to the FHIR base URL.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-py",
        confidence="documented",
    ),
    KnownError(
        id="clientpy-model-validation",
        text=(
            (
                "superfluous entry",
                "non-optional property",
                "fhirvalidationerror",
                "wrong type <class",
                "value is not a valid list",
                "extra fields not permitted",
                "extra inputs are not permitted",
            ),
        ),
        title="The Python model of the FHIR version refuses the resource: a member is unknown, missing or of another type",
        why="fhirclient and fhir.resources check resources strictly against a single FHIR version.",
        causes=(
            Cause(
                "The server speaks another FHIR version than the library's models.",
                "CapabilityStatement.fhirVersion of /metadata differs from the library's version.",
                "Install the library version for that FHIR version (fhirclient 4 for R4, 3 for STU3; fhir.resources.R4B).",
            ),
            Cause(
                "The server's data isn't valid FHIR.",
                "The named member isn't in the specification of the type.",
                "Pass strict=False (fhirclient), or read the JSON without models.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-py",
        confidence="documented",
    ),
    KnownError(
        id="clientjs-resolve-references",
        text=(
            ("resolvereferences", "resolveref (", "getref("),
            ("not a function", "not resolve", "can't resolve", "does not seem to do anything", "error", "undefined"),
        ),
        title="resolveReferences of fhirclient can't resolve a reference",
        why="Each entry is a path from the resource to a Reference, with the position in lists: participant.0.actor. The"
        " reference in"
        " the data has to be one that the server can read.",
        causes=(
            Cause(
                "The path has no position for a list, or leads to no Reference.",
                "Follow the path in the JSON that the server returns.",
                "Write the position, such as participant.0.actor, or read the references yourself with client.request.",
            ),
            Cause(
                "An old version of the library fails for nested paths.",
                "The stack ends in getRef or resolveRef.",
                "Update fhirclient to the newest version, or resolve each path in a separate request.",
            ),
            Cause(
                "The reference in the server's data is malformed, such as Location/Location/1.",
                "The URL of the failed request is wrong.",
                "Report it to the owner of the data, and skip that reference.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/88",
        confidence="observed",
    ),
)

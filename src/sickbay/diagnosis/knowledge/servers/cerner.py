"""Oracle Health (Cerner): errors of the authorize endpoint and of the launch."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

URNS = "https://github.com/cerner/fhir.cerner.com/blob/3f754cfa^/content/dstu2/authorization.md"
AUTHORIZATION = "https://docs.oracle.com/en/industries/health/millennium-platform-apis/millennium-authorization-framework/"
CONSOLE = "code-console.cerner.com: My Applications, then your application."
NAMED = MARKS["cerner"]
"""For phrases that other servers use too: the text has to name this one."""

ERRORS = (
    KnownError(
        id="cerner-missing-patient",
        servers=("cerner",),
        text=(("grant:missing-patient",),),
        title="missing-patient: the app requested patient/ scopes, but no patient is in context",
        why="patient/ scopes are limited to one patient. The authorization server learns which one only from the launch "
        "value of an EHR launch or from the login of a patient.",
        causes=(
            Cause(
                "The app doesn't pass on the launch value that it received at its launch URI.",
                "The authorization URL has no launch parameter, or its scopes don't include launch.",
                "Request the scope launch, send the launch value unchanged, and send aud with the value of iss.",
            ),
            Cause(
                "The app starts outside the EHR as a provider app, where no patient is chosen.",
                "The authorization URL contains /personas/provider/ and the app was opened directly.",
                "Request user/ scopes such as user/Patient.read instead, or launch the app from the EHR.",
            ),
        ),
        where="code-console.cerner.com: open your application and launch it from its Test Sandbox page.",
        source="https://groups.google.com/g/cerner-fhir-developers/c/RnQ3xMboX0k",
        confidence="documented",
    ),
    KnownError(
        id="cerner-invalid-launch-code",
        servers=("cerner",),
        text=(("launch:invalid-launch-code", "launch:invalid-code"),),
        title="launch: Cerner doesn't accept the launch value",
        why="launch must be the opaque value that the EHR appended to the launch URI. A URL, a random UUID, or an expired "
        "value isn't known to the server.",
        causes=(
            Cause(
                "The app makes up the launch value, or sends its own launch URL.",
                "Compare the launch parameter with the one in the address with which the EHR opened the app.",
                "Copy the launch value that the EHR sent to the launch URI into the authorization URL unchanged.",
            ),
            Cause(
                "The app isn't launched by an EHR at all.",
                "The app was opened directly and received no iss and no launch parameter.",
                "Remove the scope launch and the launch parameter, or use launch/patient on the patient endpoint.",
            ),
            Cause(
                "The launch value has expired or was used already.",
                "A new launch from the console works.",
                "Launch the app again and redeem the value at once.",
            ),
        ),
        source="https://forums.oracle.com/ords/apexds/post/access-denied-invalid-launch-code-error-being-redirected-f-6420",
        confidence="documented",
    ),
    KnownError(
        id="cerner-launch-code-required",
        servers=("cerner",),
        text=(("launch:code-required", "launch-code-required", "launch code required", "launch code was not supplied"),),
        title="launch: the scope launch was requested without a launch value",
        why="The scope launch means that the EHR opened the app and gave it a launch value. The request has no such value.",
        causes=(
            Cause(
                "The app was started standalone, but requests the scope launch.",
                "The app received no launch parameter when it was opened.",
                "Remove launch from the scopes; a patient app requests launch/patient instead.",
            ),
            Cause(
                "The app was launched by the EHR, but loses the launch value.",
                "The address that opened the app has a launch parameter and the authorization URL doesn't.",
                "Send the launch value that you received as the launch parameter of the authorization URL.",
            ),
            Cause(
                "The authorization URL uses another client_id than the launched app.",
                "The client in the error page differs from the Client ID in the console.",
                "Send the Client ID that the console shows for this application.",
            ),
        ),
        source="https://groups.google.com/g/cerner-fhir-developers/c/GF25peTI9UQ",
        confidence="documented",
    ),
    KnownError(
        id="cerner-audience",
        servers=("cerner",),
        text=(("launch:audience-required", "launch:audience-not-white-listed", "launch:unknown-resource-server"),),
        title="aud: the audience is missing or isn't a FHIR server that Cerner knows",
        why="Cerner gives a token only for a FHIR base URL that it knows and that the app may use. The parameter aud names it.",
        causes=(
            Cause(
                "The authorization URL has no aud, or the parameter is called audience.",
                "Look for aud= in the authorization URL.",
                "Send aud with the value of iss, for example https://fhir-ehr-code.cerner.com/r4/{tenant id}.",
            ),
            Cause(
                "aud is another URL: without the tenant, of another version, or of an old host.",
                "Compare it with the iss of the launch, or with the FHIR base URL in the console.",
                "Copy the whole FHIR base URL into aud, with host, version and tenant.",
            ),
        ),
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-mismatched-identity",
        servers=("cerner",),
        text=(("mismatchted-identity", "mismatched-identity"),),
        title="The user who is signed in isn't the user who launched the app",
        why="The browser still has a session of another user. Cerner compares it with the user of the launch and refuses.",
        causes=(
            Cause(
                "A session of an earlier login is still active.",
                "The launch works in a private window.",
                "Log out, or open a private window, and launch again as one and the same user.",
            ),
        ),
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-unknown-client",
        servers=("cerner",),
        text=(("grant:unknown-client", "does not correspond to any registered applications"),),
        title="client_id: no registered application has this ID",
        why="Cerner looks up the client_id of the authorization URL and doesn't find it. New registrations take up to 15 "
        "minutes.",
        causes=(
            Cause(
                "The code still has a placeholder or the Application ID instead of the Client ID.",
                "Compare client_id in the authorization URL with the Client ID that the console shows.",
                "Copy the Client ID from the console into your app, for example into launch.html.",
            ),
            Cause(
                "The application was registered only minutes ago.",
                "The same request works after 15 minutes.",
                "Wait 15 minutes and launch again.",
            ),
        ),
        where=CONSOLE,
        source="https://github.com/cerner/smart-on-fhir-tutorial/issues/123",
        confidence="documented",
    ),
    KnownError(
        id="cerner-redirect-uri",
        servers=("cerner",),
        text=(
            (
                "grant:invalid-redirect-uri",
                "redirect-uri-not-absolute",
                "redirect-uri-not-registered",
                "invalid-redirect-uri-trailing-slash",
            ),
        ),
        without=("oauth2:token:invalid-redirect-uri",),
        title="redirect_uri: it isn't the one that is registered for the application",
        why="Cerner compares scheme, host, port and path exactly, a trailing slash included. Only extra query parameters "
        "may differ.",
        causes=(
            Cause(
                "The paths differ, often only by a trailing slash.",
                "Compare redirect_uri character by character with the Redirect URI in the console.",
                "Send the redirect URI exactly as it is registered, or register the one that you send.",
            ),
            Cause(
                "The app runs at another address than the registered one, such as localhost instead of the deployed host.",
                "The host in redirect_uri is another one than in the console.",
                "Register the redirect URI of this environment.",
            ),
        ),
        where=CONSOLE + " Redirect URI.",
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-tenant-not-enabled",
        servers=("cerner",),
        text=(
            NAMED,
            (
                "unauthorized-client-for-tenant",
                "has not been white-listed by",
                "has not enabled",
                "not been whitelisted",
                "tenant-not-enabled",
            ),
        ),
        title="The organization (tenant) hasn't enabled this application",
        why="Each organization decides which applications may be used in its tenant. Registration in the console enables an "
        "app only in the public sandbox.",
        causes=(
            Cause(
                "The organization hasn't enabled the app yet.",
                "The tenant in the URL is a hospital's, not the sandbox's (ec2458f2-1e24-41c8-b71b-0e701af7583d).",
                "Ask the organization to enable your Application ID in its tenant through an Oracle Health support request.",
            ),
            Cause(
                "The URLs belong to an old sandbox.",
                "The host contains sandboxcerner, or the tenant starts with 0b8a0111.",
                "Use today's sandbox endpoints, read from https://fhir-ehr-code.cerner.com/r4/{tenant id}/metadata.",
            ),
        ),
        source="https://github.com/cerner/code-learning-lab/issues/15",
        confidence="documented",
    ),
    KnownError(
        id="cerner-unknown-tenant",
        servers=("cerner",),
        text=(("grant:unknown-tenant", "grant:tenant-not-configured"),),
        title="tenant: the tenant ID in the URL isn't known or isn't set up for this kind of user",
        why="The tenant is a segment of the authorize URL. Cerner doesn't know it, or it has no identity provider for this "
        "persona.",
        causes=(
            Cause(
                "The URL was put together by hand.",
                "Compare the tenant ID with the one in the FHIR base URL (iss).",
                "Read authorization_endpoint from iss + /.well-known/smart-configuration and use it unchanged.",
            ),
        ),
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-persona-mismatch",
        servers=("cerner",),
        text=(("client-persona-mismatch", "persona-mismatch"),),
        title="persona: a patient app uses the provider endpoint, or vice versa",
        why="The authorize URL contains /personas/provider/ or /personas/patient/. It has to fit the application type.",
        causes=(
            Cause(
                "The FHIR host belongs to the other persona.",
                "fhir-ehr-code is for providers and systems, fhir-myrecord for patients.",
                "Use the FHIR host of your application type and read the authorize URL from its smart-configuration.",
            ),
            Cause(
                "The application is registered with the wrong type.",
                "The console shows Provider for a patient app.",
                "Register a new application with the right type; the type can't be changed.",
            ),
        ),
        where=CONSOLE + " Application Type.",
        source=AUTHORIZATION,
        confidence="observed",
    ),
    KnownError(
        id="cerner-denied-by-server",
        servers=("cerner",),
        text=(("grant:denied-by-server",),),
        title="scope: none of the requested scopes may be granted to this application",
        why="Cerner drops scopes that aren't registered for the app or that the tenant doesn't allow. If none is left, it "
        "denies.",
        causes=(
            Cause(
                "The scopes aren't registered for the app.",
                "Compare the requested scopes with the APIs that are selected in the console.",
                "Select the APIs in the console, save, wait 15 minutes, and request exactly those scopes.",
            ),
            Cause(
                "The app is registered for SMART v2 and requests v1 scopes, or vice versa.",
                "The console shows SMART v2, and the request has .read instead of .rs.",
                "Request patient/Patient.rs for a v2 app, patient/Patient.read for a v1 app.",
            ),
        ),
        where=CONSOLE + " Scopes or API selection.",
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-denied-by-user",
        servers=("cerner",),
        text=(("grant:denied-by-user", "session-service:authentication:cancelled", "csrf-security-failure"),),
        title="The user cancelled, or the consent form was sent twice or too late",
        why="The user pressed Cancel at the login or consent page, or the form's protection token had expired.",
        causes=(
            Cause(
                "The user cancelled.",
                "Another attempt with Allow works.",
                "Let the user authorize again and show an understandable message if they decline.",
            ),
            Cause(
                "Cookies are blocked, or the page was left open too long.",
                "A private window works.",
                "Start the authorization again in a new window.",
            ),
        ),
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-grant-server-error",
        servers=("cerner",),
        text=(
            (
                "oauth2:grant:server-error",
                "authorization-server:server-error",
                "launch:unspecified",
                "launch:unregistered-service",
                "launch:unsupported-version",
                "authorization-server:preauthentication",
                "session-service:authentication:error",
                "authorized-representative",
            ),
        ),
        title="Cerner's authorization server failed because of a problem on its side",
        why="The error name says that the server, the EHR's launch service or the login failed, and not that the request is "
        "wrong.",
        causes=(
            Cause(
                "A service of the tenant is down or not set up.",
                "The same request fails for every user of this tenant and works in the public sandbox.",
                "Retry later; then give the correlation ID from the error page to Oracle Health support.",
            ),
        ),
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-session-url-too-long",
        servers=("cerner",),
        text=(("session-api/realm",), ("system/", "forceauthn", "400"), ("authorize",)),
        title="The authorization URL is too long or mixes system/ scopes into a user's login",
        why="The login page gets the whole authorization URL in its own URL. Hundreds of scopes make it too long, and the "
        "server most often answers 400 Bad Request.",
        causes=(
            Cause(
                "The app requests every scope there is.",
                "The address has several thousand characters.",
                "Request fewer scopes: only those that the app needs.",
            ),
            Cause(
                "The request contains system/ scopes, which never belong to a user's login.",
                "Search the URL for system%2F.",
                "Remove the system/ scopes and request them with client_credentials.",
            ),
        ),
        source="https://forums.oracle.com/ords/apexds/post/bad-request-error-when-launching-from-the-code-console-san-0590",
        confidence="inferred",
    ),
    KnownError(
        id="cerner-tutorial-fhir-call-failed",
        servers=("cerner", "fhirclient"),
        text=(("failed to call fhir service",),),
        title="Failed to call FHIR Service: the app has no launch context, or its FHIR request was refused",
        why="The SMART tutorial shows this text for every failure after loading the page, so the network tab has the real one.",
        causes=(
            Cause(
                "The page was opened directly, so iss and launch are missing.",
                "The address of the page has no iss parameter, or no authorization server is found.",
                "Launch the app from the code console instead of opening index.html or launch.html.",
            ),
            Cause(
                "The scopes for Patient and Observation aren't registered for the app.",
                "The network tab shows 403 for the Patient or Observation request.",
                "Select patient/Patient.read and patient/Observation.read in the registration and launch again.",
            ),
            Cause(
                "The registered FHIR version was retired.",
                "The request goes to /dstu2/.",
                "Register the app for R4 and use the /r4/ base URL.",
            ),
        ),
        where=CONSOLE,
        source="https://github.com/cerner/smart-on-fhir-tutorial/issues/24",
        confidence="documented",
    ),
)

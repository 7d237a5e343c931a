"""Inferno (ONC g10 and SMART test kits), its reference server, and the CDS Hooks sandbox."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

KIT = "https://github.com/onc-healthit/onc-certification-g10-test-kit"

ERRORS = (
    KnownError(
        id="inferno-launch-plus",
        servers=("inferno", "keycloak", "okta", "smart-launcher"),
        text=(("plus sign", "(+)", "'+'", '"+"'), ("space", "blank"), ("launch",)),
        title="launch: a + in the launch value became a space, because it wasn't percent-encoded",
        why="In a query, + means a space. A value with + has to be sent with %2B.",
        causes=(
            Cause(
                "The EHR or the client puts the value into the URL unencoded.",
                "Compare the value in the launch URL with the one in the authorization URL.",
                "Percent-encode the launch value: + becomes %2B, / becomes %2F, = becomes %3D.",
            ),
            Cause(
                "The value contains + at all.",
                "It is plain base64.",
                "Use base64url for launch values, which has no +.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-invalid-scope",
        servers=("inferno", "keycloak"),
        text=(("inferno.healthit.gov", "inferno"), ("invalid_scope", "invalid scopes")),
        title="scope: your authorization server doesn't know the scopes that Inferno requests",
        why="Inferno requests the SMART scopes of the test. A server such as Keycloak refuses every scope that isn't "
        "defined and assigned to the client.",
        causes=(
            Cause(
                "The scopes aren't defined on the server, or aren't assigned to Inferno's client.",
                "The error lists all of them.",
                "Create each scope as a client scope, such as patient/Patient.read and launch/patient, and add it to the "
                "client.",
            ),
            Cause(
                "The server supports only SMART v2 scopes, and the test requests v1, or vice versa.",
                "Compare with scopes_supported.",
                "Choose the SMART version in Inferno that your server supports.",
            ),
        ),
        where="Inferno: the input Standalone Scopes. Keycloak: Client scopes.",
        source=KIT + "/issues/563",
        confidence="documented",
    ),
    KnownError(
        id="inferno-reference-audience",
        servers=("inferno", "keycloak", "okta", "smart-launcher"),
        text=(("the audience value is invalid",),),
        title="aud: Inferno's reference server doesn't accept this audience",
        why="aud has to be the FHIR base URL of the reference server. An EHR launch has to start from its own launch page.",
        causes=(
            Cause(
                "aud isn't https://inferno.healthit.gov/reference-server/r4.",
                "Compare aud in the authorization URL.",
                "Send aud=https://inferno.healthit.gov/reference-server/r4, the FHIR base URL.",
            ),
            Cause(
                "The EHR launch was simulated without the launch page.",
                "No launch value came from the reference server.",
                "Enter the launch URI at /reference-server/app/app-launch and launch from there.",
            ),
        ),
        source="https://github.com/onc-healthit/inferno-program/issues/460",
        confidence="documented",
    ),
    KnownError(
        id="inferno-expected-refusal",
        servers=("inferno", "keycloak", "okta", "smart-launcher"),
        text=(
            ("unexpected response status: expected 4", "bad response code: expected 4"),
            ("received 200", "found 200", "but found 2"),
        ),
        title="The test sends a wrong request on purpose, and the server accepted it: it has to refuse",
        why="This is a negative test: an invalid client ID, code, audience or token has to be rejected with 400 or 401.",
        causes=(
            Cause(
                "The server doesn't check this value, for example the client_id at the token endpoint.",
                "Send the same request with a made-up value: it answers 200.",
                "Verify the value that the test's title names, and answer 400 or 401 with an OAuth error.",
            ),
            Cause(
                "The wrong value is sent in another place than the server reads, such as the header instead of the body.",
                "Look at the request in Inferno's details.",
                "Read client_id from the Basic header or the assertion too.",
            ),
        ),
        source=KIT + "/issues/672",
        confidence="observed",
    ),
    KnownError(
        id="inferno-expected-400-found-401",
        servers=("inferno", "keycloak", "okta", "smart-launcher"),
        text=(("expected 400, but found 401", "expected 400, but received 401", "expected 400 but"),),
        title="The test expects 400, but the server answers 401, which RFC 6749 also allows for invalid_client",
        why="RFC 6749 allows 401 for invalid_client. Older versions of Inferno accept only 400.",
        causes=(
            Cause(
                "The version of Inferno is old.",
                "The newest version accepts 400 and 401.",
                "Update Inferno to the newest version, or answer 400 for this request.",
            ),
        ),
        source="https://github.com/onc-healthit/inferno-program/issues/345",
        confidence="documented",
    ),
    KnownError(
        id="inferno-connection",
        text=(
            ("failed to open tcp connection", "temporary failure in name resolution", "unable to connect"),
            ("inferno", "test number", "test case", "discovery"),
        ),
        servers=("inferno",),
        title="Connection: Inferno can't reach the server at this host name",
        why="inferno.healthit.gov runs on the public internet. It resolves only public host names, and firewalls have to "
        "let it in.",
        causes=(
            Cause(
                "The host name isn't public, or has no DNS entry.",
                "Resolve it from another network.",
                "Make the server reachable with a public DNS name, or run Inferno locally with Docker.",
            ),
            Cause(
                "A firewall blocks Inferno's addresses.",
                "The server's log shows no request.",
                "Allow Inferno's addresses, or run it locally.",
            ),
        ),
        source=KIT + "/issues/624",
        confidence="documented",
    ),
    KnownError(
        id="inferno-introspection-unauthenticated",
        servers=("inferno",),
        text=(("introspect",), ("401", "unauthori"), ("9.11", "test", "additional introspection")),
        title="Introspection: the test's request has no client authentication, so the server answers 401",
        why="Some versions send the extra parameters or the Authorization header only in the first of the two tests.",
        causes=(
            Cause(
                "The version of Inferno has this fault in the test with an invalid token.",
                "The details of the test show a request without credentials.",
                "Update Inferno to the newest version.",
            ),
            Cause(
                "The credentials were entered in the wrong field.",
                "The first test fails too.",
                "Enter them in HTTP Authorization Header for Introspection Request.",
            ),
        ),
        source=KIT + "/issues/572",
        confidence="observed",
    ),
    KnownError(
        id="inferno-no-running-launch",
        servers=("inferno", "keycloak", "okta", "smart-launcher"),
        text=(("no actively running launch sequences", "no iss was provided", "no actively running"),),
        title="iss: Inferno has no waiting test for the iss with which the EHR launched it",
        why="Inferno finds the waiting test by iss. It has to be exactly the FHIR URL that was entered at the start of the "
        "test.",
        causes=(
            Cause(
                "iss differs from the FHIR URL of the test session, by host, version or trailing slash.",
                "The message shows the iss.",
                "Enter exactly this iss as the FHIR URL, or let the EHR send the other one.",
            ),
            Cause(
                "The test isn't waiting for a launch.",
                "Inferno shows no waiting dialog.",
                "Start the EHR launch test first and then launch.",
            ),
        ),
        source="https://github.com/onc-healthit/inferno-community/pull/273",
        confidence="documented",
    ),
    KnownError(
        id="inferno-refused",
        servers=("inferno",),
        codes=(
            "invalid_client",
            "invalid_grant",
            "invalid_request",
            "unauthorized_client",
            "access_denied",
            "401",
            "403",
            "404",
        ),
        title="The server under test refused Inferno's request",
        why="Inferno shows what the server answered. Either the inputs of the test don't fit the registration, or the test "
        "sends a wrong value on purpose.",
        causes=(
            Cause(
                "Inferno's client isn't registered as the inputs say: client_id, secret or authentication method.",
                "Compare the inputs with the registration.",
                "Register https://inferno.healthit.gov/suites/custom/smart/redirect and enter the client's own ID and secret.",
            ),
            Cause(
                "It is a negative test, which is meant to be refused.",
                "The title says fails when or invalid.",
                "Compare the expected status with the one that the server sent.",
            ),
            Cause(
                "The scopes that are entered aren't registered.",
                "The error names the scope.",
                "Enter the scopes of the registration.",
            ),
        ),
        source=KIT,
        confidence="inferred",
    ),
    KnownError(
        id="cds-hooks-cors",
        servers=("cds-hooks",),
        text=(
            ("cds-services", "cds hooks", "cds-hooks"),
            ("cors", "access-control-allow-origin", "failed to fetch", "network error"),
        ),
        title="CORS: the CDS Hooks sandbox calls the service from the browser, so the service has to allow it",
        why="sandbox.cds-hooks.org sends its requests from the page. The service has to answer the preflight OPTIONS request.",
        causes=(
            Cause(
                "The service sends no CORS headers.",
                "The console shows a CORS error, and curl works.",
                "Answer OPTIONS and send Access-Control-Allow-Origin and Access-Control-Allow-Headers: Content-Type, "
                "Authorization.",
            ),
            Cause(
                "The service has http and the sandbox https.",
                "The console says mixed content.",
                "Serve the service over https.",
            ),
        ),
        source="https://github.com/cds-hooks/docs/pull/140",
        confidence="documented",
    ),
    KnownError(
        id="cds-hooks-fhir-server",
        servers=("cds-hooks",),
        text=(("api.hspconsortium.org", "hspc", "fhir server is not open", "default fhir"),),
        title="FHIR server: the sandbox's old default server is no longer open",
        why="HSPC (now Logica) closed the endpoint that old versions of the CDS Hooks sandbox use.",
        causes=(
            Cause(
                "The sandbox is configured with the closed endpoint.",
                "The network tab shows requests to hspconsortium.org.",
                "Use https://r4.smarthealthit.org as the FHIR server and a patient that exists there.",
            ),
        ),
        source="https://github.com/cds-hooks/sandbox/issues/68",
        confidence="documented",
    ),
    KnownError(
        id="cds-hooks-no-authorization",
        servers=("cds-hooks",),
        text=(("fhirauthorization",), ("missing", "undefined", "not send", "does not send", "doesn't send", "empty", "null")),
        title="fhirAuthorization: the hook request has no access token",
        why="The member is optional. The CDS Hooks sandbox sends it only if it was itself launched as a SMART app on a "
        "secured server.",
        causes=(
            Cause(
                "The sandbox was opened directly, with an open FHIR server.",
                "fhirServer in the request is an open server.",
                "Launch the sandbox as a SMART app, or read from the open server without a token and use prefetch.",
            ),
        ),
        source="https://github.com/cds-hooks/sandbox/issues/22",
        confidence="documented",
    ),
    KnownError(
        id="inferno-waits-for-launch",
        servers=("inferno",),
        text=(
            ("inferno",),
            ("ehr practitioner app", "ehr launch"),
            ("stuck", "waiting", "nothing happens", "waits", "how to run", "doesn't launch", "not launch"),
        ),
        title="launch: Inferno waits until the EHR opens its launch URL",
        why="In the EHR Practitioner App test Inferno is the app. The launch has to be started in the EHR, which opens "
        "Inferno's launch URL with iss and launch.",
        causes=(
            Cause(
                "No launch was started in the EHR.",
                "Inferno shows the URL at which it waits.",
                "Enter https://inferno.healthit.gov/suites/custom/smart/launch as launch URL in the EHR (for the reference "
                "server at /reference-server/app/app-launch) and launch.",
            ),
            Cause(
                "The EHR sends another iss than the FHIR URL of the test.",
                "Compare both.",
                "Enter exactly that iss as FHIR URL.",
            ),
        ),
        source=KIT + "/issues/109",
        confidence="documented",
    ),
    KnownError(
        id="smart-scope-unknown-to-entra",
        text=(
            ("aadsts650053",),
            ("scope 'launch", "scope 'patient", "scope 'fhiruser", "scope 'user/", "scope 'system/", "scope 'offline"),
        ),
        title="scope: Microsoft Entra doesn't know this SMART scope",
        why="Entra issues only scopes that the API's app registration exposes. It doesn't know launch or launch/patient, "
        "and no scope name there may contain a slash.",
        causes=(
            Cause(
                "The app asks Entra directly, without a SMART layer.",
                "The refused scope is launch, launch/patient, fhirUser or patient/...",
                "Send the request to a SMART proxy in front of Entra, which translates scopes and adds the launch context.",
            ),
            Cause(
                "The proxy passes the scope on, because it isn't defined.",
                "The authorization URL at login.microsoftonline.com contains it.",
                "Define the scope under Expose an API in the form that the proxy expects, such as patient.Patient.read, and "
                "add it to the client's permissions.",
            ),
            Cause(
                "The wrong API is meant.",
                "The ID after resource isn't that of the FHIR API.",
                "Put the FHIR API's Application ID URI before the scope.",
            ),
        ),
        where="Microsoft Entra admin center: App registrations, the API, Expose an API.",
        source="https://github.com/microsoft/fhir-proxy/issues/75",
        confidence="documented",
    ),
)

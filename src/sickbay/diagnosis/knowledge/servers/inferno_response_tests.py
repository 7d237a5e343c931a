"""What the tests of Inferno for servers report about discovery, headers, the ID token and the launch context."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

KIT = "https://github.com/inferno-framework/smart-app-launch-test-kit"

ERRORS = (
    KnownError(
        id="inferno-token-cache-headers",
        text=(
            (
                "token response must have `cache-control`",
                "token response must have `pragma`",
                "header containing `no-store`",
                "header containing `no-cache`",
            ),
        ),
        title="The token response lacks the headers that forbid caching",
        why="OAuth requires Cache-Control: no-store and Pragma: no-cache on every response with a token.",
        causes=(
            Cause(
                "The server or a proxy in front sets other headers.",
                "curl -i of the token endpoint.",
                "Send Cache-Control: no-store and Pragma: no-cache with the token response, and let no proxy replace them.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-well-known-field",
        text=(
            ("well-known configuration does not include", "well-known configuration field", "well-known `"),
            ("must", "include", "blank"),
        ),
        title=".well-known/smart-configuration lacks a field or has a wrong value: the one in backquotes",
        why="SMART 2 requires token_endpoint, capabilities, grant_types_supported and code_challenge_methods_supported, for "
        "app launch authorization_endpoint too, and with sso-openid-connect issuer and jwks_uri.",
        causes=(
            Cause(
                "The field is missing or has another type.",
                "Open [base]/.well-known/smart-configuration.",
                "Add the field: capabilities, grant_types_supported and code_challenge_methods_supported are arrays of "
                "strings.",
            ),
            Cause(
                "The PKCE methods aren't those of SMART.",
                "The message names code_challenge_methods_supported.",
                "List S256 and leave out plain.",
            ),
            Cause(
                "The capability sso-openid-connect is claimed without OpenID Connect.",
                "The message names issuer or jwks_uri.",
                "Add issuer and jwks_uri, or remove the capability.",
            ),
            Cause(
                "The server follows SMART 1.",
                "The document has few fields.",
                "Choose the test suite of SMART 1, or update the document.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-json-content-type",
        text=(("`content-type` must be `application/json`", "no `content-type` header received"),),
        title="Content-Type: the discovery document isn't served as application/json",
        why="Inferno requires this type for .well-known/smart-configuration.",
        causes=(
            Cause(
                "A static file server or a framework sends another type.",
                "curl -i of the document.",
                "Serve it with Content-Type: application/json.",
            ),
            Cause(
                "The answer is an HTML page: a login page, or the single-page app's index.",
                "The body begins with <.",
                "Let the path through without login, and before the app's catch-all route.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-cors-header",
        text=(("no `access-control-allow-origin` header received", "`access-control-allow-origin` must be"),),
        title="CORS: the response has no Access-Control-Allow-Origin for Inferno's origin",
        why="SMART 2.2 requires CORS on discovery, and for registered origins on the token and FHIR endpoints.",
        causes=(
            Cause(
                "CORS isn't enabled on this endpoint.",
                'Repeat the request with curl -i -H "Origin: https://inferno.healthit.gov".',
                "Answer with Access-Control-Allow-Origin: the Origin of the request, or * on public documents.",
            ),
            Cause(
                "CORS works only for preflight requests.",
                "OPTIONS has the header, GET or POST hasn't.",
                "Send the header with the actual response too, and with errors.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-id-token-validation",
        text=(
            (
                "token validation error: invalid issuer. expected",
                "token validation error: invalid audience. expected",
                "token validation error: signature",
                "id token missing required claims",
                "id token `sub` claim",
                "id token is not a properly constructed jwt",
            ),
        ),
        title="id_token: Inferno couldn't validate it",
        why=(
            "Inferno checks signature (RS256), iss against issuer of openid-configuration, aud against the client ID, and exp."
        ),
        causes=(
            Cause(
                "iss differs from issuer.",
                "Invalid issuer is in the message.",
                "Return one issuer in both, to the final slash.",
            ),
            Cause(
                "aud isn't the client ID.",
                "Invalid audience is in the message.",
                "Put the client ID into aud of the ID token.",
            ),
            Cause(
                "The key or algorithm doesn't match.",
                "Signature verification failed, or another algorithm in the header.",
                "Sign with RS256 and publish the key with its kid at jwks_uri.",
            ),
            Cause(
                "It isn't a signed JWT, or lacks claims.",
                "Decode it.",
                "Issue a JWT with iss, sub, exp and iat, and with aud.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-fhir-user",
        text=(("id token does not contain `fhiruser`", "`fhiruser` claim does not refer", "`fhiruser` scope not requested"),),
        title="fhirUser: the ID token has no claim that refers to a Patient, Practitioner, RelatedPerson or Person",
        why="The last two parts of the claim have to be the type and the ID of a resource that this token can read.",
        causes=(
            Cause(
                "The claim isn't mapped into the ID token.",
                "Decode the ID token: no fhirUser.",
                "Add the claim fhirUser with the URL of the user's resource, such as [base]/Practitioner/123.",
            ),
            Cause(
                "The claim is only an ID or another type.",
                "The message quotes the value.",
                "Put the type before the ID: Practitioner/123.",
            ),
            Cause(
                "Inferno doesn't request fhirUser.",
                "The input with the scopes.",
                "Add openid and fhirUser to the scopes of the test.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-jwks-rsa",
        text=(("jwks contains no rsa keys", "jwks `keys` field must be an array"),),
        title="jwks_uri: no RSA key there can verify the ID token",
        why="For ID tokens SMART requires only RS256, so Inferno ignores keys of other types.",
        causes=(
            Cause(
                "The server signs with an EC key only.",
                "kty is EC.",
                "Add an RSA key and sign ID tokens with RS256.",
            ),
            Cause(
                "The document isn't a JWK set.",
                "The document has no array called keys.",
                'Return {"keys": [...]} with kty, kid, n and e.',
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-patient-missing",
        text=(
            (
                "token response did not contain `patient` field",
                "did not contain 'patient' field",
                "did not contain patient field",
            ),
        ),
        title="patient: the token response has no patient context",
        why="With launch/patient, or an EHR launch in a chart, the token response has to contain the patient's ID.",
        causes=(
            Cause(
                "launch/patient wasn't requested or granted.",
                "scope of the token response.",
                "Request and grant launch/patient, for an EHR launch launch.",
            ),
            Cause(
                "No patient was chosen, or the EHR's context was lost.",
                "No patient picker appeared.",
                "Let the user choose a patient before the code is issued and store the choice with the code.",
            ),
            Cause(
                "The ID is only inside the access token.",
                "Decode the token.",
                "Return patient next to access_token in the JSON.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-invalid-launch",
        text=(("invalid launch parameter", "invalid `launch` parameter", "smart invalid launch"), ("test",)),
        title="launch: this test expects that the server refuses an invalid launch value",
        why="The SMART specification doesn't demand it. Newer versions of the (g)(10) test kit no longer run this test.",
        causes=(
            Cause(
                "The version of the test kit is old.",
                "It is before 2.2.2.",
                "Update the test kit, or use inferno.healthit.gov.",
            ),
            Cause(
                "The server accepts any launch value.",
                "A made-up value leads to the login page.",
                "Refuse an authorization request whose launch value the EHR didn't issue.",
            ),
        ),
        source="https://github.com/onc-healthit/onc-certification-g10-test-kit/issues/98",
        confidence="documented",
    ),
    KnownError(
        id="inferno-capability-oauth-uris",
        text=(
            (
                "no smart extensions found",
                "smart extensions found in capabilitystatement",
                "no smart support in capabilitystatement",
            ),
        ),
        title="CapabilityStatement: Inferno finds no SMART extension with the OAuth addresses in it",
        why="SMART 1 tests read rest.security.extension with url "
        "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris.",
        causes=(
            Cause(
                "The extension is missing, misspelt, or at another place.",
                "Compare with https://inferno.healthit.gov/reference-server/r4/metadata.",
                "Put the extension oauth-uris, with authorize and token in it, into rest.security of the CapabilityStatement.",
            ),
            Cause(
                "Inferno receives another document than you.",
                "The response under Requests differs: another version, Accept header or cache.",
                "Serve the same CapabilityStatement for Accept: application/fhir+json without a token.",
            ),
            Cause(
                "The server follows SMART 2.",
                "It has .well-known/smart-configuration.",
                "Choose SMART 2 for the test session.",
            ),
        ),
        source="https://github.com/onc-healthit/onc-certification-g10-test-kit/issues/292",
        confidence="inferred",
    ),
    KnownError(
        id="inferno-introspection-endpoint",
        text=(
            ("introspection endpoint", "introspection_endpoint"),
            ("inferno", "test kit", "9.11"),
            ("ignored", "fail", "does not send", "not returned"),
        ),
        title="introspection_endpoint: Inferno takes it from .well-known/smart-configuration only",
        why="A version of the test kit overwrote the entered address with that of the discovery document, even if there was "
        "none.",
        causes=(
            Cause(
                "The discovery document lacks introspection_endpoint.",
                "Open it.",
                "Add introspection_endpoint to .well-known/smart-configuration.",
            ),
            Cause(
                "The test kit has this fault.",
                "Its version is before 6.0.3.",
                "Update the test kit.",
            ),
        ),
        source="https://github.com/onc-healthit/onc-certification-g10-test-kit/issues/550",
        confidence="documented",
    ),
)

"""What the tests of Inferno for apps report, and its simulated SMART server."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

KIT = "https://github.com/inferno-framework/smart-app-launch-test-kit"

ERRORS = (
    KnownError(
        id="inferno-app-aud",
        text=(("authorization request",), ("had an incorrect `aud`",)),
        title="aud: the app sent another address than the FHIR base URL of Inferno's simulated server",
        why="aud has to equal iss, the FHIR base URL that the app was given, character for character.",
        causes=(
            Cause(
                "aud is the authorization server, or has a final slash or /metadata.",
                "expected and got in the message.",
                "Send the FHIR base URL of the test, https://inferno.healthit.gov/custom/smart_client_stu2_2/fhir, as aud.",
            ),
            Cause(
                "aud isn't sent at all.",
                "got is empty.",
                "Add aud to the authorization request.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-app-redirect-uri",
        text=(
            (
                "had an unregistered `redirect_uri`",
                "missing the `redirect_uri`",
                "no redirect uris registered",
                "included an incorrect `redirect_uri`",
            ),
        ),
        title="redirect_uri: the app sent one that isn't registered in this Inferno session, or another one in the token "
        "request",
        why="Inferno compares it with the input SMART App Launch Redirect URI(s), which takes several separated by commas "
        "without spaces.",
        causes=(
            Cause(
                "The app's redirect URI isn't in the input.",
                "got and expected in the message.",
                "Register the app's exact redirect URI in a new session.",
            ),
            Cause(
                "The token request has another one than the authorization request.",
                "The message speaks of the token request.",
                "Send the same value in both.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-app-client-id",
        text=(("had an incorrect `client_id`", "had an incorrect `client` value"),),
        title="client_id: the app uses another one than this Inferno session registered",
        why="Without an input Inferno creates a client ID for each session.",
        causes=(
            Cause(
                "The app has the client ID of an earlier session.",
                "expected and got in the message.",
                "Configure the app with the client ID of this session, or enter the app's own at the registration.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-app-launch-value",
        text=(("had an incorrect `launch`",),),
        title="launch: the app didn't send the value that Inferno passed to its launch URL",
        why="The app has to send launch back unchanged.",
        causes=(
            Cause(
                "The app uses a stored value of an earlier launch.",
                "expected and got in the message.",
                "Take launch from the query of the current launch and clear what an earlier launch stored.",
            ),
            Cause(
                "The value was encoded twice.",
                "got has %25.",
                "Percent-encode it once.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-app-state",
        text=(("missing the `state` element",),),
        title="state: the app's authorization request has none",
        why="SMART requires it against forged redirects.",
        causes=(
            Cause(
                "The app or its library doesn't send it.",
                "The authorization URL.",
                "Send a random state with every authorization request, and check it on the redirect.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-app-pkce",
        text=(
            (
                "missing the `code_challenge`",
                "had an incorrect `code_challenge_method`",
                "pkce check failed",
                "pkce verifier: got",
                "invalid pkce challenge method",
                "error performing pkce verification",
            ),
        ),
        title="PKCE: the app's code_challenge is missing, or its code_verifier doesn't match",
        why="SMART 2 requires PKCE with S256: the challenge is the base64url of the SHA-256 of the verifier, without =.",
        causes=(
            Cause(
                "The app doesn't use PKCE.",
                "No code_challenge in the authorization URL, or no code_verifier in the token request.",
                "Enable PKCE with S256: send code_challenge, then code_verifier in the token request.",
            ),
            Cause(
                "The verifier is that of another request.",
                "got and expected differ although both have 43 characters.",
                "Store the verifier with state and read it by the state of the redirect.",
            ),
            Cause(
                "The challenge is encoded wrongly.",
                "It has +, / or =, or 64 hexadecimal digits.",
                "Encode the bytes of the hash, not its hexadecimal form, in base64url without padding.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-app-basic",
        text=(("confidential symmetric client request", "authorization header has the wrong"),),
        title="Authorization: the app's token request doesn't carry the client ID and secret of this session as Basic",
        why="Inferno compares the decoded header with client_id:client_secret. Some versions of Inferno quote expected and "
        "got the wrong way round.",
        causes=(
            Cause(
                "The credentials are in the body.",
                "The header is missing.",
                "Send Authorization: Basic with the base64 of client_id:client_secret.",
            ),
            Cause(
                "They are percent-encoded before base64, or the secret is another.",
                "Decode the header.",
                "Use the ID and secret of this session and a secret without special characters.",
            ),
            Cause(
                "The app is a public client.",
                "It has no secret.",
                "Choose the public client in a new session.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-app-assertion-missing",
        text=(("client_assertion missing from confidential asymmetric", "had an incorrect `client_assertion_type`"),),
        title="client_assertion: the app's token request doesn't authenticate with a signed JWT",
        why="The session is registered as confidential asymmetric: a token request needs client_assertion and "
        "client_assertion_type.",
        causes=(
            Cause(
                "The app sends no assertion.",
                "The body of the token request.",
                "Send client_assertion, and client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer.",
            ),
            Cause(
                "The app authenticates with a secret, or is public.",
                "It has no key pair.",
                "Choose the other client type in a new session.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-app-assertion-key",
        text=(
            (
                "no key found with `kid`",
                "missing `kid` header",
                "missing `alg` header",
                "signature validation failed on token request",
            ),
        ),
        title="client_assertion: Inferno has no key that fits the signature",
        why="Inferno looks for kid of the assertion in the JWK set at jku of its header, else in the set of the registration.",
        causes=(
            Cause(
                "kid isn't in the JWK set.",
                "Compare kid of the header with the set.",
                "Put kid into the header, and the public key with this kid into the JWK set of the session.",
            ),
            Cause(
                "jku in the header points to another set, which Inferno can't reach.",
                "A jku such as http://localhost.",
                "Leave jku out, or publish the set at a reachable https address.",
            ),
            Cause(
                "The key pair was changed.",
                "kid is found, the signature fails.",
                "Register the public key that belongs to the private key in use.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-app-assertion-claims",
        text=(("client assertion jwt on token request",), ("claim", "`typ` header")),
        title="client_assertion: a claim of the app's JWT isn't as SMART requires: the one in backquotes",
        why="iss and sub have to be the client ID, aud the token endpoint's URL, exp at most five minutes ahead, and jti "
        "new each time. typ is JWT.",
        causes=(
            Cause(
                "aud is the FHIR base URL or the issuer.",
                "The message names aud.",
                "Set aud to token_endpoint of the discovery document.",
            ),
            Cause(
                "iss or sub isn't the client ID.",
                "The message names iss or sub.",
                "Set both to the client ID of this session.",
            ),
            Cause(
                "An assertion was sent twice.",
                "The message names jti.",
                "Create a new JWT with a new jti for every token request.",
            ),
            Cause(
                "exp or the header typ is missing.",
                "The message names it.",
                'Add exp, and "typ": "JWT" to the header.',
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-app-code",
        text=(
            (
                "no authorization request found for code",
                "included a code not issued during this test session",
                "authorization codehas expired",
                "no authorization request found for refresh token",
                "refresh token not issued during this test session",
            ),
        ),
        title="code: the app exchanged a code or refresh token that doesn't belong to this Inferno session",
        why="Inferno's simulated server knows only what it issued in the running session.",
        causes=(
            Cause(
                "The code or token is stored from an earlier session or run.",
                "The app has tokens in its storage.",
                "Clear the app's storage and launch it again from the running test.",
            ),
            Cause(
                "The code was exchanged too late, or is cut or encoded twice.",
                "Compare it with the redirect.",
                "Exchange the code once, immediately, as it was in the redirect.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
    KnownError(
        id="inferno-app-grant-type",
        text=(
            (
                "had an incorrect `grant_type`",
                "had an incorrect `response_type`",
                "did not include the requested `scope`",
                "found during client_credentials flow",
            ),
        ),
        title="The app uses another flow than the one that this Inferno session tests",
        why="App launch uses response_type=code and grant_type=authorization_code. Backend services use "
        "grant_type=client_credentials with scope, and no refresh tokens.",
        causes=(
            Cause(
                "The session was created for another client type.",
                "expected and got in the message.",
                "Choose app launch or backend services at the start of a new session, as the app works.",
            ),
            Cause(
                "The app sends a misspelt or no value.",
                "got in the message.",
                "Send the value that the message expects.",
            ),
            Cause(
                "scope is missing.",
                "The message names scope.",
                "Add the scopes to the token request of client_credentials.",
            ),
        ),
        source=KIT,
        confidence="documented",
    ),
)

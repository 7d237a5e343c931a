"""Token requests whose proof of the client is missing, empty or can't be checked."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

RFC6749 = "https://www.rfc-editor.org/rfc/rfc6749#section-2.3"
RFC7523 = "https://www.rfc-editor.org/rfc/rfc7523#section-2.2"
SPRING = "https://docs.spring.io/spring-security/reference/servlet/oauth2/client/client-authentication.html"

ERRORS = (
    KnownError(
        id="client-secret-as-bearer",
        is_evident=True,
        text=(
            ("token",),
            ("bearer token with client_id", "bearer token with the client", "bearer client_id", "bearer with client_id"),
        ),
        title="`client_secret`: the token request sends it as a Bearer token. Clients authenticate with Basic or in the form",
        why="A Bearer token is what this request is to return. The server finds neither client nor secret.",
        causes=(
            Cause(
                "The client (such as Postman) is set to Bearer Token for the token request.",
                "The request has Authorization: Bearer.",
                "Choose Basic Auth with client_id as the user and client_secret as the password, or put both into the form.",
            ),
        ),
        source=RFC6749,
        confidence="documented",
    ),
    KnownError(
        id="client-secret-worked-until",
        is_evident=True,
        codes=("401", "invalid_client"),
        text=(
            ("client id and secret", "client secret", "client_secret", "client credentials", "client id and client secret"),
            (
                "worked for months",
                "worked for years",
                "worked until",
                "worked fine until",
                "stopped working",
                "since this week",
                "since yesterday",
                "since today",
                "all of a sudden",
                "suddenly",
            ),
            ("access token", "token request", "/token", "token endpoint", "invalid_client"),
        ),
        without=("redirect_uri", "refresh_token", "aadsts"),
        title="`client_secret`: the credentials worked before, so they expired, were replaced, or the app was switched off",
        why="The request is the same as before, so something changed at the server: secrets end, an administrator renews them,"
        " or are lost when a sandbox is set up again.",
        causes=(
            Cause(
                "The secret has expired or was replaced.",
                "The developer portal shows its date, or another secret.",
                "Create a new secret in the portal, and put it into the app's configuration.",
            ),
            Cause(
                "The app was disabled, or the environment was moved to another host.",
                "The portal's news or status page says so.",
                "Enable it, or ask the server's support; compare the token endpoint with the discovery document.",
            ),
        ),
        source="https://github.com/athenahealth/apiserver-athenaFlex/issues/334",
        confidence="observed",
    ),
    KnownError(
        id="basic-credentials-not-sent",
        is_evident=True,
        text=(("no or invalid authorization header",), ("authorization: basic", "auth_basic", "basic auth")),
        title="The server expects user and password (Basic), and this client sends none",
        why="It works wherever the Authorization header is sent. A test page or library without the credentials gets 401.",
        causes=(
            Cause(
                "The page has no setting for the credentials, or it isn't set.",
                "Its request has no Authorization header in the Network tab.",
                "Configure the credentials there (AUTH_BASIC), or switch authentication off for the test page.",
            ),
            Cause(
                "A proxy removes the header.",
                "The server's log has the request without it.",
                "Let the proxy pass Authorization on.",
            ),
        ),
        source="https://github.com/omoponfhir/omoponfhir-main/issues/5",
        confidence="observed",
    ),
    KnownError(
        id="hashed-secret-as-key",
        is_evident=True,
        text=(
            ("hs256",),
            ("django-oauth-toolkit", "django oauth toolkit", "oauth2_provider"),
            ("signature", "failed to validate", "verif"),
        ),
        title="HS256: django-oauth-toolkit signs with the stored client secret, which is hashed, so the client can't check it",
        why="With HS256 both sides need the same secret. Since version 2.0 the toolkit stores only its hash, and uses that"
        " as the key.",
        causes=(
            Cause(
                "The secret is hashed when the application is saved.",
                "The value in the database begins with pbkdf2_sha256$.",
                "Use RS256 with OIDC_RSA_PRIVATE_KEY, or switch off hash_client_secret for this application.",
            ),
            Cause(
                "The client expects RS256.",
                "It reads jwks_uri, which is empty for HS256.",
                "Set the same algorithm in both.",
            ),
        ),
        source="https://github.com/django-oauth/django-oauth-toolkit/issues/1239",
        confidence="observed",
    ),
    KnownError(
        id="assertion-parameters-empty",
        is_evident=True,
        text=(("client_assertion=&", "client_assertion_type=&", 'client_assertion_type=""', "client_assertion_type: ''"),),
        title="`client_assertion_type` is sent without a value: the library adds it although no signed JWT is used",
        why="The server sees the parameter and checks it. Parameters without a value should be treated as omitted (RFC 6749"
        " 3.2), but some servers refuse them.",
        causes=(
            Cause(
                "The library sends `client_assertion` and `client_assertion_type` empty next to the secret.",
                "The form has both names with nothing after the equals sign.",
                "Leave both parameters out, and update the library.",
            ),
            Cause(
                "The client should use a signed JWT, and no key is configured.",
                "The client is registered with private_key_jwt.",
                "Configure the private key, so that the library creates the assertion.",
            ),
        ),
        source=RFC7523,
        confidence="documented",
    ),
    KnownError(
        id="spring-private-key-jwt",
        text=(
            ("private_key_jwt",),
            ("clientregistration", "clientauthenticationmethod", "spring"),
            (
                "no client_assertion",
                "without client_assertion",
                "never gets called",
                "never called",
                "not supported",
                "not sent",
            ),
        ),
        without=('"alg": "hs',),
        title="`client_assertion` isn't sent: Spring Security needs a resolver for the private key",
        why="private_key_jwt in the ClientRegistration isn't enough. The token client needs"
        " NimbusJwtClientAuthenticationParametersConverter with a function that returns the JWK.",
        causes=(
            Cause(
                "No converter is added to the client of this grant.",
                "The token request has no `client_assertion`.",
                "Add NimbusJwtClientAuthenticationParametersConverter to the token response client (client credentials and"
                " authorization code each have their own).",
            ),
            Cause(
                "WebClient uses another authorized client manager than the configured one.",
                "A breakpoint in the resolver isn't reached.",
                "Pass the manager with this token response client to the filter of WebClient.",
            ),
        ),
        source=SPRING,
        confidence="documented",
    ),
    KnownError(
        id="assertion-signed-with-secret",
        is_evident=True,
        text=(
            ('"alg": "hs', '"alg":"hs', "alg: hs"),
            ("private_key_jwt", "private key jwt"),
        ),
        title="`client_assertion` is signed with a secret (HS256), but the client is registered with a key (private_key_jwt)",
        why="private_key_jwt needs a signature by a private key, such as RS384 or ES384. HS256 belongs to client_secret_jwt.",
        causes=(
            Cause(
                "The JWT library signs with HS256 by default.",
                "The header says alg HS256.",
                "Sign with the private key of the registered JWKS (RS384 or ES384; RS256 if the server says so), and set kid.",
            ),
            Cause(
                "aud isn't the token endpoint or issuer that the server expects.",
                "Compare aud with `token_endpoint`.",
                "Set aud to the `token_endpoint` of the discovery document.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#ClientAuthentication",
        confidence="documented",
    ),
    KnownError(
        id="invalid-client-without-secret",
        codes=("invalid_client",),
        text=(("grant_type=authorization_code", "grant_type=refresh_token"), ("client_id=",)),
        without=(
            "client_secret",
            "authorization:",
            "'authorization",
            '"authorization',
            "client_assertion",
            " -u ",
            "--user ",
            "basic auth",
            "basic ",
            "?client_id",
        ),
        title="`invalid_client`: the token request has a `client_id`, but nothing that proves the client",
        why="A confidential client sends a secret or a signed JWT with each token request. Only a public client sends just"
        " `client_id`, and then with PKCE.",
        causes=(
            Cause(
                "The client is registered as confidential, and its secret isn't sent.",
                "The registration shows a client secret.",
                "Send the header Authorization: Basic base64(client_id:client_secret), or client_secret in the form if the"
                " server registered that method.",
            ),
            Cause(
                "The app can't keep a secret, and isn't registered as a public client.",
                "It runs in a browser or on a phone.",
                "Register it as public (`token_endpoint_auth_method` none), and use PKCE.",
            ),
            Cause(
                "`client_id` is unknown at this server.",
                "Compare with the registration, environment included.",
                "Send the `client_id` of this environment.",
            ),
        ),
        source=RFC6749,
        confidence="documented",
    ),
    KnownError(
        id="header-named-authentication",
        is_evident=True,
        text=(("authentication: basic ", "authentication: bearer ", "'authentication': 'b", '"authentication": "b'),),
        title="The header is named Authentication. It has to be Authorization",
        why="HTTP knows only Authorization for credentials. The server ignores another name, and takes the request for one"
        " without credentials.",
        causes=(
            Cause(
                "The name of the header is wrong.",
                "The request has Authentication instead of Authorization.",
                "Send the same value in the header `Authorization`.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc9110#section-11.6.2",
        confidence="documented",
    ),
    KnownError(
        id="client-jwks-unreadable",
        is_evident=True,
        text=(
            (
                "property 'keys' of undefined",
                "(reading 'keys')",
                "requesting the remote jwks returned an error",
                "could not fetch jwks",
                "unable to obtain public key from the jwks",
            ),
        ),
        title="The server can't read the client's keys at the registered JWKS URL",
        why="The server fetches the JWKS itself. It needs a public https address with a complete certificate chain, and JSON"
        " with a member keys.",
        causes=(
            Cause(
                "The URL isn't reachable from the server, or its certificate chain is incomplete.",
                "Fetch it with curl from another network.",
                "Serve the JWKS at a public https address with the intermediate certificate.",
            ),
            Cause(
                "The answer isn't a JWKS: a single key, HTML, or no public key with kid.",
                "It has no member keys.",
                'Return {"keys": [{"kty", "kid", "alg", …}]} as application/json.',
            ),
        ),
        source="https://github.com/smart-on-fhir/bulk-data-server/issues/10",
        confidence="observed",
    ),
)

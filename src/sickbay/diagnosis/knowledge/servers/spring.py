"""Spring Security: resource server, OAuth login, and Spring Authorization Server."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

RESOURCE = "https://docs.spring.io/spring-security/reference/servlet/oauth2/resource-server/jwt.html"
LOGIN = "https://docs.spring.io/spring-security/reference/servlet/oauth2/login/core.html"
SERVER = "https://docs.spring.io/spring-authorization-server/reference/"

ERRORS = (
    KnownError(
        id="spring-jwt-key",
        text=(("another algorithm expected", "no matching key(s) found", "signed jwt rejected"),),
        title="The token's signing key isn't in the JWK set, or the algorithm isn't the expected one",
        why=(
            "The resource server loads the keys from jwk-set-uri or the issuer and looks for the token's kid and alg; by "
            "default only RS256 is accepted."
        ),
        causes=(
            Cause(
                "The token comes from another issuer, realm or authorization server.",
                "Compare iss of the decoded token with issuer-uri, and look for its kid at jwks_uri.",
                "Set issuer-uri to the iss of the token, or send a token of that issuer.",
            ),
            Cause(
                "alg isn't RS256.",
                "Look at alg in the header.",
                "Set spring.security.oauth2.resourceserver.jwt.jws-algorithms to that algorithm.",
            ),
            Cause(
                "It isn't an access token: an ID token or an Okta org token whose keys aren't published.",
                "Look at aud and typ.",
                "Send an access token that was issued for this API.",
            ),
            Cause(
                "The server created new keys at its restart.",
                "Old tokens fail, new ones work.",
                "Use persistent keys at the authorization server.",
            ),
        ),
        source="https://github.com/eugenp/tutorials/issues/7079",
        confidence="documented",
    ),
    KnownError(
        id="spring-jwt-malformed",
        text=(
            (
                "malformed token",
                "missing dot delimiter",
                "invalid jwt serialization",
                "invalid unsecured/jws/jwe",
                "bearer token is malformed",
                "invalid jws header",
                "malformed payload",
                "malformed jwt jose header",
            ),
        ),
        title="The bearer token isn't a JWT: it is opaque, damaged, or has extra characters",
        why="The resource server is configured for JWTs, which have three base64url parts with two dots.",
        causes=(
            Cause(
                "The token is opaque.",
                "It has no dots.",
                (
                    "Use opaquetoken introspection in the resource server, or let the server issue JWTs, for example by "
                    "requesting an audience."
                ),
            ),
            Cause(
                "The header has quotes, Bearer twice, a JSON object or a line break.",
                "Log the Authorization header.",
                "Send Authorization: Bearer TOKEN with only the raw access token.",
            ),
            Cause("The token was cut.", "Count its dots.", "Send the whole access token."),
        ),
        source="https://github.com/publicdevop2019/mt-auth/issues/135",
        confidence="documented",
    ),
    KnownError(
        id="spring-jwt-issuer",
        text=(("the iss claim is not valid", "iss claim is not valid"),),
        title="iss: the token's issuer isn't exactly issuer-uri of the resource server",
        why="Spring compares iss with the configured issuer as strings.",
        causes=(
            Cause(
                "The token was requested under another host name, such as localhost and a container name.",
                "Compare iss of the decoded token with issuer-uri.",
                (
                    "Set issuer-uri to exactly the iss of the token; if that host isn't reachable from the service, set "
                    "jwk-set-uri to an address that is."
                ),
            ),
            Cause(
                "A trailing slash or http and https differs.",
                "Compare character by character.",
                "Copy issuer from the discovery document.",
            ),
        ),
        source=RESOURCE,
        confidence="documented",
    ),
    KnownError(
        id="spring-jwt-expired",
        text=(("jwt expired at", "jwt used before", "jwt expired"), ("jwt",)),
        without=("jsonwebtoken", "io.jsonwebtoken", "tokenexpirederror", "node_modules"),
        title="The access token has expired, or isn't valid yet",
        why="exp or nbf doesn't fit the current time; Spring allows 60 seconds of clock skew.",
        causes=(
            Cause(
                "The token is too old.",
                "Compare exp with the current time.",
                "Get a new access token with the refresh token, or log in again.",
            ),
            Cause("The clocks differ.", "A fresh token fails, too.", "Synchronise the clocks with NTP."),
        ),
        source=RESOURCE,
        confidence="documented",
    ),
    KnownError(
        id="spring-jwt-audience",
        text=(("the aud claim is not valid", "the required audience is missing"),),
        title="aud: the token isn't meant for this API",
        why="The resource server requires its audience (spring.security.oauth2.resourceserver.jwt.audiences).",
        causes=(
            Cause(
                "The token was requested for another API, or without audience.",
                "Decode it and read aud.",
                (
                    "Request the token with this API as audience or resource, or configure the server to add it (Keycloak: "
                    "audience mapper)."
                ),
            ),
            Cause("The configured value differs.", "Compare it with aud.", "Set audiences to the aud of the token."),
        ),
        source=RESOURCE,
        confidence="documented",
    ),
    KnownError(
        id="spring-jwk-set-unreachable",
        text=(
            (
                "couldn't retrieve remote jwk set",
                "unable to resolve configuration with the provided issuer",
                "unable to resolve the configuration with the provided issuer",
                "unable to retrieve remote jwk",
                "could not obtain the keys",
            ),
        ),
        title="The issuer's configuration or keys can't be loaded",
        why="The service reads ISSUER/.well-known/openid-configuration and jwks_uri at the start or with the first token.",
        causes=(
            Cause(
                "The host isn't reachable from the service; localhost in a container is the container itself.",
                "Open the address with curl from there.",
                "Set issuer-uri, or jwk-set-uri, to an address that the service reaches.",
            ),
            Cause(
                "The certificate isn't trusted.",
                "The cause is PKIX path building failed.",
                "Import the certificate into the truststore.",
            ),
            Cause(
                (
                    "issuer-uri is wrong: realm or tenant misspelled, or /auth too much (Keycloak has none since version 17), "
                    "or another slash."
                ),
                "Open issuer-uri with /.well-known/openid-configuration in a browser.",
                "Copy issuer exactly as it is in the document that exists.",
            ),
        ),
        source=RESOURCE,
        confidence="documented",
    ),
    KnownError(
        id="spring-issuer-mismatch",
        text=(('the issuer "', "the issuer '"), ("did not match the requested issuer",)),
        title="iss: the issuer in the discovery document isn't exactly issuer-uri",
        why="Spring requires that both strings are equal; a trailing slash counts.",
        causes=(
            Cause(
                "issuer-uri has a slash too much or too little, or another host.",
                "The message shows both.",
                "Set issuer-uri to exactly the issuer that the document names.",
            ),
        ),
        source=RESOURCE,
        confidence="documented",
    ),
    KnownError(
        id="spring-insufficient-scope",
        text=(("requires higher privileges than provided by the access token", "the request requires higher privileges"),),
        title="403 insufficient_scope: the token lacks the authority that the endpoint requires",
        why=(
            'Spring turns scope or scp into authorities with the prefix SCOPE_. hasRole("X") looks for ROLE_X, which a '
            "token's roles don't give by themselves."
        ),
        causes=(
            Cause(
                "The scope wasn't granted.",
                "Decode the token and read scope.",
                "Request the scope, and register it for the client.",
            ),
            Cause(
                "The code asks for a role, and the token has scopes or another claim.",
                "Compare hasRole with the authorities in the log.",
                'Use hasAuthority("SCOPE_name"), or a JwtAuthenticationConverter that reads the roles claim.',
            ),
        ),
        source=RESOURCE,
        confidence="documented",
    ),
    KnownError(
        id="spring-login-session-lost",
        text=(("authorization_request_not_found",),),
        title="The session with the authorization request and its state is gone at the callback",
        why=(
            "Spring keeps the request in the HTTP session, found by the JSESSIONID cookie. Without it, state can't be compared."
        ),
        causes=(
            Cause(
                "Two apps on localhost share the cookie JSESSIONID and overwrite each other's session.",
                "Client and server run on localhost with different ports.",
                "Set server.servlet.session.cookie.name of one app, or use 127.0.0.1 for one of them.",
            ),
            Cause(
                "The login began on another host or by another scheme than the callback.",
                "Compare the hosts, 127.0.0.1 and localhost.",
                "Use the same host in the address and in redirect-uri.",
            ),
            Cause(
                "The cookie wasn't sent: SameSite=Strict, or http.",
                "The browser tools show the callback without cookie.",
                "Set SameSite=Lax, and Secure with https.",
            ),
            Cause(
                "Several nodes without shared sessions, a second click, or a stateless session policy.",
                "It fails now and then.",
                "Share sessions, or store the request in a cookie (AuthorizationRequestRepository).",
            ),
        ),
        source=LOGIN,
        confidence="observed",
    ),
    KnownError(
        id="spring-invalid-state",
        text=(("invalid_state_parameter",),),
        title="`state` in the callback isn't the one stored in the session",
        why="Another login in the same session has replaced it, or the server changed it.",
        causes=(
            Cause(
                "Two logins run in the same browser session.",
                "Two tabs, or a prefetch of the login link.",
                "Start the login again in one tab.",
            ),
            Cause(
                "The session cookie belongs to another node or app.",
                "Look at JSESSIONID.",
                "Share sessions, or rename the cookie of one app.",
            ),
        ),
        source=LOGIN,
        confidence="inferred",
    ),
    KnownError(
        id="spring-invalid-id-token",
        text=(("invalid_id_token",),),
        title="The ID token was refused: issuer, audience, nonce, time or signature doesn't match",
        why=(
            "Spring checks iss against issuer-uri, aud against client-id, the times with 60 seconds of skew, and the "
            "signature with the issuer's keys (RS256 by default)."
        ),
        causes=(
            Cause(
                "iss differs from issuer-uri, or aud from client-id.",
                "The message lists the invalid claims.",
                "Set issuer-uri and client-id to the values in the ID token.",
            ),
            Cause(
                "The token isn't signed with RS256.",
                "Look at alg.",
                "Provide an OidcIdTokenDecoderFactory with that algorithm.",
            ),
            Cause(
                "The clocks differ, so that iat or exp is invalid.", "The message names iat or exp.", "Synchronise the clocks."
            ),
            Cause("jwks_uri can't be read.", "The cause names it.", "Make it reachable."),
        ),
        source=LOGIN,
        confidence="documented",
    ),
    KnownError(
        id="spring-invalid-token-response",
        text=(
            ("invalid_token_response", "an error occurred while attempting to retrieve the oauth 2.0 access token response"),
        ),
        title="The token endpoint answered with an error, or with something that Spring can't read",
        why="The text after the colon has the real answer, for example 401 with invalid_client.",
        causes=(
            Cause(
                "The client secret is wrong, or sent by another method than registered.",
                "The answer is 401 or invalid_client.",
                (
                    "Copy the client secret again, and set client-authentication-method to the registered one, "
                    "client_secret_basic or client_secret_post."
                ),
            ),
            Cause(
                "The host isn't reachable or its certificate isn't trusted.",
                "The cause is Connection refused or PKIX.",
                "Correct token-uri, or import the certificate.",
            ),
            Cause(
                "The response isn't JSON or lacks token_type.",
                "Repeat the request with curl.",
                "Correct token-uri, or use an own response converter.",
            ),
        ),
        source=LOGIN,
        confidence="documented",
    ),
    KnownError(
        id="spring-client-authentication",
        servers=("spring",),
        codes=("invalid_client",),
        title="The client could not be authenticated: unknown client_id, wrong secret, or another method than registered",
        why=(
            "Spring Authorization Server checks the method in clientAuthenticationMethods and compares the secret by its "
            "PasswordEncoder. A Spring client sends client_secret_basic unless configured otherwise."
        ),
        causes=(
            Cause(
                "The Basic header has the user's name and password, or no client credentials at all.",
                "Decode the header: it has to be client_id:client_secret.",
                "Send Authorization: Basic base64(client_id:client_secret) of the registered client.",
            ),
            Cause(
                "The registered secret isn't encoded.",
                "The log says does not look like BCrypt, or There is no PasswordEncoder.",
                "Store {noop}secret or the value from passwordEncoder.encode.",
            ),
            Cause(
                "The method isn't registered for the client.",
                "clientAuthenticationMethods lacks client_secret_post, or none with PKCE.",
                "Add the method to the registered client.",
            ),
            Cause("client_id is unknown at this server.", "Compare both spellings.", "Register the client."),
        ),
        source="https://github.com/spring-attic/spring-authorization-server/issues/1104",
        confidence="observed",
    ),
    KnownError(
        id="spring-parameter",
        text=(("oauth 2.0 parameter:", "oauth 2.0 parameter%3a", "oauth+2.0+parameter"),),
        captures=(r"OAuth(?: |\+|%20)2\.0(?: |\+|%20)Parameter(?::|%3A)(?: |\+|%20)?(?P<parameter>\w+)",),
        title="{parameter} is missing, invalid, sent twice, or not registered for the client",
        why=(
            "Spring Authorization Server names the parameter that it refuses, and no more. For client_id it is unknown, for "
            "redirect_uri not registered, for scope not allowed, for code_challenge missing."
        ),
        causes=(
            Cause(
                "The value isn't registered for this client.",
                "Compare {parameter} with the RegisteredClient, character by character.",
                "Register the exact value, or send the registered one.",
            ),
            Cause(
                "redirect_uri uses localhost, which older versions refuse.",
                "The log suggests 127.0.0.1.",
                "Use http://127.0.0.1 in the redirect URI.",
            ),
            Cause(
                "The parameter isn't sent, or is in the query of the token request.",
                "Look at the request.",
                "POST {parameter} once, in a form body.",
            ),
        ),
        source=SERVER,
        confidence="documented",
    ),
)

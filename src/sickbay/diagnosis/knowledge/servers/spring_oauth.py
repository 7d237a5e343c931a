"""The old spring-security-oauth2 library, and what Spring Security says without an OAuth code."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

DOCS = "https://projects.spring.io/spring-security-oauth/docs/oauth2.html"

ERRORS = (
    KnownError(
        id="spring-oauth-full-authentication-token",
        text=(
            (
                "full authentication is required",
                "there is no client authentication",
                "adding an appropriate authentication filter",
            ),
            ("/oauth/token", "/token", "client authentication"),
        ),
        title="The token request has no client credentials: the Authorization header with Basic is missing",
        why=(
            "The token endpoint is protected with HTTP Basic by the client's id and secret; as parameters they count only if "
            "allowFormAuthenticationForClients is on."
        ),
        causes=(
            Cause(
                "client_id and client_secret are sent as parameters, or not at all.",
                "The request has no Authorization header.",
                "Send Authorization: Basic base64(client_id:client_secret), with curl: -u client_id:client_secret.",
            ),
            Cause(
                "The server shall accept them in the form.",
                "It is your own server.",
                "Call security.allowFormAuthenticationForClients() in AuthorizationServerSecurityConfigurer.",
            ),
            Cause(
                "/oauth/token isn't handled by the authorization server's filter chain.",
                "The path has a trailing slash, or another security config comes first.",
                "Call /oauth/token without trailing slash, and correct the order of the configurations.",
            ),
        ),
        source="https://github.com/spring-attic/spring-security-oauth/issues/1284",
        confidence="documented",
    ),
    KnownError(
        id="spring-oauth-full-authentication",
        text=(("full authentication is required to access this resource", "an authentication object was not found"),),
        title="The request has no valid token: the Authorization header with Bearer is missing or wasn't read",
        why="Spring Security found no authentication for a protected address.",
        causes=(
            Cause(
                "The header is missing or misspelled.",
                "Log the request; a proxy or a CORS preflight (OPTIONS) may have none.",
                "Send Authorization: Bearer ACCESS_TOKEN.",
            ),
            Cause(
                "It is the token or authorize endpoint, which a resource server's rules cover by mistake.",
                "The path is /oauth/token or /oauth/authorize.",
                "Send the client's Basic header there, or restrict the resource server to its own paths.",
            ),
            Cause(
                "A gateway removes the header.",
                "It works without the gateway.",
                "Forward Authorization; in Zuul, set sensitiveHeaders to empty.",
            ),
            Cause(
                "A preflight isn't permitted.",
                "The method is OPTIONS.",
                "Permit OPTIONS before authentication, with http.cors().",
            ),
        ),
        source="https://github.com/spring-guides/tut-spring-security-and-angular-js/issues/6",
        confidence="observed",
    ),
    KnownError(
        id="spring-oauth-bad-client-credentials",
        text=(("bad client credentials",),),
        title="The client's id or secret is wrong",
        why="The server compares the Basic header or the form with its registered clients, with its PasswordEncoder.",
        causes=(
            Cause(
                "client_id or secret differs from the registration, or the server reads another property.",
                "Spring Boot needs security.oauth2.client.client-id; without it a random one is logged at the start.",
                "Compare both with the registration, and set client-id and client-secret.",
            ),
            Cause(
                "The secret is stored unencoded.",
                "The log says Encoded password does not look like BCrypt.",
                "Encode the registered secret.",
            ),
        ),
        source="https://github.com/spring-guides/tut-spring-security-and-angular-js/issues/95",
        confidence="observed",
    ),
    KnownError(
        id="spring-oauth-bad-credentials",
        text=(("bad credentials",),),
        without=("github.com", "api.github"),
        title="User name or password is wrong, or the client's secret is",
        why=(
            "Spring gives Bad credentials for both. With invalid_grant it is the user, with 401 at the token endpoint without "
            "a code it is usually the client."
        ),
        causes=(
            Cause(
                "The user's name or password is wrong, or stored in another encoding.",
                "The error is invalid_grant.",
                "Check the user and password, and that the PasswordEncoder matches the stored value.",
            ),
            Cause(
                "The client's Basic credentials are wrong.",
                "The answer is 401 with WWW-Authenticate: Basic.",
                "Send Basic base64(client_id:client_secret) of the registered client.",
            ),
        ),
        source="https://docs.trustar.co/api/v13/errors/unauthorized.html",
        confidence="observed",
    ),
    KnownError(
        id="spring-oauth-bcrypt",
        text=(
            (
                "encoded password does not look like bcrypt",
                "empty encoded password",
                "there is no passwordencoder mapped for the id",
                "encoded password does not look like",
            ),
        ),
        title="The client secret or password is stored unencoded, so that it never matches",
        why=(
            "Since Spring Security 5 secrets are compared by a PasswordEncoder. A plain or differently encoded value always "
            "fails, and the token endpoint answers 401 invalid_client."
        ),
        causes=(
            Cause(
                "The registered client secret is plain text.",
                "Look at withClient(…).secret(…) or at the column client_secret.",
                'Store passwordEncoder.encode("secret"); with the delegating encoder {bcrypt}… or {noop}secret for tests.',
            ),
            Cause(
                "It was encoded twice, or has the prefix {bcrypt} although a plain BCryptPasswordEncoder is used.",
                "Compare the stored value with the encoder.",
                "Use one encoder for storing and for comparing.",
            ),
            Cause(
                "The user's password has the same fault.",
                "The client's call succeeds, the password grant fails.",
                "Encode the users' passwords, too.",
            ),
        ),
        source="https://github.com/hendisantika/spring-boot-security-oauth2-example/issues/1",
        confidence="observed",
    ),
    KnownError(
        id="spring-oauth-resource-id",
        text=(("does not contain resource id", "invalid token does not contain"),),
        title="aud: the token doesn't contain the resource id of this resource server",
        why="The old library compares its resourceId, by default oauth2-resource, with the token's audience.",
        causes=(
            Cause(
                "The resource server has the default id, and the token another audience.",
                "Decode the token and read aud.",
                'Set resources.resourceId("…") or security.oauth2.resource.id to the aud of the token.',
            ),
            Cause(
                "The client isn't registered for this resource.",
                "Look at resourceIds of the client.",
                "Add the resource id to the client, or leave it empty.",
            ),
        ),
        source="https://github.com/oktadev/spring-boot-microservices-example/pull/22",
        confidence="observed",
    ),
    KnownError(
        id="spring-oauth-cannot-convert",
        text=(("cannot convert access token to json",),),
        title="The JWT's signature can't be verified with the resource server's key, or the token isn't a JWT",
        why="The message hides every failure while decoding, most often the signature.",
        causes=(
            Cause(
                (
                    "The resource server has another signing key than the authorization server, or none because it couldn't "
                    "load it at the start."
                ),
                "Compare key-value, key-uri or signingKey on both sides.",
                "Use the same signing key, or the server's public key, on both sides; start the authorization server first.",
            ),
            Cause(
                "The token is opaque (a UUID).",
                "It has no dots.",
                "Use a JwtTokenStore in the authorization server, or check the token remotely.",
            ),
            Cause(
                "Something else was sent: a token of another environment (sandbox), a part of it, or the authorization code.",
                "A JWT has two dots; its iss names the server that issued it.",
                "Exchange the code at the token endpoint, and send the whole access_token of this environment.",
            ),
        ),
        source="https://github.com/spring-attic/spring-security-oauth/issues/426",
        confidence="observed",
    ),
    KnownError(
        id="spring-oauth-invalid-access-token",
        text=(("invalid access token:", "access token expired:"),),
        title="The resource server doesn't know the access token, or it has expired",
        why="The token isn't in the token store that the resource server reads.",
        causes=(
            Cause(
                "The token has expired.",
                "The message says expired; compare expires_in.",
                "Get a new access token with the refresh token.",
            ),
            Cause(
                "Authorization server and resource server use different token stores, for example in memory.",
                "The token is new.",
                "Share the token store, or use JWTs or check_token.",
            ),
            Cause(
                "A JWT was sent to a resource server that expects stored tokens.",
                "It has dots.",
                "Configure jwt.key-uri or a JwtTokenStore.",
            ),
        ),
        source="https://github.com/spring-projects/spring-security/issues/8372",
        confidence="observed",
    ),
    KnownError(
        id="spring-oauth-csrf-state",
        text=(("possible csrf detected",),),
        title="`state` can't be compared: the client's session is gone at the callback",
        why=(
            "The client stores state in its HTTP session. On localhost two apps share the cookie JSESSIONID and overwrite "
            "each other's session."
        ),
        causes=(
            Cause(
                "Client and server both run on localhost with the cookie name JSESSIONID.",
                "They differ only by port.",
                "Set server.servlet.session.cookie.name or another context path for one of them.",
            ),
            Cause(
                "The login began on another host name.", "localhost and 127.0.0.1 are mixed.", "Use the same host everywhere."
            ),
            Cause(
                "The call to user info failed, and the message hides it.",
                "The log of the resource server shows an error.",
                "Correct the error at user info.",
            ),
        ),
        source="https://github.com/spring-attic/spring-security-oauth/issues/1531",
        confidence="observed",
    ),
    KnownError(
        id="spring-oauth-redirect-registered",
        text=(
            (
                "at least one redirect_uri must be registered",
                "a redirect_uri can only be used by implicit",
                "a redirect_uri must be supplied",
            ),
        ),
        title="`redirect_uri`: the client has no registered redirect URI",
        why="Since version 2.3.4 every client that uses codes needs registered redirect URIs, and they are compared exactly.",
        causes=(
            Cause(
                "No redirect URI is registered.",
                "web_server_redirect_uri of the client is empty.",
                'Register the exact redirect URI: withClient(…).redirectUris("…"), or the column web_server_redirect_uri.',
            ),
            Cause(
                "The client isn't meant for the code grant.",
                "authorized_grant_types lacks authorization_code.",
                "Add authorization_code.",
            ),
        ),
        source="https://github.com/spring-projects/spring-security/issues/6758",
        confidence="documented",
    ),
    KnownError(
        id="spring-oauth-redirect-mismatch",
        text=(
            (
                "does not match one of the registered values",
                "redirect uri mismatch",
                "invalid redirect:",
                "does not match one of the registered",
            ),
        ),
        captures=(r"Invalid redirect: (?P<redirect_uri>\S+)",),
        title="`redirect_uri` isn't one of the client's registered redirect URIs, or differs between the two requests",
        why="The server compares exactly, path included.",
        causes=(
            Cause(
                "The URI isn't registered with this path.",
                "The message lists the registered ones.",
                "Register exactly {redirect_uri}.",
            ),
            Cause(
                "The token request sends another redirect_uri than the authorization request (Redirect URI mismatch).",
                "Compare both requests.",
                "Send the same redirect_uri in both.",
            ),
        ),
        source="https://github.com/mitreid-connect/OpenID-Connect-Java-Spring-Server/issues/1256",
        confidence="documented",
    ),
    KnownError(
        id="spring-oauth-code",
        text=(("invalid authorization code:",),),
        without=("[error] invalid authorization code", "identityserver"),
        title="`code`: the authorization code was used already, has expired, or is stored on another node",
        why="The server removes a code when it is redeemed.",
        causes=(
            Cause(
                "The code was redeemed twice.",
                "A second token request has the same code.",
                "Redeem each code once, and start a new login.",
            ),
            Cause(
                "The codes are kept in memory on several nodes.", "It fails now and then.", "Use JdbcAuthorizationCodeServices."
            ),
        ),
        source=DOCS,
        confidence="inferred",
    ),
    KnownError(
        id="spring-oauth-missing-grant-type",
        text=(
            (
                "missing grant type",
                "missing grant_type",
                "missing form parameter: grant_type",
                "parameter is missing: grant_type",
                "grant_type parameter is missing",
                "grant_type is missing",
                "grant_type is required",
            ),
        ),
        title="grant_type is missing: the token endpoint couldn't read the body as a form",
        why="The endpoint reads only application/x-www-form-urlencoded. A JSON body or multipart form counts as empty.",
        causes=(
            Cause(
                "The body is JSON, or Content-Type says application/json.",
                "Look at the body and at Content-Type.",
                (
                    "Send the body as application/x-www-form-urlencoded, for example grant_type=…&… with --data-urlencode or "
                    "URLSearchParams."
                ),
            ),
            Cause(
                "The parameters are in the query of the URL, or the body is empty after a redirect.",
                "The body is empty.",
                "POST them in the body.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3",
        confidence="documented",
    ),
    KnownError(
        id="spring-oauth-unauthorized-grant",
        text=(("unauthorized grant type", "unsupported grant type"),),
        without=("token-exchange",),
        title="The grant type isn't allowed for this client, or not supported by the server",
        why=(
            "authorizedGrantTypes of the client has to list it; the password grant also needs an AuthenticationManager in the "
            "endpoints configuration."
        ),
        causes=(
            Cause(
                "The client isn't allowed to use it.",
                "Look at authorizedGrantTypes of the client.",
                "Add the grant type to the client.",
            ),
            Cause(
                "The password grant has no AuthenticationManager.",
                "The message says Unsupported grant type: password.",
                "Set endpoints.authenticationManager(…).",
            ),
            Cause(
                "The value is misspelled.",
                "Look at grant_type.",
                "Send authorization_code, client_credentials or refresh_token.",
            ),
        ),
        source=DOCS,
        confidence="documented",
    ),
)

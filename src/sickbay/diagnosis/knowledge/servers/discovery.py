"""Client libraries that can't read the server's metadata, or that get an unreadable token response."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="library-discovery-not-conforming",
        text=(
            (
                "not a conform authorization server metadata response",
                "unable to resolve configuration with the provided issuer",
                "unable to resolve the configuration with the provided issuer",
                "idx20803",
                "idx20804",
                "idx20807",
                "unable to obtain configuration from",
                "failed to fetch the well-known json",
                "failed to fetch well-known",
                "error getting openid configuration",
                "could not fetch discovery",
                "error loading discovery document",
                "discovery_failed",
                "error retrieving discovery document",
                "openid provider configuration",
                "failed to discover",
                "discovery failed",
                "error connecting to https",
                "could not load well-known",
                "authwellknownendpoints are undefined",
                "unable to load openid connect metadata",
                "failed to get the openid configuration",
                "could not fetch oidc configuration",
            ),
        ),
        captures=(r"(?P<issuer>https?://[^\s\"'`,)]+)",),
        title="The discovery document of {issuer} can't be read",
        why="The library appends /.well-known/openid-configuration to the issuer. It got no JSON with status 200 there.",
        causes=(
            Cause(
                "The issuer in the configuration is wrong: a part of the path, the realm or the tenant is missing or too much.",
                "Open issuer + /.well-known/openid-configuration in a browser: it isn't JSON.",
                "Set the issuer so that this address returns JSON; SMART servers have it at base +"
                " /.well-known/smart-configuration.",
            ),
            Cause(
                "The app can't reach the server from where it runs: container, firewall, untrusted certificate.",
                "curl from the app's own container fails.",
                "Use an address that works for both, and trust the certificate.",
            ),
            Cause(
                "The server has no discovery document at that place.",
                "The documentation lists only the endpoints.",
                "Configure the authorization, token and JWKS endpoints by hand.",
            ),
        ),
        source="https://github.com/nextauthjs/next-auth/issues/10923",
        confidence="observed",
    ),
    KnownError(
        id="library-jwks-unreachable",
        text=(
            (
                "couldn't retrieve remote jwk set",
                "couldn't retrieve jwk set",
                "failed to fetch jwks",
                "unable to fetch jwks",
                "error fetching jwks",
                "jwkset retrieval",
                "jwks_uri must be configured",
                'missing "jwks_uri" in metadata',
                "unable to retrieve jwks",
                "failed to load jwks",
                "expected 200 ok from the json web key set",
                "remotekeysourceexception",
                "cannot obtain jwks",
                "failed to retrieve jwks",
            ),
        ),
        captures=(r"(?P<value>https?://[^\s\"'`,)]+)",),
        title="The keys of the issuer (jwks_uri) can't be loaded, so no token can be checked",
        why="The library fetches the public keys from jwks_uri in the discovery document, from the machine where it runs.",
        causes=(
            Cause(
                "jwks_uri has a host that the app can't reach, such as localhost inside a container.",
                "curl of jwks_uri from the app's container fails.",
                "Use an issuer address that the app can reach, and a trusted certificate.",
            ),
            Cause(
                "The configuration has no jwks_uri because discovery isn't used.",
                "The message says that jwks_uri is missing.",
                "Set jwks_uri, or configure the issuer's discovery URL.",
            ),
        ),
        source="https://docs.spring.io/spring-security/reference/servlet/oauth2/resource-server/jwt.html",
        confidence="documented",
    ),
    KnownError(
        id="library-token-response-unreadable",
        text=(
            (
                "not a conform token endpoint response",
                'unexpected "response" content-type',
                "oauth_response_is_not_json",
                "oauth_response_is_not_conform",
                "[invalid_token_response]",
                "error while extracting response for type",
                "expected 200 ok, got",
                "expected 200 ok with body but no body was returned",
                "unexpected http response status code",
                "an error occurred while attempting to retrieve the oauth 2.0 access token response",
                "token response construction error",
                "access_token not present in tokenset",
                "oauth2: server response missing access_token",
                "failed to parse json from response",
                "json deserialization error",
            ),
        ),
        title="The token endpoint answered with something that isn't a token response: an error status or no JSON",
        why="The library reports only that the response is not as expected. The body has the server's error.",
        causes=(
            Cause(
                "The server refused the request; the body has error and error_description.",
                "Look for cause, body or response in the error object, or repeat the request with curl.",
                "Print the body (error.cause, error.response.body) and fix the error that it names, such as invalid_client.",
            ),
            Cause(
                "The token endpoint's URL is wrong, so an HTML page with 404 or a login comes back.",
                "The content type is text/html.",
                "Read token_endpoint from the discovery document and use it.",
            ),
            Cause(
                "The server's response breaks RFC 6749: status 201, no token_type, or form-encoded like GitHub's.",
                "The response has an access token.",
                "Send Accept: application/json, or use the library's hook to repair the response.",
            ),
        ),
        source="https://github.com/panva/openid-client/issues/666",
        confidence="observed",
    ),
    KnownError(
        id="oauthlib-missing-token",
        text=(("missing_token", "missing access token parameter", "missingtokenerror"),),
        title="The token response has no access_token: the server refused the request, and oauthlib hides the reason",
        why="requests-oauthlib reports (missing_token) for any response that it can't read, such as an error in another format,"
        " an HTML page or an empty body.",
        causes=(
            Cause(
                "The client isn't authenticated in the way that the server expects.",
                "The response has status 401 or invalid_client.",
                "Pass include_client_id=True and client_secret to fetch_token, or auth=HTTPBasicAuth(client_id,"
                " client_secret).",
            ),
            Cause(
                "The server requires a parameter that the library doesn't send, such as scope or resource.",
                "The response's body names it.",
                "Pass it to fetch_token as a keyword, for example scope=….",
            ),
            Cause(
                "The token URL is wrong, or the password or code isn't valid.",
                "Print the response: register_compliance_hook('access_token_response', …) or logging at DEBUG.",
                "Look at the body of the response and fix what it says.",
            ),
        ),
        source="https://github.com/requests/requests-oauthlib/issues/324",
        confidence="observed",
    ),
    KnownError(
        id="oauthlib-missing-code",
        text=(("missing_code", "missing code parameter in response", "missingcodeerror"),),
        title="code is missing in the redirect URL that was given to the library",
        why="fetch_token reads the code from authorization_response, the full URL of the redirect.",
        causes=(
            Cause(
                "The redirect carries an error in place of a code, such as access_denied.",
                "The URL has error=.",
                "Handle error first, and fix its cause.",
            ),
            Cause(
                "The URL was passed without its query, or the tokens are in the fragment.",
                "Print the URL that you pass.",
                "Pass the full URL (request.url with the query), and use response_type=code.",
            ),
        ),
        source="https://requests-oauthlib.readthedocs.io/en/latest/api.html",
        confidence="documented",
    ),
    KnownError(
        id="oauthlib-scope-changed",
        text=(("scope has changed from",),),
        captures=(r"scope has changed from \W?(?P<scopes>[^\"]+?)\W? to \W?(?P<scope>[^\"]+?)[\".]",),
        title="scope: the server granted other scopes than the app requested, and oauthlib treats that as an error",
        why="The granted scope in the token response isn't equal to the requested one: a scope was dropped, added, or only"
        " written differently.",
        causes=(
            Cause(
                "The server writes the scopes in another form or order, or adds some such as openid.",
                "The same scopes stand in both, in other words.",
                "Request the scopes exactly as the server returns them, or set OAUTHLIB_RELAX_TOKEN_SCOPE=1.",
            ),
            Cause(
                "A requested scope wasn't granted, because it isn't registered or the user refused it.",
                "The new list is shorter.",
                "Register the missing scope for the app, and compare the granted scope before you use it.",
            ),
        ),
        source="https://github.com/oauthlib/oauthlib/issues/562",
        confidence="documented",
    ),
    KnownError(
        id="go-cannot-fetch-token",
        text=(("oauth2: cannot fetch token",),),
        title="The Go oauth2 library got an error from the token endpoint; the line 'Response:' has the server's reason",
        why="With AuthStyleAutoDetect the library tries the Basic header first and then the body, so that the second error,"
        " often"
        " 'code used already', hides the first. It also percent-encodes the secret in the Basic header.",
        causes=(
            Cause(
                "The client authentication doesn't fit: header or body.",
                "The status is 401, or the code is invalid_client.",
                "Set Endpoint.AuthStyle to the method that the client is registered for: oauth2.AuthStyleInHeader or InParams.",
            ),
            Cause(
                "The secret has special characters, and the server doesn't decode the percent-encoding.",
                "The same secret works with curl -u.",
                "Use oauth2.AuthStyleInParams, or create a secret without special characters.",
            ),
            Cause(
                "The code is expired or was used already.",
                "The response says invalid_grant.",
                "Start a new login and exchange the code once.",
            ),
            Cause(
                "TokenURL is wrong.",
                "The status is 404 or 405, or the response is HTML.",
                "Copy token_endpoint from the discovery document.",
            ),
        ),
        source="https://github.com/golang/oauth2/issues/320",
        confidence="observed",
    ),
    KnownError(
        id="passport-failed-to-obtain-token",
        text=(("failed to obtain access token", "internaloautherror"),),
        without=("failed to fetch user profile",),
        title="Passport got no access token: the token request failed, and the reason is in err.oauthError",
        why="The strategy reports only 'Failed to obtain access token'. A stack with TLSSocket or emitErrorNT means that no"
        " connection was made; otherwise the server refused the code or the client.",
        causes=(
            Cause(
                "No connection to the token endpoint: proxy, firewall, DNS or certificate.",
                "The stack has socketErrorListener; err.oauthError is ENOTFOUND, ETIMEDOUT or a certificate error.",
                "Print err.oauthError, and call tokenURL with curl from the same machine; set a proxy agent if needed.",
            ),
            Cause(
                "The client secret, the callbackURL or the client_id is wrong.",
                "err.oauthError.data has invalid_client or redirect_uri_mismatch.",
                "Compare clientSecret and callbackURL with the registered ones.",
            ),
            Cause(
                "The code was used already, because the callback ran twice.",
                "err.oauthError.data has invalid_grant.",
                "Let the callback run once, and start a new login.",
            ),
        ),
        source="https://github.com/jaredhanson/passport-oauth2/issues/2",
        confidence="observed",
    ),
    KnownError(
        id="library-user-profile-failed",
        text=(
            (
                "failed to fetch user profile",
                "invalid_user_info_response",
                "profile_parse_error",
                "get_profile_error",
                "missing_user_name_attribute",
                "error fetching userinfo",
                "userinfo request failed",
                "missing attribute 'sub' in attributes",
            ),
        ),
        title="The login worked, but the user's profile couldn't be read with the access token",
        why="After the token, the library calls the userinfo endpoint. SMART servers often have none: the user is in fhirUser.",
        causes=(
            Cause(
                "The userinfo URL is wrong or missing at this server.",
                "The response has status 404.",
                "Copy userinfo_endpoint from the discovery document, or skip it and read fhirUser from the ID token.",
            ),
            Cause(
                "The scope lacks openid or profile, so that userinfo answers 401 or 403.",
                "The granted scope has no openid.",
                "Add openid profile to the scope.",
            ),
            Cause(
                "The response has no member with the configured name.",
                "The message names the attribute.",
                "Set the attribute to one that exists, such as user-name-attribute: sub.",
            ),
        ),
        source="https://docs.spring.io/spring-security/reference/servlet/oauth2/login/advanced.html",
        confidence="documented",
    ),
)

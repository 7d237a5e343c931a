"""Messages of libraries, and documents, that people paste without the request that led to them."""

from sickbay.diagnosis.knowledge.known_error import Cause
from sickbay.diagnosis.knowledge.servers.symptom import symptom

ERRORS = (
    symptom(
        "simple-oauth2-access-token-error",
        "",
        (("access token error", "error getting access token: 400", "response error: 400 bad request"),),
        "The token endpoint refused the exchange of the code; the library hides the server's answer",
        "simple-oauth2 reports only the status. The reason is in error.data.payload.",
        Cause(
            "redirect_uri is missing in the token request, or isn't the one of the authorize request.",
            "Log error.data.payload.",
            "Pass the same redirect_uri to authorizeURL and getToken.",
        ),
        Cause(
            "The server wants the credentials in the body, or a form instead of JSON.",
            "Compare with the server's documentation.",
            "Set options.authorizationMethod to body and bodyFormat to form.",
        ),
        Cause(
            "client_id or client_secret is wrong, or the code was used already.",
            "The payload says invalid_client or invalid_grant.",
            "Copy the secret again, and get a new code.",
        ),
        source="https://github.com/lelylan/simple-oauth2/issues/197",
    ),
    symptom(
        "discovery-issuer-http",
        "",
        (
            ('"issuer":"http://', '"issuer": "http://', 'issuer: "http://', "issuer: http://", "issuer: 'http://"),
            ('_endpoint":"https://', '_endpoint": "https://', '_endpoint" : "https://', "_endpoint: https://"),
        ),
        "issuer begins with http:// and the endpoints with https://: the server takes them from different settings",
        "Usually a proxy ends TLS, and only one of the two comes from the public address. Clients compare issuer exactly.",
        Cause(
            "The server behind the proxy doesn't know its public address.",
            "Compare issuer with the address at which you read the document.",
            "Configure the public https address (external_url, KC_HOSTNAME or the issuer), and trust X-Forwarded-Proto.",
        ),
        source="https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata",
        confidence="inferred",
    ),
    symptom(
        "discovery-endpoints-http",
        "",
        (
            ('"issuer":"https://', '"issuer": "https://', 'issuer: "https://', "issuer: https://", "issuer: 'https://"),
            (
                *('_endpoint":"http://', '_endpoint": "http://', '_endpoint: "http://', "_endpoint: http://"),
                *('jwks_uri":"http://', 'jwks_uri": "http://', 'jwks_uri: "http://', "jwks_uri: http://"),
            ),
        ),
        "Endpoints in the discovery document begin with http:// although the issuer is https://: the server is behind a proxy",
        "The server builds the addresses from the request that it sees, and the proxy forwards plain http.",
        Cause(
            "The server doesn't trust X-Forwarded-Proto, or the proxy doesn't send it.",
            "Log the header in the server.",
            "Let the proxy send X-Forwarded-Proto: https, and let the server trust it (provider.proxy = true, "
            "KC_PROXY_HEADERS=xforwarded, UseForwardedHeaders).",
        ),
        source="https://github.com/panva/node-oidc-provider/issues/621",
    ),
    symptom(
        "aud-is-client-id",
        "",
        (
            ("aud: '", '"aud": "', '"aud":"', 'aud: "', "`aud`", "aud claim", "aud property"),
            (
                *("looks strange", "aud is the client", "aud is my client", "aud should be", "assumption aud", "aud is wrong"),
                *("expected aud", "aud is not", "aud is always", "wrong aud", "incorrect aud", "instead of my api"),
            ),
        ),
        "aud is the client's ID: this is an ID token, or no audience was requested",
        "An ID token is for the app, so its aud is the client_id. Only an access token has the API in aud.",
        Cause(
            "The ID token was looked at or sent instead of the access token.",
            "It has nonce, or claims such as name and email.",
            "Send the access token to the API, and use the ID token only in the app.",
        ),
        Cause(
            "The access token was requested without an audience, resource or scope of the API.",
            "The authorization request names no API.",
            "Request the token with the API's audience (Auth0), scope (Entra ID) or an audience mapper (Keycloak).",
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#IDToken",
    ),
    symptom(
        "openid-client-request-object",
        "",
        (("client.requestobject(", ".requestobject(payload"), ("assertion", "invalid_client")),
        "requestObject() makes a request object for the authorization request, not a client assertion",
        "A client assertion has iss and sub = client_id and aud = the token endpoint, and is signed with the client's key.",
        Cause(
            "The request object was sent as client_assertion.",
            "The code calls client.requestObject().",
            "Construct the client with token_endpoint_auth_method private_key_jwt and its JWKS, and call client.grant(); the "
            "library signs the assertion.",
        ),
        source="https://github.com/panva/openid-client/issues/300",
    ),
    symptom(
        "claim-iss-invalid",
        "",
        (("invalid claim 'iss'", 'invalid claim "iss"', "invalid_claim: invalid claim", "claim iss is invalid"), ("iss",)),
        "iss: the issuer in the token isn't the one that the library expects",
        "The library compares iss with the issuer of the metadata exactly, including https:// and a slash at the end.",
        Cause(
            "iss has another form: without https://, with a slash, or with another host or tenant.",
            "Decode the ID token and compare iss with issuer in the discovery document.",
            "Configure the issuer exactly as iss says, by server_metadata_url or claims_options.",
        ),
        source="https://github.com/Vuka951/tutorial-code/issues/86",
    ),
    symptom(
        "spring-provider-not-configured",
        "",
        (
            (
                *("authorizationuri cannot be empty", "tokenuri cannot be empty", "provider id must be specified for client"),
                *("jwkseturi cannot be empty", "unable to find matching provider", "missing_issuer"),
            ),
        ),
        "The provider's addresses aren't configured: issuer is missing or its name is misspelled",
        "Spring reads them from issuer-uri (Okta's starter: okta.oauth2.issuer). It ignores unknown properties silently.",
        Cause(
            "The property is misspelled or in the wrong place.",
            "Compare the names: okta.oauth2.issuer, spring.security.oauth2.client.provider.NAME.issuer-uri.",
            "Set issuer (Okta) or provider.NAME.issuer-uri, with NAME as in registration.NAME.provider.",
        ),
        source="https://github.com/okta/okta-spring-boot/issues/170",
    ),
    symptom(
        "graph-token-malformed",
        "",
        (("access token missing or malformed", "authentication_missingormalformed"),),
        "The API got no access token that it can use: it is missing, malformed, or for another resource",
        "Azure AD Graph and Microsoft Graph accept only a token with their own address in aud.",
        Cause(
            "The token was requested for another resource, such as ARM or your own app.",
            "Decode the token and look at aud.",
            "Request the token with scope https://graph.microsoft.com/.default, or the resource that you call.",
        ),
        Cause(
            "The Authorization header is empty, or isn't Bearer and the token.",
            "Print the header.",
            "Send Authorization: Bearer and the value of access_token.",
        ),
        source="https://github.com/robotechredmond/Azure-PowerShell-Snippets/issues/14",
    ),
    symptom(
        "prompt-none-no-code",
        "",
        (
            ("missing required parameters in auth response: code", "prompt: 'none'", "prompt=none", 'prompt: "none"'),
            ("missing", "no code", "without a code", "login_required", "interaction_required"),
        ),
        "prompt=none: no code comes back, because the user has no session or must give consent",
        "With prompt=none the server may not show a page. It answers login_required, consent_required or interaction_required.",
        Cause(
            "The user isn't signed in at the server, or hasn't allowed the scopes yet.",
            "The redirect has error= instead of code=.",
            "Remove prompt=none, or repeat the request without it when an error comes back.",
        ),
        Cause(
            "The code is exchanged twice, for example by useEffect in React's strict mode.",
            "The log shows two token requests.",
            "Exchange the code only once.",
        ),
        source="https://github.com/medplum/medplum/issues/6188",
    ),
    symptom(
        "amplify-response-type-missing",
        "cognito",
        (("starting undefined flow", "responsetype: undefined", "response_type=undefined"),),
        "responseType is missing in Amplify's oauth configuration",
        "Amplify chooses the flow by responseType. Without it the code in the redirect is never exchanged.",
        Cause(
            "responseType isn't set.",
            "The debug log says: Starting undefined flow.",
            "Add responseType: 'code' to Auth.oauth.",
        ),
        source="https://github.com/aws-amplify/amplify-cli/issues/7359",
    ),
    symptom(
        "amplify-redirect-invalid",
        "cognito",
        (("invalidredirectexception", "signinredirect or signoutredirect had an invalid format"),),
        "`redirect_uri`: redirectSignIn or redirectSignOut has the wrong form for this platform",
        "On native apps Amplify picks the entry with the app's own scheme, in a browser the one with the page's origin.",
        Cause(
            "A native app has an https redirect URI, or the list has none for this platform.",
            "Compare both lists with the app's scheme or origin.",
            "Add the custom scheme, such as myapp://callback/, to both lists and to the allowed callback URLs in Cognito.",
        ),
        source="https://github.com/aws-amplify/amplify-js/issues/12816",
    ),
    symptom(
        "clientjs-metadata-not-json",
        "",
        (
            ("failed to fetch the conformance statement", "failed to fetch the well-known json", "/metadata"),
            ("unexpected token <", "unexpected token '<'", "is not valid json"),
        ),
        "The FHIR server answered with XML or HTML instead of JSON",
        "The library expects JSON. Some servers answer XML without a suitable Accept header, or HTML if the address is wrong.",
        Cause(
            "The server's default is XML.",
            "Open the address with Accept: application/fhir+json.",
            "Send Accept: application/fhir+json, or add _format=json to the address.",
        ),
        Cause(
            "The base URL is wrong, so that a page answers.",
            "The response begins with <!DOCTYPE html>.",
            "Use the FHIR base URL at which /metadata returns a CapabilityStatement.",
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/52",
    ),
    symptom(
        "keycloak-admin-path-of-endpoint",
        "keycloak",
        (("/admin/realms/",), ("/protocol/openid-connect/",)),
        "The address is wrong: /admin belongs to the admin API, not to the token endpoint",
        "The endpoints of OpenID Connect are below /realms/REALM, the admin API is below /admin/realms/REALM.",
        Cause(
            "/admin was added to the address of the endpoint.",
            "The address has /admin/realms/…/protocol/openid-connect/token.",
            "Remove /admin: POST to /realms/master/protocol/openid-connect/token.",
        ),
        source="https://github.com/keycloak/keycloak-documentation/issues/1481",
        without=("/users", "/clients"),
    ),
    symptom(
        "keycloak-admin-api-401",
        "keycloak",
        (
            (
                "kcadminclient",
                "keycloak-admin",
                "keycloakadmin",
                "keycloak admin",
                "/admin/realms/",
                "admin rest api",
                "admin api",
            ),
            ("401", "unauthorized"),
        ),
        "401 from Keycloak's admin API: the token is missing, has expired, or was issued at another address",
        "Missing roles would give 403. A 401 means that no valid token of this server arrived.",
        Cause(
            "The user, client or realm at which the token is fetched is wrong; admins of the server are in the realm master.",
            "The log of Keycloak has LOGIN_ERROR.",
            "Log in at realm master with the client admin-cli, or with a client that has Direct access grants or a secret.",
        ),
        Cause(
            "The token was issued at another host name or port than the admin API is called at.",
            "iss in the token has another host.",
            "Use the same host for both, or set KC_HOSTNAME.",
        ),
        Cause(
            "The access token has expired; it is valid for one minute in the realm master.",
            "A new token works.",
            "Get a new token before each series of calls.",
        ),
        Cause(
            "The Authorization header isn't Bearer and the token.",
            "Print the header.",
            "Send Authorization: Bearer and the access token.",
        ),
        source="https://github.com/keycloak/keycloak/issues/10556",
        without=('/protocol/openid-connect/token"', "invalid client credentials"),
    ),
    symptom(
        "smart-capabilities-missing",
        "",
        (
            ("capabilities required for this scenario are missing", "required capabilities", "missing capabilities"),
            ("well-known", "smart-configuration", "launch-ehr", "inferno"),
        ),
        "capabilities: the smart-configuration doesn't list the capabilities that this scenario requires",
        "Clients and tests read capabilities to know which launches, contexts and permissions the server supports.",
        Cause(
            "The list is missing or incomplete.",
            "Open FHIR base + /.well-known/smart-configuration.",
            "Add the named capabilities, such as launch-ehr and context-ehr-patient, if the server supports them.",
        ),
        source="https://github.com/microsoft/fhir-proxy/issues/73",
    ),
    symptom(
        "authorize-parameters-missing",
        "",
        (("required launch parameters missing", "required parameters are missing from the authorize", '"redirecturi":null'),),
        "The authorization request arrived without its parameters: redirect_uri, scope and the others are empty",
        "The server lists what it received; null or an empty text means that the parameter wasn't sent.",
        Cause(
            "The app sends only response_type and client_id, or the query was lost in a redirect.",
            "Compare the list in the message with the URL in the address bar.",
            "Send redirect_uri, scope, state and code_challenge in the query of the authorization request.",
        ),
        source="https://github.com/Azure-Samples/azure-health-data-and-ai-samples/issues/171",
    ),
    symptom(
        "password-grant-at-authorize-endpoint",
        "",
        (
            ("resourceownerpasswordgrant", "clientcredentialsgrant(", "passwordcredentialstoken"),
            ("/openid-connect/auth", "/authorize", "/oauth2/auth", "authorizationendpoint"),
        ),
        "The authorization endpoint is used where the token endpoint is needed",
        "The grants password and client_credentials have no page: they go straight to the token endpoint.",
        Cause(
            "The URL of the authorization endpoint was passed to the library.",
            "The URL ends with /auth or /authorize.",
            "Pass the token endpoint, such as …/protocol/openid-connect/token, and the client's identifier.",
        ),
        source="https://github.com/dart-archive/oauth2/issues/64",
    ),
    symptom(
        "appauth-invalid-id-token",
        "",
        (("description: invalid id token", "error_description=invalid id token", "invalid id token, null"),),
        "AppAuth refuses the ID token: the nonce isn't passed on, or the device's clock is wrong",
        "AppAuth checks issuer, audience, time and nonce. If authorize() and token() are called apart, nonce has to be passed.",
        Cause(
            "The token request lacks the nonce of the authorization request.",
            "The code calls authorize() and token() separately without nonce.",
            "Pass nonce: response.nonce in TokenRequest, or use authorizeAndExchangeCode().",
        ),
        Cause(
            "The clock of the device or emulator differs by more than ten minutes.",
            "Compare its time.",
            "Set the clock automatically.",
        ),
        source="https://github.com/MaikuB/flutter_appauth/issues/271",
    ),
    symptom(
        "code-invalid-code",
        "",
        (
            (
                "error: invalid_code",
                '"error":"invalid_code"',
                '"error": "invalid_code"',
                "invalid_code at ",
                "invalid_code_error",
            ),
        ),
        "invalid_code: the code or refresh token has expired, was used already, or belongs to another data center",
        "Zoho and others use this name instead of invalid_grant.",
        Cause(
            "The code was used already or is older than a minute or two.",
            "The log shows an earlier token request with it.",
            "Get a new code and exchange it at once and only once.",
        ),
        Cause(
            "The request goes to another region than the account's, such as .com instead of .eu.",
            "The redirect has location or accounts-server.",
            "Use the token endpoint of the account's data center.",
        ),
        source="https://github.com/Weble/ZohoBooksApi/issues/84",
    ),
    symptom(
        "bearer-redirected-to-login",
        "",
        (
            ("authorization: bearer", "authorization:bearer", "'authorization': 'bearer"),
            ("http/1.1 302", "http/2 302", "302 found", "status: 302", "status 302", "returns 302"),
            ("/login", "/oauth2/authorization", "/signin", "jsessionid"),
        ),
        "302 to the login page: the server ignores the bearer token, because it expects a session cookie",
        "The address is protected as a web app with login (an OAuth client), not as a resource server.",
        Cause(
            "The gateway or app is configured with oauth2Login or SSO only.",
            "It sets a session cookie and redirects to /login.",
            "Call the resource server directly, or configure this path as a resource server that accepts bearer tokens.",
        ),
        source="https://github.com/kakawait/uaa-behind-zuul-sample/issues/13",
    ),
)

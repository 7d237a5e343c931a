"""Oracle Health (Cerner): errors of the token endpoint, and checklists for bare error codes."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

URNS = "https://github.com/cerner/fhir.cerner.com/blob/3f754cfa^/content/dstu2/authorization.md"
AUTHORIZATION = "https://docs.oracle.com/en/industries/health/millennium-platform-apis/millennium-authorization-framework/"
FORUM = "https://forums.oracle.com/ords/apexds/post/"
CONSOLE = "code-console.cerner.com: My Applications, then your application."
SYSTEM_ACCOUNT = "Cerner Central: System Accounts, then your account, its secret or its JWK Set."

ERRORS = (
    KnownError(
        id="cerner-invalid-authorization-header",
        servers=("cerner",),
        text=(("token:invalid-authorization-header", "token:invalid_authorization_header"),),
        title="Authorization header: Cerner can't read it",
        why="The token endpoint accepts only Basic with base64(client_id:client_secret) in this header. Because it can't "
        "read the header, it reports client=unknown.",
        causes=(
            Cause(
                "The header is Bearer, or it contains a signed JWT.",
                "The value after Authorization: starts with Bearer or with eyJ.",
                "Send the JWT in the body as client_assertion with client_assertion_type; send no Authorization header.",
            ),
            Cause(
                "The base64 text is wrong: a line break, a missing colon, or the ID without the secret.",
                "Decode it: it has to be client_id:client_secret in one line (base64 -w 0).",
                "Send Authorization: Basic followed by base64(client_id:client_secret).",
            ),
            Cause(
                "The app is registered as public and has no secret.",
                "The console shows Application Privacy: Public.",
                "Send no Authorization header, but client_id in the body.",
            ),
        ),
        where=SYSTEM_ACCOUNT,
        source=FORUM + "system-client-authentication-using-jwt-failing-7719",
        confidence="documented",
    ),
    KnownError(
        id="cerner-invalid-client-credentials",
        servers=("cerner",),
        text=(("invalid-client-credentials",),),
        title="client secret: the client_id and the secret don't belong together",
        why="The header was readable, but Cerner has no system account with this ID and secret.",
        causes=(
            Cause(
                "The secret is old or was copied incompletely.",
                "A newly created secret works.",
                "Create a new secret in Cerner Central and copy all of it.",
            ),
            Cause(
                "The ID isn't that of the system account.",
                "Compare it with the Client ID in the console; the Application ID is another value.",
                "Use the Client ID of the confidential application.",
            ),
            Cause(
                "The app is registered as public, so it has no secret.",
                "The console shows Application Privacy: Public.",
                "Send no Authorization header, but client_id in the body, or register a confidential app.",
            ),
        ),
        where=SYSTEM_ACCOUNT,
        source=FORUM + "token-request-failing-with-invalid-client-after-successful-0040",
        confidence="documented",
    ),
    KnownError(
        id="cerner-assertion-signature",
        servers=("cerner",),
        text=(("client-assertion:jwt-bearer", "client-assertion:"),),
        title="client_assertion: Cerner doesn't accept the signed JWT",
        why="Cerner verifies the JWT with the public key of the registered JWK Set whose kid is in the JWT's header.",
        causes=(
            Cause(
                "The key that signed the JWT isn't the registered one, or kid names another key.",
                "Compare kid in the JWT's header with the keys in the registered JWK Set.",
                "Register the public key of your private key as a JWK Set and send its kid in the header.",
            ),
            Cause(
                "The algorithm isn't RS384 or ES384.",
                "Look at alg in the JWT's header.",
                "Sign with RS384 or ES384.",
            ),
            Cause(
                "aud, iss, sub or exp in the JWT is wrong.",
                "aud has to be the token URL, iss and sub the Client ID, exp at most 5 minutes ahead.",
                "Take aud from token_endpoint of the smart-configuration and use the Client ID as iss and sub.",
            ),
        ),
        where=SYSTEM_ACCOUNT,
        source=FORUM + "error-code-urn-cerner-error-authorization-server-client-ass-8191",
        confidence="documented",
    ),
    KnownError(
        id="cerner-empty-scopes",
        servers=("cerner",),
        text=(("token:empty-scopes", "resulting token contains no scopes"),),
        title="scope: none of the requested scopes is registered for the application",
        why="Cerner drops every scope that isn't registered for the app. Nothing was left for the token.",
        causes=(
            Cause(
                "The scopes weren't selected in the registration.",
                "Compare the scope of the request with the APIs selected in the console.",
                "Select the system APIs in the console, save, wait 15 minutes, and request exactly those scopes.",
            ),
            Cause(
                "The app is registered for SMART v2, and the request has v1 scopes, or vice versa.",
                "The console shows SMART v2, and the scope ends with .read.",
                "Request system/Patient.rs for a v2 app, system/Patient.read for a v1 app.",
            ),
            Cause(
                "The request has no scope, a wildcard, or user/ and patient/ scopes with client_credentials.",
                "Look at the scope parameter in the body.",
                "Send scope=system/Patient.read with one entry for each resource type; wildcards aren't supported.",
            ),
        ),
        where=CONSOLE + " Scopes or API selection.",
        source="https://groups.google.com/g/cerner-fhir-developers/c/iSjwVxximKQ",
        confidence="documented",
    ),
    KnownError(
        id="cerner-system-scopes-curl",
        servers=("cerner",),
        text=(
            ("system_account_client_id", "system_account_client_secret"),
            ("grant_type=client_credentials",),
            ("scope=system",),
        ),
        title="If this token request fails: the scopes aren't registered, or the Basic header is broken",
        why="Most often the two system/ scopes of the example aren't registered for the app (empty-scopes), or base64 broke a "
        "long value into two lines (invalid-authorization-header).",
        causes=(
            Cause(
                "The requested scopes aren't registered for the application.",
                "The response's error_uri ends with empty-scopes.",
                "Select the system APIs for the scopes that you request in the console.",
            ),
            Cause(
                "base64 inserts a line break after 76 characters.",
                "The error_uri contains invalid-authorization-header.",
                "Use base64 -w 0, or let curl do it with -u ID:SECRET.",
            ),
        ),
        where=CONSOLE,
        source="https://groups.google.com/g/cerner-fhir-developers/c/iSjwVxximKQ",
        confidence="observed",
    ),
    KnownError(
        id="cerner-token-tenant",
        servers=("cerner",),
        text=(("token:invalid-tenant", "code:tenant-invalid", "tenant-terminated", "code:tenant:mismatch", "token:tenant"),),
        title="tenant: the tenant in the token URL is wrong, or the app isn't enabled in it",
        why="The tenant ID is part of the token URL. Cerner doesn't know it, or the organization hasn't enabled this client.",
        causes=(
            Cause(
                "The tenant ID has a typing error or belongs to another environment.",
                "Compare it with the FHIR base URL; a UUID has exactly 36 characters.",
                "Read token_endpoint from {FHIR base URL}/.well-known/smart-configuration and use it unchanged.",
            ),
            Cause(
                "The organization hasn't enabled this client in its tenant.",
                "The same client works in another tenant.",
                "Ask the organization to enable your Application ID in this tenant.",
            ),
        ),
        source=FORUM + "invalid-grant-for-r4-authorization-cerner-com-tenants-4126",
        confidence="documented",
    ),
    KnownError(
        id="cerner-code-invalid",
        servers=("cerner",),
        text=(("token:code-invalid-or-expired", "token:code:invalid", "code:client:mismatch"),),
        title="code: the authorization code is expired, was used already, or belongs to another client",
        why="A code is valid once and for about a minute, and only for the client that requested it.",
        causes=(
            Cause(
                "The code was redeemed twice, for example by a double render or a reload of the redirect page.",
                "The log shows two token requests with the same code.",
                "Redeem each code once; start the authorization again for a new code.",
            ),
            Cause(
                "More than a minute passed, as when testing by hand in Postman.",
                "The time between the redirect and the token request.",
                "Redeem the code at once.",
            ),
        ),
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-token-redirect-uri",
        servers=("cerner",),
        text=(("oauth2:token:invalid-redirect-uri",),),
        title="redirect_uri: the token request has another one than the authorization URL",
        why="Cerner compares both values. If the authorization URL had none, the token request may have none either.",
        causes=(
            Cause(
                "The two values differ, by a slash or by encoding.",
                "Compare both requests character by character.",
                "Send the same redirect_uri in both requests.",
            ),
        ),
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-refresh-token",
        servers=("cerner",),
        text=(("refresh-token:token-invalid", "refresh-token:session-invalid", "refresh-token:"),),
        title="refresh token: it is expired or revoked, or the user's session has ended",
        why="With online_access a refresh token is valid as long as the user's session; with offline_access until it is "
        "revoked or unused for three months.",
        causes=(
            Cause(
                "The user has logged out, and the token was issued for online_access.",
                "The error name ends with session-invalid.",
                "Launch the app again, or request offline_access if the app has to work without the user.",
            ),
            Cause(
                "The user or the organization revoked the access.",
                "Open the error_uri: its page offers to approve again.",
                "Let the user authorize the app again.",
            ),
        ),
        where=CONSOLE + " Type of Access: Offline.",
        source=AUTHORIZATION,
        confidence="documented",
    ),
    KnownError(
        id="cerner-token-grant-type",
        servers=("cerner",),
        text=(("token:unsupported-grant-type",),),
        title="grant_type: Cerner doesn't offer this grant",
        why="The token endpoint accepts authorization_code, refresh_token and client_credentials.",
        causes=(
            Cause(
                "The request asks for password or implicit, or the body isn't form-encoded, so that grant_type isn't read.",
                "Look at the Content-Type of the request: JSON isn't read.",
                "Send grant_type=authorization_code or client_credentials as application/x-www-form-urlencoded.",
            ),
        ),
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-terminated-client",
        servers=("cerner",),
        text=(("terminated-client", "client-not-enabled-for-testing", "invalid-testing-scenario"),),
        title="client: the application was deregistered or isn't enabled for this use",
        why="Cerner knows the client, but it is switched off, or test tokens aren't allowed for it.",
        causes=(
            Cause(
                "The application was removed or replaced.",
                "The console no longer lists its Client ID.",
                "Register the application again and use its new Client ID.",
            ),
        ),
        where=CONSOLE,
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-invalid-client",
        servers=("cerner",),
        codes=("invalid_client",),
        title="invalid_client: Cerner's token endpoint could not authenticate the client",
        why="Most often the Authorization header is malformed or belongs to another kind of client. The name at the end of the "
        "error_uri says which.",
        causes=(
            Cause(
                "The Basic header isn't base64(client_id:client_secret), or a JWT was sent as Bearer.",
                "The error_uri contains invalid-authorization-header.",
                "Send Authorization: Basic base64(client_id:client_secret), or the JWT as client_assertion in the body.",
            ),
            Cause(
                "The secret is wrong or belongs to another account.",
                "The error_uri contains invalid-client-credentials.",
                "Create a new secret in Cerner Central and copy it.",
            ),
            Cause(
                "The app is registered as public but sends a secret.",
                "The console shows Application Privacy: Public.",
                "Send client_id in the body and no Authorization header.",
            ),
        ),
        where=SYSTEM_ACCOUNT,
        source=AUTHORIZATION,
        confidence="observed",
    ),
    KnownError(
        id="cerner-invalid-grant",
        servers=("cerner",),
        codes=("invalid_grant",),
        title="invalid_grant: the code or refresh token isn't accepted, or the tenant is wrong",
        why="Most often the code was used already. The name at the end of the error_uri says which case it is.",
        causes=(
            Cause(
                "The code was used already or has expired.",
                "The error_uri contains code-invalid-or-expired.",
                "Redeem each code once and at once; start again for a new code.",
            ),
            Cause(
                "redirect_uri differs from the one in the authorization URL.",
                "The error_uri contains invalid-redirect-uri.",
                "Send the same redirect_uri in both requests.",
            ),
            Cause(
                "The tenant in the token URL is wrong.",
                "The error_uri contains invalid-tenant.",
                "Read token_endpoint from the smart-configuration of your FHIR base URL.",
            ),
        ),
        source=URNS,
        confidence="documented",
    ),
    KnownError(
        id="cerner-invalid-scope",
        servers=("cerner",),
        codes=("invalid_scope", "unauthorized_client"),
        title="scope: none of the requested scopes is allowed for this application",
        why="Cerner drops scopes that aren't registered. If none is left, it answers invalid_scope, in earlier years "
        "unauthorized_client.",
        causes=(
            Cause(
                "The scopes aren't registered for the app.",
                "Compare them with the APIs that are selected in the console.",
                "Select the APIs in the console and request exactly those scopes.",
            ),
            Cause(
                "v1 scopes such as .read on an app registered for SMART v2, or wildcards.",
                "The console shows SMART v2.",
                "Request patient/Patient.rs and no wildcards.",
            ),
            Cause(
                "The tenant hasn't enabled the application.",
                "The same request works in the public sandbox.",
                "Ask the organization to enable the app.",
            ),
        ),
        where=CONSOLE + " Scopes or API selection.",
        source="https://groups.google.com/g/cerner-fhir-developers/c/_BwA1emaDPc",
        confidence="observed",
    ),
    KnownError(
        id="cerner-authorize-error",
        servers=("cerner",),
        codes=("access_denied", "invalid_request", "server_error"),
        without=("operationoutcome", "documentreference", "/appointment", "/patient", "payload"),
        title="Cerner refused the authorization request",
        why="Cerner sends no error_description. The reason is the last name in the error_uri, such as missing-patient; it is "
        "percent-encoded twice.",
        causes=(
            Cause(
                "patient/ scopes were requested without a launch.",
                "The error_uri contains missing-patient.",
                "Send the launch value of the EHR, or request user/ scopes.",
            ),
            Cause(
                "The launch value is missing or wrong.",
                "The error_uri contains launch-code or code-required.",
                "Copy launch from the launch URL, or remove the scope launch.",
            ),
            Cause(
                "aud is missing or isn't the FHIR base URL.",
                "The error_uri contains audience or unknown-resource-server.",
                "Send aud with the value of iss.",
            ),
            Cause(
                "No requested scope is registered.",
                "The error_uri contains denied-by-server.",
                "Select the scopes in the console.",
            ),
        ),
        where=CONSOLE,
        source=URNS,
        confidence="documented",
    ),
)

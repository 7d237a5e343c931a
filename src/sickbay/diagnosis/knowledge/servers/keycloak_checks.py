"""Keycloak: checklists for bare error codes, scopes, audiences, issuers, and what its adapters report."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

DOCS = "https://www.keycloak.org/docs/latest/server_admin/"
CLIENT = "Admin console > realm > Clients > the client"

ERRORS = (
    KnownError(
        id="keycloak-invalid-client",
        servers=("keycloak",),
        codes=("invalid_client", "unauthorized_client", "invalid_client_credentials"),
        title="Keycloak could not authenticate the client, or the client may not use this grant",
        why=(
            "Keycloak answers unauthorized_client or invalid_client for an unknown client_id, a wrong secret, and a flow that "
            "is switched off."
        ),
        causes=(
            Cause(
                "The client is confidential, but no secret was sent.",
                "Client authentication is on, and the request has only client_id.",
                "Send the client secret, or turn off Client authentication for a browser app.",
            ),
            Cause("The secret is wrong.", "Compare it with the tab Credentials.", "Copy the secret again."),
            Cause(
                "The client_id isn't registered in the realm of the address.",
                "Look for it in the list of clients of this realm.",
                "Use the realm in which the client is registered.",
            ),
            Cause(
                "The flow is off, for example Service accounts roles or Direct access grants.",
                "error_description names the flow.",
                "Enable the flow in Capability config.",
            ),
        ),
        where=f"{CLIENT} > Settings and Credentials",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-invalid-grant",
        servers=("keycloak",),
        codes=("invalid_grant",),
        title="invalid_grant from Keycloak: the code, the refresh token or the user's password is no longer valid",
        why=(
            "error_description says which: Code not valid, Session not active, Token is not active, Invalid user credentials, "
            "PKCE verification failed."
        ),
        causes=(
            Cause(
                "The code was used already or is older than a minute.",
                "The network tab shows two token requests.",
                "Start a new login and redeem the code once, immediately.",
            ),
            Cause(
                "The session behind the refresh token has ended.",
                "The user's tab Sessions is empty.",
                "Log in again, or raise SSO Session Idle, or request offline_access.",
            ),
            Cause(
                "redirect_uri or code_verifier isn't the one of the authorization request.",
                "Compare both requests.",
                "Send the same values.",
            ),
            Cause(
                "The user's password is wrong, or a required action is open.",
                "Log in at the account page.",
                "Correct the password or remove the required action.",
            ),
        ),
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-invalid-scopes",
        text=(("invalid scopes:", "invalid scopes"),),
        captures=(r"Invalid[ +]scopes:?[ +](?P<scopes>[^&\"}]+)",),
        title="`scope`: the realm has no client scope of this name, or it isn't assigned to the client",
        why=(
            "Keycloak refuses the whole request if one requested scope isn't assigned to the client as a default or optional "
            "client scope. SMART scopes such as patient/Observation.read don't exist in a plain realm."
        ),
        causes=(
            Cause(
                "A requested scope doesn't exist in the realm.",
                "Compare the list with Client scopes, and with scopes_supported in openid-configuration.",
                "Create the missing client scopes, or install a SMART extension that creates them.",
            ),
            Cause(
                "The scope exists, but isn't assigned to this client.",
                "Look at the client's tab Client scopes.",
                "Add the scope to the client as optional.",
            ),
            Cause(
                "The scopes are separated by commas, or a name is misspelled.",
                "Look at scope in the request.",
                "Separate the scopes with spaces, and compare the spelling.",
            ),
        ),
        where=f"{CLIENT} > Client scopes",
        source="https://www.keycloak.org/docs/latest/server_admin/#_client_scopes",
        confidence="documented",
    ),
    KnownError(
        id="keycloak-invalid-scope",
        servers=("keycloak",),
        codes=("invalid_scope",),
        title="`scope`: a requested scope isn't assigned to the client in Keycloak",
        why="One unknown scope is enough for Keycloak to refuse the request.",
        causes=(
            Cause(
                "A client scope is missing.",
                "Compare the request with the client's tab Client scopes.",
                "Create the client scope and add it to the client as optional, or remove it from the request.",
            ),
            Cause(
                "offline_access isn't allowed for the user.",
                "The user lacks the realm role offline_access.",
                "Assign the role offline_access.",
            ),
        ),
        where=f"{CLIENT} > Client scopes",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-invalid-request",
        servers=("keycloak",),
        codes=("invalid_request",),
        title="Keycloak refused the form of the request: a parameter is missing, invalid or sent twice",
        why="error_description names it, for example Missing form parameter: grant_type.",
        causes=(
            Cause(
                "The body isn't a form.",
                "Content-Type is application/json, or the parameters are in the query.",
                "POST the parameters as application/x-www-form-urlencoded in the body.",
            ),
            Cause(
                "redirect_uri, response_type or code_challenge is missing.",
                "Look at the address of the request.",
                "Send the parameter that error_description names.",
            ),
        ),
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-token-refused",
        servers=("keycloak",),
        codes=("invalid_token", "401"),
        without=('realms/master/protocol/openid-connect/token"',),
        title="The access token isn't valid for Keycloak or for the service that checks it",
        why=(
            "A token is accepted only while its session exists, and only with the issuer that Keycloak has under the address "
            "in use."
        ),
        causes=(
            Cause(
                "The token or its session has expired; by default tokens are valid for 5 minutes.",
                "Compare exp of the decoded token with the current time.",
                "Get a new access token with the refresh token.",
            ),
            Cause(
                "iss differs, because the token was fetched from another host name.",
                "Compare iss with issuer in the openid-configuration that the service reads.",
                "Set hostname in Keycloak, so that the issuer is the same inside and outside.",
            ),
            Cause("aud lacks the service.", "aud is only account.", "Add an audience mapper to the client."),
            Cause(
                "A refresh token or an ID token was sent.",
                "typ in the token is Refresh or ID.",
                "Send the access token as Authorization: Bearer.",
            ),
        ),
        source=DOCS,
        confidence="inferred",
    ),
    KnownError(
        id="keycloak-forbidden",
        servers=("keycloak",),
        codes=("403", "access_denied", "not_authorized", "insufficient_scope"),
        title="The user or the service account lacks a role or permission",
        why="The token is valid, but its roles don't allow this. For the admin API they are roles of realm-management.",
        causes=(
            Cause(
                "A role is missing.",
                "Decode the token and look at realm_access and resource_access.",
                "Assign the role to the user, or to the service account on the tab Service account roles.",
            ),
            Cause(
                "The role isn't in the token, because Full scope allowed is off or the roles scope is missing.",
                "The user has the role, the token doesn't.",
                "Add the roles client scope.",
            ),
            Cause(
                "The user cancelled the login or the consent.",
                "error=access_denied came by redirect.",
                "Start again and confirm.",
            ),
        ),
        where="Admin console > Users > Role mapping; Clients > Service account roles",
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="keycloak-issuer-differs",
        text=(
            (
                "invalid token issuer",
                "wrong iss",
                "token issuer",
                "jwt issuer is not configured",
                "invalidissuer",
                "token (issuer) invalid",
            ),
            ("expected", "wrong iss", "jwt issuer", "invalidissuer", "invalid"),
        ),
        title="iss: the token's issuer isn't the one that the server or service expects",
        why=(
            "Keycloak writes the address under which the token was requested into iss. A token from http://localhost is "
            "refused by a service that knows Keycloak by its container name, and the other way around."
        ),
        causes=(
            Cause(
                "Browser and backend reach Keycloak under different host names, as in Docker or Kubernetes.",
                "Compare iss of the decoded token with the issuer in the service's configuration.",
                (
                    "Set hostname (KC_HOSTNAME, formerly frontendUrl) to the public address, so that the issuer is the same "
                    "everywhere, and use hostname-backchannel-dynamic for internal calls."
                ),
            ),
            Cause(
                "http and https, port, /auth or a trailing slash differ.",
                "Compare both character by character.",
                "Copy issuer from openid-configuration into the service's configuration.",
            ),
            Cause(
                "The token belongs to another realm.",
                "The name after /realms/ differs.",
                "Request the token from the expected realm.",
            ),
        ),
        where="Keycloak option hostname; Realm settings > Frontend URL",
        source="https://www.keycloak.org/server/hostname",
        confidence="documented",
    ),
    KnownError(
        id="keycloak-audience-account",
        text=(
            ("audience", '"aud"', "claim aud"),
            ("account]", '"account"', "['account']", "[account]", "'account'", ": account"),
            ("allowed audience", "expected audience", "does not match", "expected", "invalid audience", "not match"),
        ),
        title="aud of the token is only account: the client that checks the token isn't in its audience",
        why=(
            "Keycloak puts the client into aud only through an audience mapper, or if the user has roles of that client. "
            "account is there because of default roles."
        ),
        causes=(
            Cause(
                "The client has no audience mapper.",
                "Client scopes > Evaluate > Generated access token shows aud.",
                (
                    "Add a mapper of type Audience with the expected client in Included Client Audience to the client's "
                    "dedicated scope, and log in again."
                ),
            ),
            Cause(
                "The checking service expects another name.",
                "Compare its audience setting with aud.",
                "Set its audience to a value that is in aud.",
            ),
        ),
        where=f"{CLIENT} > Client scopes > CLIENT-dedicated > Add mapper > By configuration > Audience",
        source="https://github.com/oauth2-proxy/oauth2-proxy/issues/1931",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-audience-mapper",
        text=(
            ("claim aud with value", "audience claims [aud] do not exist", "expected audience"),
            ("audience", "allowed audiences"),
        ),
        title="aud: the token's audience isn't the client ID that the app or proxy expects",
        why=(
            "The recipient compares aud with its own client ID. With Keycloak, aud has only clients for which an audience "
            "mapper exists."
        ),
        causes=(
            Cause(
                "No audience mapper adds the expected client.",
                "Decode the token and read aud.",
                (
                    "Add an audience mapper for the client at the server, or set the recipient's extra audience (oauth2-proxy: "
                    "--oidc-extra-audience)."
                ),
            ),
            Cause(
                "The token was issued for another app.",
                "azp names another client.",
                "Log in with the client that the recipient is configured with.",
            ),
        ),
        source="https://github.com/oauth2-proxy/oauth2-proxy/issues/2808",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-bearer-token-uma",
        text=(("invalid bearer token",),),
        title="The bearer token at the token endpoint was refused: it has expired, or it comes from another realm or host",
        why=(
            "For the grant uma-ticket Keycloak checks the access token in the Authorization header like any other: signature, "
            "session, and issuer under the address in use."
        ),
        causes=(
            Cause(
                "The access token or its session has expired.",
                "exp is in the past.",
                "Get a new access token and repeat the request.",
            ),
            Cause(
                "The token was fetched from another host name than this request uses.",
                "iss in the token and the address differ, for example localhost and an IP address.",
                "Use the same host and realm for both requests.",
            ),
        ),
        source="https://github.com/keycloak/keycloak/issues/29093",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-uma-denied",
        text=(("not_authorized", "request_denied", "invalid_resource"), ("uma", "keycloak", "/realms/", "permission")),
        title="Keycloak's authorization services denied the permission",
        why="No policy of the resource server gives this user the requested permission.",
        causes=(
            Cause(
                "No policy matches.",
                "Authorization > Evaluate shows which policy denies.",
                "Add the user or role to a policy of the permission.",
            ),
            Cause(
                "The resource or scope isn't registered.",
                "The error is invalid_resource.",
                "Create the resource in the client's tab Authorization.",
            ),
        ),
        where=f"{CLIENT} > Authorization",
        source="https://www.keycloak.org/docs/latest/authorization_services/",
        confidence="documented",
    ),
    KnownError(
        id="keycloak-adapter-code",
        text=(("failed to turn code into token", "could not obtain grant code", "could not store grant code"),),
        title="The adapter couldn't redeem the authorization code or validate the tokens",
        why="The adapter hides the answer of the token endpoint; the next lines of the log or Keycloak's events have it.",
        causes=(
            Cause(
                "The code was used already or has expired.",
                "The answer says Code not valid.",
                "Redeem each code once and start a new login.",
            ),
            Cause("The adapter's client secret is wrong.", "The status is 401.", "Copy the secret from the tab Credentials."),
            Cause(
                "iss of the token isn't auth-server-url of the adapter.",
                "Debug output says wrong ISS.",
                "Set auth-server-url to the address that the browser uses.",
            ),
            Cause(
                "The adapter can't reach Keycloak or trust its certificate.",
                "The log has PKIX or Connection refused.",
                "Add the certificate to the truststore.",
            ),
        ),
        source="https://github.com/keycloak/keycloak-nodejs-connect/issues/506",
        confidence="observed",
    ),
)

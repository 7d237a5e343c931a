"""Single messages of Keycloak clients, Entra, HAPI and Inferno."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="keycloak-connect-fetching-account",
        text=(("error fetching account", "cannot validate access token: error"),),
        title="The adapter couldn't fetch the user info with this token: most often its scope lacks openid",
        why="Online validation calls the userinfo endpoint. It needs the scope openid, which client_credentials doesn't add.",
        causes=(
            Cause(
                "The token was issued by client_credentials without the scope openid.",
                "Read scope in the token; a token of a user works.",
                "Request `scope=openid` for the service account, or use offline validation (TokenValidation.OFFLINE).",
            ),
            Cause(
                "The adapter calls Keycloak under another host than the token's iss.",
                "Compare iss with auth-server-url.",
                "Use the same host for both, or set Keycloak's hostname.",
            ),
            Cause(
                "The token has expired, or its session has ended.",
                "Try it at once after the login.",
                "Get a new access token.",
            ),
        ),
        source="https://github.com/ferrerojosh/nest-keycloak-connect/issues/51",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-direct-grant-otp",
        servers=("keycloak",),
        text=(
            ("otp", "totp", "2fa", "mfa", "two-factor", "second factor"),
            ("grant_type=password", "direct access grant", "direct grant", "password grant", "invalid user credentials"),
        ),
        title="totp: the user has a one-time password configured, and the direct grant flow requires it too",
        why="The direct grant flow checks the OTP for users who have one. Without totp they are refused.",
        causes=(
            Cause(
                "The request has no totp.",
                "Users without OTP get a token.",
                "Send `totp=CODE` with username and password, or use the authorization code flow.",
            ),
            Cause(
                "The flow shouldn't demand OTP for this client.",
                "Look at Authentication > direct grant.",
                "Set Direct Grant - Conditional OTP to Disabled, or override the client's flow.",
            ),
        ),
        where="Admin console > realm > Authentication > Flows > direct grant",
        source="https://github.com/keycloak/keycloak/issues/22901",
        confidence="documented",
    ),
    KnownError(
        id="entra-grant-expired-sign-in",
        servers=("entra",),
        text=(("grant is expired", "user must sign in again", '"suberror": "bad_token"', '"suberror":"bad_token"'),),
        title="The refresh token or the user's session has expired or was revoked, so the user has to sign in again",
        why="Entra ID ends grants after inactivity, a password change, a policy, or 24 hours for single-page applications.",
        causes=(
            Cause(
                "The refresh token is too old or was revoked.",
                "The suberror is bad_token, and a new sign-in works.",
                "Sign in again interactively: call acquireTokenRedirect or acquireTokenPopup if acquireTokenSilent fails.",
            ),
            Cause(
                "The device or user no longer meets a Conditional Access policy.",
                "The sign-in log names the policy.",
                "Ask the administrator to look at the sign-in log by the correlation ID.",
            ),
        ),
        source="https://learn.microsoft.com/entra/identity-platform/refresh-tokens",
        confidence="documented",
    ),
    KnownError(
        id="hapi-conditional-create-unsatisfied",
        text=(("did not satisfy the conditional url", "hapi-0929", "failed to process conditional create"),),
        title="If-None-Exist: the resource itself doesn't have the values that the conditional create searches for",
        why="HAPI checks that the new resource would be found by the same search. Otherwise each retry would create a copy.",
        causes=(
            Cause(
                "The identifier in If-None-Exist (ifNoneExist in a Bundle) isn't in the resource, or its system differs.",
                "Compare both character by character.",
                "Put the same identifier system and value into the resource and into If-None-Exist.",
            ),
            Cause(
                "The search parameter's value isn't encoded: | or & in it.",
                "The URL has a raw | or a space.",
                "Percent-encode the value.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/7215",
        confidence="documented",
    ),
    KnownError(
        id="inferno-invalid-refresh-answer",
        servers=("inferno",),
        text=(
            ("invalid refresh token", "supplied an invalid refresh"),
            ("refresh token exchange fails", "error page", "html", "9.12", "client_assertion", "500", "redirect"),
        ),
        title="Inferno sends an invalid refresh token on purpose: the server must answer 400 or 401 with a JSON error",
        why="The test passes only for status 400 or 401. A redirect, an HTML error page or 500 fails it.",
        causes=(
            Cause(
                "The token endpoint answers with an error page or a redirect.",
                "Look at the response in the test's request tab.",
                'Answer 400 with `{"error": "invalid_grant"}`, or 401 with invalid_client if the client isn\'t authenticated.',
            ),
            Cause(
                "Older versions of the kit send no client_assertion in this request.",
                "The request tab shows the body.",
                "Answer 401 with invalid_client in JSON, and use the latest test kit.",
            ),
        ),
        source="https://github.com/onc-healthit/onc-certification-g10-test-kit/issues/700",
        confidence="observed",
    ),
    KnownError(
        id="keycloak-admin-api-refused",
        servers=("keycloak",),
        text=(
            (
                "/admin/realms/",
                "admin rest api",
                "admin api",
                "keycloak rest api",
                "user list",
                "list of users",
                "create a new user",
                "create user",
                "/users",
            ),
            ("403", "401", "forbidden", "unauthorized", "unknown_error"),
        ),
        title="Keycloak's admin API refuses the token: it has no realm-management roles, or it is from another realm or host",
        why="The admin API reads resource_access.realm-management.roles from the access token, and checks its issuer.",
        causes=(
            Cause(
                "The assigned roles aren't in the token: the scope roles is missing or Full scope allowed is off.",
                "Decode the token: resource_access has no realm-management.",
                "Turn on Full scope allowed, and add the client scope roles as Default; request a new token.",
            ),
            Cause(
                "The roles are assigned to the client instead of its service account, or to a user.",
                "Look at the tab Service accounts roles.",
                "Assign realm-management roles such as view-users and manage-users to the service account.",
            ),
            Cause(
                "401: the token is from another realm or host, has expired, or Bearer is missing in the header.",
                "Compare iss with the address.",
                "Send `Authorization: Bearer TOKEN` to the same host and realm that issued the token.",
            ),
            Cause(
                "The address lacks /admin or has /auth too much.",
                "Compare it with the version: /auth is gone since Keycloak 17.",
                "Call /admin/realms/NAME/users.",
            ),
        ),
        where="Admin console > realm > Clients > the client > Service accounts roles and Client scopes",
        source="https://www.keycloak.org/docs-api/latest/rest-api/index.html",
        confidence="observed",
        is_general=True,
    ),
    KnownError(
        id="cerner-batch-limited",
        servers=("cerner",),
        text=(("batch", "transaction"), ("422", "400", "bundle"), ("individually", "one by one", "separately", "422", "fail")),
        title="Bundle: Millennium accepts a batch or transaction only for certain resources and operations",
        why="The R4 API documents batch for few combinations. It refuses others as unprocessable, though single requests work.",
        causes=(
            Cause(
                "The entries contain a resource or method that isn't supported in a batch.",
                "The same resource sent individually is created.",
                "Send each resource in a request of its own, in order of the references.",
            ),
            Cause(
                "The Bundle has a transaction or references between its entries (urn:uuid).",
                "Look at type and at the references.",
                "Create the referenced resource first, and use the id in the Location header.",
            ),
        ),
        source="https://docs.oracle.com/en/industries/health/millennium-platform-apis/mfrap/r4_overview.html",
        confidence="inferred",
        is_general=True,
    ),
    KnownError(
        id="docker-host-renamed",
        text=(
            ("docker", "container", "compose", "kubernetes"),
            ("localhost",),
            ("token url", "access token url", "token endpoint", "get a token", "access token", "issuer"),
            (
                "changing localhost",
                "changed localhost",
                "instead of localhost",
                "hosts file",
                "/etc/hosts",
                "replace localhost",
                "replaced localhost",
                "host.docker.internal",
            ),
        ),
        title="The server's host name differs between browser, container and token: iss and port must be the same everywhere",
        why="Inside a container localhost is the container itself, and a token is valid only for its own issuer.",
        causes=(
            Cause(
                "The name isn't reached from where the request is sent: port mapping or hosts file.",
                "curl to the discovery document fails with this name and port.",
                "Use the same host and port inside and outside: map port 8080:8080, and add the name to the hosts file.",
            ),
            Cause(
                "iss in the token is another host than the service expects.",
                "Compare iss with issuer-uri.",
                "Set the server's hostname (KC_HOSTNAME) to the name used everywhere.",
            ),
            Cause(
                "The realm or secret differs in the container's fresh database.",
                "The answer has invalid_client or Realm does not exist.",
                "Import the realm, and copy the new secret.",
            ),
        ),
        source="https://www.keycloak.org/server/hostname",
        confidence="observed",
        is_general=True,
    ),
    KnownError(
        id="cerner-body-refused",
        servers=("cerner",),
        text=(
            ("post patient", "via post", "post /", "creating a", "create a ", "create an ", "creating an", "post observation"),
            ("400", "bad request", "invalid request"),
        ),
        title="400: Cerner refuses the body of the create: an element, its system or its length isn't what the API documents",
        why="Millennium accepts only the documented elements and code systems in a body, and often doesn't name the wrong one.",
        causes=(
            Cause(
                "An identifier, type or code has another system or code than the API documents for this resource.",
                "Compare with an existing resource that the API returns.",
                "Start from the documented example body, and add one element at a time.",
            ),
            Cause(
                "A text is too long, for example more than 255 characters.",
                "A shorter text is accepted.",
                "Shorten the text to 255 characters.",
            ),
            Cause(
                "A required element is missing, such as the assigner or the encounter.",
                "Read the table of required elements.",
                "Add the element with an ID of this tenant.",
            ),
        ),
        source="https://docs.oracle.com/en/industries/health/millennium-platform-apis/mfrap/r4_overview.html",
        confidence="observed",
    ),
)

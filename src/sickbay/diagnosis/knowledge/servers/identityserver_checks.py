"""IdentityServer4 and Duende IdentityServer: checklists for bare error codes, and symptoms."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

LOGS = "https://docs.duendesoftware.com/identityserver/diagnostics/logging/"

ERRORS = (
    KnownError(
        id="identityserver-cors",
        servers=("identityserver",),
        text=(("identityserver", "identity server", "duende"), ("cors",), ("origin", "blocked", "not allowed", "policy")),
        without=("redirected from", "/connect/authorize"),
        title="CORS: the page's origin isn't in AllowedCorsOrigins of a client",
        why="IdentityServer answers CORS only for origins that a client registers. Authorize isn't meant for fetch at all.",
        causes=(
            Cause(
                "The origin isn't registered.",
                "The log says CorsPolicyService did not allow origin.",
                "Add the origin without trailing slash to AllowedCorsOrigins of the client.",
            ),
            Cause(
                "An own CORS policy of ASP.NET Core overrides it.",
                "AddCors is called after AddIdentityServer.",
                "Register ICorsPolicyService, or remove the own policy for these endpoints.",
            ),
        ),
        source="https://docs.duendesoftware.com/identityserver/tokens/cors/",
        confidence="documented",
    ),
    KnownError(
        id="identityserver-invalid-client",
        servers=("identityserver",),
        codes=("invalid_client", "unauthorized_client"),
        title="IdentityServer could not authenticate the client, or the client may not use this grant",
        why="The response has only the code; the server's log names the reason.",
        causes=(
            Cause(
                "AllowedGrantTypes doesn't contain the grant.",
                "The log says not authorized or invalid grant type.",
                "Add the grant to AllowedGrantTypes of the client.",
            ),
            Cause(
                "The client secret is wrong, or isn't stored as a hash.",
                "The log says Client secret validation failed.",
                'Store new Secret("…".Sha256()), and send the plain secret.',
            ),
            Cause("client_id is unknown or disabled.", "The log says No client with id.", "Register the client."),
        ),
        source=LOGS,
        confidence="documented",
    ),
    KnownError(
        id="identityserver-invalid-grant",
        servers=("identityserver",),
        codes=("invalid_grant",),
        title=(
            "invalid_grant from IdentityServer: code or refresh token used already, expired or unknown, or the password is "
            "wrong"
        ),
        why="The response hides the reason; the server's log names it.",
        causes=(
            Cause(
                "The code was redeemed twice or has expired.",
                "The log says Invalid authorization code.",
                "Start a new login and redeem the code once.",
            ),
            Cause(
                "The refresh token was used already (OneTimeOnly) or has expired.",
                "The log says Refresh token validation failed.",
                "Store the newest refresh token, or log in again.",
            ),
            Cause(
                "redirect_uri or code_verifier differs.", "The log names it.", "Send the values of the authorization request."
            ),
            Cause("User name or password is wrong.", "The grant is password.", "Check the user."),
        ),
        source=LOGS,
        confidence="documented",
    ),
    KnownError(
        id="identityserver-invalid-scope",
        servers=("identityserver",),
        codes=("invalid_scope",),
        title="`scope`: a requested scope isn't registered, or isn't in the client's AllowedScopes",
        why="Since version 4 API scopes have to be registered as ApiScope.",
        causes=(
            Cause(
                "The ApiScope or IdentityResource doesn't exist.",
                "The log says not found in store.",
                "Register the scope at the server.",
            ),
            Cause("The client may not request it.", "Look at AllowedScopes.", "Add the scope to AllowedScopes."),
        ),
        source=LOGS,
        confidence="documented",
    ),
    KnownError(
        id="identityserver-no-refresh-token",
        servers=("identityserver",),
        text=(
            ("identityserver", "identity server", "duende"),
            (
                "no refresh token",
                "no refresh_token",
                "refresh token is null",
                "refresh_token is null",
                "not get refresh",
                "not return refresh",
                "without refresh token",
                "not getting refresh",
            ),
        ),
        title="No refresh token: the scope offline_access isn't requested, or AllowOfflineAccess is false",
        why="IdentityServer issues refresh tokens only with offline_access, and only to clients with AllowOfflineAccess.",
        causes=(
            Cause(
                "offline_access isn't requested.",
                "Look at scope in the request.",
                'Request offline_access: options.Scope.Add("offline_access").',
            ),
            Cause("AllowOfflineAccess is false.", "Look at the client.", "Set AllowOfflineAccess = true."),
        ),
        source="https://docs.duendesoftware.com/identityserver/tokens/refresh/",
        confidence="documented",
    ),
    KnownError(
        id="identityserver-invalid-request-page",
        text=(("sorry, there was an error", "/connect/authorize"), ("invalid_request",)),
        title="invalid_request on the error page: most often the client requires PKCE and code_challenge is missing",
        why="RequirePkce is on by default. The page shows only the code; the log has the reason.",
        causes=(
            Cause(
                "The request has no code_challenge.",
                "The log says code_challenge is missing.",
                "Send code_challenge and code_challenge_method=S256, and code_verifier in the token request.",
            ),
            Cause(
                "The redirect URI isn't registered exactly.",
                "The log says Invalid redirect_uri.",
                "Add the exact redirect URI to RedirectUris.",
            ),
            Cause("response_type or nonce is missing.", "The log names it.", "Send response_type=code and a nonce."),
        ),
        source="https://github.com/DuendeArchive/Support/issues/861",
        confidence="observed",
    ),
)

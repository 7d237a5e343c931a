"""IdentityServer4 and Duende IdentityServer: the error page and lines of the log."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

DOCS = "https://docs.duendesoftware.com/identityserver/"
LOGS = "https://docs.duendesoftware.com/identityserver/diagnostics/logging/"

ERRORS = (
    KnownError(
        id="identityserver-scope-not-found",
        text=(
            (
                "not found in store",
                "invalid scopes requested",
                "requested scope not allowed",
                "invalid scope:",
                "scope not allowed",
                "does not have access to scope",
            ),
            ("scope",),
        ),
        without=("launch/patient",),
        captures=(
            r"Scope (?P<scope>\S+) not found in store",
            r"scope not allowed: (?P<scope>\S+)",
            r"Invalid scope: (?P<scope>\S+)",
        ),
        title="`scope`: {scope} isn't defined as a scope of the server, or isn't in the client's AllowedScopes",
        why=(
            "Since version 4 each scope has to exist as an ApiScope; an ApiResource with the same name isn't enough. The "
            "client's AllowedScopes has to list it, too."
        ),
        causes=(
            Cause(
                "The ApiScope doesn't exist, often after an update from version 3.",
                "The log says not found in store.",
                (
                    "Register the scope with AddInMemoryApiScopes, or in the table ApiScopes, and name it in the "
                    "ApiResource's Scopes."
                ),
            ),
            Cause(
                "The client may not request it.",
                "Look at the client's AllowedScopes.",
                "Add the scope to AllowedScopes of this client.",
            ),
            Cause(
                "offline_access was requested, but isn't allowed.",
                "AllowOfflineAccess is false.",
                "Set AllowOfflineAccess = true.",
            ),
            Cause(
                "The database has an older configuration than the code.",
                "Compare the table ClientScopes.",
                "Run the migrations and seed the database again.",
            ),
        ),
        source="https://github.com/DuendeArchive/IdentityServer4/issues/4606",
        confidence="documented",
    ),
    KnownError(
        id="identityserver-invalid-scope-page",
        text=(("sorry, there was an error", "there was an error"), ("invalid_scope", "invalid scope")),
        title="`scope`: a requested scope isn't registered at the server, or isn't in AllowedScopes of this client",
        why="The error page shows only the code; the server's log names the scope.",
        causes=(
            Cause(
                "A requested scope isn't in AllowedScopes; ASP.NET Core requests openid and profile by default.",
                "The log says Requested scope not allowed.",
                "Add the scope to AllowedScopes, or call options.Scope.Clear() and request fewer scopes.",
            ),
            Cause(
                "The scope doesn't exist as IdentityResource or ApiScope.",
                "The log says not found in store.",
                "Register it at the server.",
            ),
        ),
        source="https://github.com/IdentityServer/IdentityServer4.Samples/issues/239",
        confidence="observed",
    ),
    KnownError(
        id="identityserver-flow-not-allowed",
        text=(
            ("allowedgranttypes", "client not authorized for", "invalid grant type for client", "invalid flow for client"),
            ("not authorized", "invalid", "check the", "flow"),
        ),
        title="The client's AllowedGrantTypes doesn't allow the flow that the app uses",
        why=(
            "IdentityServer answers unauthorized_client if the grant of the request isn't one of the client's "
            "AllowedGrantTypes."
        ),
        causes=(
            Cause(
                "The grant isn't in AllowedGrantTypes.",
                "The log names the flow and the client.",
                "Add the grant to AllowedGrantTypes of this client, for example GrantTypes.Code.",
            ),
            Cause(
                "response_type doesn't fit: code id_token needs Hybrid, and token needs Implicit.",
                "Look at response_type in the request.",
                "Send response_type=code with GrantTypes.Code and PKCE.",
            ),
        ),
        source="https://github.com/DuendeArchive/IdentityServer4/issues/4480",
        confidence="documented",
    ),
    KnownError(
        id="identityserver-unauthorized-client-page",
        text=(
            ("sorry, there was an error", "there was an error : unauthorized_client", "unauthorized_client"),
            ("there was an error", "/connect/authorize"),
        ),
        title=(
            "unauthorized_client on the error page: client unknown or disabled, flow not allowed, or redirect URI not "
            "registered"
        ),
        why=(
            "IdentityServer shows its own page instead of a redirect if it can't trust the request. The reason is only in its "
            "log."
        ),
        causes=(
            Cause(
                "AllowedGrantTypes doesn't allow the response_type, for example id_token token without Implicit.",
                "The log says Invalid grant type for client.",
                "Send response_type=code with PKCE, and set AllowedGrantTypes = GrantTypes.Code.",
            ),
            Cause(
                "The redirect URI isn't registered exactly.",
                "The log says Invalid redirect_uri.",
                "Add it to RedirectUris, slash included.",
            ),
            Cause(
                "client_id is unknown or the client is disabled.",
                "The log says Unknown client or not enabled.",
                "Register the client, and compare ClientId.",
            ),
            Cause(
                "The client is configured for another protocol or needs PKCE.",
                "The log says code_challenge is missing.",
                "Send code_challenge, or set RequirePkce = false.",
            ),
        ),
        source=LOGS,
        confidence="documented",
    ),
    KnownError(
        id="identityserver-redirect-uri",
        text=(
            ("invalid redirect_uri:", "invalid redirect_uri", "allowedredirecturis"),
            ("invalid redirect_uri", "redirecturi"),
        ),
        without=("keycloak", "microsoftonline", "fhir"),
        captures=(r"Invalid redirect_uri:? ?\"?(?P<redirect_uri>https?://[^\s\"]+)",),
        title="`redirect_uri` isn't in the RedirectUris of the client: {redirect_uri}",
        why="The server compares the strings exactly, upper and lower case and trailing slash included.",
        causes=(
            Cause(
                "The URI isn't registered for this client.",
                "The log shows RedirectUri next to AllowedRedirectUris.",
                "Add exactly {redirect_uri} to RedirectUris of the client.",
            ),
            Cause(
                "The app sends http:// because it runs behind a proxy.",
                "RedirectUri in the log begins with http://.",
                "Use the forwarded headers middleware, so that it sends https.",
            ),
        ),
        source=LOGS,
        confidence="documented",
    ),
    KnownError(
        id="identityserver-code-invalid",
        text=(("invalid authorization code", "client is trying to use a code from a different client"),),
        title="`code`: the authorization code was used already, has expired, or isn't known to this server",
        why=(
            "A code lasts 5 minutes by default and can be redeemed once. It is stored in the operational store; several nodes "
            "need a shared one."
        ),
        causes=(
            Cause(
                "The code was redeemed twice, for example by a reload or a second handler.",
                "The log shows the first request succeeding shortly before.",
                "Redeem each code once and start a new login.",
            ),
            Cause(
                "Several nodes, or a restart, with in-memory stores.",
                "It fails now and then.",
                "Use AddOperationalStore with a shared database and shared data protection keys.",
            ),
            Cause(
                "The code was damaged or cut.",
                "Compare its length in redirect and token request.",
                "Send the code exactly as received.",
            ),
            Cause("redirect_uri differs from the authorization request.", "Compare both.", "Send the same redirect_uri."),
        ),
        source="https://github.com/IdentityServer/IdentityServer3/issues/2153",
        confidence="observed",
    ),
    KnownError(
        id="identityserver-code-verifier",
        text=(
            (
                "unexpected code_verifier",
                "transformed code verifier does not match",
                "client is missing code challenge",
                "code_challenge is missing",
                "code challenge required",
                "code verifier is too short",
                "missing code_verifier",
            ),
        ),
        title="PKCE: `code_verifier` doesn't match the code_challenge, or one of them is missing",
        why=(
            "If the authorization request had a code_challenge, the token request needs its verifier; without one it must not "
            "have any."
        ),
        causes=(
            Cause(
                "The verifier isn't the one of this login, or the challenge was hashed otherwise.",
                "The log says Transformed code verifier does not match.",
                "Store the verifier before the redirect and send the same value, with S256 and base64url.",
            ),
            Cause(
                "The client sends no code_challenge, but RequirePkce is on (the default).",
                "The log says code challenge required.",
                "Enable PKCE in the app: options.UsePkce = true.",
            ),
            Cause(
                "The token request has a code_verifier without a challenge before.",
                "The log says Unexpected code_verifier.",
                "Send code_challenge in the authorization request.",
            ),
        ),
        source=DOCS,
        confidence="documented",
    ),
    KnownError(
        id="identityserver-refresh-token",
        text=(
            (
                "refresh token validation failed",
                "refresh token has expired",
                "consumed refresh token",
                "client does not have access to offline_access",
                "caller sent a refresh token",
                "refresh token binding",
            ),
        ),
        title="The refresh token was refused: expired, used already, revoked, or unknown to this server",
        why=(
            "With TokenUsage.OneTimeOnly a refresh token works once. Sliding and absolute lifetimes end it, and a restart "
            "with an in-memory store loses all."
        ),
        causes=(
            Cause(
                "It was used already, for example by two requests at the same time.",
                "The log says consumed, or the grant is missing in PersistedGrants.",
                "Store the newest refresh token and refresh in one place, or set RefreshTokenUsage = ReUse.",
            ),
            Cause(
                "Its lifetime has ended.",
                "Compare AbsoluteRefreshTokenLifetime (30 days by default).",
                "Log in again, or raise the lifetime.",
            ),
            Cause("The store is in memory.", "It fails after each restart.", "Use AddOperationalStore."),
            Cause(
                "AllowOfflineAccess is off for the client.",
                "The log mentions offline_access.",
                "Set AllowOfflineAccess = true.",
            ),
        ),
        source="https://github.com/DuendeArchive/IdentityServer4/issues/5171",
        confidence="observed",
    ),
    KnownError(
        id="identityserver-client-unknown",
        text=(("unknown client or not enabled", "no client with id"),),
        without=("keycloak", "/realms/", "aadsts"),
        captures=(r"(?:not enabled:|client with id) '?(?P<client_id>[\w.-]{1,80})",),
        title="`client_id`: the server has no enabled client with this ID: {client_id}",
        why="IdentityServer looks the ID up in its client store, case-sensitively. The message is the same for a disabled"
        " client.",
        causes=(
            Cause(
                "No client with exactly this ID is in the store that the running server uses.",
                "Look at the list in the configuration, or at the table Clients.",
                "Add the client to the store with this ClientId, or send the ID that is there.",
            ),
            Cause(
                "The client's Enabled is false.",
                "Look at the client's entry.",
                "Set Enabled to true.",
            ),
        ),
        source="https://docs.duendesoftware.com/identityserver/fundamentals/clients/",
        confidence="documented",
    ),
    KnownError(
        id="identityserver-client-secret",
        text=(
            (
                "client secret validation failed",
                "invalid client secret",
                "no secret found",
                "secret validation failed",
                "no matching hashed secret found",
                "secret validators could not validate secret",
                "parser found no secret",
            ),
            ("client", "secret"),
        ),
        without=("keycloak", "/realms/", "aadsts"),
        title="The client's secret is wrong, or client_id is unknown",
        why="The server stores secrets as SHA-256 or SHA-512 hashes and compares the hash of what was sent.",
        causes=(
            Cause(
                "The secret is stored in plain text instead of hashed, or hashed twice.",
                'Look at ClientSecrets: it needs new Secret("…".Sha256()).',
                "Store the hashed value, and send the plain one.",
            ),
            Cause("The secret differs.", "Compare with the registration.", "Copy the client secret again."),
            Cause(
                "ClientId differs in case or spelling, or Enabled is false.",
                "The log says No client with id.",
                "Register the client, or correct client_id.",
            ),
            Cause(
                "The app sends no secret.",
                "The log says no secret found.",
                "Send the secret, or set RequireClientSecret = false for public clients.",
            ),
        ),
        source=LOGS,
        confidence="documented",
    ),
)

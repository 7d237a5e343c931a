"""OpenIddict: the messages that its errors page numbers ID2000 and following."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

SOURCE = "https://github.com/openiddict/openiddict-core/blob/dev/src/OpenIddict.Abstractions/OpenIddictResources.resx"

ERRORS = (
    KnownError(
        id="openiddict-scope-not-allowed",
        text=(
            (
                "not allowed to use the specified scope",
                "errors/id2051",
                "allowed to use the 'offline_access' scope",
                "not allowed to use the 'openid' scope",
                "errors/id2065",
            ),
        ),
        title="`scope`: the application has no permission for a requested scope",
        why=(
            "OpenIddict checks scopes against the application's permissions; only openid and offline_access need no scope "
            "permission, but offline_access needs the refresh token grant."
        ),
        causes=(
            Cause(
                "A requested scope isn't among the permissions.",
                "The server's log names it.",
                'Add Permissions.Prefixes.Scope + "NAME" to the application, or remove the scope from the request.',
            ),
            Cause(
                "offline_access is requested without the refresh token grant.",
                "Look at the permissions.",
                "Add Permissions.GrantTypes.RefreshToken.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openiddict-scope-unknown",
        text=(
            ("the specified 'scope'", "specified 'scope' parameter is not valid", "the specified 'scope' is"),
            ("is invalid", "not valid", "not supported"),
        ),
        title="`scope`: a requested scope isn't registered in OpenIddict",
        why="Scopes have to be registered with RegisterScopes or in the scope table, unless scope validation is disabled.",
        causes=(
            Cause(
                "The scope isn't registered.",
                "Compare it with scopes_supported of the discovery document.",
                "Register the scope with options.RegisterScopes, or create it with IOpenIddictScopeManager.",
            ),
        ),
        source="https://github.com/openiddict/openiddict-core/issues/621",
        confidence="documented",
    ),
    KnownError(
        id="openiddict-grant-not-allowed",
        text=(
            ("client application is not allowed to use the",),
            (
                "grant type",
                "token endpoint",
                "authorization endpoint",
                "code flow",
                "implicit flow",
                "hybrid flow",
                "introspection endpoint",
                "device authorization",
                "revocation endpoint",
                "end session",
            ),
        ),
        title="The application has no permission for this grant type, flow or endpoint",
        why="Each application lists what it may use as permissions.",
        causes=(
            Cause(
                "The grant type or endpoint isn't in the permissions.",
                "The message names it.",
                (
                    "Add the permission, for example Permissions.Endpoints.Token and "
                    "Permissions.GrantTypes.ClientCredentials, to the application."
                ),
            ),
            Cause(
                "The database still has the registration of an earlier start.",
                "The seeding code skips existing applications.",
                "Update or delete the application in the database.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openiddict-client-credentials",
        text=(("specified client credentials are invalid", "errors/id2055"),),
        title="The client secret is wrong, or was stored in another way than it is sent",
        why="The secret is stored hashed; the plain one has to be sent.",
        causes=(
            Cause(
                "The secret differs or was changed.",
                "Set it again with the application manager.",
                "Copy the client secret again, and update the application with it.",
            ),
            Cause(
                "The secret was written to the database unhashed.",
                "Look at the column ClientSecret.",
                "Create the application by IOpenIddictApplicationManager.",
            ),
            Cause(
                "id and secret in the Basic header aren't percent-encoded.",
                "They have special characters.",
                "Percent-encode both before base64, or send them in the body.",
            ),
        ),
        source="https://github.com/openiddict/openiddict-core/issues/1226",
        confidence="documented",
    ),
    KnownError(
        id="openiddict-client-id-invalid",
        text=(("the specified 'client_id' is invalid", "specified 'client_id' parameter is invalid", "errors/id2052"),),
        title="`client_id` or another value isn't registered: no application with it exists",
        why="ID2052 means that the named parameter's value is unknown or invalid.",
        causes=(
            Cause(
                "The application isn't registered in this database.",
                "Look at the table OpenIddictApplications.",
                "Register the application with this client_id.",
            ),
            Cause(
                "The value belongs to another environment.",
                "Compare character by character.",
                "Send the client_id of this environment.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openiddict-redirect-uri",
        text=(
            (
                "the specified 'redirect_uri' is not valid for this client",
                "errors/id2043",
                "redirect_uri' parameter must be a valid absolute",
                "errors/id2030",
            ),
        ),
        title="`redirect_uri` isn't registered for this application, or isn't an absolute URI",
        why="OpenIddict compares it exactly with RedirectUris of the application.",
        causes=(
            Cause(
                "The URI isn't registered, or differs by a slash, port or scheme.",
                "Compare it with the column RedirectUris.",
                "Add exactly this URI to RedirectUris.",
            ),
            Cause(
                "The app sends http:// behind a proxy.",
                "Look at redirect_uri in the address.",
                "Use forwarded headers, so that it sends https.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openiddict-redirect-uri-differs",
        text=(("match the client redirection uri the authorization code", "errors/id2072"),),
        title="`redirect_uri` of the token request differs from the one of the authorization request",
        why="The code is bound to the redirect URI; both are compared exactly.",
        causes=(Cause("The two values differ.", "Write down both.", "Send exactly the same redirect_uri in both requests."),),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openiddict-code-redeemed",
        text=(
            (
                "authorization code has already been redeemed",
                "errors/id2010",
                "specified authorization code is invalid",
                "errors/id2001",
                "specified authorization code is no longer valid",
                "errors/id2016",
                "authorization code cannot be used by this client",
                "errors/id2069",
            ),
        ),
        title="`code`: the authorization code was used already, has expired, or belongs to another client",
        why="A code works once, for 5 minutes. A second use also revokes the tokens of the first.",
        causes=(
            Cause(
                "The code was redeemed twice.",
                "The log shows an earlier token request with it.",
                "Redeem each code once, and start a new login.",
            ),
            Cause(
                "It has expired, or the server's encryption keys have changed.",
                "It fails after a restart with ephemeral keys.",
                "Register persistent encryption and signing certificates.",
            ),
            Cause("Another client redeems it.", "client_id differs.", "Send the client_id of the authorization request."),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openiddict-refresh-redeemed",
        text=(
            ("specified refresh token", "errors/id2012", "errors/id2003", "errors/id2018", "refresh token is no longer valid"),
            ("already been redeemed", "is invalid", "no longer valid", "cannot be used", "errors/id20"),
        ),
        title="The refresh token was used already, has expired or was revoked",
        why="Refresh tokens rotate: each works once, with a leeway of 30 seconds.",
        causes=(
            Cause(
                "An older refresh token was sent, or two requests refreshed at the same time.",
                "The log says already been redeemed.",
                "Store the newest refresh token, and refresh in one place.",
            ),
            Cause(
                "It expired (14 days by default), or the authorization was revoked.",
                "Look at the tables for tokens and authorizations.",
                "Log in again.",
            ),
            Cause("The encryption keys have changed.", "All tokens fail after a restart.", "Register persistent certificates."),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openiddict-public-secret",
        text=(
            (
                "public clients are not allowed to send a client_secret",
                "not valid for this client application",
                "errors/id2053",
            ),
        ),
        title="A public client must not send a client secret",
        why="The application is registered as public; a secret from it is refused.",
        causes=(
            Cause(
                "The app sends client_secret for a public application.",
                "Look at ClientType.",
                "Remove client_secret from the request, or register the application as confidential with a secret.",
            ),
        ),
        source="https://github.com/openiddict/openiddict-core/issues/318",
        confidence="documented",
    ),
    KnownError(
        id="openiddict-parameter-required-for-client",
        text=(("parameter required for this client application is missing", "errors/id2054"),),
        captures=(r"The '(?P<parameter>\w+)' parameter required",),
        title="{parameter} is required for this application and is missing: most often client_secret or code_challenge",
        why="A confidential application has to send its secret; one with the requirement PKCE has to send code_challenge.",
        causes=(
            Cause(
                "A confidential application sends no client secret.",
                "The message names client_secret.",
                "Send the client secret, or register the application as public.",
            ),
            Cause("PKCE is required.", "The message names code_challenge.", "Send code_challenge with S256."),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openiddict-parameter-missing",
        text=(("the mandatory '",), ("parameter is missing", "parameters are missing")),
        captures=(r"mandatory '(?P<parameter>\w+)'",),
        title="{parameter} is missing in the request, or the server couldn't read the body",
        why="OpenIddict reads the token request only as a form. A JSON body or parameters in the query count as missing.",
        causes=(
            Cause(
                "The body isn't a form.",
                "Content-Type isn't application/x-www-form-urlencoded.",
                "POST the parameters as application/x-www-form-urlencoded in the body.",
            ),
            Cause(
                "The parameter isn't sent, for example client_id of a client that isn't registered yet.",
                "Look at the body.",
                "Send {parameter}, and register an application with this client_id.",
            ),
        ),
        source="https://github.com/openiddict/openiddict-core/issues/621",
        confidence="documented",
    ),
    KnownError(
        id="openiddict-content-type",
        text=(
            (
                "invalid 'content-type' header",
                "the specified 'content-type' header is invalid",
                "mandatory 'content-type' header",
                "errors/id2082",
                "errors/id2081",
            ),
        ),
        title="Content-Type: the token request isn't a form",
        why="The token endpoint reads only application/x-www-form-urlencoded, as RFC 6749 requires.",
        causes=(
            Cause(
                "The client sends JSON.",
                "Content-Type is application/json.",
                "Send the parameters as application/x-www-form-urlencoded, for example with URLSearchParams.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openiddict-https",
        text=(("this server only accepts https requests", "errors/id2083"),),
        title="OpenIddict accepts only https",
        why="Transport security is required by default. Behind a proxy the server sees http.",
        causes=(
            Cause(
                "A proxy ends TLS.",
                "The log shows http requests.",
                "Use forwarded headers, or DisableTransportSecurityRequirement() for development.",
            ),
            Cause("The address begins with http://.", "Look at the request.", "Use https."),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openiddict-token-refused",
        text=(
            (
                "specified token",
                "issuer associated to the specified token",
                "key associated to the specified token",
                "signature associated to the specified token",
            ),
            (
                "is not valid",
                "was not found",
                "is invalid",
                "no longer valid",
                "cannot be used with this resource server",
                "contain any audience",
                "not of the expected type",
            ),
        ),
        title="The access token was refused: issuer, signing or encryption key, audience, or lifetime doesn't fit",
        why="OpenIddict encrypts access tokens by default, and checks issuer and audience if they are configured.",
        causes=(
            Cause(
                "The API's issuer isn't the server's, slash included.",
                "Compare SetIssuer with issuer in the discovery document.",
                "Set the issuer to exactly this string.",
            ),
            Cause(
                "The API doesn't know the encryption or signing key.",
                "The header has enc.",
                "Share the encryption key, use introspection, or DisableAccessTokenEncryption().",
            ),
            Cause(
                "The token's audience lacks this API.",
                "The message mentions the resource server.",
                "Call SetResources in the server, and AddAudiences in the API with the same value.",
            ),
            Cause("It has expired or was revoked.", "Compare exp.", "Get a new access token."),
        ),
        source=SOURCE,
        confidence="documented",
    ),
    KnownError(
        id="openiddict-invalid-client",
        servers=("openiddict",),
        codes=("invalid_client", "unauthorized_client", "invalid_grant", "invalid_scope", "invalid_request"),
        title="OpenIddict refused the request; error_description and error_uri name the reason",
        why="Every refusal has a number ID2xxx, and the server's log has the details.",
        causes=(
            Cause(
                "The application lacks a permission for the endpoint, grant or scope.",
                "The description says not allowed to use.",
                "Add the permission to the application.",
            ),
            Cause(
                "The secret is wrong, or client_id isn't registered.",
                "The description says credentials, or client_id is invalid.",
                "Copy the secret again, and register the client.",
            ),
            Cause(
                "The code or refresh token was used already or has expired.",
                "The description says redeemed or no longer valid.",
                "Start a new login.",
            ),
        ),
        source=SOURCE,
        confidence="documented",
    ),
)

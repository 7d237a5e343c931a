"""ASP.NET Core: IDX errors of token validation, and the OpenID Connect handler."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

IDX = "https://github.com/AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet/wiki"
DOCS = "https://learn.microsoft.com/aspnet/core/security/authentication/"

ERRORS = (
    KnownError(
        id="aspnet-audience",
        text=(
            (
                "idx10214",
                "idx10208",
                "idx10206",
                "idx14311",
                "audience validation failed",
                "unable to validate audience",
                "the audience '",
                "securitytokeninvalidaudience",
            ),
        ),
        captures=(r"Audiences: '(?P<audience>[^']+)'", r"ValidAudience: '(?P<expected>[^']+)'"),
        title="aud: the token's audience ({audience}) isn't the one that the API accepts ({expected})",
        why=(
            "The API compares aud with options.Audience or ValidAudiences. aud comes from the API whose scope was requested; "
            "without such a scope it is empty or the issuer's own."
        ),
        causes=(
            Cause(
                "The app didn't request a scope of this API.",
                "Decode the token and read aud and scope.",
                (
                    "Request a scope of the API; in IdentityServer add the scope to the ApiResource's Scopes, so that aud "
                    "gets its name."
                ),
            ),
            Cause(
                "The API is configured with another audience.",
                "Compare options.Audience with aud, api:// and slash included.",
                "Set ValidAudience to the aud of the token.",
            ),
            Cause(
                "The token has no aud (IdentityServer 4 and later).",
                "aud is missing.",
                (
                    "Define an ApiResource with this scope, or set EmitStaticAudienceClaim = true; only as a last resort "
                    "ValidateAudience = false."
                ),
            ),
            Cause(
                "An ID token or a token for another API was sent.",
                "aud is the client ID.",
                "Send the access token for this API.",
            ),
        ),
        source="https://github.com/DuendeArchive/IdentityServer4/issues/2348",
        confidence="documented",
    ),
    KnownError(
        id="aspnet-issuer",
        text=(
            (
                "idx10205",
                "idx10211",
                "idx40001",
                "idx10204",
                "issuer validation failed",
                "unable to validate issuer",
                "securitytokeninvalidissuer",
                "the issuer '",
            ),
        ),
        captures=(r"Issuer: '(?P<issuer>https?://[^']+)'", r"ValidIssuer: '(?P<expected>https?://[^']+)'"),
        title="iss: the token's issuer ({issuer}) isn't the one that the API expects ({expected})",
        why="The API takes the valid issuer from the discovery document of its Authority and compares it exactly.",
        causes=(
            Cause(
                (
                    "Authority is another address than the one under which the token was issued, for example a container name "
                    "and localhost."
                ),
                "Compare iss of the decoded token with issuer in Authority/.well-known/openid-configuration.",
                (
                    "Set Authority to exactly the iss of the token, or set the server's issuer (IssuerUri, KC_HOSTNAME) to "
                    "one public address."
                ),
            ),
            Cause(
                "A trailing slash or http and https differs.",
                "Compare both strings character by character.",
                "Set ValidIssuer to the exact string.",
            ),
            Cause(
                "The Microsoft token has version 1.0 (sts.windows.net), and the API expects 2.0.",
                "ver in the token is 1.0.",
                "Set accessTokenAcceptedVersion to 2 in the API's manifest.",
            ),
        ),
        source=IDX,
        confidence="documented",
    ),
    KnownError(
        id="aspnet-signature-key",
        text=(
            (
                "idx10501",
                "idx10503",
                "idx10500",
                "idx10516",
                "idx10517",
                "signature key was not found",
                "unable to match 'kid'",
                "unable to match key",
                "securitytokensignaturekeynotfound",
            ),
        ),
        title="The signing key of the token wasn't found: its kid isn't among the keys that the API has loaded",
        why="The API loads the keys from jwks_uri of its Authority and looks for the token's kid.",
        causes=(
            Cause(
                "The token comes from another issuer or tenant than Authority.",
                "Compare iss of the token with Authority; look for its kid at jwks_uri.",
                "Set Authority to the issuer of the token.",
            ),
            Cause(
                (
                    "The server has new keys, for example a developer key after a restart, and the API has the old ones in "
                    "its cache."
                ),
                "It works after restarting the API.",
                "Use a persistent signing key on all nodes, and let the API refresh its configuration.",
            ),
            Cause(
                "The token isn't meant for this API: Microsoft Graph tokens, or a refresh token (HS256).",
                "aud is another API, or typ is Refresh.",
                "Request an access token for this API.",
            ),
            Cause(
                "The API can't load the keys, or package versions are mixed.",
                "Number of keys in Configuration is 0.",
                "Open jwks_uri from the API's machine, and use one version of all Microsoft.IdentityModel packages.",
            ),
        ),
        source="https://github.com/DuendeArchive/IdentityServer4/issues/769",
        confidence="documented",
    ),
    KnownError(
        id="aspnet-signature-invalid",
        text=(("idx10511", "the signature is invalid", "idx10504", "idx10506", "securitytokeninvalidsignature"),),
        title="The token's signature is invalid: it was changed, or it is meant for someone else",
        why=(
            "The key was found, but the signature doesn't match. Tokens with a nonce in the header, as for Microsoft Graph, "
            "can't be validated by others."
        ),
        causes=(
            Cause(
                "The token was issued for another API, such as Microsoft Graph.",
                "aud is 00000003-0000-0000-c000-000000000000, or the header has nonce.",
                "Request a token with a scope of your own API.",
            ),
            Cause(
                "The token was cut or changed when copying.",
                "It doesn't have three parts.",
                "Send the token exactly as received.",
            ),
            Cause(
                "The server signs with another key of the same kid.",
                "Compare the key at jwks_uri.",
                "Use the issuer's published keys.",
            ),
        ),
        source=IDX,
        confidence="documented",
    ),
    KnownError(
        id="aspnet-expired",
        text=(
            ("idx10223", "the token expired at", "token is expired. validto", "securitytokenexpired", "the token is expired"),
        ),
        title="The token has expired",
        why="exp is in the past; the handler allows 5 minutes of clock skew.",
        causes=(
            Cause(
                "The app keeps using an old access token.",
                "Compare ValidTo with the current time.",
                "Get a new access token with the refresh token, or log in again.",
            ),
            Cause("The clocks differ.", "It fails immediately after the login.", "Synchronise the clocks with NTP."),
        ),
        source=IDX,
        confidence="documented",
    ),
    KnownError(
        id="aspnet-not-yet-valid",
        text=(("idx10222", "not yet valid", "securitytokennotyetvalid", "the token is not valid before"),),
        title="The token isn't valid yet: nbf or iat is in the future, so the clocks differ",
        why="The issuer's clock is ahead of the clock of the machine that checks.",
        causes=(
            Cause(
                "A clock is wrong.",
                "Compare both machines' time in UTC.",
                "Synchronise both clocks with NTP, or allow some seconds of clock skew.",
            ),
        ),
        source=IDX,
        confidence="documented",
    ),
    KnownError(
        id="aspnet-not-a-jwt",
        text=(
            (
                "idx12741",
                "idx12709",
                "idx14100",
                "idx14101",
                "idx12729",
                "idx10511: jwt is not well formed",
                "jwt is not well formed",
                "is not well formed: 'system.string'",
                "idx12723",
            ),
        ),
        title="The token isn't a well-formed JWT: it is opaque, cut, or has extra characters",
        why="A JWT has three base64url parts with two dots. Access tokens needn't be JWTs.",
        causes=(
            Cause(
                "The token is opaque, for example because no API was requested.",
                "It has no dots.",
                "Request a token for the API (scope or audience), or validate it by introspection.",
            ),
            Cause(
                "The header has Bearer twice, quotes or a placeholder.",
                "Log the Authorization header.",
                "Send Authorization: Bearer TOKEN with only the token.",
            ),
        ),
        source=IDX,
        confidence="documented",
    ),
    KnownError(
        id="aspnet-configuration",
        is_evident=True,
        text=(
            (
                "idx20803",
                "idx20804",
                "idx20807",
                "unable to obtain configuration from",
                "unable to retrieve document from",
                "idx20108",
            ),
        ),
        title="The discovery document can't be loaded from Authority",
        why=(
            "The handler reads AUTHORITY/.well-known/openid-configuration and needs https, a trusted certificate and a "
            "reachable host."
        ),
        causes=(
            Cause(
                "The host isn't reachable from this machine or container; localhost is the container itself.",
                "Open the address with curl from there.",
                "Set Authority to an address that the machine reaches, and keep the issuer the same.",
            ),
            Cause(
                "The certificate isn't trusted.",
                "The inner exception names SSL or PartialChain.",
                "Install the certificate authority.",
            ),
            Cause(
                "Authority is http.",
                "The message says must be HTTPS (IDX20108).",
                "Use https, or RequireHttpsMetadata = false for development.",
            ),
        ),
        source=IDX,
        confidence="documented",
    ),
    KnownError(
        id="aspnet-correlation-failed",
        text=(("correlation failed", "correlation cookie", ".aspnetcore.correlation", "state property not found"),),
        title="Correlation failed: ASP.NET Core's correlation cookie for state is missing at the callback",
        why=(
            "The handler sets the cookie before the redirect and compares it with state. The cookie gets lost if it isn't "
            "Secure with SameSite=None, if the host differs, or if the login takes more than 15 minutes."
        ),
        causes=(
            Cause(
                "The app runs over http or behind a proxy, so that the browser drops a SameSite=None cookie without Secure.",
                "The browser tools show the cookie as blocked at the redirect.",
                "Use https, and call app.UseForwardedHeaders() before authentication, so that cookies get Secure.",
            ),
            Cause(
                "Login begins on another host than the callback, such as localhost and 127.0.0.1 or www.",
                "Compare the hosts.",
                "Use one host for the app and its redirect URI.",
            ),
            Cause(
                "The callback was opened again: Back button, bookmark, or a very old login page.",
                "A new login works.",
                "Handle OnRemoteFailure and start the login again.",
            ),
            Cause(
                "An API call by Ajax started the login, or the app created the authorize URL itself.",
                "The request has no cookies.",
                "Start the login with Challenge by a page navigation.",
            ),
        ),
        source="https://github.com/aspnet/Security/issues/1069",
        confidence="documented",
    ),
    KnownError(
        id="aspnet-state-unprotect",
        text=(
            (
                "unable to unprotect the message.state",
                "message.state is null or empty",
                "unable to unprotect",
                "the oauth state was missing or invalid",
            ),
        ),
        title="`state` can't be decrypted: another node or handler encrypted it, or the keys have changed",
        why="The handler protects state with Data Protection keys. Each node needs the same keys and application name.",
        causes=(
            Cause(
                "Several nodes or restarts with their own keys.",
                "It fails only with more than one node, or after a restart.",
                "Share the Data Protection keys (PersistKeysTo…) and call SetApplicationName with the same name.",
            ),
            Cause(
                "Two handlers use the same CallbackPath.",
                "Two AddOpenIdConnect calls with /signin-oidc.",
                "Give each scheme its own CallbackPath and register it as redirect URI.",
            ),
            Cause(
                "The login was started by something else, for example by the identity provider or a hand-made URL.",
                "The redirect has a foreign state, or none.",
                "Start the login in the app with Challenge.",
            ),
            Cause("Cookies of an earlier deployment are left.", "A private window works.", "Delete the site's cookies."),
        ),
        source="https://github.com/AzureAD/microsoft-identity-web/issues/1555",
        confidence="observed",
    ),
    KnownError(
        id="aspnet-nonce",
        text=(
            ("idx21323", "idx21320", "idx10311", "idx10316", "openidconnectprotocolinvalidnonce", "nonce cookie", "idx21326"),
        ),
        title="nonce: the nonce cookie is missing, so that the ID token's nonce can't be checked",
        why="The handler stores nonce in a cookie before the redirect and compares it with the ID token.",
        causes=(
            Cause(
                "The cookie was dropped: http, SameSite, another host, or too many cookies.",
                "The browser tools show it as blocked or missing at the callback.",
                "Use https and one host, so that the nonce cookie is kept and sent with the callback.",
            ),
            Cause("The user took too long or used the Back button.", "A new login works.", "Start a new login on this error."),
        ),
        source="https://github.com/AzureAD/azure-activedirectory-identitymodel-extensions-for-dotnet/issues/915",
        confidence="observed",
    ),
    KnownError(
        id="aspnet-bearer-not-authenticated",
        text=(("was not authenticated. failure message", "bearer was not authenticated"),),
        without=("idx1", "idx2", "idx4"),
        title="The API didn't accept the bearer token; the failure message after this line says why",
        why="JwtBearer answers 401 and logs the reason, such as audience, issuer, signature or lifetime.",
        causes=(
            Cause(
                "No token arrived.",
                "The message says No SecurityTokenValidator, or there is none.",
                "Send Authorization: Bearer TOKEN.",
            ),
            Cause(
                "aud, iss or the key doesn't match.",
                "Decode the token and compare it with Authority and Audience.",
                "Set Authority to iss and Audience to aud of the token.",
            ),
        ),
        source=DOCS,
        confidence="documented",
    ),
)

"""Messages of mod_auth_openidc, the module of the Apache HTTP server."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

WIKI = "https://github.com/OpenIDC/mod_auth_openidc/wiki"

ERRORS = (
    KnownError(
        id="httpd-redirect-scheme",
        text=(
            (
                "does not match the url scheme of the url being accessed",
                "does not match the url hostname of the url being accessed",
                "cookies will not be shared between the two",
                "does not match the hostname of the url being accessed",
            ),
        ),
        title="The page was opened with another scheme or host than OIDCRedirectURI has, so the state cookie isn't shared",
        why=(
            "Browsers send a Secure cookie only to https, and each cookie only to its host. The login starts at "
            "http and returns "
            "to https (or to another host), where the cookie is missing."
        ),
        causes=(
            Cause(
                "Users open the site over http, and the redirect URI is https.",
                "The log line names both schemes.",
                "Redirect http to https before the module runs, or open the site over https.",
            ),
            Cause(
                "A proxy in front terminates TLS, and Apache sees only http.",
                "The address bar shows https.",
                "Let the proxy send X-Forwarded-Proto: https, and set OIDCXForwardedHeaders X-Forwarded-Proto.",
            ),
            Cause(
                "Host names differ, for example with and without www.",
                "The log line names both.",
                "Use one host, or set OIDCCookieDomain.",
            ),
        ),
        source="https://github.com/OpenIDC/mod_auth_openidc/issues/436",
        confidence="documented",
    ),
    KnownError(
        id="httpd-state-cookie",
        text=(
            (
                'no "mod_auth_openidc_state',
                "mod_auth_openidc_state",
                "unable to restore state",
                "oidc_restore_proto_state",
                "oidc_authorization_response_match_state",
                "calculated state from cookie does not match state parameter",
                "the browser could not match the state",
                "oidc_check_state",
            ),
            ("cookie", "state"),
        ),
        title="state: the module's state cookie isn't sent to the redirect URI, or it belongs to another login",
        why="mod_auth_openidc keeps each login in a cookie mod_auth_openidc_state_... and needs it at the redirect URI.",
        causes=(
            Cause(
                "Start and redirect URI have another host or scheme, or the cookie is blocked.",
                "The request to the redirect URI has no such cookie.",
                "Use one host and https, and OIDCCookieSameSite Off or Lax if the login is in a frame or posts its answer.",
            ),
            Cause(
                "The user waited too long, pressed Back, or opened a bookmarked login page.",
                "A new login works.",
                "Start at the app's page, not at the login page; raise OIDCStateTimeout.",
            ),
            Cause(
                "Several servers with another OIDCCryptoPassphrase.",
                "It fails sometimes.",
                "Use the same OIDCCryptoPassphrase and a shared cache.",
            ),
        ),
        source=f"{WIKI}/Cookies",
        confidence="documented",
    ),
    KnownError(
        id="httpd-token-validation",
        text=(
            (
                "oidc_proto_validate_",
                "oidc_proto_parse_idtoken",
                "oidc_proto_jwt_verify",
                "oidc_proto_validate_idtoken",
                "oidc_proto_validate_jwt",
                "oidc_proto_validate_access_token",
            ),
            ("error", "fail", "not", "invalid", "unable"),
        ),
        title="mod_auth_openidc refuses the ID token: signature, issuer, audience, nonce or time isn't as expected",
        why="The text after the function's name in the log says which check failed.",
        causes=(
            Cause(
                "iss or aud isn't what the metadata and OIDCClientID say.",
                "The log line names both values.",
                "Set OIDCProviderMetadataURL and OIDCClientID of the same server and client.",
            ),
            Cause(
                "The clocks differ.",
                "The log line has iat or exp.",
                "Synchronise the clock with NTP; OIDCIDTokenIatSlack allows for a difference.",
            ),
            Cause(
                "The key isn't found at jwks_uri.",
                "The log line has kid or signature.",
                "Check that Apache reaches jwks_uri, and that the algorithm fits.",
            ),
        ),
        source=WIKI,
        confidence="documented",
    ),
    KnownError(
        id="httpd-backend-call",
        text=(
            ("oidc_util_http_call", "oidc_http_request", "oidc_util_http_send"),
            ("curl_easy_perform", "failed", "error"),
        ),
        title="Apache can't call the provider: its request to the metadata, token or keys endpoint fails",
        why=("The module calls these endpoints itself, from the server. The text after curl_easy_perform says why it failed."),
        causes=(
            Cause(
                "The certificate isn't trusted.",
                "The message has SSL or certificate.",
                "Add the issuing authority to the server's trust store (OIDCCABundlePath).",
            ),
            Cause(
                "A firewall or proxy blocks outgoing connections, or the name isn't resolved.",
                "curl on the server fails, too.",
                "Allow the connection, or set OIDCOutgoingProxy.",
            ),
            Cause(
                "The address has https, but the port speaks plain HTTP.",
                "The message has unknown protocol or wrong version number.",
                "Use http:// for this port, or the https port of the provider.",
            ),
        ),
        source=WIKI,
        confidence="documented",
    ),
)

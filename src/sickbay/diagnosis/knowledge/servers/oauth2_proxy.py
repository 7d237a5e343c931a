"""Messages of oauth2-proxy and of other programs that log users in for a web server."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

DOCS = "https://oauth2-proxy.github.io/oauth2-proxy/"

ERRORS = (
    KnownError(
        id="oauth2-proxy-missing-code",
        text=(("error redeeming code missing code", "missing code", "no code in callback", "code is missing", "missing_code"),),
        without=("state=null", "missing code verifier", "missing code challenge", "missing code_"),
        title="code is missing: the callback was called without an authorization code",
        why=(
            "The callback expects code and state in its address. Without them no login preceded this request, or "
            "the server "
            "returned an error instead."
        ),
        causes=(
            Cause(
                "The callback was opened directly, for example as a bookmark, by a logout redirect or by a proxy rule.",
                "The address has neither code nor error.",
                "Start the login at the start address (/oauth2/start), and don't redirect to the callback.",
            ),
            Cause(
                "The server answered with an error or in the fragment (#).",
                "The address in the browser has error= or #.",
                "Read error and error_description, and request response_type=code with response_mode=query.",
            ),
            Cause("A proxy drops the query.", "The proxy's log shows the address without ?.", "Forward the query unchanged."),
        ),
        source="https://github.com/bitly/oauth2_proxy/issues/374",
        confidence="observed",
    ),
    KnownError(
        id="oauth2-proxy-cookie",
        text=(
            (
                "error loading cookied session",
                "unable to obtain csrf cookie",
                "csrf cookie",
                "csrf token mismatch",
                "error decrypting",
                "cookie secret",
                "cookie_secret",
                "is too large to be stored in",
                "multiple cookies are required for this session",
                'cookie "_oauth2_proxy" not present',
                'cookie "_oauth2_proxy_csrf" not present',
            ),
            ("oauth2", "proxy", "callback", "session"),
        ),
        without=("aspnetcore",),
        title="The proxy's session or CSRF cookie is missing or unreadable when the user comes back from the login",
        why=(
            "oauth2-proxy keeps the login in cookies. They have to reach the callback, and every instance needs the "
            "same secret."
        ),
        causes=(
            Cause(
                "The site is http, and the cookie is Secure, or the callback has another host.",
                "The browser's request to /oauth2/callback has no cookie _oauth2_proxy_csrf.",
                "Open the site over https under one host, or set --cookie-secure=false for http; set --cookie-domain.",
            ),
            Cause(
                "Several instances with another --cookie-secret, or it has not 16, 24 or 32 bytes.",
                "It fails sometimes, or at the start.",
                "Set the same --cookie-secret of 32 bytes everywhere.",
            ),
            Cause(
                "The session is too large for cookies, so a header limit of the web server is exceeded.",
                "The log says multiple cookies; nginx says too big header.",
                "Use --session-store-type=redis, or raise proxy_buffer_size.",
            ),
            Cause("Two tabs logged in at the same time.", "A new login works.", "Use --cookie-csrf-per-request=true."),
        ),
        source=f"{DOCS}configuration/sessions",
        confidence="documented",
    ),
    KnownError(
        id="oauth2-proxy-verify",
        text=(
            (
                "could not verify id_token",
                "failed to verify token",
                "failed to verify id token",
                "unable to verify id_token",
                "id_token verification failed",
                "unable to verify bearer token",
                "audience from claim",
            ),
        ),
        title="The ID token or bearer token couldn't be verified: issuer, audience, signature or time differs",
        why=(
            "The text after the message names the check. The verifier compares the token with the configured issuer "
            "and client ID."
        ),
        causes=(
            Cause(
                "aud isn't the configured client ID.",
                "The message says audience; decode the token.",
                "Set the same client ID, add --oidc-extra-audience, or add an audience mapper (Keycloak).",
            ),
            Cause(
                "The issuer isn't the configured one, also by a slash or host.",
                "The message says issuer.",
                "Set the issuer URL exactly as iss of the token.",
            ),
            Cause(
                "The token has expired, or the clocks differ.",
                "The message says expired.",
                "Log in again, and synchronise the clocks with NTP.",
            ),
        ),
        source=f"{DOCS}configuration/providers/openid_connect",
        confidence="documented",
    ),
    KnownError(
        id="token-answer-html",
        text=(
            (
                "cannot fetch token",
                "token exchange",
                "redeeming code",
                "token request",
                "token endpoint",
                "/token",
                "access_token",
                "fetch token",
            ),
            ("<!doctype html", "<html", "returned html", "response is html", "html page instead", "text/html"),
        ),
        without=("operationoutcome",),
        title=(
            "The token request was answered with an HTML page: a web server, proxy or firewall in front, or a wrong address"
        ),
        why="A token endpoint answers with JSON. HTML comes from something before it, or from a login or error page.",
        causes=(
            Cause(
                "A proxy, firewall or web server refuses the request before it reaches the token endpoint.",
                "The page's title and the Server header name it; the identity server's log has no such request.",
                "Allow the request in the proxy or firewall, or let the app call the identity server directly.",
            ),
            Cause(
                "The address isn't the token endpoint, but a page.",
                "Compare it with token_endpoint in the discovery document.",
                "Use token_endpoint from ISSUER/.well-known/openid-configuration.",
            ),
            Cause(
                "The app's HTTP client uses a proxy from its environment.",
                "HTTP_PROXY is set.",
                "Exclude the host with NO_PROXY.",
            ),
        ),
        source="https://github.com/oauth2-proxy/oauth2-proxy/issues/2727",
        confidence="observed",
    ),
    KnownError(
        id="token-connection-closed",
        text=(
            (
                '": eof',
                "unexpected eof",
                ": eof",
                "premature close",
                "connection was closed",
                "connection closed",
                "broken pipe",
                "unexpected end of stream",
                "remotedisconnected",
                "connection aborted",
                "underlying connection was closed",
            ),
            ("token", "oauth", "openid", "fhir", "login", "certs", "jwks"),
        ),
        title="The connection was closed before the server answered: a load balancer, an idle connection, or TLS",
        why="There is no answer, so the request itself may be right. Something closed the connection while the app waited.",
        causes=(
            Cause(
                "A load balancer or the server closed an idle connection that the app used again.",
                "It fails only sometimes, after a pause.",
                "Retry the request once, and set the keep-alive time of the app below that of the load balancer.",
            ),
            Cause(
                "The server crashed, restarted or ran out of time.",
                "Its log at that time.",
                "Correct what the server's log names, and raise the proxy's timeout.",
            ),
            Cause(
                "TLS versions don't fit, or http is spoken to an https port.",
                "It always fails.",
                "Call https with TLS 1.2 or later.",
            ),
        ),
        source="https://github.com/oauth2-proxy/oauth2-proxy/issues/2167",
        confidence="inferred",
    ),
    KnownError(
        id="dex-auth-code",
        text=(("failed to get auth code", "failed to get auth request", "failed to get authorization request"),),
        title="Dex doesn't find the code or login request in its storage",
        why="With the storage type memory, each Dex replica knows only its own logins, and a restart forgets them.",
        causes=(
            Cause(
                "Several replicas with storage memory: another replica handles the token request.",
                "kubectl shows more than one pod; it fails sometimes.",
                "Set storage type kubernetes (or a database) in the Dex configuration, or run one replica.",
            ),
            Cause(
                "The code was used already or has expired.",
                "The log has an earlier request with the code.",
                "Redeem it once, and start the login again.",
            ),
        ),
        source="https://dexidp.io/docs/configuration/storage/",
        confidence="documented",
    ),
    KnownError(
        id="oracle-identity-domain",
        text=(("domain in request is missing", "invalid domain", "x-oauth-identity-domain-name"),),
        title="The identity domain is missing: Oracle Access Manager doesn't know which domain the request belongs to",
        why="OAM needs the name of the identity domain with each OAuth request.",
        causes=(
            Cause(
                "The header X-OAUTH-IDENTITY-DOMAIN-NAME is missing or has another name.",
                "The answer says Invalid Domain.",
                "Send the header X-OAUTH-IDENTITY-DOMAIN-NAME with the domain's name, or the parameter "
                "identityDomain in the URL.",
            ),
        ),
        source="https://github.com/oauth2-proxy/oauth2-proxy/issues/736",
        confidence="observed",
    ),
    KnownError(
        id="oauth2-proxy-callback-prefix",
        is_evident=True,
        text=(("/oauth2/callback?code=",), ("no valid authentication in request",)),
        without=("error redeeming code",),
        title="oauth2-proxy doesn't take the request for its callback: the path before /oauth2/ isn't part of its prefix",
        why="The proxy answers only at /oauth2/callback, or below --proxy-prefix. Any other path is an app's page that needs a"
        " login.",
        causes=(
            Cause(
                "redirect_url has a path before /oauth2/ that the proxy doesn't know.",
                "The log has the callback's address with No valid authentication in request.",
                "Set --proxy-prefix to that path with /oauth2 (such as /_dashboards/oauth2), or use /oauth2/callback as the"
                " redirect URL.",
            ),
            Cause(
                "A proxy in front removes or adds the path.",
                "The address in the log differs from the browser's.",
                "Pass /oauth2/ to the proxy unchanged.",
            ),
        ),
        source="https://oauth2-proxy.github.io/oauth2-proxy/configuration/overview",
        confidence="inferred",
    ),
)

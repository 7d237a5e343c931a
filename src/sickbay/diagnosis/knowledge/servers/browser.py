"""Other errors of the browser: mixed content, cookies, frames, insecure contexts, pages instead of JSON."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

ERRORS = (
    KnownError(
        id="browser-mixed-content",
        text=(("mixed content", "mixed-content"),),
        captures=(r"endpoint '(?P<value>http://[^']+)'",),
        title="Mixed content: an https page requests an http address, and the browser blocks it",
        why="A page that was loaded over https may only request https addresses. Behind a proxy, servers often write http into"
        " the addresses that they return because they don't know that the proxy speaks https.",
        causes=(
            Cause(
                "The server is behind a proxy and builds http addresses (discovery, jwks_uri, next links, redirects).",
                "The blocked URL isn't in your code but in a document that the server returned.",
                "Let the proxy send X-Forwarded-Proto: https, and let the server use it or set its public base URL to https.",
            ),
            Cause(
                "The address in the app's configuration begins with http://.",
                "Search the configuration for http://.",
                "Change it to https://.",
            ),
        ),
        source="https://github.com/evertramos/nginx-proxy-automation/issues/137",
        confidence="observed",
    ),
    KnownError(
        id="browser-crypto-subtle",
        text=(
            (
                "crypto.subtle",
                "crypto().subtle",
                "subtle is undefined",
                "subtlecrypto",
                "(reading 'digest')",
                "property 'digest' of undefined",
                "only in secure contexts",
                "createhash is not a function",
            ),
        ),
        title="crypto.subtle is missing because the page isn't in a secure context: PKCE can't be computed",
        why="Browsers offer crypto.subtle only on https pages and on http://localhost. The library needs it for the SHA-256 of"
        " the code_verifier.",
        causes=(
            Cause(
                "The page is served over http from an IP address or a host name.",
                "window.isSecureContext is false in the console.",
                "Serve the page over https, or open it as http://localhost while you develop.",
            ),
        ),
        source="https://github.com/authts/oidc-client-ts/issues/1550",
        confidence="documented",
    ),
    KnownError(
        id="browser-frame-refused",
        text=(
            ("in a frame", "refused to frame", "iframe", "load denied by x-frame-options", "violates"),
            ("x-frame-options", "frame-ancestors"),
        ),
        captures=(r"display '(?P<value>[^']+)' in a frame",),
        title="The page may not be shown in a frame: its server forbids that",
        why="X-Frame-Options and Content-Security-Policy frame-ancestors name the pages that may embed it. Login pages forbid"
        " all,"
        " against clickjacking.",
        causes=(
            Cause(
                "The login page of the authorization server is opened inside the EHR's or the app's iframe.",
                "The blocked address is the authorize or login page.",
                "Open the login in the top window or a popup, or choose a launch in a new tab instead of embedded.",
            ),
            Cause(
                "Your own app sends X-Frame-Options, and the EHR embeds it.",
                "The blocked address is your app.",
                "Remove X-Frame-Options from your app and send Content-Security-Policy: frame-ancestors with the EHR's origin.",
            ),
            Cause(
                "Silent renewal loads the login page in a hidden iframe, because there is no session.",
                "The iframe's URL has prompt=none or silent-renew.",
                "Use a refresh token for renewal instead of an iframe.",
            ),
        ),
        source="https://github.com/logicahealth/sandbox-community-edition/issues/3",
        confidence="observed",
    ),
    KnownError(
        id="browser-cookie-samesite",
        text=(
            ("samesite", "third-party cookie", "third party cookie", "cross-site resource", "cross-site response"),
            ("cookie",),
        ),
        title="The cookie isn't sent in a frame or across sites: it needs SameSite=None and Secure",
        why="Browsers send a cookie from another site, such as an app in the EHR's iframe, only if it was set with"
        " SameSite=None"
        " and Secure. Without it, the session of the launch is lost.",
        causes=(
            Cause(
                "The session cookie has SameSite=Lax or no SameSite.",
                "The Application tab shows the cookie's SameSite column; the Network tab marks it as blocked.",
                "Set the session cookie with SameSite=None; Secure, over https.",
            ),
            Cause(
                "The browser blocks third-party cookies altogether.",
                "It works in a new tab but not in the iframe.",
                "Add the attribute Partitioned (CHIPS) to the cookie, or open the app in its own window.",
            ),
        ),
        source="https://github.com/smart-on-fhir/smart-launcher/issues/34",
        confidence="observed",
    ),
    KnownError(
        id="browser-session-lost-in-frame",
        text=(
            (
                "iframe",
                "embedded",
                "within the ehr user interface",
                "inside the ehr",
                "in a frame",
                "in powerchart",
                "hyperspace",
            ),
            (
                "session is lost",
                "session lost",
                "cookies do not persist",
                "cookie is not",
                "cookies are not",
                "new session",
                "different session",
                "sessionid is different",
                "session id is different",
                "session cookie",
                "session is undefined",
                "cookie different",
            ),
        ),
        title="The session is lost between launch and redirect because the app runs in an iframe: its cookie isn't sent there",
        why="In an iframe, the app's cookies are third-party cookies. Browsers send those only with SameSite=None and Secure.",
        causes=(
            Cause(
                "The session cookie has no SameSite=None or isn't Secure.",
                "The same launch works in its own window; the cookie is marked as blocked in the Network tab.",
                "Set the session cookie with SameSite=None and Secure, and serve the app over https.",
            ),
            Cause(
                "The browser blocks third-party cookies altogether (Safari, Chrome in private windows).",
                "It fails in spite of SameSite=None.",
                "Add Partitioned to the cookie, or open the app in its own window.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/115",
        confidence="observed",
    ),
    KnownError(
        id="browser-content-security-policy",
        text=(
            (
                "violates the following content security policy",
                "content security policy directive",
                "violates the document's content security",
            ),
        ),
        captures=(r'directive: "(?P<value>[^"]+)"',),
        title="The page's own Content-Security-Policy forbids the request",
        why="The policy of the page lists where scripts may connect (connect-src), navigate forms (form-action) or load frames"
        " (frame-src). The address isn't in it.",
        causes=(
            Cause(
                "The authorization server or FHIR server is missing in connect-src.",
                "The console message quotes the directive.",
                "Add the server's origin to the directive that the message names.",
            ),
            Cause(
                "form-action also applies to redirects after a form, such as back to the app.",
                "The message names form-action.",
                "Add the origin of the redirect URI to form-action.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/HTTP/CSP",
        confidence="documented",
    ),
    KnownError(
        id="browser-page-instead-of-json",
        text=(
            (
                "unexpected token <",
                "unexpected token '<'",
                "unexpected character encountered while parsing value: <",
                "'<' is an invalid start of a value",
                "invalid response content-type: text/html",
                "invalid response content-type: undefined, from",
                "invalid character '<' looking for beginning",
                "unexpected token < in json",
            ),
        ),
        captures=(r"from (?P<value>https?://\S+)",),
        title="An HTML page came back instead of JSON",
        why="The URL belongs to a page: an error page, a login page, or the app's own index.html that answers every unknown"
        " path.",
        causes=(
            Cause(
                "The URL is wrong, for example a base URL without the realm or the path /fhir.",
                "Open the URL in a browser tab: it shows a page, not JSON.",
                "Correct the base URL or issuer in the configuration, and read endpoints from discovery.",
            ),
            Cause(
                "The server redirected to its login page because the token or session is missing.",
                "The Network tab shows a 302 before it, or the page is a login form.",
                "Send the header Authorization: Bearer with the access token, and Accept: application/fhir+json.",
            ),
            Cause(
                "The development server's proxy doesn't forward the path.",
                "The page is your own index.html.",
                "Add the path to the proxy configuration, or use the full URL of the server.",
            ),
        ),
        source="https://github.com/authts/oidc-client-ts/issues",
        confidence="inferred",
    ),
    KnownError(
        id="browser-atob",
        text=(
            (
                "failed to execute 'atob'",
                "'atob' on 'window'",
                "string contains an invalid character atob",
                "invalid token specified",
            ),
        ),
        title="The app decoded a token that isn't a JWT: access tokens of some servers are opaque",
        why="An access token is meant for the FHIR server only. Epic, for example, issues opaque ones or omits expires_in,"
        " and an"
        " old library then decodes the token as a JWT.",
        causes=(
            Cause(
                "The library or the app decodes the access token to find when it expires.",
                "The token has no two dots, or the token response has no expires_in.",
                "Update the library (fhirclient 2.3.11 or newer), and don't decode access tokens: use expires_in.",
            ),
            Cause(
                "The value isn't the token at all, such as undefined or the whole response.",
                "Log the type and the length of the value.",
                "Pass the string access_token or id_token of the token response.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/101",
        confidence="observed",
    ),
    KnownError(
        id="browser-popup-blocked",
        text=(
            (
                "popup_window_error",
                "popup window closed",
                "popup closed by user",
                "popup_closed_by_user",
                "error opening popup",
                "popup was blocked",
                "popup blocked",
            ),
        ),
        title="The login popup was blocked or closed before the login was complete",
        why="Browsers allow a popup only directly after a click. Cross-Origin-Opener-Policy also cuts the connection between"
        " the popup and the page.",
        causes=(
            Cause(
                "The popup was opened without a click, for example after an await.",
                "The browser shows a blocked-popup icon.",
                "Open the popup first in the click handler, or use a redirect instead of a popup.",
            ),
            Cause(
                "The page in the popup doesn't call the callback function, so the popup stays or is closed by hand.",
                "The popup shows the redirect URI with a code.",
                "Call the library's popup callback on the page of the redirect URI.",
            ),
        ),
        source="https://github.com/authts/oidc-client-ts/issues",
        confidence="inferred",
    ),
    KnownError(
        id="browser-silent-renew",
        text=(
            (
                "frame window timed out",
                "iframewindow timed out",
                "silent renew failed",
                "silentrenewerror",
                "silent_refresh_timeout",
                "silent_refresh_error",
                "silent refresh failed",
                "silent refresh error",
                "silent renew error",
                "error from silent renew",
            ),
        ),
        title="Silent renewal failed: the hidden iframe got no answer from the authorization server",
        why="Silent renewal (prompt=none in an iframe) needs the server's session cookie, which browsers no longer send to"
        " third-party frames, and a registered silent redirect URI.",
        causes=(
            Cause(
                "The browser blocks the server's third-party cookie.",
                "It works if app and server are on the same site, and fails in Safari or private windows.",
                "Use refresh tokens: request offline_access and let the library renew with them.",
            ),
            Cause(
                "The silent redirect URI isn't registered or its page doesn't call the callback.",
                "The iframe's URL in the Network tab shows an error page.",
                "Register the silent_redirect_uri and call signinSilentCallback on its page.",
            ),
            Cause(
                "The login page refuses to be framed because the session has ended.",
                "The console has a line about X-Frame-Options.",
                "Start a new login in the top window when renewal fails.",
            ),
        ),
        source="https://github.com/damienbod/angular-auth-oidc-client/issues",
        confidence="observed",
    ),
    KnownError(
        id="browser-failed-to-fetch",
        text=(
            (
                "failed to fetch",
                "networkerror when attempting to fetch",
                "axioserror: network error",
                "0 unknown error",
                "http failure response for (unknown url)",
                "error: network error",
                "network request failed",
                "err_failed",
            ),
        ),
        without=("cors policy", "cross-origin request blocked"),
        title="The browser got no readable response: blocked by CORS, by a certificate, or because nothing answers",
        why="The script sees only 'Failed to fetch', and the cause is in the browser's console and Network tab.",
        causes=(
            Cause(
                "The server doesn't allow the page's origin (CORS).",
                "The console has a line with 'CORS policy', and curl of the same URL works.",
                "Allow the origin on the server, or send the request from your own server.",
            ),
            Cause(
                "The certificate of the server isn't trusted.",
                "Opening the URL in a tab shows a warning.",
                "Install a trusted certificate; while developing, accept it once in a tab.",
            ),
            Cause(
                "Nothing listens at the address, or an extension blocks it.",
                "The Network tab shows ERR_CONNECTION_REFUSED or ERR_BLOCKED_BY_CLIENT.",
                "Correct host and port, and try without extensions.",
            ),
        ),
        source="https://developer.mozilla.org/docs/Web/API/Window/fetch#exceptions",
        confidence="documented",
    ),
    KnownError(
        id="library-silent-login-required",
        text=(
            ("login_required", "interaction_required", "consent_required", "account_selection_required"),
            ("silent", "prompt=none", "renew", "iframe", "checksession", "gettokensilently", "acquiretokensilent", "refresh"),
        ),
        title="login_required: the silent renewal found no session at the authorization server, so the user has to log in"
        " again",
        why="With prompt=none, the server may not show a page. Its session has ended, or its cookie isn't sent in a"
        " third-party iframe.",
        causes=(
            Cause(
                "The session at the server has ended: idle time or maximum time.",
                "It happens after hours; the authorize page shows a login form.",
                "Start a new login in the top window when this error arrives.",
            ),
            Cause(
                "The browser blocks the server's cookie in the iframe.",
                "It happens right after a login, in Safari or in private windows.",
                "Use refresh tokens (offline_access) instead of the iframe, or serve app and server from the same site.",
            ),
            Cause(
                "Consent is needed for a new scope.",
                "The code is consent_required or interaction_required.",
                "Send the user to the authorize page without prompt=none once.",
            ),
        ),
        source="https://openid.net/specs/openid-connect-core-1_0.html#AuthError",
        confidence="documented",
    ),
)
